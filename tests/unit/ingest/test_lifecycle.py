"""What becomes of a response that changes: amended, corrected, completed, never reopened."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from adapter.ingest.accept import next_status
from adapter.instruments.response import ResponseStatus
from adapter.store import versions
from adapter.store.instances import Instance
from tests.unit.ingest.project import (
    AS_OF,
    FORMS,
    STUDY,
    Bench,
    Resource,
    at_week_4,
    correcting,
    incident,
    mood,
    pain,
    person,
    tally,
)

BEFORE_CLOSING = AS_OF - timedelta(days=30)


def instance(status: str, source_hash: str = "same") -> Instance:
    return Instance("unit", "1", "mood", source_hash, "mapping", status, "[]", 1)


def codes(resource: Resource) -> str:
    """What an Observation is about, in the adapter's own words."""
    return str(resource["code"]["coding"][-1]["code"])


def by_status(bench: Bench) -> dict[str, str]:
    return {codes(each): each["status"] for each in bench.resources("Observation")}


@pytest.mark.parametrize(
    ("before", "word", "becomes"),
    [
        pytest.param(None, "completed", "completed", id="new and completed"),
        pytest.param(None, "in-progress", "in-progress", id="new and begun"),
        pytest.param(instance("in-progress"), "in-progress", "in-progress", id="still begun"),
        pytest.param(instance("in-progress"), "completed", "completed", id="finished"),
        pytest.param(instance("in-progress"), "stopped", "stopped", id="its window closed"),
        pytest.param(instance("stopped"), "completed", "completed", id="finished late"),
        pytest.param(instance("stopped"), "in-progress", "in-progress", id="its window reopened"),
        pytest.param(instance("completed"), "completed", "completed", id="the same as it was"),
        pytest.param(instance("completed", "other"), "completed", "amended", id="other answers"),
        pytest.param(instance("completed", "other"), "in-progress", "amended", id="never reopened"),
        pytest.param(instance("amended"), "completed", "amended", id="amended stays amended"),
        pytest.param(instance("amended", "other"), "stopped", "amended", id="amended again"),
        pytest.param(instance("entered-in-error"), "completed", "amended", id="back again"),
    ],
)
def test_a_status_follows_from_what_it_was_and_what_the_source_says(
    before: Instance | None, word: ResponseStatus, becomes: str
) -> None:
    assert next_status(word, before, "same") == becomes


def test_other_answers_amend_the_response_and_only_the_observations_that_change(
    bench: Bench,
) -> None:
    bench.ingest({**person("1"), **mood("1", "2", "0"), **pain("3", "4")})

    report = bench.ingest({**person("1"), **mood("1", "3", "0"), **pain("3", "4")})

    assert report.counts["mood"] == {"changed": 1}
    assert report.counts["pain"] == {"unchanged": 1}
    assert by_status(bench) == {
        "mood": "final",
        "mood-total": "amended",
        "mood-first": "final",
        "pain": "final",
        "pain-pain-now": "final",
        "pain-pain-week": "final",
    }
    assert bench.statuses("QuestionnaireResponse", "mood") == {"amended": 1}
    assert bench.statuses("QuestionnaireResponse", "pain") == {"completed": 1}


def test_answers_that_go_back_to_what_they_were_are_amended_again(bench: Bench) -> None:
    first, second = {**person("1"), **mood("1", "2")}, {**person("1"), **mood("1", "3")}
    bench.ingest(first)
    bench.ingest(second)

    report = bench.ingest(first)

    assert report.counts["mood"] == {"changed": 1}
    assert bench.statuses("QuestionnaireResponse") == {"amended": 1}


def test_an_answer_outside_the_mapping_changes_no_observation(bench: Bench) -> None:
    bench.ingest({**person("1"), **mood("1", "2", "0")})

    bench.ingest({**person("1"), **mood("1", "2", "0", mood_spare="new")})

    assert set(by_status(bench).values()) == {"final"}


def test_the_same_answers_under_another_rule_are_corrected(bench: Bench) -> None:
    row = {**person("1"), **mood("1", "2", "0")}
    bench.ingest(row)
    weighed = FORMS["mood"].replace("method: sum, range: [0, 9]", "method: mean, range: [0, 3]")

    report = bench.with_form(correcting(weighed)).ingest(row)

    assert report.counts["mood"] == {"changed": 1}
    assert by_status(bench) == {
        "mood": "final",
        "mood-total": "corrected",
        "mood-first": "corrected",
    }
    assert bench.statuses("QuestionnaireResponse") == {"completed": 1}


def test_a_mapping_that_changes_nothing_makes_no_version(bench: Bench) -> None:
    row = {**person("1"), **mood("1", "2", "0")}
    bench.ingest(row)
    before = bench.versions()
    same = STUDY.replace("diary: stays in the trial", "diary: nobody needs it")

    report = bench.with_study(same).ingest(row)

    assert report.counts["mood"] == {"unchanged": 1}
    assert bench.versions() == before


def test_an_amended_observation_stays_amended_when_its_rule_changes_nothing(bench: Bench) -> None:
    row = {**person("1"), **mood("1", "3", "0")}
    bench.ingest({**person("1"), **mood("1", "2", "0")})
    bench.ingest(row)
    same = STUDY.replace("diary: stays in the trial", "diary: nobody needs it")

    report = bench.with_study(same).ingest(row)

    assert report.counts["mood"] == {"unchanged": 1}
    assert by_status(bench)["mood-total"] == "amended"
    assert bench.statuses("QuestionnaireResponse") == {"amended": 1}


def test_a_removed_answer_takes_its_observation_back(bench: Bench) -> None:
    bench.ingest({**person("1"), **pain("3", "4")})

    report = bench.ingest({**person("1"), **pain("3", "")})

    assert report.counts["pain"] == {"changed": 1}
    assert by_status(bench) == {
        "pain-pain-now": "final",
        "pain-pain-week": "entered-in-error",
        "pain": "entered-in-error",
    }


def test_an_answer_that_comes_back_is_amended_and_no_longer_in_error(bench: Bench) -> None:
    bench.ingest({**person("1"), **pain("3", "4")})
    bench.ingest({**person("1"), **pain("3", "")})

    bench.ingest({**person("1"), **pain("3", "4")})

    assert by_status(bench) == {
        "pain-pain-now": "final",
        "pain-pain-week": "amended",
        "pain": "amended",
    }
    assert not any(
        version.is_retracted for version in versions.of_type(bench.database.read(), "Observation")
    )


def test_a_scale_that_loses_an_item_says_so_and_is_amended(bench: Bench) -> None:
    bench.ingest({**person("1"), **mood("1", "2", "0")})

    bench.ingest({**person("1"), **mood("1", "", "0")})

    total = bench.observation("mood-total")
    assert total["status"] == "amended"
    assert "valueQuantity" not in total
    assert total["dataAbsentReason"]["text"] == "2 of 3 items answered"


def test_a_form_that_is_finished_gets_its_scores(bench: Bench) -> None:
    begun = {**at_week_4("1"), **mood("1", complete="0", mood_timestamp="[not completed]")}
    bench.ingest(person("1"), begun, as_of=BEFORE_CLOSING)
    scores_before = bench.resources("Observation")

    report = bench.ingest(person("1"), {**at_week_4("1"), **mood("1", "2", "3")})

    assert scores_before == []
    assert report.counts["mood"] == {"changed": 1}
    assert bench.statuses("QuestionnaireResponse") == {"completed": 1}
    assert set(by_status(bench).values()) == {"final"}


def test_a_form_that_was_stopped_and_is_finished_late_is_scored_then(bench: Bench) -> None:
    bench.ingest(person("1"), {**at_week_4("1"), **mood("1", complete="0")})

    bench.ingest(person("1"), {**at_week_4("1"), **mood("1", "2", "3")})

    assert bench.statuses("QuestionnaireResponse") == {"completed": 1}
    assert by_status(bench) == {"mood-total": "final", "mood-first": "final", "mood": "final"}


def test_time_alone_stops_a_form_that_nobody_finished(bench: Bench) -> None:
    rows = (person("1"), {**at_week_4("1"), **mood("1", complete="0")})
    bench.ingest(*rows, as_of=BEFORE_CLOSING)

    report = bench.ingest(*rows)

    assert report.counts["mood"] == {"changed": 1}
    assert bench.statuses("QuestionnaireResponse") == {"stopped": 1}


def test_a_form_set_back_to_incomplete_is_amended_and_not_reopened(bench: Bench) -> None:
    bench.ingest(person("1"), {**at_week_4("1"), **mood("1")})

    bench.ingest(person("1"), {**at_week_4("1"), **mood("1", complete="0")}, as_of=BEFORE_CLOSING)

    assert bench.statuses("QuestionnaireResponse") == {"amended": 1}


def test_a_total_that_nobody_sent_is_told_to_nobody_until_it_is_finished(bench: Bench) -> None:
    begun = {**at_week_4("1"), **tally("7", complete="0")}
    bench.ingest(person("1"), begun, as_of=BEFORE_CLOSING)
    bench.ingest(person("1"), begun)
    stopped = by_status(bench)

    bench.ingest(person("1"), {**at_week_4("1"), **tally("7")})

    assert stopped == {}
    assert by_status(bench) == {"tally-total": "final"}


def test_every_version_is_proven_by_the_cells_it_came_from(bench: Bench) -> None:
    bench.ingest({**person("1"), **mood("1", "2", "0")})
    bench.ingest({**person("1"), **mood("1", "3", "0")})

    proofs = bench.resources("Provenance")

    assert sorted(each["activity"]["coding"][0]["code"] for each in proofs) == ["CREATE", "UPDATE"]
    assert "mood_1=1" not in json.dumps(proofs)


def test_each_proof_tells_the_adapter_that_made_it_whichever_is_at_work_now(bench: Bench) -> None:
    rows = {**person("1"), **mood("1", "2", "0")}, {**at_week_4("1"), **mood("1")}
    bench.ingest(*rows)
    newer = replace(bench, trial=replace(bench.trial, software="2.0.0", _digests={}))

    newer.ingest(rows[0], {**at_week_4("1"), **mood("2")})

    made_by = [each["agent"][0]["who"]["display"] for each in bench.resources("Provenance")]
    older, newest = "trial-fhir-adapter 1.2.3", "trial-fhir-adapter 2.0.0"
    assert sorted(made_by) == [older, older, newest]


def test_an_incident_that_changes_is_a_new_version_of_the_same_event(bench: Bench) -> None:
    bench.ingest(person("1"), incident("1", "1"), incident("1", "2"))

    report = bench.ingest(person("1"), incident("1", "1", incident_serious="1"), incident("1", "2"))

    assert report.counts["incident"] == {"changed": 1, "unchanged": 1}
    assert len(bench.resources("AdverseEvent")) == 2


def test_two_forms_of_one_person_never_share_a_resource(bench: Bench) -> None:
    bench.ingest(
        {**person("1"), **mood("1")},
        {**at_week_4("1"), **mood("1")},
        {**at_week_4("1"), **mood("1"), "redcap_repeat_instance": "2"},
        {**person("2"), **mood("1")},
    )

    assert len({each["id"] for each in bench.resources("QuestionnaireResponse")}) == 4
