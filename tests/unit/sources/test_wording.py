"""The labels of a REDCap dictionary as a form's words."""

from __future__ import annotations

import pytest

from adapter.instruments.study import FormPlacement
from adapter.sources.redcap.dictionary import Dictionary, Field
from adapter.sources.redcap.wording import plain, wording_of
from tests.forms import FORMS

DERS = FORMS["ders-18"]
CHOICES = {"1": "<b>Hardly</b> ever", "2": "Now &amp; then", "9": "no answer of the form"}


def placed(**fields: str) -> FormPlacement:
    return FormPlacement(form="ders-18", source_form="ders", at=("week-0",), fields=fields)


def dictionary(*fields: Field) -> Dictionary:
    return Dictionary("dictionary.csv", {field.name: field for field in fields})


def test_labels_become_the_words_of_items_and_choices_those_of_answers() -> None:
    read = dictionary(
        Field("ders18_1", "ders", "radio", CHOICES, "<p>First</p>"),
        Field("ders18_2", "ders", "radio", {}, " "),
    )

    said = wording_of(read, DERS, placed(), "en-AU")

    assert (said.form, said.language, said.source) == (
        "ders-18",
        "en-AU",
        "the labels of dictionary.csv",
    )
    assert said.items == {"ders18-1": "First"}
    assert said.options == {"frequency": {"1": "Hardly ever", "2": "Now & then"}}


def test_a_field_is_found_under_the_name_that_the_study_gives_it() -> None:
    read = dictionary(Field("mine", "ders", "radio", {}, "First"))

    assert wording_of(read, DERS, placed(ders18_1="mine"), "en").items == {"ders18-1": "First"}


def test_of_several_labels_of_one_answer_the_first_stands() -> None:
    read = dictionary(
        Field("ders18_1", "ders", "radio", {"1": "Hardly"}, "First"),
        Field("ders18_2", "ders", "radio", {"1": "Scarcely", "2": "Often"}, "Second"),
    )

    assert wording_of(read, DERS, placed(), "en").options == {
        "frequency": {"1": "Hardly", "2": "Often"}
    }


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("plain", "plain"),
        ("<div class='x'>a<br>b</div>\n c", "a b c"),
        ("5 &lt; 6", "5 < 6"),
        ("a < b", "a < b"),
        ("<b></b>", ""),
    ],
)
def test_a_label_is_its_text(label: str, text: str) -> None:
    assert plain(label) == text
