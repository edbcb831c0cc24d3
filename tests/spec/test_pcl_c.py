"""PCL-C: seventeen items from 1 to 5, summed, in all and by the three DSM-IV clusters.

Source: Weathers, Huska & Keane, National Center for PTSD 1991 (clusters B 1-5, C 6-12, D 13-17);
bands 30, 44, 50: a secondary page. The DSM-IV rule: an item of 3 or more is a symptom; one of B,
three of C and two of D. Missing items: no official rule was found, so sums need every item; a
criterion is told where the answers settle it, and the diagnosis needs all three.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.spec.worked import banded, refused, worked

CLUSTERS = {
    "reexperiencing": range(1, 6),
    "avoidance-numbing": range(6, 13),
    "hyperarousal": range(13, 18),
}
CLUSTER_OF = {item: name for name, items in CLUSTERS.items() for item in items}
LOWEST = {"reexperiencing": 5, "avoidance-numbing": 7, "hyperarousal": 5}


def sums(answers: str) -> dict[str, str]:
    """The total and the clusters, without the rule."""
    scores = worked("pcl-c", answers)
    return {name: scores[name] for name in (*CLUSTERS, "total")}


def rule(answers: str) -> str:
    """What comes of the three criteria and the diagnosis, in this order."""
    scores = worked("pcl-c", answers)
    names = ("criterion-b", "criterion-c", "criterion-d", "provisional")
    return "; ".join(scores[name] for name in names)


def but_one(item: int, answer: str) -> str:
    """Every item answered 1, but one."""
    return " ".join(answer if number == item else "1" for number in range(1, 18))


@pytest.mark.parametrize(
    ("answers", "total", "b", "c", "d"),
    [
        # cluster      B            C                D
        pytest.param(
            "1 1 1 1 1  1 1 1 1 1 1 1  1 1 1 1 1", "17", "5", "7", "5", id="no symptom at all"
        ),
        pytest.param(
            "5 5 5 5 5  5 5 5 5 5 5 5  5 5 5 5 5", "85", "25", "35", "25", id="all symptoms"
        ),
        # B 4+3+2+5+3 = 17, C 4+4+1+3+3+2+2 = 19, D 5+3+4+2+3 = 17; 17 + 19 + 17 = 53
        pytest.param("4 3 2 5 3  4 4 1 3 3 2 2  5 3 4 2 3", "53", "17", "19", "17", id="a person"),
    ],
)
def test_the_total_is_the_sum_of_three_clusters(
    answers: str, total: str, b: str, c: str, d: str
) -> None:
    scores = sums(answers)

    clusters = {"reexperiencing": b, "avoidance-numbing": c, "hyperarousal": d}
    assert scores == clusters | {"total": total}


@pytest.mark.parametrize("item", range(1, 18), ids="item {}".format)
def test_each_item_counts_in_its_cluster_and_is_never_reversed(item: int) -> None:
    """From 1 to 5: four points more in one cluster and in the total (17 + 4 = 21)."""
    scores = sums(but_one(item, "5"))

    moved = {name: str(low + 4 * (name == CLUSTER_OF[item])) for name, low in LOWEST.items()}
    assert scores == moved | {"total": "21"}


@pytest.mark.parametrize(
    ("item", "missing"),
    [
        (5, {"reexperiencing": "none: unknown, 4 of 5"}),
        (6, {"avoidance-numbing": "none: unknown, 6 of 7"}),
        (17, {"hyperarousal": "none: unknown, 4 of 5"}),
    ],
    ids=["cluster B", "cluster C", "cluster D"],
)
def test_one_missing_item_leaves_the_other_clusters(item: int, missing: dict[str, str]) -> None:
    scores = sums(but_one(item, "_"))

    complete = {name: str(low) for name, low in LOWEST.items()}
    assert scores == complete | missing | {"total": "none: unknown, 16 of 17"}


@pytest.mark.parametrize(
    ("answers", "met"),
    [
        # cluster      B          C              D
        pytest.param("1 1 1 1 1  1 1 1 1 1 1 1  1 1 1 1 1", "0; 0; 0; 0", id="no symptom"),
        pytest.param("2 2 2 2 2  2 2 2 2 2 2 2  2 2 2 2 2", "0; 0; 0; 0", id="a little bit of all"),
        pytest.param("3 1 1 1 1  3 3 3 1 1 1 1  3 3 1 1 1", "1; 1; 1; 1", id="just enough"),
        pytest.param("1 1 1 1 1  3 3 3 1 1 1 1  3 3 1 1 1", "0; 1; 1; 0", id="none of B"),
        pytest.param("3 1 1 1 1  5 5 1 1 1 1 1  3 3 1 1 1", "1; 0; 1; 0", id="two of C"),
        pytest.param("3 1 1 1 1  3 3 3 1 1 1 1  5 1 1 1 1", "1; 1; 0; 0", id="one of D"),
        pytest.param(
            "3 _ 1 1 1  3 3 3 1 1 1 1  3 3 1 1 1", "1, from 4 of 5; 1; 1; 1", id="B is settled"
        ),
        pytest.param(
            "3 1 1 1 1  3 3 _ 1 1 1 1  3 3 1 1 1",
            "1; none: unknown, 6 of 7; 1; none: unknown, 2 of 3",
            id="the gap in C decides",
        ),
    ],
)
def test_the_rule_counts_symptoms_and_not_points(answers: str, met: str) -> None:
    assert rule(answers) == met


@pytest.mark.parametrize(
    ("value", "band"),
    [
        (17, "low"),
        (29, "low"),
        (30, "some"),
        (43, "some"),
        (44, "moderate"),
        (49, "moderate"),
        (50, "probable-ptsd"),
        (85, "probable-ptsd"),
    ],
)
def test_bands_begin_at_30_44_and_50(value: int, band: str) -> None:
    found = banded("pcl-c", "total", Decimal(value))

    assert found == band


@pytest.mark.parametrize("answer", ["0", "6"])
def test_an_answer_outside_1_to_5_is_refused(answer: str) -> None:
    fields = refused("pcl-c", but_one(9, answer))

    assert fields == ["pcl_c_9"]
