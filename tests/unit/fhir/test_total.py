"""A total as a record system files it: its number, and what the number cannot be without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from adapter.fhir.total import Filing, as_total, score_of

GOLDEN = Path(__file__).parents[3] / "fixtures" / "golden"
FILING = Filing((("system", "urn:site"), ("code", "row-17")), "vital-signs", "points")


def scores_of(scale: str) -> list[dict[str, Any]]:
    found = map(orjson.loads, (path.read_bytes() for path in GOLDEN.rglob("Observation-*.json")))
    return [each for each in found if score_of(each) == scale and "valueQuantity" in each]


@pytest.mark.parametrize(
    ("scale", "note"),
    [("gad-7-total", None), ("phq-9-total", [{"text": "8 of 9 items answered"}])],
    ids=["whole", "prorated"],
)
def test_a_total_says_whether_it_rests_on_some_of_the_items_alone(
    scale: str, note: list[dict[str, str]] | None
) -> None:
    score = scores_of(scale)[0]

    filed = as_total(score, FILING)

    assert filed["valueQuantity"]["value"] == score["valueQuantity"]["value"]
    assert filed.get("note") == note
    assert {"method", "derivedFrom", "interpretation", "hasMember"}.isdisjoint(filed)
