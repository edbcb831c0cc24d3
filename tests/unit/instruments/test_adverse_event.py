"""What an adverse-event form may declare, and rows that contradict themselves."""

from __future__ import annotations

import pytest

from adapter.errors import AnswerError, Problem
from tests.forms import MAPPINGS
from tests.unit.fhir.events import NON_SERIOUS, SERIOUS, respond
from tests.unit.instruments.declarations import form_findings, planted

TEXT = (MAPPINGS / "instruments" / "adverse-event-research.yaml").read_text("utf-8")
NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"


def kept_back(values: dict[str, str]) -> tuple[Problem, ...]:
    with pytest.raises(AnswerError) as caught:
        respond(values)
    return caught.value.problems


def test_the_shipped_form_is_in_order() -> None:
    assert form_findings(TEXT) == []


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ("code: mild => code: light", "items.8.options", "a code of mild, moderate, severe"),
        ("code: resolved} => code: gone}", "items.10.options", "a code of resolved"),
        ("code: C53256 => code: C99999", "items.12.options", "a code of C53256"),
        (
            "code: SeriousResultsInDeath => code: Serious",
            "items.7.options",
            "SeriousResultsInDeath",
        ),
        ("type: date, text: Day it began => type: text, text: Day", "items.2.type", "dateTime"),
        ("min: 1, max: 5, text: CTCAE => min: 0, max: 5, text: CTCAE", "items.9", "`max: 5`"),
        ("text: Narrative, element: note => text: N, element: event", "items.16.element", "once"),
        (
            "text: Severity, options: severity => repeats: true, options: severity",
            "items.8.repeats",
            "one answer",
        ),
        (
            "Distress in a session, blinded_as: other => Distress, blinded_as: elsewhere",
            "options.category.1.blinded_as",
            "another answer of this list",
        ),
        (
            "Distress in a session, blinded_as: other => Distress, blinded_as: group-related",
            "options.category.1.blinded_as",
            "one that everybody may know",
        ),
        (
            "value: 1, display: Mild => value: 1, blinded_as: 2, display: Mild",
            "options.severity.0.blinded_as",
            "category alone",
        ),
    ],
)
def test_what_r4_has_no_place_for_is_found(change: str, field: str, expected: str) -> None:
    (problem,) = form_findings(planted(TEXT, change))

    assert problem.field == field
    assert expected in problem.expected


def test_a_choice_of_grades_has_the_five() -> None:
    text = planted(
        TEXT,
        "type: integer, min: 1, max: 5, text: CTCAE => type: choice, options: grade, text: CTCAE",
        "options:\n => options:\n  grade: [{value: 1}, {value: 6}]\n",
    )

    (problem,) = form_findings(text)

    assert problem.expected == "the grades 1, 2, 3, 4, 5"


def test_an_element_in_a_questionnaire_is_found() -> None:
    text = (MAPPINGS / "instruments" / "phq-9.yaml").read_text("utf-8")

    problems = form_findings(text.replace("link_id: phq9-1,", "link_id: phq9-1, element: event,"))

    assert [problem.field for problem in problems] == ["items.0.element"]


def test_serious_without_a_criterion_is_kept_back() -> None:
    values = {word: said for word, said in SERIOUS.items() if "criteria" not in word}

    (problem,) = kept_back(values)

    assert problem.field == "ae_criteria"
    assert problem.expected == "a criterion, because `ae_serious` says serious"
    assert (problem.origin.line, problem.found) == (2, "none")


@pytest.mark.parametrize("serious", ["0", "-97", ""])
def test_a_criterion_of_what_is_not_said_to_be_serious_is_kept_back(serious: str) -> None:
    values = {**NON_SERIOUS, "ae_serious": serious, "ae_criteria___death": "1"}

    (problem,) = kept_back({word: said for word, said in values.items() if said})

    assert problem.expected == "no criterion, unless `ae_serious` says serious"


def test_a_severity_and_another_one_s_grade_are_kept_back_together_with_all_else() -> None:
    values = {**NON_SERIOUS, "ae_grade": "4", "ae_criteria___death": "1"}

    problems = kept_back(values)

    assert [problem.field for problem in problems] == ["ae_criteria", "ae_grade"]
    assert problems[1].expected == "the grade of the severity that `ae_severity` says"
    assert not any(word in str(problems) for word in ("mild", "severe", "death"))


def test_a_severity_and_its_grade_go_together() -> None:
    assert respond({**NON_SERIOUS, "ae_grade": "1"}).answers["ae-grade"].values == (1,)
