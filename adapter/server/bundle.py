"""Bundles around texts that are not read again: https://hl7.org/fhir/R4/bundle.html."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import orjson

from adapter.fhir.labels import highest

Entry = dict[str, Any]
Kind = Literal["searchset", "history", "batch-response", "transaction-response"]


def write_bundle(kind: Kind, said: Mapping[str, Any], entries: Sequence[Entry]) -> bytes:
    """A Bundle that is as confidential as the most confidential of its entries.

    `said` is what it says beside them; a resource of an entry is a text, or a dict of ours.
    """
    texts = [each["resource"] for each in entries if isinstance(each.get("resource"), bytes)]
    labels = highest(texts)
    return orjson.dumps(
        {
            "resourceType": "Bundle",
            **({"meta": {"security": labels}} if labels else {}),
            "type": kind,
            **said,
            **({"entry": [_written(each) for each in entries]} if entries else {}),
        }
    )


def _written(entry: Entry) -> Entry:
    resource = entry.get("resource")
    return (
        {**entry, "resource": orjson.Fragment(resource)} if isinstance(resource, bytes) else entry
    )
