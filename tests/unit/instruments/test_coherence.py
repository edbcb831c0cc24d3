"""What must hold between a study and its forms; ten mistakes in two files are told at once."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from adapter.instruments.coherence import check_form, check_study
from adapter.instruments.form import Form
from adapter.instruments.mapping import read_mapping
from adapter.instruments.study import Study
from adapter.service import read_declarations
from adapter.settings import Settings
from tests.forms import FORMS, MAPPINGS
from tests.unit.instruments.declarations import (
    FORM,
    STUDY,
    form_findings,
    marked,
    planted,
    study_findings,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_a_coherent_form_has_no_findings() -> None:
    problems = form_findings(FORM)

    assert problems == []


def test_a_coherent_study_has_no_findings() -> None:
    problems = study_findings(STUDY)

    assert problems == []


@pytest.mark.parametrize("name", FORMS)
def test_a_shipped_form_has_no_findings(name: str) -> None:
    text = (MAPPINGS / "instruments" / f"{name}.yaml").read_text("utf-8")
    form, lines, _ = read_mapping(text, f"{name}.yaml", Form)
    assert form is not None

    problems = check_form(form, lines)

    assert problems == []


def test_the_shipped_study_has_no_findings() -> None:
    text = (MAPPINGS / "studies" / "idbt-pain.yaml").read_text("utf-8")
    study, lines, _ = read_mapping(text, "idbt-pain.yaml", Study)
    assert study is not None

    problems = check_study(study, FORMS, lines)

    assert problems == []


@pytest.mark.parametrize(
    ("change", "place", "expected"),
    [
        pytest.param(
            "week-9, title: End, event: week_9} =>"
            " week-9, title: End, event: week_9}\n  - {id: week-9, title: X, event: x} # <-",
            "timepoints.2.id",
            "each id once",
            id="two timepoints of one name",
        ),
        pytest.param(
            "event: week_9} => event: week_0} # <-",
            "timepoints.1.event",
            "each event once",
            id="two timepoints of one event",
        ),
        pytest.param(
            "source_form: coherent\n => source_form: coherent\n    compare: {held: c_total} # <-\n",
            "forms.0.compare.held",
            "a scale that the form computes (mean, t, total)",
            id="a total to compare with one that is itself the source's",
        ),
        pytest.param(
            "event: week_9} => event: [week_9, week_0]} # <-",
            "timepoints.1.event",
            "each event once",
            id="two timepoints that share one of their events",
        ),
        pytest.param(
            "forms:\n => forms:\n  - {form: coherent, source_form: coherent, at: []}\n"
            " && source_form: coherent\n => source_form: coherent # <-\n",
            "forms.1.source_form",
            "each source_form once",
            id="two forms of one source",
        ),
        pytest.param(
            "on_withdrawal: keep} => on_withdrawal: keep}\n  "
            "- {id: one, purpose: care, form: c, given: {field: one}, on_withdrawal: keep} # <-",
            "consents.1.id",
            "each id once",
            id="two consents of one name",
        ),
        pytest.param(
            "at: [week-0, week-9] => at: [week-0, week-8] # <-",
            "forms.0.at",
            "timepoints of this study",
            id="a timepoint that there is not",
        ),
        pytest.param(
            "form: coherent\n => form: incoherent # <-\n",
            "forms.0.form",
            "the id of a form in mappings/instruments",
            id="a form that there is not",
        ),
        pytest.param(
            "c_total: mine_total => c_totals: mine_total # <-",
            "forms.0.fields.c_totals",
            "a field of the form",
            id="a field that there is not",
        ),
        pytest.param(
            "fields:\n      c_1: mine_1 => fields: # <-\n      c_1: c_2",
            "forms.0.fields",
            "a column of its own for each field",
            id="one column for two fields",
        ),
        pytest.param(
            '"-99": unknown => "2": unknown # <-',
            "missing_codes.2",
            "a code that is no answer",
            id="a missing code that is an option",
        ),
        pytest.param(
            "timepoints:\n => baseline: week-1 # <-\ntimepoints:\n",
            "baseline",
            "a timepoint of this study (week-0, week-9)",
            id="a baseline that there is not",
        ),
    ],
)
def test_a_mistake_in_a_study_is_one_finding_with_its_line(
    change: str, place: str, expected: str
) -> None:
    text = planted(STUDY, *change.split(" && "))

    problems = study_findings(text)

    assert [problem.field for problem in problems] == [place]
    assert problems[0].expected == expected
    assert [problem.origin.line for problem in problems] == marked(text)


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("0", "c_1, c_2, c_3, c_4, c_5, c_total"),
        ("1", "c_1, c_2, c_3, c_4, c_5, c_total"),
        ("10", "c_5, c_total"),
        ("10.0", "c_5, c_total"),
        ("63", "c_total"),
        ("unsure", "c_1, c_2"),
        ("64", None),
        ("-1", None),
        ("UNK", None),
    ],
)
def test_a_missing_data_code_that_is_also_an_answer_is_found(code: str, fields: str | None) -> None:
    text = planted(STUDY, f'"-99" => "{code}"')

    problems = study_findings(text)

    told = [f"`{code}`, which `coherent` takes in {fields}"] if fields else []
    assert [problem.found for problem in problems] == told


def test_a_missing_data_code_is_told_once_for_a_form_that_is_asked_twice() -> None:
    text = planted(
        STUDY,
        '"-99" => "63"',
        "forms:\n => forms:\n  - {form: coherent, source_form: again, at: []}\n",
    )

    problems = study_findings(text)

    assert [problem.field for problem in problems] == ["missing_codes.63"]


def test_ten_mistakes_in_two_files_are_told_at_once_each_with_its_line(tmp_path: Path) -> None:
    """Planted into a copy of the shipped files, such as people make who add an instrument."""
    mappings = tmp_path / "mappings"
    shutil.copytree(MAPPINGS, mappings)
    instrument, study = (
        mappings / "instruments" / "phq-9.yaml",
        mappings / "studies" / "idbt-pain.yaml",
    )
    phq_9 = planted(
        instrument.read_text("utf-8"),
        "code: 44249-1, => code: 44249-2,",  # 1 a mistyped digit
        "field: phq9_2 => field: phq9_1",  # 2 a column that stands twice
        "phq9-3, field: phq9_3 => phq9-3, options: frequencies, field: phq9_3",  # 3 no such list
        "    method: sum\n =>     metod: x\n    method: sum\n",  # 4 an unknown word
        "    better: lower\n =>     better: lower\n    reverse: [phq9-10]\n",  # 5 no such item
        "at_least: 7 => at_least: 10",  # 6 more than there are
        "id: mild, label: mild, low: 5 => id: mild, label: mild, low: 6",  # 7 a gap
    )
    idbt_pain = planted(
        study.read_text("utf-8"),
        "event: week_9_arm_1 => event: week_0_arm_1",  # 8 an event that stands twice
        "source_form: ders18, at: [week-0, => source_form: ders18, at: [week-1,",  # 9 no such one
        "{form: bdi, => {form: bdi-ii,",  # 10 no such form
    )
    instrument.write_text(phq_9, "utf-8")
    study.write_text(idbt_pain, "utf-8")
    settings = Settings(
        study=study,
        instruments=instrument.parent,
        ledger=tmp_path / "ledger",
        crosswalk=tmp_path / "crosswalk",
    )

    problems = read_declarations(settings).problems

    told = [f"{problem.origin}: {problem.field}" for problem in problems]
    assert sorted(told) == sorted(
        f"{file}:{_line(text, mistake)}: {field}"
        for file, text, mistake, field in [
            ("phq-9.yaml", phq_9, "44249-2", "codes.0.code"),
            ("phq-9.yaml", phq_9, "phq9-2, field: phq9_1", "items.1.field"),
            ("phq-9.yaml", phq_9, "frequencies", "items.2.options"),
            ("phq-9.yaml", phq_9, "metod", "scales.0.metod"),
            ("phq-9.yaml", phq_9, "[phq9-10]", "scales.0.reverse"),
            ("phq-9.yaml", phq_9, "at_least: 10", "scales.0.missing.at_least"),
            ("phq-9.yaml", phq_9, "low: 6", "scales.0.bands.1.low"),
            ("idbt-pain.yaml", idbt_pain, "id: week-9", "timepoints.1.event"),
            ("idbt-pain.yaml", idbt_pain, "week-1,", "forms.0.at"),
            ("idbt-pain.yaml", idbt_pain, "bdi-ii", "forms.4.form"),
        ]
    )
    assert all(problem.expected and problem.found and problem.action for problem in problems)


def _line(text: str, mistake: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if mistake in line)


def test_what_is_asked_of_standard_care_names_a_consent_and_each_type_once() -> None:
    text = (
        STUDY
        + """from_care:
  - {type: Condition, consent: nobody-asked}
  - {type: Condition, consent: nobody-asked}
"""
    )

    problems = study_findings(text)

    assert len(problems) == 3
    assert {problem.field for problem in problems} == {
        "from_care.0.consent",
        "from_care.1.consent",
        "from_care.1.type",
    }
