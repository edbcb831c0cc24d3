"""Entries of a transaction that may be sent again: each is found by its business identifier.

https://hl7.org/fhir/R4/http.html#transaction; conditional creates and updates, because the ids are
the record system's to give.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from adapter.fhir.extraction.links import full_url, relinked

Resource = dict[str, Any]
Entry = dict[str, Any]
_KEPT = ":/|"  # what stands in a query as it is, like in R4's own examples


def create(resource: Resource) -> Entry:
    """Creates a resource unless there is one of the same identifier or tag."""
    _, found_by = _name(resource)
    request = {"method": "POST", "url": resource["resourceType"], "ifNoneExist": found_by}
    return _entry(resource, request)


def replace(resource: Resource) -> Entry:
    """Puts a resource in place of the one with its identifier, or creates it."""
    _, found_by = _name(resource)
    request = {"method": "PUT", "url": f"{resource['resourceType']}?{found_by}"}
    return _entry(resource, request)


def build_transaction(entries: Sequence[Entry]) -> Resource:
    """A transaction Bundle in which what refers to a resource of it refers to its entry."""
    urls = {
        f"{entry['resource']['resourceType']}/{entry['resource']['id']}": entry["fullUrl"]
        for entry in entries
    }
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{**entry, "resource": _within(entry["resource"], urls)} for entry in entries],
    }


def _within(resource: Resource, urls: dict[str, str]) -> Resource:
    """A resource of a transaction: without the id that only a record system can give."""
    without = {word: value for word, value in resource.items() if word != "id"}
    return relinked(without, urls)


def _entry(resource: Resource, request: dict[str, str]) -> Entry:
    token, _ = _name(resource)
    return {"fullUrl": full_url(token), "resource": resource, "request": request}


def _name(resource: Resource) -> tuple[str, str]:
    """What a resource is known by everywhere, `system|value`, and the search that finds it."""
    if "identifier" in resource:
        said = resource["identifier"][0]
        token = f"{said['system']}|{said['value']}"
        return token, f"identifier={quote(token, safe=_KEPT)}"
    tag = resource["meta"]["tag"][0]  # a Provenance, which has no identifier
    token = f"{tag['system']}|{tag['code']}"
    return token, f"_tag={quote(token, safe=_KEPT)}"
