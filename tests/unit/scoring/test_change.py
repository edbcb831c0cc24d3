"""How far a score moved since baseline, and which thresholds that reaches."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.instruments.form import Scale, Threshold
from adapter.scoring.change import change_since

NRS = (("minimal", 1, 15), ("moderate", 2, 30), ("substantial", 4, 50))


def scale(
    better: str | None = "lower", *thresholds: tuple[str, float | None, float | None]
) -> Scale:
    said = [
        {"kind": kind, "points": points, "percent": percent, "source": "made up"}
        for kind, points, percent in thresholds
    ]
    return Scale.model_validate(
        {
            "id": "total",
            "title": "Total",
            "field": "total",
            "method": "reported",
            "range": [0, 100],
            "better": better,
            "change": said,
        }
    )


def kinds(reached: tuple[Threshold, ...]) -> list[str]:
    return [threshold.kind for threshold in reached]


@pytest.mark.parametrize(
    ("before", "after", "points", "percent", "reached"),
    [
        pytest.param("6", "6", "0", "0.0", [], id="nothing moved"),
        pytest.param("10", "9", "-1", "-10.0", ["minimal"], id="one point is enough"),
        pytest.param("6", "5.1", "-0.9", "-15.0", ["minimal"], id="or fifteen per cent"),
        pytest.param("6", "5.11", "-0.89", "-14.8", [], id="just short of both"),
        pytest.param("6", "4", "-2", "-33.3", ["minimal", "moderate"], id="a third"),
        pytest.param("8", "4", "-4", "-50.0", ["minimal", "moderate", "substantial"], id="half"),
        pytest.param("4", "6", "2", "50.0", ["minimal", "moderate", "substantial"], id="half more"),
    ],
)
def test_a_threshold_is_reached_by_its_points_or_by_its_per_cent(
    before: str, after: str, points: str, percent: str, reached: list[str]
) -> None:
    change = change_since(scale("lower", *NRS), Decimal(before), Decimal(after))

    assert (change.points, change.percent) == (Decimal(points), Decimal(percent))
    assert kinds(change.reached) == reached


def test_a_threshold_is_compared_before_anything_is_rounded() -> None:
    change = change_since(scale("lower", ("minimal", None, 15)), Decimal(7), Decimal("5.951"))

    assert change.percent == Decimal("-15.0")
    assert change.reached == ()


def test_from_nothing_there_is_no_per_cent_and_points_alone_decide() -> None:
    change = change_since(scale("lower", ("minimal", 2, 10)), Decimal(0), Decimal(1))

    assert change.percent is None
    assert change.reached == ()


def test_from_below_nothing_the_sign_of_the_per_cent_is_that_of_the_points() -> None:
    assert change_since(scale(), Decimal(-4), Decimal(-2)).percent == Decimal("50.0")


@pytest.mark.parametrize(
    ("better", "after", "direction"),
    [
        ("lower", "4", "better"),
        ("lower", "6", "worse"),
        ("higher", "6", "better"),
        ("higher", "4", "worse"),
        ("lower", "5", "same"),
        (None, "5", "same"),
        (None, "6", "unknown"),
    ],
)
def test_the_scale_says_which_direction_is_the_better_one(
    better: str | None, after: str, direction: str
) -> None:
    assert change_since(scale(better), Decimal(5), Decimal(after)).direction == direction


@pytest.mark.parametrize(("after", "reached"), [("3", ["responder"]), ("7", []), ("4", [])])
def test_a_responder_is_only_who_got_better(after: str, reached: list[str]) -> None:
    change = change_since(scale("lower", ("responder", 2, None)), Decimal(5), Decimal(after))

    assert kinds(change.reached) == reached


@pytest.mark.parametrize(
    ("before", "after", "reached"),
    [
        pytest.param(10, 17, [], id="enough points within a band"),
        pytest.param(18, 24, [], id="another band with too few points"),
        pytest.param(14, 21, ["minimal"], id="both"),
        pytest.param(21, 14, ["minimal"], id="both, downwards"),
    ],
)
def test_a_threshold_may_ask_for_another_band_too(
    before: int, after: int, reached: list[str]
) -> None:
    declared = scale("higher", ("minimal", 7, None)).model_dump(exclude_none=True)
    declared["change"][0]["new_band"] = True
    declared["bands"] = [
        {"id": "low", "label": "low", "low": 0, "high": 19},
        {"id": "high", "label": "high", "low": 20, "high": 100},
    ]

    change = change_since(Scale.model_validate(declared), Decimal(before), Decimal(after))

    assert kinds(change.reached) == reached


@given(st.integers(0, 63), st.integers(0, 63), st.integers(1, 20))
def test_there_and_back_reach_the_same_threshold_of_points(
    before: int, after: int, points: int
) -> None:
    both = [
        change_since(scale("lower", ("reliable", points, None)), Decimal(start), Decimal(end))
        for start, end in ((before, after), (after, before))
    ]

    assert both[0].points == -both[1].points
    assert kinds(both[0].reached) == kinds(both[1].reached)
    assert bool(both[0].reached) == (abs(after - before) >= points)
