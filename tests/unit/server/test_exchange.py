"""Which version a text is stands in its own `meta`, wherever that is, and nothing else changes."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapter.server.exchange import with_version

WRITTEN = "2026-03-01T09:30:00+00:00"
TOLD = {"versionId": "3", "lastUpdated": WRITTEN}
OWN, OTHER = {"profile": ["http://example.org/own"]}, {"profile": ["http://example.org/other"]}
QUOTED = 'a ,"meta":{" and a "contained":[ that somebody wrote'


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({}, id="nothing but an id"),
        pytest.param({"status": "final"}, id="no meta"),
        pytest.param({"meta": OWN, "status": "final"}, id="meta"),
        pytest.param({"status": "final", "meta": OWN}, id="meta at the end"),
        pytest.param({"text": QUOTED, "meta": OWN}, id="the like of it in a string"),
        pytest.param({"contained": [{"id": "b", "meta": OTHER}]}, id="another's alone"),
        pytest.param({"contained": [{"id": "b", "meta": OTHER}], "meta": OWN}, id="behind another"),
        pytest.param({"meta": OWN, "contained": [{"id": "b", "meta": OTHER}]}, id="before another"),
        pytest.param({"contained": [{"id": "b"}], "meta": OWN}, id="behind what has none"),
    ],
)
def test_a_version_is_told_in_the_resources_own_meta(said: dict[str, Any]) -> None:
    resource = {"resourceType": "Observation", "id": "a", **said}

    told = orjson.loads(with_version(orjson.dumps(resource), 3, WRITTEN))

    assert told == {**resource, "meta": {**TOLD, **resource.get("meta", {})}}
    assert orjson.dumps(told).count(b"versionId") == 1
