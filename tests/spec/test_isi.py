"""ISI: seven items from 0 to 4, summed; all seven must be answered.

Source: a public implementation (bands 8, 15, 22; all seven items).
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.spec.worked import banded, refused, worked


@pytest.mark.parametrize(
    ("answers", "total"),
    [
        pytest.param("0 0 0 0 0 0 0", "0", id="lowest"),
        pytest.param("4 4 4 4 4 4 4", "28", id="highest"),
        pytest.param("2 3 1 3 2 2 3", "16", id="a person"),
        pytest.param("2 3 1 3 2 2 _", "none: unknown, 6 of 7", id="one missing"),
    ],
)
def test_the_total_is_the_sum_of_all_seven_items(answers: str, total: str) -> None:
    assert worked("isi", answers) == {"total": total}


@pytest.mark.parametrize(
    ("value", "band"),
    [
        (0, "none"),
        (7, "none"),
        (8, "subthreshold"),
        (14, "subthreshold"),
        (15, "moderate"),
        (21, "moderate"),
        (22, "severe"),
        (28, "severe"),
    ],
)
def test_bands_begin_at_8_15_and_22(value: int, band: str) -> None:
    assert banded("isi", "total", Decimal(value)) == band


@pytest.mark.parametrize("answer", ["-1", "5"])
def test_an_answer_outside_0_to_4_is_refused(answer: str) -> None:
    assert refused("isi", f"0 0 0 0 0 0 {answer}") == ["isi_7"]
