"""What is no longer in the source is retracted, but only where that can be believed."""

from __future__ import annotations

import pytest

from adapter.ingest import Report
from adapter.store import versions
from tests.unit.ingest.project import (
    STUDY,
    Bench,
    Cells,
    at_week_4,
    columns,
    incident,
    mood,
    pain,
    people,
    person,
    records_csv,
    tally,
)


def retracted(bench: Bench) -> set[tuple[str, str]]:
    """Whose resources of which type are retracted."""
    return {
        (version.participant, version.type)
        for kind in versions.types(bench.database.read())
        for version in versions.of_type(bench.database.read(), kind)
        if version.is_retracted
    }


def outcomes(report: Report) -> dict[str, int]:
    return {form: counts["retracted"] for form, counts in report.counts.items()}


def test_a_deleted_record_is_retracted_with_all_that_was_made_of_it(bench: Bench) -> None:
    bench.ingest(*people(2), incident("2", "1"))

    report = bench.ingest(*people(1), missing_limit=1)

    assert outcomes(report) == {"participant": 1, "mood": 2, "incident": 1}
    assert report.problems == 0
    assert bench.statuses("QuestionnaireResponse") == {"completed": 2, "entered-in-error": 2}
    assert bench.statuses("Observation") == {"final": 6, "entered-in-error": 6}
    assert bench.statuses("Consent") == {"active": 2, "entered-in-error": 2}
    assert sorted(each["active"] for each in bench.resources("Patient")) == [False, True]
    assert retracted(bench) == {
        ("2", kind)
        for kind in (
            "AdverseEvent",
            "Consent",
            "Observation",
            "Patient",
            "Provenance",
            "QuestionnaireResponse",
            "ResearchSubject",
        )
    }


def test_a_retraction_is_owed_only_to_whom_it_was_sent(bench: Bench) -> None:
    bench.ingest(*people(2))
    bench.deliver("repository")

    bench.ingest(*people(1), missing_limit=1)

    assert bench.owed("repository") == {
        "retract QuestionnaireResponse": 2,
        "retract Observation": 6,
        "retract Consent": 2,
        "retract Patient": 1,
        "retract ResearchSubject": 1,
    }
    assert bench.owed("north-clinic") == {
        "put QuestionnaireResponse": 2,
        "put Observation": 6,
        "put Provenance": 2,
    }


def test_what_was_retracted_is_not_retracted_again(bench: Bench) -> None:
    bench.ingest(*people(2))
    bench.ingest(*people(1), missing_limit=1)
    before = bench.versions()

    report = bench.ingest(*people(1), missing_limit=1)

    assert bench.versions() == before
    assert outcomes(report) == {"participant": 0, "mood": 0}


def test_a_record_that_comes_back_is_in_force_again(bench: Bench) -> None:
    bench.ingest(*people(2), incident("2", "1"))
    bench.deliver("repository")
    bench.ingest(*people(1), missing_limit=1)
    bench.deliver("repository")

    report = bench.ingest(*people(2), incident("2", "1"), missing_limit=1)

    assert retracted(bench) == {("2", "Provenance")}
    assert report.counts["participant"] == {"unchanged": 1, "created": 1}
    assert report.counts["mood"] == {"unchanged": 2, "changed": 2}
    assert bench.statuses("QuestionnaireResponse") == {"completed": 2, "amended": 2}
    assert bench.statuses("Observation") == {"final": 6, "corrected": 6}
    assert bench.statuses("Consent") == {"active": 4}
    assert bench.owed("repository")["put AdverseEvent"] == 1
    assert bench.owed("repository")["put ResearchSubject"] == 1


@pytest.mark.parametrize("limit", [1, 2], ids=["one", "two"])
def test_more_missing_records_than_believed_are_told_and_none_is_retracted(
    bench: Bench, limit: int
) -> None:
    bench.ingest(*people(limit + 2))

    report = bench.ingest(*people(1), missing_limit=limit)

    (problem,) = bench.problems(report)
    assert problem.expected == f"at most {limit} records fewer than last time (`missing_limit`)"
    assert problem.found.startswith(f"{limit + 1} fewer")
    assert "Nothing was retracted" in problem.action
    assert retracted(bench) == set()


def test_as_many_missing_records_as_believed_are_retracted(bench: Bench) -> None:
    bench.ingest(*people(3))

    report = bench.ingest(*people(1), missing_limit=2)

    assert outcomes(report) == {"participant": 2, "mood": 4}


def test_a_limit_of_zero_believes_nothing_and_tells(bench: Bench) -> None:
    bench.ingest(*people(2))

    report = bench.ingest(*people(1), missing_limit=0)

    assert report.problems == 1
    assert retracted(bench) == set()


def test_without_a_limit_nothing_is_retracted_and_nothing_told(bench: Bench) -> None:
    bench.ingest(*people(2))

    report = bench.ingest(*people(1))

    assert report.problems == 0
    assert retracted(bench) == set()


def test_records_that_lost_a_form_count_like_records_that_are_gone(bench: Bench) -> None:
    rows = people(8)
    bench.ingest(*rows)
    first_only = [row for row in rows[:-2] if "enrol_date" in row]

    report = bench.ingest(*first_only, missing_limit=1)

    (problem,) = bench.problems(report)
    assert problem.found.startswith("8 fewer")
    assert retracted(bench) == set()


def test_forms_of_few_records_count_by_record_and_not_by_form(bench: Bench) -> None:
    bench.ingest({**person("1"), **mood("1"), **pain("1", "2"), **tally("3")}, person("2"))

    report = bench.ingest(person("1"), person("2"), missing_limit=1)

    assert outcomes(report) == {"participant": 0, "mood": 1, "pain": 1, "tally": 1}
    assert retracted(bench) == {("1", "QuestionnaireResponse"), ("1", "Observation")}


def test_every_record_beyond_the_first_few_counts(bench: Bench) -> None:
    rows = [{**person(str(number)), **mood("1")} for number in range(1, 41)]
    bench.ingest(*rows)

    report = bench.ingest(*[person(str(number)) for number in range(1, 41)], missing_limit=5)

    (problem,) = bench.problems(report)
    assert problem.found.startswith("40 fewer")
    assert retracted(bench) == set()


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(b"2,short", id="too few cells"),
        pytest.param(b'2,"open', id="an open quote"),
        pytest.param(b"2,\xff", id="a byte that is none"),
        pytest.param(b",week_0_arm_1" + b"," * (len(columns()) - 2), id="no record"),
    ],
)
def test_a_record_on_a_line_that_cannot_be_read_is_not_taken_for_deleted(
    bench: Bench, broken: bytes
) -> None:
    bench.ingest(*people(2))
    content = records_csv(people(1)) + broken + b"\n"

    report = bench.read(bench.source(content, missing_limit=5))

    assert retracted(bench) == set()
    first, second = bench.problems(report)
    assert first.origin.line == 4
    assert second.expected.startswith("every row and form readable")
    assert second.found == (
        "some that are not, and 1 records fewer than last time, or parts of them"
    )


def test_a_broken_line_is_not_held_against_an_export_that_lacks_nothing(bench: Bench) -> None:
    bench.ingest(*people(2))
    content = records_csv(people(2)) + b"9,short\n"

    report = bench.read(bench.source(content, missing_limit=5))

    assert report.problems == 1


def test_a_form_whose_columns_are_gone_is_not_taken_for_deleted(bench: Bench) -> None:
    bench.ingest(*people(1))
    header = [name for name in columns() if name != "mood_2"]

    report = bench.read(bench.source(records_csv(people(1), header), missing_limit=5))

    assert retracted(bench) == set()
    assert report.problems == 2


def test_a_form_that_is_renamed_in_the_study_is_not_taken_for_deleted(bench: Bench) -> None:
    bench.ingest(*people(1))
    misspelt = bench.with_study(STUDY.replace("source_form: mood", "source_form: moood"))

    misspelt.ingest(*people(1), missing_limit=5)

    assert retracted(bench) == set()


def test_people_whose_facts_cannot_be_read_are_not_taken_for_deleted(bench: Bench) -> None:
    bench.ingest(*people(1))
    header = [name for name in columns() if name != "agree_share"]

    bench.read(bench.source(records_csv(people(1), header), missing_limit=5))

    assert retracted(bench) == set()


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([person("1", enrol_date="soon")], id="a day that is none"),
        pytest.param([person("1"), person("1")], id="rows that stand twice"),
    ],
)
def test_a_person_who_is_rejected_is_not_taken_for_deleted(bench: Bench, rows: list[Cells]) -> None:
    bench.ingest({**person("1"), **mood("1")}, person("2"))

    report = bench.ingest(*rows, {**at_week_4("1"), **tally("4")}, person("2"), missing_limit=5)

    assert ("1", "Patient") not in retracted(bench)
    assert report.counts["participant"] == {"rejected": 1, "unchanged": 1}
    assert report.counts["tally"] == {"created": 1}


def test_a_response_that_is_rejected_is_not_taken_for_deleted(bench: Bench) -> None:
    bench.ingest({**person("1"), **mood("1")})

    report = bench.ingest({**person("1"), **mood("8")}, missing_limit=5)

    assert retracted(bench) == set()
    assert report.counts["mood"] == {"rejected": 1}
    assert bench.observation("mood-first")["valueQuantity"]["value"] == 1


def test_answers_whose_person_is_gone_are_told_and_stay(bench: Bench) -> None:
    bench.ingest(person("1"), {**at_week_4("1"), **mood("1")}, person("2"))
    bench.ingest({**at_week_4("1"), **mood("1")}, person("2"), missing_limit=1)

    report = bench.ingest({**at_week_4("1"), **mood("1")}, person("2"), missing_limit=1)

    (problem,) = bench.problems(report)
    assert problem.expected == "a record with form `participant`"
    assert retracted(bench) == {("1", "Consent"), ("1", "Patient"), ("1", "ResearchSubject")}


def test_a_form_emptied_of_every_answer_is_retracted(bench: Bench) -> None:
    bench.ingest({**person("1"), **mood("1")})

    report = bench.ingest(
        {**person("1"), "mood_spare": "left", "mood_complete": "2"}, missing_limit=1
    )

    assert report.counts["mood"] == {"empty": 1, "retracted": 1}
    assert bench.statuses("QuestionnaireResponse") == {"entered-in-error": 1}
