"""Forms of which a trial holds the totals alone: BDI, STAI, COMPAS-W, NIH Toolbox stress; TCI harm
avoidance, TASIT, DBT-WCCL and USE.

The total is taken as the trial gives it. Ranges: BDI 21 items of 0-3 (Beck, Steer & Garbin 1988);
STAI 20 items of 1-4 a scale (Spielberger); COMPAS-W 26 items of 1-5; NIH Toolbox: a T-score,
checked from 0 to 100 for typing errors alone; TASIT 28, 60 and 64 points (McDonald 2002); DBT-WCCL
means of items of 0-3 (Neacsiu 2010); USE means of items of 1-7 (Lund 2001).
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.spec.worked import banded, refused, worked


@pytest.mark.parametrize(
    ("form", "scale", "total"),
    [
        ("bdi", "total", "0"),
        ("bdi", "total", "17"),
        ("bdi", "total", "63"),
        ("stai-y", "state", "20"),
        ("stai-y", "state", "47"),
        ("stai-y", "state", "80"),
        ("compas-w", "total", "26"),
        ("compas-w", "total", "130"),
        ("nihtb-perceived-stress", "t", "0.0"),
        ("nihtb-perceived-stress", "t", "55.4"),
        ("nihtb-perceived-stress", "t", "100.0"),
    ],
)
def test_a_total_is_taken_as_it_is(form: str, scale: str, total: str) -> None:
    scores = worked(form, total)

    assert scores == {scale: total}


def test_a_t_score_is_told_with_one_decimal() -> None:
    scores = worked("nihtb-perceived-stress", "55")

    assert scores == {"t": "55.0"}


@pytest.mark.parametrize(
    ("form", "total", "field"),
    [
        ("bdi", "64", "bdi_total"),
        ("bdi", "-1", "bdi_total"),
        ("bdi", "many", "bdi_total"),
        ("stai-y", "19", "stai_state_total"),
        ("stai-y", "81", "stai_state_total"),
        ("compas-w", "25", "compas_w_total"),
        ("compas-w", "131", "compas_w_total"),
        ("nihtb-perceived-stress", "100.1", "nihtb_stress_t"),
    ],
)
def test_a_total_that_cannot_be_is_refused(form: str, total: str, field: str) -> None:
    fields = refused(form, total)

    assert fields == [field]


@pytest.mark.parametrize(
    ("code", "reason"),
    [("-97", "asked-declined"), ("-98", "not-applicable"), ("-99", "unknown")],
)
@pytest.mark.parametrize(
    ("form", "scale"),
    [
        ("bdi", "total"),
        ("stai-y", "state"),
        ("compas-w", "total"),
        ("nihtb-perceived-stress", "t"),
    ],
)
def test_a_missing_data_code_gives_no_score_but_the_reason(
    form: str, scale: str, code: str, reason: str
) -> None:
    scores = worked(form, code)

    assert scores == {scale: f"none: {reason}, 0 of 1"}


@pytest.mark.parametrize(
    ("form", "scale", "value", "band"),
    [
        ("bdi", "total", "0", "minimal"),
        ("bdi", "total", "9", "minimal"),
        ("bdi", "total", "10", "mild-moderate"),
        ("bdi", "total", "18", "mild-moderate"),
        ("bdi", "total", "19", "moderate-severe"),
        ("bdi", "total", "29", "moderate-severe"),
        ("bdi", "total", "30", "severe"),
        ("bdi", "total", "63", "severe"),
        ("stai-y", "state", "20", "low"),
        ("stai-y", "state", "37", "low"),
        ("stai-y", "state", "38", "moderate"),
        ("stai-y", "state", "44", "moderate"),
        ("stai-y", "state", "45", "high"),
        ("stai-y", "state", "80", "high"),
        ("nihtb-perceived-stress", "t", "0.0", "low"),
        ("nihtb-perceived-stress", "t", "40.0", "low"),
        ("nihtb-perceived-stress", "t", "40.1", "average"),
        ("nihtb-perceived-stress", "t", "59.9", "average"),
        ("nihtb-perceived-stress", "t", "60.0", "high"),
        ("nihtb-perceived-stress", "t", "100.0", "high"),
    ],
)
def test_a_total_lies_in_the_band_of_its_form(form: str, scale: str, value: str, band: str) -> None:
    found = banded(form, scale, Decimal(value))

    assert found == band


@pytest.mark.parametrize(
    ("form", "totals", "scores"),
    [
        pytest.param("tci-harm-avoidance", "21", {"total": "21"}, id="TCI"),
        pytest.param(
            "tasit", "24 51 58", {"part-1": "24", "part-2": "51", "part-3": "58"}, id="TASIT"
        ),
        pytest.param(
            "tasit",
            "24 _ -97",
            {
                "part-1": "24",
                "part-2": "none: unknown, 0 of 1",
                "part-3": "none: asked-declined, 0 of 1",
            },
            id="TASIT with gaps",
        ),
        pytest.param(
            "dbt-wccl", "1.87 1.4", {"skills": "1.87", "dysfunctional": "1.40"}, id="DBT-WCCL"
        ),
        pytest.param(
            "use",
            "5.25 4.9 6 5.571",
            {
                "usefulness": "5.25",
                "ease-of-use": "4.90",
                "ease-of-learning": "6.00",
                "satisfaction": "5.57",
            },
            id="USE",
        ),
    ],
)
def test_several_totals_are_taken_as_they_are(
    form: str, totals: str, scores: dict[str, str]
) -> None:
    assert worked(form, totals) == scores


@pytest.mark.parametrize(
    ("form", "totals", "field"),
    [
        ("tci-harm-avoidance", "176", "tci_harm_avoidance_total"),
        ("tasit", "29 0 0", "tasit_1_total"),
        ("tasit", "0 61 0", "tasit_2_total"),
        ("tasit", "0 0 65", "tasit_3_total"),
        ("dbt-wccl", "3.1 0", "dbt_wccl_skills"),
        ("use", "0.9 1 1 1", "use_usefulness"),
    ],
)
def test_one_of_several_totals_that_cannot_be_is_refused(
    form: str, totals: str, field: str
) -> None:
    assert refused(form, totals) == [field]
