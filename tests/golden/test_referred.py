"""What resources of a type refer to is what the profiles of clinics count with."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapter.simulate.references import references_of
from adapter.sync.profile import REFERS

GOLDEN = Path(__file__).resolve().parents[2] / "fixtures" / "golden"
ABOUT = frozenset({"target", "entity", "suspectEntity", "extension"})
"""What a Provenance is about; what an adverse event names where the profile asks for more types."""
SEEN_ELSEWHERE = frozenset({"Flag", "Task"})
"""No golden case fires a signal: `tests/unit/ingest/test_signals.py` looks at these."""


def _resources(said: object) -> Iterator[dict[str, Any]]:
    if isinstance(said, dict) and "resourceType" in said and said["resourceType"] != "Bundle":
        yield said
        return
    parts = said.values() if isinstance(said, dict) else said if isinstance(said, list) else ()
    for part in parts:
        yield from _resources(part)


def test_each_type_refers_to_what_is_said_of_it() -> None:
    seen = defaultdict[str, set[str]](set)
    for file in GOLDEN.rglob("*.json"):
        for resource in _resources(json.loads(file.read_text("utf-8"))):
            kind = resource["resourceType"]
            left_out = ABOUT if kind in {"Provenance", "AdverseEvent"} else frozenset()
            named = {name: said for name, said in resource.items() if name not in left_out}
            types = {said.partition("/")[0] for _, said in references_of(named)}
            seen[kind].update(types - {"Patient", kind})

    said = {kind: set(others) for kind, others in REFERS.items() if kind not in SEEN_ELSEWHERE}
    assert {kind: others for kind, others in seen.items() if others} == said
