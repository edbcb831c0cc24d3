"""What record systems and practices say of a refusal is told as far as it cannot be an answer."""

from __future__ import annotations

import pytest

from adapter.sync.acknowledgement import read_acknowledgement
from adapter.sync.words import told_words, without_answers


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Unknown element Observation.value[x]", "Unknown element Observation.value[x]"),
        ("HAPI-0450: Failed to parse request body", "HAPI-0450: Failed to parse request body"),
        ("The number 8003608166690503 is not known", "The number [withheld] is not known"),
        ("Born 1966-04-12, Kanarienvogel is inactive", "[withheld] is inactive"),
        ("Kanarienvogel is inactive", "[withheld] is inactive"),
        ("patient kanarienvogel is inactive", "patient [withheld] is inactive"),
        ("value=slipped on the stairs", "value[withheld]"),
        ("Not allowed: slipped on stairs", "Not allowed[withheld]"),
        ('Patient "77" is no Patient', "Patient [withheld] is no Patient"),
        ('No "x"Smith is known', "No [withheld] is known"),
        ("What is signed is closed; send a new one", "What is signed is closed; send a new one"),
        ("Smith.value is odd", "[withheld] is odd"),
    ],
)
def test_what_may_be_an_answer_or_a_name_is_withheld(said: str, told: str) -> None:
    assert told_words(said) == told


def test_a_novel_is_shortened() -> None:
    assert len(told_words("no " * 500)) == 300


def test_a_word_that_a_free_text_has_is_withheld() -> None:
    sent = {"item": [{"answer": [{"valueString": "Slipped on stairs"}]}], "status": "final"}

    told = without_answers("it says that somebody slipped on stairs, which is not final", sent)

    assert told == "it says that somebody [withheld] on [withheld], which is not final"


def test_an_acknowledgement_tells_its_code_and_what_of_its_words_may_be_told() -> None:
    content = b"MSH|^~\\&|P|N|T|T|20240830||ACK|9|P|2.4\rMSA|AE|v2-1|Kanarienvogel 1966-04-12 odd\r"

    told = read_acknowledgement(content)

    assert told is not None
    assert told.reason == "AE: [withheld] odd"
