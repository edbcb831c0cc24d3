"""The change since baseline follows both of the scores that it rests on."""

from __future__ import annotations

import pytest

from tests.unit.ingest.project import (
    FORMS,
    REPOSITORY,
    STUDY,
    Bench,
    Cells,
    Resource,
    at_week_4,
    mood,
    person,
    tally,
)

WITH_BASELINE = STUDY.replace("participant:\n", "baseline: week-0\nparticipant:\n", 1)
TALLY = FORMS["tally"].replace(
    "range: [0, 63]}",
    "range: [0, 63], better: lower,\n"
    "     change: [{kind: minimal, points: 5, source: made up},"
    " {kind: responder, percent: 50, source: made up}]}",
)
MOOD = FORMS["mood"].replace("range: [0, 9]}", "range: [0, 9], observe_change: true}")


@pytest.fixture
def followed(bench: Bench) -> Bench:
    """A bench whose study has a baseline."""
    return bench.with_study(WITH_BASELINE).with_form(TALLY).with_form(MOOD)


def coded(bench: Bench, code: str) -> list[Resource]:
    """Every Observation with this code of ours."""
    return [
        each
        for each in bench.resources("Observation")
        if each["code"]["coding"][-1]["code"] == code
    ]


def first(total: str, **cells: str) -> Cells:
    return {**person("1"), **tally(total), **cells}


def later(total: str) -> Cells:
    return {**at_week_4("1"), **tally(total)}


def test_a_later_score_says_how_far_it_is_from_the_first(followed: Bench) -> None:
    followed.ingest(first("20"), later("8"))

    change = followed.observation("tally-total-change")
    assert change["valueQuantity"]["value"] == -12
    assert change["component"][0]["valueQuantity"] == {
        "value": -60.0,
        "unit": "%",
        "system": "http://unitsofmeasure.org",
        "code": "%",
    }
    codes = [each["coding"][0]["code"] for each in change["interpretation"]]
    assert codes == ["B", "D", "tally-total-minimal", "tally-total-responder"]
    scores = {
        f"Observation/{each['id']}": each["valueQuantity"]["value"]
        for each in coded(followed, "tally-total")
    }
    assert [scores[each["reference"]] for each in change["derivedFrom"]] == [20, 8]


def test_without_a_baseline_in_the_study_no_change_is_said(bench: Bench) -> None:
    bench.with_form(TALLY).ingest(first("20"), later("8"))

    assert len(coded(bench, "tally-total")) == 2
    assert coded(bench, "tally-total-change") == []


def test_a_baseline_alone_or_a_later_score_alone_is_no_change(followed: Bench) -> None:
    followed.ingest(first("20"), {**person("2")}, {**at_week_4("2"), **tally("3")})

    assert coded(followed, "tally-total-change") == []


def test_a_score_that_could_not_be_computed_is_no_change_from_anything(followed: Bench) -> None:
    followed.ingest({**person("1"), **mood("1", "1", "1")}, {**at_week_4("1"), **mood("1", "1")})

    assert len(coded(followed, "mood-total")) == 2
    assert coded(followed, "mood-total-change") == []


def test_a_baseline_that_arrives_late_is_told_of_where_the_later_score_is(
    followed: Bench,
) -> None:
    followed.ingest({**person("1")}, later("8"))

    followed.ingest(first("20"), later("8"))

    assert followed.observation("tally-total-change")["valueQuantity"]["value"] == -12
    assert followed.observation("tally-total-change")["status"] == "final"


@pytest.mark.parametrize(("corrected", "status"), [("18", "amended"), ("20", "final")])
def test_a_corrected_baseline_amends_the_change_and_nothing_else_does(
    followed: Bench, corrected: str, status: str
) -> None:
    followed.ingest(first("20"), later("8"))

    followed.ingest(first(corrected), later("8"))

    change = followed.observation("tally-total-change")
    assert (change["valueQuantity"]["value"], change["status"]) == (8 - int(corrected), status)


def test_the_provenance_of_a_followed_change_names_the_baselines_cells(followed: Bench) -> None:
    followed.ingest(first("20"), later("8"))

    followed.ingest(first("18"), later("8"))

    change = followed.observation("tally-total-change")
    (told,) = [
        each
        for each in followed.resources("Provenance")
        if each["target"] == [{"reference": f"Observation/{change['id']}"}]
    ]
    cells = told["entity"][0]["extension"][0]["extension"]
    assert {"url": "timepoint", "valueString": "week-0"} in cells


@pytest.mark.parametrize("gone", ["baseline", "later"])
def test_a_change_is_retracted_with_either_of_its_scores(followed: Bench, gone: str) -> None:
    followed.ingest(first("20"), later("8"))

    left = [{**person("1")}, later("8")] if gone == "baseline" else [first("20")]
    followed.ingest(*left, missing_limit=5)

    assert followed.observation("tally-total-change")["status"] == "entered-in-error"


def test_what_a_later_answer_came_from_is_told_when_its_change_is_gone_before_it_left(
    followed: Bench,
) -> None:
    followed.ingest(first("20"), later("8"))

    followed.ingest({**person("1")}, later("8"), missing_limit=5)

    names = {
        f"{each['resourceType']}/{each['id']}"
        for each in followed.resources("Observation", "tally")
        if each["status"] != "entered-in-error"
    }
    told = [
        {target["reference"] for target in each["target"]}
        for each in followed.resources("Provenance", "tally")
    ]
    assert names in told
    assert followed.owed(REPOSITORY)["put Provenance"] == 1


def test_a_baseline_that_comes_back_brings_the_change_back(followed: Bench) -> None:
    followed.ingest(first("20"), later("8"))
    followed.ingest({**person("1")}, later("8"), missing_limit=5)
    assert followed.observation("tally-total-change")["status"] == "entered-in-error"

    followed.ingest(first("20"), later("8"))

    assert followed.observation("tally-total-change")["status"] != "entered-in-error"


def test_reading_the_same_again_makes_no_new_version(followed: Bench) -> None:
    followed.ingest(first("20"), later("8"))
    before = followed.versions()

    followed.ingest(first("20"), later("8"))

    assert followed.versions() == before
