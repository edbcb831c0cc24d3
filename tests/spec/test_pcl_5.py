"""PCL-5: twenty items from 0 to 4, summed; four clusters; and the DSM-5 rule.

Source: National Center for PTSD. An item of 2 or more is a symptom; the rule is met by one symptom
of B (items 1-5), one of C (6-7), two of D (8-14) and two of E (15-20). The best cut of the total
lies from 31 to 33. Missing items: no official rule; sums need every item. A criterion is told when
the answers settle it whatever the gaps are; the diagnosis needs all four criteria.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.spec.worked import banded, refused, worked

NOTHING = " ".join(["0"] * 20)
# cluster      B          C    D              E
A_PERSON = "2 1 0 3 2   2 1  0 3 1 2 2 3 1  1 0 2 3 2 3"


def answers(**changes: str) -> str:
    """No symptom at all, but for these items: `i8="2"`."""
    given = NOTHING.split()
    for name, answer in changes.items():
        given[int(name[1:]) - 1] = answer
    return " ".join(given)


def rule(given: str) -> tuple[str, ...]:
    """What comes of the four criteria and the diagnosis, in this order."""
    scores = worked("pcl-5", given)
    return (*(scores[f"criterion-{letter}"] for letter in "bcde"), scores["provisional"])


@pytest.mark.parametrize(
    ("given", "sums"),
    [
        pytest.param(NOTHING, "0 0 0 0 0", id="lowest"),
        pytest.param(" ".join(["4"] * 20), "80 20 8 28 24", id="highest"),
        pytest.param(A_PERSON, "34 8 3 12 11", id="a person"),
    ],
)
def test_the_total_is_the_sum_of_four_clusters(given: str, sums: str) -> None:
    scores = worked("pcl-5", given)

    names = ("total", "intrusion", "avoidance", "cognition-mood", "arousal")
    assert " ".join(scores[name] for name in names) == sums


@pytest.mark.parametrize(
    ("given", "met"),
    [
        pytest.param(NOTHING, "0 0 0 0 0", id="no symptom"),
        pytest.param(A_PERSON, "1 1 1 1 1", id="a person"),
        pytest.param(
            answers(i1="2", i6="2", i8="2", i9="2", i15="2", i16="2"), "1 1 1 1 1", id="just"
        ),
        pytest.param(answers(i1="2", i6="2", i8="2", i15="2", i16="2"), "1 1 0 1 0", id="one of D"),
        pytest.param(answers(i1="2", i6="2", i8="2", i9="2", i15="4"), "1 1 1 0 0", id="one of E"),
        pytest.param(
            answers(i1="2", i8="4", i9="4", i15="4", i16="4"), "1 0 1 1 0", id="none of C"
        ),
        pytest.param(" ".join(["1"] * 20), "0 0 0 0 0", id="a little bit of everything"),
    ],
)
def test_the_rule_counts_symptoms_and_not_points(given: str, met: str) -> None:
    """Twenty items of 1 make 20 points and no symptom."""
    assert " ".join(rule(given)) == met


@pytest.mark.parametrize(
    ("given", "criterion_d", "diagnosis"),
    [
        pytest.param(
            answers(i1="2", i6="2", i8="2", i9="2", i10="_", i15="2", i16="2"),
            "1, from 6 of 7",
            "1",
            id="two symptoms of D already",
        ),
        pytest.param(
            answers(i1="2", i6="2", i8="2", i10="_", i15="2", i16="2"),
            "none: unknown, 6 of 7",
            "none: unknown, 3 of 4",
            id="one symptom of D, the gap decides",
        ),
        pytest.param(
            answers(i1="2", i6="2", i10="_", i15="2", i16="2"),
            "0, from 6 of 7",
            "0",
            id="no symptom of D, one more is not enough",
        ),
    ],
)
def test_a_gap_in_a_cluster_counts_only_where_it_decides(
    given: str, criterion_d: str, diagnosis: str
) -> None:
    *_, found_d, _, provisional = rule(given)

    assert (found_d, provisional) == (criterion_d, diagnosis)
    assert worked("pcl-5", given)["total"] == "none: unknown, 19 of 20"


@pytest.mark.parametrize(
    ("value", "band"),
    [(0, "below"), (30, "below"), (31, "within-cut"), (32, "within-cut"), (33, "probable-ptsd")],
)
def test_the_cut_lies_from_31_to_33(value: int, band: str) -> None:
    assert banded("pcl-5", "total", Decimal(value)) == band


@pytest.mark.parametrize("answer", ["-1", "5", "much"])
def test_an_answer_outside_0_to_4_is_refused(answer: str) -> None:
    assert refused("pcl-5", answers(i20=answer)) == ["pcl5_20"]
