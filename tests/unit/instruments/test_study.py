"""A study knows its zone, its timepoints and where its forms stand."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from adapter.instruments.mapping import read_mapping
from adapter.instruments.study import FieldEquals, Study
from tests.forms import MAPPINGS, STUDY_TEXT, study_of, study_with


@pytest.fixture(scope="module")
def shipped() -> Study:
    return study_of((MAPPINGS / "studies" / "idbt-pain.yaml").read_text("utf-8"))


@pytest.mark.parametrize(
    ("wrong", "place", "expected"),
    [
        pytest.param("timezone: Sydney", "timezone", "a time zone of the IANA database", id="zone"),
        pytest.param("base: http://x.example/", "base", "match pattern", id="slash at the end"),
        pytest.param("base: every-form", "base", "match pattern", id="base that is no URL"),
        pytest.param("status: done", "status", "'active'", id="status that FHIR does not know"),
        pytest.param('missing_codes: {"-9": lost}', "missing_codes.-9", "'unknown'", id="reason"),
        pytest.param("period: {start: 2023-3-1}", "period.start", "match pattern", id="day"),
        pytest.param(
            'period: {start: "2023-02-30"}', "period.start", "a day of the calendar", id="no day"
        ),
    ],
)
def test_a_word_that_no_study_can_mean_is_found(wrong: str, place: str, expected: str) -> None:
    word = wrong.split(":", maxsplit=1)[0]
    others = [line for line in STUDY_TEXT.splitlines() if not line.startswith(f"{word}:")]
    text = "\n".join([*others, "forms: []", wrong])

    study, _, problems = read_mapping(text, "study.yaml", Study)

    assert study is None
    assert [problem.field for problem in problems] == [place]
    assert expected in problems[0].expected


def test_local_times_are_told_in_the_zone_of_the_study() -> None:
    study = study_with("phq-9")

    zone = study.zone

    assert zone == ZoneInfo("Australia/Sydney")


@pytest.mark.parametrize(
    ("event", "timepoint"),
    [
        ("week_0_arm_1", "week-0"),
        ("week_9_arm_1", "week-9"),
        ("ongoing_arm_1", "ongoing"),
        ("week_1_arm_1", None),
        ("", None),
    ],
)
def test_an_event_of_the_source_stands_for_a_timepoint(
    shipped: Study, event: str, timepoint: str | None
) -> None:
    point = shipped.timepoint_of(event)

    assert (point and point.id) == timepoint


def test_a_timepoint_may_have_an_event_for_each_arm() -> None:
    study = study_of(
        STUDY_TEXT.replace("week_0_arm_1", "[week_0_arm_1, week_0_arm_2]") + "forms: []"
    )

    points = [study.timepoint_of(event) for event in ("week_0_arm_1", "week_0_arm_2", "week_0")]

    assert [point and point.id for point in points] == ["week-0", "week-0", None]


@pytest.mark.parametrize(
    ("source_form", "form"), [("ders18", "ders-18"), ("bdi_total", "bdi"), ("pain_history", None)]
)
def test_a_form_of_the_source_has_its_place(
    shipped: Study, source_form: str, form: str | None
) -> None:
    placement = shipped.placement_of(source_form)

    assert (placement and placement.form) == form


def test_only_the_attendance_form_of_the_trial_reveals_the_allocation(shipped: Study) -> None:
    revealing = [placed.form for placed in shipped.forms if placed.reveals_allocation]

    assert revealing == ["session-attendance"]


@pytest.mark.parametrize(
    ("equals", "said", "yes"),
    [
        pytest.param("1", {"agreed": "1"}, True, id="the value that says yes"),
        pytest.param("1", {"agreed": "0"}, False, id="another value"),
        pytest.param("1", {}, False, id="nothing"),
        pytest.param(None, {"agreed": "2023-03-01"}, True, id="filled in at all"),
        pytest.param(None, {"other": "1"}, False, id="not filled in"),
    ],
)
def test_a_field_says_yes_by_its_value_or_by_being_filled_in(
    equals: str | None, said: dict[str, str], *, yes: bool
) -> None:
    rule = FieldEquals(field="agreed", equals=equals)

    is_said = rule.is_said(said)

    assert is_said == yes
