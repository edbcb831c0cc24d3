"""What a change means: worked examples that a clinician can check against the sources."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapter.scoring.change import change_since
from adapter.viewer.meaning import NO_ERROR, NO_THRESHOLD, Meaning, meaning_of
from tests.forms import FORMS


def meaning(form: str, scale: str, before: str, after: str) -> Meaning:
    declared = next(each for each in FORMS[form].scales if each.id == scale)
    return meaning_of(change_since(declared, Decimal(before), Decimal(after)))


@pytest.mark.parametrize(
    ("form", "scale", "before", "after", "verdict", "short"),
    [
        ("nrs-pain-avg-week", "value", "7", "3", "improved", "substantial change"),
        ("nrs-pain-avg-week", "value", "7", "5", "improved", "moderate change"),
        ("nrs-pain-avg-week", "value", "5", "7", "worse", "moderate change"),
        ("nrs-pain-avg-week", "value", "5", "5", "unchanged", "the same score"),
        ("bdi", "total", "20", "16", "unchanged", "less than any published threshold"),
        ("bdi", "total", "20", "15", "improved", "smallest change that matters"),
        ("pcl-c", "total", "48", "41", "improved", "more than measurement error"),
        ("pcl-c", "total", "48", "38", "improved", "smallest change that matters"),
        ("who-5", "total", "60", "48", "worse", "smallest change that matters"),
        ("ders-18", "total", "60", "40", "not-judged", "no published threshold"),
    ],
)
def test_a_change_is_held_against_the_published_thresholds(  # noqa: PLR0913, PLR0917
    form: str, scale: str, before: str, after: str, verdict: str, short: str
) -> None:
    told = meaning(form, scale, before, after)

    assert (told.verdict, told.short) == (verdict, short)


def test_every_threshold_is_named_with_its_size_and_source() -> None:
    told = meaning("nrs-pain-avg-week", "value", "7", "5").because

    assert [each.partition(" (")[0] for each in told] == [
        "Smallest change that matters, at least 1 point or 15 %: reached",
        "Moderate change, at least 2 points or 30 %: reached",  # 28.6 %, but 2 points
        "Substantial change, at least 4 points or 50 %: not reached",
    ]
    assert all("Farrar 2001" in each for each in told)


def test_no_threshold_is_said_and_so_is_another_band() -> None:
    told = meaning("stai-y", "state", "35", "50")

    assert told.short == "no published threshold, but another band"
    assert told.because == (NO_THRESHOLD,)
    assert told.certainty == NO_ERROR


@pytest.mark.parametrize(
    ("after", "certainty"),
    [
        ("42", "A change this large is hardly measurement error alone."),
        ("45", "A change this small may be measurement error alone."),
    ],
)
def test_measurement_error_is_spoken_of_where_it_is_published(after: str, certainty: str) -> None:
    assert meaning("pcl-c", "total", "48", after).certainty == certainty


def test_where_neither_direction_is_better_nothing_is_judged() -> None:
    told = meaning("mos-sleep", "quantity", "5", "9")

    assert (told.verdict, told.short) == ("not-judged", "neither direction is the better one")


def test_a_responder_is_never_somebody_worse() -> None:
    declared = FORMS["bdi"].scales[0]
    only = declared.model_copy(
        update={"change": (declared.change[0].model_copy(update={"kind": "responder"}),)}
    )

    told = meaning_of(change_since(only, Decimal(10), Decimal(30)))

    assert (told.verdict, told.because) == ("not-judged", (NO_THRESHOLD,))
