"""PROMIS Pain Interference 4a and 8a: the sum of the items, then the published T-score table.

Source: PROMIS Short Form v1.0, Pain Interference 4a and 8a, raw score to T-score; items from 1 to
5. Bands (from 55 mild, from 60 moderate, from 70 severe): the measure's publisher. Every item must
be answered: the table knows nothing else.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.spec.worked import banded, refused, worked

# From the lowest raw sum on: 4 and 8.
T_4A = "41.6 49.6 52.0 53.9 55.6 57.1 58.5 59.9 61.2 62.5 63.8 65.2 66.6 68.0 69.7 71.6 75.6"
T_8A = (
    "40.7 47.9 49.9 51.2 52.3 53.2 54.1 55.0 55.8 56.6 57.4 58.1 58.8 59.5 60.2 60.8 61.5 62.1 "
    "62.8 63.5 64.1 64.8 65.5 66.2 66.9 67.7 68.4 69.2 70.1 71.0 72.1 73.5 77.0"
)
PUBLISHED = [("promis-pi-4a", 4, raw, t) for raw, t in enumerate(T_4A.split(), 4)] + [
    ("promis-pi-8a", 8, raw, t) for raw, t in enumerate(T_8A.split(), 8)
]


@pytest.mark.parametrize(
    ("form", "answers", "raw", "t"),
    [
        pytest.param("promis-pi-4a", "1 1 1 1", "4", "41.6", id="4a lowest"),
        pytest.param("promis-pi-4a", "2 1 1 1", "5", "49.6", id="4a next to lowest"),
        pytest.param("promis-pi-4a", "3 3 3 3", "12", "61.2", id="4a middle"),
        pytest.param("promis-pi-4a", "5 4 2 4", "15", "65.2", id="4a mixed"),
        pytest.param("promis-pi-4a", "5 5 5 4", "19", "71.6", id="4a next to highest"),
        pytest.param("promis-pi-4a", "5 5 5 5", "20", "75.6", id="4a highest"),
        pytest.param("promis-pi-8a", "1 1 1 1 1 1 1 1", "8", "40.7", id="8a lowest"),
        pytest.param("promis-pi-8a", "3 3 3 3 3 3 3 3", "24", "61.5", id="8a middle"),
        pytest.param("promis-pi-8a", "2 4 3 5 1 4 3 5", "27", "63.5", id="8a mixed"),
        pytest.param("promis-pi-8a", "5 5 5 5 5 5 5 5", "40", "77.0", id="8a highest"),
    ],
)
def test_the_sum_is_looked_up_in_the_table(form: str, answers: str, raw: str, t: str) -> None:
    scores = worked(form, answers)

    assert scores == {"raw": raw, "t": t}


@pytest.mark.parametrize(
    ("form", "items", "raw", "t"), PUBLISHED, ids=[f"{form} {raw}" for form, _, raw, _ in PUBLISHED]
)
def test_every_row_of_the_table_is_the_published_one(
    form: str, items: int, raw: int, t: str
) -> None:
    """The sum is spread over the items: as many fives as fit, then what is left, then ones."""
    answers = [1] * items
    for place in range(items):
        answers[place] += min(4, raw - sum(answers))

    scores = worked(form, " ".join(map(str, answers)))

    assert scores == {"raw": str(raw), "t": t}


@pytest.mark.parametrize(
    ("form", "answers", "answered"),
    [
        pytest.param("promis-pi-4a", "3 3 3 _", "3 of 4", id="4a"),
        pytest.param("promis-pi-8a", "_ 3 3 3 3 3 3 3", "7 of 8", id="8a"),
    ],
)
def test_one_missing_item_leaves_no_score(form: str, answers: str, answered: str) -> None:
    scores = worked(form, answers)

    nothing = f"none: unknown, {answered}"
    assert scores == {"raw": nothing, "t": nothing}


@pytest.mark.parametrize(
    ("form", "t", "band"),
    [
        ("promis-pi-4a", "41.6", "normal"),
        ("promis-pi-4a", "53.9", "normal"),
        ("promis-pi-4a", "55.6", "mild"),
        ("promis-pi-4a", "59.9", "mild"),
        ("promis-pi-4a", "61.2", "moderate"),
        ("promis-pi-4a", "69.7", "moderate"),
        ("promis-pi-4a", "71.6", "severe"),
        ("promis-pi-4a", "75.6", "severe"),
        ("promis-pi-8a", "40.7", "normal"),
        ("promis-pi-8a", "54.1", "normal"),
        ("promis-pi-8a", "55.0", "mild"),
        ("promis-pi-8a", "59.5", "mild"),
        ("promis-pi-8a", "60.2", "moderate"),
        ("promis-pi-8a", "69.2", "moderate"),
        ("promis-pi-8a", "70.1", "severe"),
        ("promis-pi-8a", "77.0", "severe"),
    ],
)
def test_bands_begin_at_55_60_and_70(form: str, t: str, band: str) -> None:
    found = banded(form, "t", Decimal(t))

    assert found == band


@pytest.mark.parametrize("answer", ["0", "6"])
def test_an_answer_outside_1_to_5_is_refused(answer: str) -> None:
    fields = refused("promis-pi-4a", f"1 2 {answer} 3")

    assert fields == ["promis_pi_4a_3"]
