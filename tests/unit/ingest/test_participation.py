"""Who takes part and what they agreed to: kept, withdrawn, given again, and followed at once."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from adapter.errors import NotFoundError
from adapter.ingest import Report
from adapter.ingest.participation import withdraw
from tests.unit.ingest.project import (
    NOW,
    STUDY,
    Bench,
    Cells,
    Resource,
    mood,
    person,
    records_csv,
)

LATER = "2024-03-25T14:30:00+00:00"  # already the 26th where the trial is


def withdraw_now(bench: Bench, record: str, consent: str, now: str = NOW) -> None:
    with bench.database.write() as tx:
        withdraw(tx, bench.trial, record, consent, now)


def consent(bench: Bench, name: str, record: str = "1") -> Resource:
    patient = f"Patient/{bench.trial.identity.patient(record)}"
    (found,) = [
        each
        for each in bench.resources("Consent")
        if each["policy"][0]["uri"].endswith(f"/{name}") and each["patient"]["reference"] == patient
    ]
    return found


def answered(**cells: str) -> Cells:
    return {**person("1", **cells), **mood("1", "2", "0")}


def outcome(report: Report) -> dict[str, int]:
    return {word: count for word, count in report.counts["participant"].items() if count}


def test_a_consent_says_what_was_agreed_to_and_since_when(bench: Bench) -> None:
    bench.ingest(person("1", agree_share="0"))

    research, share = consent(bench, "research"), consent(bench, "share")

    assert (research["status"], share["status"]) == ("active", "rejected")
    assert research["dateTime"] == "2024-02-01"


def test_a_consent_that_nobody_asked_for_is_no_consent(bench: Bench) -> None:
    bench.ingest(person("1", agree_share=""))

    assert len(bench.resources("Consent")) == 1


def test_an_answer_taken_back_takes_its_consent_back(bench: Bench) -> None:
    bench.ingest(person("1"))

    report = bench.ingest(person("1", agree_share=""))

    assert outcome(report) == {"changed": 1}
    assert consent(bench, "share")["status"] == "entered-in-error"
    assert consent(bench, "research")["status"] == "active"


def test_a_withdrawal_in_the_source_retracts_what_the_clinic_has_and_no_other_receiver(
    bench: Bench,
) -> None:
    bench.ingest(answered())
    bench.deliver("repository")
    bench.deliver("north-clinic")

    report = bench.ingest(answered(stop_share="1", stop_date="2024-03-10"))

    assert outcome(report) == {"changed": 1}
    assert consent(bench, "share")["status"] == "inactive"
    assert consent(bench, "share")["provision"]["period"]["end"] == "2024-03-10"
    assert bench.owed("north-clinic") == {
        "retract QuestionnaireResponse": 1,
        "retract Observation": 3,
    }
    assert bench.owed("repository") == {"put Consent": 1}
    assert bench.statuses("Observation") == {"final": 3}


def test_a_withdrawal_recorded_here_is_followed_at_once(bench: Bench) -> None:
    bench.ingest(answered())
    bench.deliver("north-clinic")

    withdraw_now(bench, "1", "share", LATER)

    assert consent(bench, "share")["status"] == "inactive"
    assert consent(bench, "share")["provision"]["period"]["end"] == "2024-03-26"
    assert bench.owed("north-clinic")["retract Observation"] == 3


def test_a_withdrawal_recorded_here_holds_although_the_source_does_not_say_it(
    bench: Bench,
) -> None:
    bench.ingest(answered())
    withdraw_now(bench, "1", "share")
    before = bench.versions()

    report = bench.ingest(answered())

    assert outcome(report) == {"unchanged": 1}
    assert consent(bench, "share")["status"] == "inactive"
    assert bench.versions() == before


def test_a_withdrawal_can_be_recorded_before_a_consent_that_was_added_is_read(
    bench: Bench,
) -> None:
    bench.ingest(answered())
    bench.deliver("north-clinic")
    added = """\
  - id: care
    purpose: care
    form: consent
    given: {field: agree_care, equals: "1"}
    on_withdrawal: retract
forms:
  - {form: mood"""
    more = bench.with_study(STUDY.replace("forms:\n  - {form: mood", added))

    withdraw_now(more, "1", "share")

    assert more.owed("north-clinic")["retract Observation"] == 3
    more.ingest(answered(agree_care="1"))
    assert consent(more, "share")["status"] == "inactive"


def test_a_withdrawal_recorded_here_holds_after_the_source_took_its_own_back(bench: Bench) -> None:
    bench.ingest(answered(stop_share="1", stop_date="2024-03-01"))
    withdraw_now(bench, "1", "share")

    bench.ingest(answered())

    assert consent(bench, "share")["status"] == "inactive"


def test_a_withdrawal_recorded_twice_keeps_its_first_day(bench: Bench) -> None:
    bench.ingest(answered())
    withdraw_now(bench, "1", "share")
    before = bench.versions()

    withdraw_now(bench, "1", "share", LATER)

    assert bench.versions() == before
    assert consent(bench, "share")["provision"]["period"]["end"] == "2024-03-21"


def test_the_source_has_the_last_word_on_the_day_of_a_withdrawal(bench: Bench) -> None:
    bench.ingest(answered())
    withdraw_now(bench, "1", "share")

    bench.ingest(answered(stop_share="1", stop_date="2024-03-18"))

    assert consent(bench, "share")["provision"]["period"]["end"] == "2024-03-18"


@pytest.mark.parametrize(
    ("agreed", "status"),
    [
        pytest.param("2024-03-22", "active", id="after the withdrawal"),
        pytest.param("2024-03-21", "inactive", id="on its day"),
        pytest.param("", "inactive", id="on a day that nobody wrote down"),
    ],
)
def test_a_consent_given_again_stands_when_its_day_is_later(
    bench: Bench, agreed: str, status: str
) -> None:
    bench.ingest(answered())
    withdraw_now(bench, "1", "share")

    bench.ingest(answered(agree_date=agreed))

    assert consent(bench, "share")["status"] == status


def test_a_consent_given_again_can_be_withdrawn_again(bench: Bench) -> None:
    bench.ingest(answered())
    withdraw_now(bench, "1", "share")
    bench.ingest(answered(agree_date="2024-03-22"))

    withdraw_now(bench, "1", "share", LATER)

    assert consent(bench, "share")["status"] == "inactive"
    assert consent(bench, "share")["provision"]["period"] == {
        "start": "2024-03-22",
        "end": "2024-03-26",
    }


@pytest.mark.parametrize(
    ("record", "name"),
    [("404", "share"), ("1", "sharing")],
    ids=["nobody of this name", "no such consent"],
)
def test_who_or_what_does_not_exist_cannot_be_withdrawn(
    bench: Bench, record: str, name: str
) -> None:
    bench.ingest(person("1"))

    with pytest.raises(NotFoundError) as caught:
        withdraw_now(bench, record, name)

    assert caught.value.exit_code == 15
    assert "(research, share)" in str(caught.value)


def test_a_withdrawal_during_an_ingest_does_not_make_the_person_look_gone(bench: Bench) -> None:
    bench.ingest(answered(), person("2"))
    source = bench.source(records_csv([answered(), person("2")]), missing_limit=5)

    report = bench.read(source, lambda _: withdraw_now(bench, "1", "share"))

    assert outcome(report) == {"unchanged": 2}
    assert consent(bench, "share")["status"] == "inactive"


def test_who_left_the_trial_is_off_study(bench: Bench) -> None:
    bench.ingest(person("1"), person("2", left_date="2024-03-01"))

    assert bench.statuses("ResearchSubject") == {"on-study": 1, "off-study": 1}


def test_who_withdrew_from_research_left_the_trial_that_day(bench: Bench) -> None:
    bench.ingest(person("1", stop_research="1", stop_date="2024-03-10"))

    (subject,) = bench.resources("ResearchSubject")

    assert subject["period"] == {"start": "2024-02-01", "end": "2024-03-10"}


def test_who_withdrew_on_a_day_that_nobody_wrote_down_leaves_at_once(bench: Bench) -> None:
    bench.ingest(answered())
    bench.deliver("repository")

    bench.ingest(answered(stop_research="1"))

    assert bench.statuses("ResearchSubject") == {"off-study": 1}
    assert consent(bench, "research")["status"] == "inactive"
    assert bench.owed("repository") == {"put Consent": 1, "put ResearchSubject": 1}


def test_identifiers_stay_out_of_the_ledger(bench: Bench) -> None:
    bench.ingest(answered(full_name="Canary Smith", dob="1966-04-12"))

    with closing(sqlite3.connect(bench.database.path)) as file:
        text = "".join(file.iterdump())

    assert bench.crosswalk.identifier("1", "ihi") == "8003609900000001"
    assert "8003609900000001" not in text
    assert "Canary" not in text
    assert "1966" not in text


def test_the_study_and_its_questionnaires_belong_to_nobody(bench: Bench) -> None:
    bench.ingest()

    assert [each["title"] for each in bench.resources("Questionnaire")]
    assert bench.owed("repository") == {
        "put Device": 1,
        "put ResearchStudy": 1,
        "put Questionnaire": 2,
    }
    assert bench.owed("north-clinic") == {}
