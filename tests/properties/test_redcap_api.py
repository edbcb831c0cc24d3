"""Whatever happens to an answer of REDCap's API: it is read, told or refused, and nobody is lost.

`make test` draws some spoilt answers to each question of a reading, `make soak` 4,000 in its ten
rounds, which are more than 100,000 in all.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import cache

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.properties.answers import Far, Spoilt
from tests.properties.readers import NAMES, Mutation, spoil
from tests.properties.test_readers import mutations

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
EXAMPLES = 320 if IS_SOAK else 12
QUESTIONS = {"all": 12, "changes": 14}
"""How many questions a reading of everything, and one of the changes, puts to the server."""
STATUSES = (200, 200, 200, 200, 201, 204, 301, 400, 403, 404, 408, 429, 500, 501, 503, 599)
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
EVERY_ANSWER = pytest.mark.parametrize(
    ("kind", "request_number"),
    [(kind, number) for kind, count in QUESTIONS.items() for number in range(count)],
)


@cache
def far(kind: str) -> Far:
    return Far(is_full=kind == "all")


@pytest.mark.parametrize("kind", QUESTIONS)
def test_a_reading_puts_as_many_questions_as_are_spoilt_below(kind: str) -> None:
    told = far(kind)

    assert len(told.questions) == QUESTIONS[kind]
    assert {each[0] for each in told.records} == {*NAMES}


@EVERY_ANSWER
def test_a_spoilt_answer_is_read_or_told_or_refused_and_loses_nobody_unseen(
    kind: str, request_number: int
) -> None:
    whole = far(kind).content(request_number)
    outcomes = Counter[str]()

    @given(drawn=mutations(len(whole)))
    @settings(max_examples=EXAMPLES, phases=PHASES)
    def read(drawn: list[Mutation]) -> None:
        spoilt = Spoilt(request_number, 200, spoil(whole, drawn))
        outcomes[far(kind).check(spoilt, drawn)] += 1

    read()

    assert outcomes.total() >= EXAMPLES / 2
    assert outcomes["refused"]


@pytest.mark.parametrize(("kind", "request_number"), [("all", 9), ("changes", 11)])
def test_columns_that_are_not_given_from_the_beginning_are_told(
    kind: str, request_number: int
) -> None:
    drawn = [(76, b"#", 50), (218, b"--- ", 2958)]  # still one row, which lacks most columns
    spoilt = Spoilt(request_number, 200, spoil(far(kind).content(request_number), drawn))

    assert far(kind).check(spoilt, drawn) == "read"


@EVERY_ANSWER
def test_half_an_answer_is_never_the_whole(kind: str, request_number: int) -> None:
    whole = far(kind).content(request_number)

    @given(length=st.integers(0, len(whole) - 1))
    @settings(max_examples=EXAMPLES // 2, phases=PHASES)
    def read(length: int) -> None:
        # Half of a version is a version: it stands alone, and nothing is read by its help.
        if whole[:1] in b"[{":
            assert far(kind).check(Spoilt(request_number, 200, whole[:length]), None) == "refused"

    read()


@EVERY_ANSWER
def test_any_bytes_under_any_status_are_refused_or_harmless(kind: str, request_number: int) -> None:
    @given(status=st.sampled_from(STATUSES), content=st.binary(max_size=200))
    @settings(max_examples=EXAMPLES // 4, phases=PHASES)
    def read(status: int, content: bytes) -> None:
        far(kind).check(Spoilt(request_number, status, content), None)

    read()
