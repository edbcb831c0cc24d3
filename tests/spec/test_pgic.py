"""PGIC: one item from 1 to 7, in two variants that run in opposite directions.

Source: Guy 1976 (1 very much improved, 7 very much worse); Hurst & Bolton 2004 (1 no change or
worse, 7 a great deal better). Responders: 1-2 of the one, 6-7 of the other; from memory.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.spec.worked import banded, refused, scale_of, worked

VARIANTS = ["pgic-guy", "pgic-hurst-bolton"]


@pytest.mark.parametrize("form", VARIANTS)
@pytest.mark.parametrize("answer", ["1", "4", "7"])
def test_the_score_is_the_answer(form: str, answer: str) -> None:
    assert worked(form, answer) == {"value": answer}


@pytest.mark.parametrize(
    ("form", "better", "responders"),
    [("pgic-guy", "lower", {1, 2}), ("pgic-hurst-bolton", "higher", {6, 7})],
)
def test_the_variants_run_in_opposite_directions(
    form: str, better: str, responders: set[int]
) -> None:
    bands = {value: banded(form, "value", Decimal(value)) for value in range(1, 8)}

    assert scale_of(form, "value").better == better
    assert {value for value, band in bands.items() if band == "responder"} == responders


@pytest.mark.parametrize("form", VARIANTS)
def test_a_refusal_is_no_score(form: str) -> None:
    assert worked(form, "-97") == {"value": "none: asked-declined, 0 of 1"}


@pytest.mark.parametrize("form", VARIANTS)
@pytest.mark.parametrize("answer", ["0", "8"])
def test_an_answer_outside_1_to_7_is_refused(form: str, answer: str) -> None:
    assert refused(form, answer) == [form.replace("-", "_")]
