"""A site's licensed wording is laid over a form, and tells itself apart from any other."""

from __future__ import annotations

import pytest

from adapter.instruments.coherence import check_form
from adapter.instruments.form import Form
from adapter.instruments.mapping import read_mapping
from adapter.instruments.wording import Wording, with_wording, wording_findings
from tests.forms import FORMS

DERS = FORMS["ders-18"]


def wording(language: str = "en", form: str = "ders-18", **more: object) -> Wording:
    said = {"kind": "wording", "form": form, "language": language, "source": "made up"}
    return Wording.model_validate({**said, **more})


ENGLISH = wording(items={"ders18-1": "First"}, options={"frequency": {"1": "Hardly ever"}})
GERMAN = wording("de", items={"ders18-1": "Erstens"}, options={"frequency": {"1": "Kaum je"}})


def words(form: Form) -> tuple[str | None, dict[str, str], str | None, dict[str, str]]:
    """The words of the first item and of the first answer, each with its translations."""
    item, option = form.items[0], form.options["frequency"][0]
    return item.text, item.translations, option.display, option.translations


def test_the_first_words_of_a_form_without_any_are_its_main_ones() -> None:
    german = with_wording(DERS, [GERMAN])

    assert words(german) == ("Erstens", {}, "Kaum je", {})
    assert german.main_language == "de"


def test_words_in_another_language_are_translations() -> None:
    both = with_wording(DERS, [ENGLISH, GERMAN])

    assert words(both) == ("First", {"de": "Erstens"}, "Hardly ever", {"de": "Kaum je"})
    assert both.main_language == "en"


def test_a_form_that_has_words_keeps_them_and_is_translated() -> None:
    german = wording("de", "peg", items={"peg-1": "Schmerz"})

    peg = with_wording(FORMS["peg"], [german])

    assert peg.items[0].text == FORMS["peg"].items[0].text
    assert peg.items[0].translations == {"de": "Schmerz"}


def test_later_words_of_the_same_language_replace_earlier_ones() -> None:
    again = wording(items={"ders18-1": "Again"})

    assert words(with_wording(DERS, [ENGLISH, again]))[0] == "Again"


def test_what_has_no_words_stays_as_it_is() -> None:
    form = with_wording(DERS, [ENGLISH])

    assert form.items[1:] == DERS.items[1:]
    assert form.scales == DERS.scales


def test_other_words_make_another_version_of_the_questionnaire_and_the_same_ones_the_same() -> None:
    plain, english = DERS.published_version, with_wording(DERS, [ENGLISH]).published_version

    assert plain == DERS.version
    assert english.startswith(f"{DERS.version}+")
    assert english == with_wording(DERS, [ENGLISH]).published_version
    assert english != with_wording(DERS, [GERMAN]).published_version
    assert english != with_wording(DERS, [ENGLISH, GERMAN]).published_version


@pytest.mark.parametrize(
    ("form", "laid", "is_licensed"),
    [
        (DERS, (), False),
        (DERS, (ENGLISH,), True),
        (FORMS["peg"], (wording("de", "peg", items={"peg-1": "x"}),), False),
    ],
)
def test_only_words_that_the_file_may_not_hold_are_licensed_to_the_site(
    form: Form, laid: tuple[Wording, ...], *, is_licensed: bool
) -> None:
    assert with_wording(form, laid).is_licensed_to_site == is_licensed


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("form: ders-19", ["form"]),
        ("form: ders-18\nitems: {ders18-19: x}", ["items.ders18-19"]),
        ("form: ders-18\noptions: {often: {1: x}}", ["options.often.1"]),
        ('form: ders-18\noptions: {frequency: {"6": x, "1": y}}', ["options.frequency.6"]),
        (
            "form: ders-18\nitems: {ders18-19: x, ders18-20: y}",
            ["items.ders18-19", "items.ders18-20"],
        ),
    ],
)
def test_words_for_what_the_form_does_not_have_are_found(text: str, places: list[str]) -> None:
    read, lines, problems = read_mapping(
        f"kind: wording\nlanguage: en\nsource: made up\n{text}\n", "words.yaml", Wording
    )
    assert read is not None, problems

    found = wording_findings(read, FORMS.get(read.form), lines)

    assert [problem.field for problem in found] == places


@pytest.mark.parametrize("language", ["English", "EN", "e", "de_CH", ""])
def test_a_language_is_a_tag_of_bcp_47(language: str) -> None:
    text = f'kind: wording\nform: ders-18\nsource: made up\nlanguage: "{language}"\n'

    assert read_mapping(text, "words.yaml", Wording)[0] is None


@pytest.mark.parametrize(
    "line",
    [
        "items: [{link_id: a, field: a, type: text, translations: {de: Wort}}]",
        "items: []\noptions: {often: [{value: 1, translations: {de: Wort}}]}",
    ],
)
def test_a_withheld_form_may_not_hold_translations_either(line: str) -> None:
    text = (
        'kind: instrument\nid: x\nversion: "1.0.0"\ntitle: X\nsource: made up\n'
        f"licence: {{status: theirs, wording: withheld}}\n{line}\n"
    )
    form, lines, problems = read_mapping(text, "x.yaml", Form)
    assert form is not None, problems

    assert any("wording" in problem.expected for problem in check_form(form, lines))


def test_no_file_can_claim_to_be_an_overlay() -> None:
    text = (
        'kind: instrument\nid: x\nversion: "1.0.0"\ntitle: X\nsource: made up\noverlay: abc\n'
        "licence: {status: theirs, wording: withheld}\n"
    )

    assert [problem.field for problem in read_mapping(text, "x.yaml", Form)[2]] == ["overlay"]
