"""What resources of one patient say, whoever sent them."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from adapter.fhir.adverse_event import RESEARCH
from adapter.viewer.page import Frame, Heading, patient_page
from adapter.viewer.point import UNREAD
from adapter.viewer.record import Outcome, PatientRecord, read_record
from tests.forms import FORMS
from tests.visits import STUDY, change, event, same_answers, signal, total, visit

JUNE, JULY, AUGUST = ("2023-06-14 20:15:09", "2023-07-14 20:15:09", "2023-08-14 20:15:09")


def pain(value: str, at: str, number: int) -> list[dict[str, Any]]:
    return visit("nrs-pain-avg-week", {"nrs_pain_avg": value}, at, number)


def only(resources: list[dict[str, Any]]) -> Outcome:
    (outcome,) = read_record(resources, FORMS, STUDY.zone).outcomes
    return outcome


def page_of(record: PatientRecord) -> str:
    return patient_page(Frame("/app"), Heading("1", "", "A study", "patients/1"), record, {})


def of_a_clinic(at: str, number: int, **told: object) -> list[dict[str, Any]]:
    """A score as a clinic recorded it, without how it was scored."""
    answers, score = pain("7", at, number)
    kept = {name: score[name] for name in score if name not in {"valueQuantity", "method"}}
    return [answers, {**kept, **told}]


def test_a_score_is_told_with_when_by_whom_and_from_which_answers() -> None:
    resources = pain("7", JUNE, 1)

    (point,) = only(resources).points

    assert (point.value, point.band, point.by) == (Decimal(7), "severe", "the patient")
    assert point.at == "2023-06-14T20:15:09+10:00"
    assert point.response == resources[0]["id"]


def test_the_order_is_that_of_time_whatever_order_the_resources_have() -> None:
    resources = [*pain("5", AUGUST, 3), *pain("7", JUNE, 1), *pain("6", JULY, 2)]

    outcome = only(resources)

    assert [point.value for point in outcome.points] == [7, 6, 5]
    assert [point.since for point in outcome.points] == [None, -1, -2]
    assert outcome.change is not None
    assert outcome.change.points == -2


def test_the_baseline_is_the_one_that_the_change_names() -> None:
    before, baseline, later = pain("9", JUNE, 1), pain("7", JULY, 2), pain("6", AUGUST, 3)
    told = change("nrs-pain-avg-week", "value", (baseline, later))

    outcome = only([*before, *baseline, *later, told])

    assert outcome.baseline is not None
    assert outcome.baseline.value == 7
    assert [point.since for point in outcome.points] == [None, None, -1]


def rows_of(record: PatientRecord) -> str:
    """The words of the outcomes, without their charts."""
    rows = page_of(record).partition("<ol")[2].partition("</ol")[0]
    return re.sub("<svg.*?</svg>", "", rows, flags=re.DOTALL)


def test_the_first_score_that_is_held_is_not_called_the_baseline() -> None:
    first, later = pain("7", JUNE, 1), pain("3", AUGUST, 3)
    told = change("nrs-pain-avg-week", "value", (first, later))
    held, known = [*first, *later], [*first, *later, told]

    lone, sure = (read_record(each, FORMS, STUDY.zone) for each in (held, known))

    assert [each.outcomes[0].meaning.verdict for each in (lone, sure)] == ["improved", "improved"]
    assert "baseline" not in rows_of(lone)
    assert '<td class="number">first score here</td>' in rows_of(lone)
    assert "was severe, first score here" in rows_of(lone)
    assert "or the first score here" in page_of(lone)
    assert "first score here" not in page_of(sure)
    assert '<td class="number">baseline</td>' in rows_of(sure)


def test_a_change_in_the_same_band_says_since_when() -> None:
    rows = rows_of(read_record([*pain("7", JUNE, 1), *pain("8", JULY, 2)], FORMS, STUDY.zone))

    assert '<span class="band">since first score here</span>' in rows


@pytest.mark.parametrize(
    ("form", "short"),
    [
        ("nrs-pain-avg-week", "no score at baseline"),
        ("ders-18", "no score at baseline"),
        ("phq-4", "no published threshold, but another band"),
    ],
    ids=["with a threshold", "without one", "whose change nobody follows"],
)
def test_of_all_that_the_trial_holds_a_change_that_it_has_not_computed_is_not_judged(
    form: str, short: str
) -> None:
    resources = [*same_answers(form, "3", JUNE, 1), *same_answers(form, "1", AUGUST, 2)]

    (outcome,) = read_record(resources, FORMS, STUDY.zone, is_whole=True).outcomes

    assert (outcome.meaning.verdict, outcome.meaning.short) == ("not-judged", short)
    assert outcome.change is not None
    assert outcome.points[-1].since == outcome.change.points < 0


def test_of_all_that_the_trial_holds_a_change_that_it_computed_is_judged() -> None:
    first, later = pain("7", JUNE, 1), pain("3", AUGUST, 3)
    told = change("nrs-pain-avg-week", "value", (first, later))

    (outcome,) = read_record([*first, *later, told], FORMS, STUDY.zone, is_whole=True).outcomes

    assert outcome.meaning.verdict == "improved"


def test_what_was_entered_in_error_is_as_if_it_had_never_been() -> None:
    wrong = [{**each, "status": "entered-in-error"} for each in pain("1", JULY, 2)]

    told, right = ([*pain("7", JUNE, 1), *wrong], pain("7", JUNE, 1))
    assert read_record(told, FORMS, STUDY.zone) == read_record(right, FORMS, STUDY.zone)


def test_scores_by_different_rules_are_not_compared() -> None:
    older = pain("7", JUNE, 1)
    older[-1]["method"] = {"coding": [{**older[-1]["method"]["coding"][0], "version": "0.9.0"}]}

    outcome = only([*older, *pain("3", JULY, 2)])

    assert outcome.change is None
    assert outcome.points[-1].since is None
    assert outcome.meaning.verdict == "not-judged"
    assert "another version" in outcome.meaning.because[0]


def test_a_score_by_an_earlier_version_that_scores_alike_is_compared_and_judged() -> None:
    visits = [*pain("7", JUNE, 1), *pain("3", JULY, 2)]
    for each in visits[1::2]:
        each["method"] = {"coding": [{**each["method"]["coding"][0], "version": "0.9.0"}]}
    known = FORMS["nrs-pain-avg-week"].version

    def alike(form: str, scale: str, two: tuple[str, str]) -> bool:
        return (form, scale, two) == ("nrs-pain-avg-week", "value", ("0.9.0", known))

    (outcome,) = read_record([*visits, *pain("5", AUGUST, 3)], FORMS, STUDY.zone, alike).outcomes

    assert [point.since for point in outcome.points] == [None, -4, -2]
    assert outcome.meaning.verdict != "not-judged"


def test_scores_by_rules_that_are_not_known_here_are_not_judged() -> None:
    visits = [*pain("7", JUNE, 1), *pain("3", JULY, 2)]
    for each in visits[1::2]:
        each["method"] = {"coding": [{**each["method"]["coding"][0], "version": "0.9.0"}]}

    meaning = only(visits).meaning

    assert meaning.verdict == "not-judged"
    assert "not known here" in meaning.because[0]


def test_newest_answers_that_could_not_be_scored_are_said_and_the_older_score_stands() -> None:
    answers = {f"ders18_{number}": "3" for number in range(1, 18)}

    outcome = only([*same_answers("ders-18", "2", JUNE, 1), *visit("ders-18", answers, JULY, 2)])

    assert outcome.is_newest_absent
    assert outcome.points[-1].absent == "17 of 18 items answered"
    assert outcome.latest is outcome.points[0]


@pytest.mark.parametrize("value", [3, 0])
def test_a_clinics_own_score_may_be_an_integer(value: int) -> None:
    outcome = only([*pain("7", JUNE, 1), *of_a_clinic(JULY, 2, valueInteger=value)])

    assert [point.value for point in outcome.points] == [7, value]
    assert not outcome.is_newest_absent


@pytest.mark.parametrize(
    "told",
    [
        {"valueString": "3"},
        {"valueQuantity": {"value": Decimal(3), "comparator": "<"}},
        {"component": [{"code": {"text": "now"}, "valueInteger": 3}]},
    ],
    ids=["words", "a bound", "parts"],
)
def test_a_score_that_is_not_read_here_is_neither_its_number_nor_called_unscored(
    told: dict[str, Any],
) -> None:
    foreign = of_a_clinic(JULY, 2, **told)
    after, alone = (
        read_record(each, FORMS, STUDY.zone) for each in ([*pain("7", JUNE, 1), *foreign], foreign)
    )

    (outcome,) = after.outcomes
    assert (outcome.latest, outcome.points[-1].value) == (outcome.points[0], None)
    assert f"The newest score (14 Jul 2023) is {UNREAD}." in page_of(after)
    for page in map(page_of, (after, alone)):
        assert "not read</td>" in page
        assert "scored</" not in page
        assert "could not be scored" not in page


def test_scales_whose_change_nobody_follows_stand_beside_the_others() -> None:
    record = read_record(same_answers("ders-18", "2", JUNE, 1), FORMS, STUDY.zone)

    assert [each.scale.id for each in record.outcomes] == ["total"]
    assert len(record.others["ders-18"]) == 6


def test_a_scale_beside_a_row_is_told_since_the_baseline_of_the_row() -> None:
    form = "promis-pi-4a"
    before, baseline, later = (
        same_answers(form, value, at, number)
        for number, (value, at) in enumerate((("5", JUNE), ("4", JULY), ("3", AUGUST)))
    )
    told = change(form, "t", (baseline, later))
    held = [*before, *baseline, *later]

    lone, sure = (read_record(each, FORMS, STUDY.zone) for each in (held, [*held, told]))

    (beside,), (unsure,) = sure.others[form], lone.others[form]
    assert beside.baseline is not None
    assert (beside.scale.id, beside.baseline.response) == ("raw", baseline[0]["id"])
    assert beside.is_since_baseline
    assert [point.since for point in beside.points] == [None, None, -4]
    assert "4a raw score: 12, 14 Aug 2023; \N{MINUS SIGN}4 since baseline" in page_of(sure)
    assert "first score here" not in page_of(sure)
    assert not unsure.is_since_baseline
    assert "4a raw score: 12, 14 Aug 2023; \N{MINUS SIGN}8 since first score here" in page_of(lone)


def test_a_scale_beside_a_row_has_no_baseline_where_its_answers_are_not_held() -> None:
    form = "promis-pi-4a"
    first, later = same_answers(form, "4", JUNE, 1), same_answers(form, "3", AUGUST, 2)
    told = change(form, "t", (first, later))
    alone = [{name: each[name] for name in each if name != "derivedFrom"} for each in first[1:]]

    (beside,) = read_record([*alone, *later, told], FORMS, STUDY.zone).others[form]

    assert not beside.is_since_baseline


def test_a_code_that_two_instruments_share_counts_for_the_one_that_was_answered() -> None:
    resources = same_answers("promis-pi-4a", "2", JUNE, 1)
    for each in resources[1:]:  # as a record system may give it back: without our own codes
        kept = [code for code in each["code"]["coding"] if code["system"] == "http://loinc.org"]
        each["code"] = {"coding": kept}

    record = read_record(resources, FORMS, STUDY.zone)

    assert [(each.form.id, each.scale.id) for each in record.outcomes] == [("promis-pi-4a", "t")]


def test_resources_of_others_that_say_little_are_no_reason_to_fail() -> None:
    bare: list[dict[str, Any]] = [
        {"resourceType": "Observation", "id": "1", "status": "final", "code": {"text": "weight"}},
        {"resourceType": "Observation", "id": "2"},
        {"resourceType": "QuestionnaireResponse", "id": "3", "status": "completed"},
        {"resourceType": "AdverseEvent", "id": "4", "actuality": "actual"},
        {"resourceType": "Flag", "id": "5", "status": "active"},
        {"resourceType": "Task", "id": "6"},
        {"resourceType": "Patient", "id": "7"},
    ]

    record = read_record(bare, FORMS, STUDY.zone)

    assert record.outcomes == ()
    assert [each.title for each in record.events] == ["An event without a description"]
    assert [each.id for each in record.signals] == ["5"]


def test_what_counts_comes_first() -> None:
    worse = [*pain("3", JUNE, 1), *pain("7", JULY, 2)]
    improved = [*total("bdi", "40", JUNE, 1), *total("bdi", "10", JULY, 2)]
    unjudged = [*total("compas-w", "90", JUNE, 1), *total("compas-w", "80", JULY, 2)]

    record = read_record([*unjudged, *improved, *worse], FORMS, STUDY.zone)

    assert [each.meaning.verdict for each in record.outcomes] == ["worse", "improved", "not-judged"]


def test_a_total_without_answers_is_the_trials() -> None:
    (point,) = only(total("bdi", "12", JUNE, 1)).points

    assert (point.by, point.response) == ("the trial, as a total", "")


def test_what_nobody_knows_the_time_of_is_told_and_not_taken_for_the_latest() -> None:
    outcome = only([*pain("7", JUNE, 1), *pain("2", "", 2)])

    assert outcome.latest is not None
    assert outcome.latest.value == 7
    assert outcome.baseline is outcome.latest
    assert [point.day is None for point in outcome.points] == [True, False]


def test_events_and_signals_are_told_in_order() -> None:
    answers = same_answers("phq-9", "3", JUNE, 1)
    second = event(2, {"ae_term": "Fell", "ae_onset": "2023-07-01"})
    first = event(1, {"ae_term": "Rash", "ae_onset": "2023-06-01"})

    record = read_record(
        [second, *answers, first, *signal("Item nine", answers[0])], FORMS, STUDY.zone
    )

    assert [(each.number, each.title) for each in record.events] == [(1, "Rash"), (2, "Fell")]
    (told,) = record.signals
    assert (told.title, told.level, told.why) == ("Item nine", "urgent", "the bound is reached")


def told_at(at: str, value: str, number: int) -> list[dict[str, Any]]:
    answers, score = pain(value, JUNE, number)
    return [{**answers, "authored": at}, {**score, "effectiveDateTime": at}]


def test_whatever_zone_a_time_is_told_in_its_day_is_that_of_the_study() -> None:
    at = "2024-03-01T22:30:00Z"
    ended = [{"url": f"{RESEARCH}/resolve-date", "valueDateTime": at}]
    fell = {**event(1, {"ae_term": "Fell"}), "date": at, "extension": ended}
    answers = told_at(at, "7", 1)
    flag, task = signal("Item nine", {**answers[0], "authored": at})

    record = read_record([*answers, fell, flag, task], FORMS, STUDY.zone)

    (point,), (told,), (seen,) = record.outcomes[0].points, record.signals, record.events
    times = {point.at, told.at, seen.start, seen.end, record.answers[answers[0]["id"]].at}
    assert times == {"2024-03-02T09:30:00+11:00"}
    assert point.day == date(2024, 3, 2)
    page = page_of(record)
    assert "last answered <strong>2 Mar 2024</strong>" in page
    assert "1 Mar 2024" not in page


@pytest.mark.parametrize(
    "times",
    [
        ("2024-03-02T08:00:00+11:00", "2024-03-01T23:00:00Z"),
        ("2024-03-01T20:00:00Z", "2024-03-02T08:00:00+11:00"),
        ("2024-04-07T02:30:00+11:00", "2024-04-07T02:10:00+10:00"),
        ("2024-03-02", "2024-03-01T22:30:00Z"),
        ("2024-03-01T22:30:00Z", "2024-03-03"),
        ("2024-03", "2024-02-29T22:30:00Z"),
    ],
    ids=["after", "before", "an hour that comes twice", "a day", "the next day", "a month"],
)
def test_the_order_is_that_of_instants(times: tuple[str, str]) -> None:
    first, second = times
    resources = [*told_at(second, "5", 2), *told_at(first, "7", 1)]

    outcome = only(resources)

    assert [point.value for point in outcome.points] == [7, 5]
    assert [point.since for point in outcome.points] == [None, -2]


@pytest.mark.parametrize("at", ["2024-03-01", "2024", "9999-12-31T23:59:59Z"])
def test_what_is_no_instant_in_that_zone_is_told_as_it_was(at: str) -> None:
    (point,) = only(told_at(at, "7", 1)).points

    assert point.at == at


@pytest.mark.parametrize("kind", ["Practitioner/1", "https://ehr.example.org/RelatedPerson/1"])
def test_who_answered_for_the_patient_is_said(kind: str) -> None:
    resources = pain("7", JUNE, 1)
    resources[0]["source"] = {"reference": kind}

    (point,) = only(resources).points

    assert point.by in {"a clinician", "a relative or carer"}


def test_of_a_name_beside_the_answers_nothing_is_said() -> None:
    resources = pain("7", JUNE, 1)
    staff, named = {"display": "the trial's staff"}, {"display": "Jo Smith"}

    (told,) = only([{**resources[0], "source": staff}, *resources[1:]]).points
    (untold,) = only([{**resources[0], "source": named}, *resources[1:]]).points

    assert (told.by, untold.by) == ("the trial's staff", "not said")


def test_a_score_that_does_not_say_how_it_was_scored_is_not_taken_for_the_trial_s() -> None:
    (told,) = total("bdi", "12", JUNE, 1)
    foreign = {name: told[name] for name in told if name != "method"}

    (point,) = only([foreign]).points

    assert point.by == "not said"
    assert only([told]).points[0].by == "the trial, as a total"
