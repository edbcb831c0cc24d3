"""Safety signals follow the answers, and leave for nobody unless the study says so."""

from __future__ import annotations

from collections import Counter

import pytest

from adapter.fhir.check import find_faults
from adapter.ingest.standing import Standing, standing_signals
from adapter.release import Receiver
from adapter.sync.profile import REFERS
from tests.unit.ingest.project import (
    EVERYTHING,
    FORMS,
    STUDY,
    Bench,
    at_week_4,
    mood,
    person,
    tally,
)

RULES = """\
safety:
  version: "3.1.0"
  source: made up for tests
  signals:
    - {id: third, title: The third, form: mood, items: [mood-3], at_least: 2, unanswered: true, level: urgent}
    - {id: high, title: A high tally, form: tally, scale: total, at_least: 40, level: immediate}
    - {id: worse, title: Worse, form: tally, scale: total, worse_by: 10, level: review}
"""  # noqa: E501 - a line is a signal
WATCHED = STUDY.replace("participant:\n", "baseline: week-0\nparticipant:\n", 1) + RULES
TALLY = FORMS["tally"].replace("range: [0, 63]}", "range: [0, 63], better: lower}")


@pytest.fixture
def watched(bench: Bench) -> Bench:
    """A bench whose study has safety signals, and a receiver that takes them."""
    return bench.with_study(WATCHED).with_form(TALLY)


def stand(bench: Bench) -> list[tuple[str, str, str]]:
    """Record, signal and reason of all that stand."""
    found = standing_signals(bench.database.read(), bench.trial.study)
    return sorted((each.record, each.signal, each.reason) for each in found)


def test_a_signal_is_a_flag_and_a_task_about_the_response(watched: Bench) -> None:
    watched.ingest({**person("1"), **mood("0", "0", "3")})

    (flag,), (task,) = watched.resources("Flag"), watched.resources("Task")
    (response,) = watched.resources("QuestionnaireResponse")
    assert (flag["status"], task["status"], task["priority"]) == ("active", "requested", "urgent")
    assert flag["code"]["coding"][0]["version"] == "3.1.0"
    assert flag["period"] == {"start": response["authored"]}
    assert task["focus"] == {"reference": f"QuestionnaireResponse/{response['id']}"}
    assert task["for"] == flag["subject"] == response["subject"]
    assert {flag["author"]["reference"], task["requester"]["reference"]} == {
        f"{kind}/{watched.trial.identity.device_id}" for kind in REFERS["Flag"] | REFERS["Task"]
    }
    assert [*find_faults(flag), *find_faults(task)] == []


def test_no_signal_is_an_adverse_event(watched: Bench) -> None:
    watched.ingest({**person("1"), **mood("0", "0", "3"), **tally("50")})

    assert len(watched.resources("Flag")) == 2
    assert watched.resources("AdverseEvent") == []


def test_a_total_without_answers_is_what_the_task_is_about(watched: Bench) -> None:
    watched.ingest({**person("1"), **tally("50")})

    (task,) = watched.resources("Task")
    score = watched.observation("tally-total")
    assert task["focus"] == {"reference": f"Observation/{score['id']}"}


def test_a_gap_on_a_sent_form_is_a_signal(watched: Bench) -> None:
    watched.ingest({**person("1"), **mood("0", "0")})

    assert stand(watched) == [("1", "third", "not-answered")]


def test_an_answer_on_an_unsent_form_is_a_signal(watched: Bench) -> None:
    watched.ingest({**person("1"), **mood("0", "0", "2", complete="0")})

    assert stand(watched) == [("1", "third", "reached")]


def test_a_corrected_answer_takes_its_signal_back_and_no_other(watched: Bench) -> None:
    watched.ingest({**person("1"), **mood("0", "0", "2"), **tally("50")})

    watched.ingest({**person("1"), **mood("0", "0", "1"), **tally("50")})

    assert stand(watched) == [("1", "high", "reached")]
    assert watched.statuses("Flag") == {"active": 1, "entered-in-error": 1}
    assert watched.statuses("Task") == {"requested": 1, "entered-in-error": 1}


@pytest.mark.parametrize(("first", "expected"), [("20", []), ("8", [("1", "worse", "worse")])])
def test_a_corrected_baseline_decides_anew_what_is_worse(
    watched: Bench, first: str, expected: list[tuple[str, str, str]]
) -> None:
    watched.ingest({**person("1"), **tally("10")}, {**at_week_4("1"), **tally("20")})
    assert stand(watched) == [("1", "worse", "worse")]

    watched.ingest({**person("1"), **tally(first)}, {**at_week_4("1"), **tally("20")})

    assert stand(watched) == expected


@pytest.mark.parametrize("gone", ["baseline", "later"])
def test_a_signal_goes_with_the_response_that_gave_it(watched: Bench, gone: str) -> None:
    first, later = {**person("1"), **tally("45")}, {**at_week_4("1"), **tally("60")}
    watched.ingest(first, later)
    assert len(stand(watched)) == 3

    watched.ingest(*([{**person("1")}, later] if gone == "baseline" else [first]), missing_limit=9)

    assert stand(watched) == [("1", "high", "reached")]


def test_reading_the_same_again_makes_no_new_version(watched: Bench) -> None:
    rows = ({**person("1"), **mood("0", "0", "3"), **tally("50")},)
    watched.ingest(*rows)
    before = watched.versions()

    watched.ingest(*rows)

    assert watched.versions() == before


def test_the_list_says_whose_which_how_urgent_and_why(watched: Bench) -> None:
    watched.ingest({**person("1"), **tally("50")})

    (standing,) = standing_signals(watched.database.read(), watched.trial.study)

    assert standing == Standing("1", "high", "A high tally", "immediate", "reached", None, "tally")


def test_without_rules_nothing_is_watched(bench: Bench) -> None:
    bench.ingest({**person("1"), **mood("3", "3", "3"), **tally("63")})

    assert bench.resources("Flag") == []


def test_only_who_takes_flags_is_owed_them_and_the_clinic_is_no_exception(
    watched: Bench,
) -> None:
    trial = watched.trial
    takes_all = Receiver("staff", "research", EVERYTHING | {"Flag", "Task"})
    object.__setattr__(trial, "receivers", (*trial.receivers, takes_all))

    watched.ingest({**person("1"), **tally("50")})

    owed = {clinic: watched.owed(clinic) for clinic in ("staff", "repository", "north-clinic")}
    assert owed["staff"] & Counter({"put Flag": 1, "put Task": 1})
    assert not any("Flag" in word or "Task" in word for word in owed["repository"])
    assert not any("Flag" in word or "Task" in word for word in owed["north-clinic"])
