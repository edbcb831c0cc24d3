"""The invariants of Bundle.

An entry's resource may be a text that was written before (`orjson.Fragment`): it was checked
then, and the rules that look inside a resource pass it by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from adapter.fhir.invariants.rule import Invariant, Node, has, is_distinct

REQUESTED = frozenset({"batch", "transaction", "history"})
RESPONDED = frozenset({"batch-response", "transaction-response", "history"})


def resource_of(entry: Node) -> Node:
    """Gives an entry's resource, an empty one where it has none or is a finished text."""
    resource = entry.get("resource")
    return resource if isinstance(resource, dict) else {}


def full_urls(bundle: Node) -> Iterator[tuple[str, object]]:
    """Yields the identity of each entry that has a fullUrl: the URL and the version."""
    for entry in bundle["entry"]:
        if "fullUrl" in entry:
            yield entry["fullUrl"], resource_of(entry).get("meta", {}).get("versionId")


def is_headed_by(bundle: Node, kind: str, resource_type: str) -> bool:
    """bdl-11 and bdl-12: what stands first in a document and in a message."""
    first = bundle.get("entry", [{}])[0].get("resource", {})
    if bundle.get("type") != kind or not isinstance(first, dict):
        return True
    return first.get("resourceType") == resource_type


def has_where(bundle: Node, name: str, types: frozenset[str]) -> bool:
    """bdl-3 and bdl-4: every entry has the element in these types of bundle, none in others."""
    wanted = bundle.get("type") in types
    return all((name in entry) == wanted for entry in bundle["entry"])


BUNDLES: Mapping[str, Invariant] = MappingProxyType(
    {
        "bdl-1": Invariant(
            "total only in a searchset or a history",
            lambda n: n.get("type") in {"searchset", "history"},
            ("total",),
        ),
        "bdl-2": Invariant(
            "search only in a searchset",
            lambda n: n.get("type") == "searchset" or not any("search" in e for e in n["entry"]),
            ("entry",),
        ),
        "bdl-3": Invariant(
            "request in each entry of a batch, transaction or history, in no other",
            lambda n: has_where(n, "request", REQUESTED),
            ("entry",),
        ),
        "bdl-4": Invariant(
            "response in each entry of a response or history, in no other",
            lambda n: has_where(n, "response", RESPONDED),
            ("entry",),
        ),
        "bdl-5": Invariant(
            "resource, request or response", lambda n: has(n, "resource", "request", "response")
        ),
        "bdl-7": Invariant(
            "each fullUrl once a version",
            lambda n: n.get("type") == "history" or is_distinct(full_urls(n)),
            ("entry",),
        ),
        "bdl-8": Invariant(
            "a fullUrl without a version", lambda n: "/_history/" not in n["fullUrl"], ("fullUrl",)
        ),
        "bdl-9": Invariant(
            "an identifier with system and value on a document",
            lambda n: (
                n.get("type") != "document" or {"system", "value"} <= n.get("identifier", {}).keys()
            ),
        ),
        "bdl-10": Invariant(
            "timestamp on a document",
            lambda n: n.get("type") != "document",
            ("type",),
            ("timestamp",),
        ),
        "bdl-11": Invariant(
            "a Composition first in a document",
            lambda n: is_headed_by(n, "document", "Composition"),
        ),
        "bdl-12": Invariant(
            "a MessageHeader first in a message",
            lambda n: is_headed_by(n, "message", "MessageHeader"),
        ),
    }
)
