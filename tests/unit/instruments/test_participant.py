"""Who takes part: consents in four words, local days, identifiers, and messages that tell none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from adapter.errors import Origin
from adapter.instruments.facts import read_participant
from adapter.instruments.participant import (
    ConsentState,
    Participant,
    ended_by_withdrawal,
    participant_forms,
)
from tests.forms import record_of, study_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from adapter.errors import Problem
    from adapter.instruments.response import Record
    from adapter.instruments.study import Study

TAKING_PART = """
kind: study
id: taking-part
version: "1.0.0"
title: A study with consents
source: made for the tests
base: https://taking-part.example.org/fhir
status: active
timezone: Australia/Sydney
record_id: record_id
missing_codes: {"-98": not-applicable, "-99": unknown}
timepoints: []
participant:
  form: participant
  enrolled: enrolled
  completed: completed
  identifiers:
    ihi: {field: ihi, system: "http://ns.example.org/ihi"}
    mrn: {field: mrn, system: "http://ns.example.org/mrn"}
consents:
  - id: research
    purpose: research
    form: consent
    given: {field: agreed, equals: "1"}
    date: agreed_on
    withdrawn: {field: left, equals: "1"}
    withdrawn_date: left_on
    on_withdrawal: keep
  - id: follow-up
    purpose: research
    form: consent
    given: {field: agreed_follow_up, equals: "1"}
    withdrawn: {field: left_follow_up, equals: "1"}
    withdrawn_date: left_follow_up_on
    on_withdrawal: keep
  - id: clinic
    purpose: care
    form: clinic_consent
    given: {field: agreed_clinic}
    date: agreed_on
    on_withdrawal: retract
forms: []
"""


@pytest.fixture(scope="module")
def study() -> Study:
    return study_of(TAKING_PART)


def row(**values: str) -> Record:
    return record_of("participant", values)


def person_of(rows: Iterable[Record], study: Study) -> Participant:
    """A person about whom everything can be read."""
    facts = read_participant(rows, study)
    assert (facts.problems, facts.is_readable) == ((), True)
    return facts.person


def problems_of(rows: Sequence[Record], study: Study) -> tuple[Problem, ...]:
    """Why a person's facts are not readable."""
    facts = read_participant(rows, study)
    assert not facts.is_readable
    return facts.problems


def test_a_day_that_is_none_is_told_by_field_and_row(study: Study) -> None:
    consent = replace(row(agreed="1", agreed_on="77-31"), origin=Origin("records.csv", 7))

    wrong = problems_of([row(enrolled="7731"), consent], study)

    assert [(found.field, found.origin.line) for found in wrong] == [
        ("agreed_on", 7),
        ("enrolled", 2),
    ]


def test_every_day_that_is_none_is_told_once(study: Study) -> None:
    days = dict.fromkeys(("enrolled", "completed", "agreed_on", "left_on"), "2023-31-77")

    wrong = problems_of([row(agreed="1", left="1", **days)], study)

    assert sorted(found.field for found in wrong) == sorted(days)


def test_no_message_holds_a_day_or_an_identifier(study: Study) -> None:
    wrong = problems_of([row(enrolled="31.07.1977", ihi="8003-canary")], study)

    told = f"{list(map(str, wrong))}{wrong!r}"
    assert not [part for part in ("31", "07", "1977", "canary", "8003") if part in told]


def test_the_identifiers_do_not_show_in_a_trace() -> None:
    person = Participant("1", identifiers={"ihi": "8003-canary"})

    shown = repr(person)

    assert "canary" not in shown


@pytest.mark.parametrize(
    ("values", "state"),
    [
        pytest.param({}, ConsentState("unknown"), id="not asked"),
        pytest.param({"agreed": "-99"}, ConsentState("unknown"), id="a missing-data code"),
        pytest.param({"agreed": "1"}, ConsentState("given"), id="given"),
        pytest.param(
            {"agreed": "1", "agreed_on": "2023-03-01 10:00"},
            ConsentState("given", "2023-03-01"),
            id="given, with a day",
        ),
        pytest.param({"agreed": "0"}, ConsentState("refused"), id="refused"),
        pytest.param(
            {"agreed": "0", "agreed_on": "2023-03-01"},
            ConsentState("refused", "2023-03-01"),
            id="refused, with a day",
        ),
        pytest.param(
            {"agreed": "1", "left": "0"},
            ConsentState("given"),
            id="not withdrawn",
        ),
        pytest.param({"agreed": "1", "left": "1"}, ConsentState("withdrawn"), id="withdrawn"),
        pytest.param({"left": "1"}, ConsentState("withdrawn"), id="withdrawn, never given"),
        pytest.param(
            {"agreed": "1", "agreed_on": "2023-03-01", "left": "1", "left_on": "2023-05-01"},
            ConsentState("withdrawn", "2023-03-01", "2023-05-01"),
            id="withdrawn, with days",
        ),
        pytest.param(
            {"agreed": "1", "agreed_on": "-99", "left": "1", "left_on": "-99"},
            ConsentState("withdrawn"),
            id="withdrawn, on days that are not known",
        ),
    ],
)
def test_a_consent_is_one_of_four_words(
    study: Study, values: dict[str, str], state: ConsentState
) -> None:
    person = person_of([row(**values)], study)

    assert person.consents["research"] == state


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"agreed_clinic": "2023-03-01"}, "given"),
        ({}, "unknown"),
        ({"agreed_clinic": "-98"}, "unknown"),
    ],
    ids=["filled in", "blank", "a missing-data code"],
)
def test_a_consent_may_be_given_by_filling_in_a_field(
    study: Study, values: dict[str, str], word: str
) -> None:
    person = person_of([row(**values)], study)

    assert person.consents["clinic"].word == word


@pytest.mark.parametrize(
    ("values", "ended"),
    [
        pytest.param({}, None, id="still taking part"),
        pytest.param({"completed": "2023-09-01"}, "2023-09-01", id="completed"),
        pytest.param({"completed": "-98"}, None, id="no day to be told"),
        pytest.param({"left": "1", "left_on": "2023-05-01"}, "2023-05-01", id="withdrew"),
        pytest.param({"left": "1"}, None, id="withdrew on a day nobody knows"),
        pytest.param({"left": "0"}, None, id="did not withdraw"),
        pytest.param(
            {"completed": "2023-06-01", "left": "1", "left_on": "2023-05-01"},
            "2023-06-01",
            id="the trial's own word goes first",
        ),
        pytest.param(
            {"left": "1", "left_follow_up": "1", "left_follow_up_on": "2023-07-01"},
            "2023-07-01",
            id="the first day that is known",
        ),
    ],
)
def test_a_persons_time_ends_with_the_trial_or_with_the_research_consent(
    study: Study, values: dict[str, str], ended: str | None
) -> None:
    person = person_of([row(**values)], study)

    assert person.ended == ended


def test_leaving_the_clinic_does_not_end_the_research(study: Study) -> None:
    states = {rule.id: ConsentState("given") for rule in study.consents}
    withdrawn = ConsentState("withdrawn", until="2023-05-01")
    person = Participant("1", consents=states | {"clinic": withdrawn})

    ended = ended_by_withdrawal(person, study)

    assert ended == person


def test_a_person_is_put_together_from_all_their_rows(study: Study) -> None:
    rows = [
        row(enrolled="2023-03-01", ihi="8003", mrn="-99"),
        record_of("consent", {"agreed": "1", "agreed_on": "2023-02-28"}),
    ]

    person = person_of(iter(rows), study)

    assert person == Participant(
        participant="1",
        enrolled="2023-03-01",
        ended=None,
        consents={
            "research": ConsentState("given", "2023-02-28"),
            "follow-up": ConsentState("unknown"),
            "clinic": ConsentState("unknown"),
        },
        identifiers={"ihi": "8003"},
    )


def test_the_later_row_goes_before_the_earlier_one(study: Study) -> None:
    person = person_of([row(agreed="1"), row(agreed="0")], study)

    assert person.consents["research"].word == "refused"


def test_a_code_for_missing_does_not_undo_an_earlier_row(study: Study) -> None:
    person = person_of([row(agreed="1"), row(agreed="-99")], study)

    assert person.consents["research"].word == "given"


def test_the_records_own_name_counts_as_a_field() -> None:
    text = TAKING_PART.replace("{field: agreed_clinic}", "{field: record_id}")

    person = person_of([row(enrolled="2023-03-01")], study_of(text))

    assert person.consents["clinic"].word == "given"


def test_the_forms_that_hold_a_persons_facts_are_known(study: Study) -> None:
    forms = participant_forms(study)

    assert forms == {"participant", "consent", "clinic_consent"}


def test_a_withdrawal_counts_although_no_day_of_it_can_be_read(study: Study) -> None:
    facts = read_participant([row(agreed="1", left="1", left_on="10/03/2024")], study)

    assert facts.person.consents["research"] == ConsentState("withdrawn")
    assert [found.field for found in facts.problems] == ["left_on"]
    assert facts.is_readable


UNKNOWN = ["Yes", "TRUE", "1.0", " 1", "2", " "]


@pytest.mark.parametrize("column", ["agreed", "left"])
@pytest.mark.parametrize("value", UNKNOWN)
def test_what_is_no_answer_to_a_consent_is_told_and_makes_it_unreadable(
    study: Study, column: str, value: str
) -> None:
    cells = {"agreed": "1", column: value}

    facts = read_participant([row(**cells)], study, {column: ("1", "0")})

    (problem,) = facts.problems
    assert (problem.field, problem.expected) == (column, "one of the values 1, 0, or nothing")
    assert not facts.is_readable
    assert value not in problem.found.split(" ")


def test_every_choice_of_the_source_is_an_answer(study: Study) -> None:
    facts = read_participant([row(agreed="7")], study, {"agreed": ("1", "7")})

    assert facts.is_readable
    assert facts.person.consents["research"].word == "refused"


@pytest.mark.parametrize(
    ("equals", "other"), [("1", "0"), ("Yes", "No"), ("TRUE", "FALSE"), ("n", "y")]
)
def test_without_choices_the_opposite_is_an_answer(equals: str, other: str) -> None:
    told = TAKING_PART.replace('{field: left, equals: "1"}', f'{{field: left, equals: "{equals}"}}')
    study = study_of(told)

    words = [
        person_of([row(agreed="1", left=said)], study).consents["research"].word
        for said in (equals, other)
    ]

    assert words == ["withdrawn", "given"]


@pytest.mark.parametrize("flag", [{}, {"left": "0"}], ids=["nothing", "no"])
def test_a_day_of_withdrawal_alone_is_told_and_makes_the_person_unreadable(
    study: Study, flag: dict[str, str]
) -> None:
    facts = read_participant([row(agreed="1", left_on="2023-05-01", **flag)], study)

    (problem,) = facts.problems
    assert (problem.field, problem.found) == ("left_on", "a day alone")
    assert not facts.is_readable


def test_a_day_that_belongs_to_another_withdrawal_is_no_finding() -> None:
    shared = study_of(TAKING_PART.replace("left_follow_up_on", "left_on"))

    person = person_of([row(agreed="1", left_follow_up="1", left_on="2023-05-01")], shared)

    assert (person.word("research"), person.word("follow-up")) == ("given", "withdrawn")


def test_a_day_that_also_ends_the_study_for_others_is_no_finding() -> None:
    shared = study_of(TAKING_PART.replace("withdrawn_date: left_on", "withdrawn_date: completed"))

    person = person_of([row(agreed="1", completed="2023-05-01")], shared)

    assert person.word("research") == "given"


def test_a_study_may_tell_a_withdrawal_by_its_day_alone() -> None:
    alone = study_of(TAKING_PART.replace('    withdrawn: {field: left, equals: "1"}\n', ""))

    person = person_of([row(agreed="1", left_on="2023-05-01")], alone)

    assert person.consents["research"] == ConsentState("withdrawn", None, "2023-05-01")


def test_a_withdrawal_in_any_row_goes_before_a_later_one_and_the_rows_are_told(
    study: Study,
) -> None:
    facts = read_participant([row(agreed="1", left="1"), row(agreed="1", left="0")], study)

    (problem,) = facts.problems
    assert facts.person.word("research") == "withdrawn"
    assert problem.expected == "the same of a withdrawal in all rows of a record"
    assert facts.is_readable


def test_a_withdrawal_in_the_last_row_contradicts_nothing(study: Study) -> None:
    person = person_of([row(agreed="1", left="0"), row(left="1")], study)

    assert person.word("research") == "withdrawn"
