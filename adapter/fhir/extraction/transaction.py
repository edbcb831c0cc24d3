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
_KEPT = ":/|,"  # what a query may hold as it is


def create(resource: Resource) -> Entry:
    """Creates a resource unless there is one with its identifier."""
    request = {
        "method": "POST",
        "url": resource["resourceType"],
        "ifNoneExist": criteria(identifier=_token(resource)),
    }
    return _entry(_url_of(resource), resource, request)


def replace(resource: Resource) -> Entry:
    """Puts a resource in place of the one with its identifier, or creates it."""
    url = f"{resource['resourceType']}?{criteria(identifier=_token(resource))}"
    return _entry(_url_of(resource), resource, {"method": "PUT", "url": url})


def create_unless(resource: Resource, url: str, found_by: str) -> Entry:
    """Creates a resource that has no identifier, unless there is one that a search finds."""
    request = {"method": "POST", "url": resource["resourceType"], "ifNoneExist": found_by}
    return _entry(url, resource, request)


def criteria(**parameters: str) -> str:
    """A search by all of these parameters."""
    return "&".join(f"{name}={quote(value, safe=_KEPT)}" for name, value in parameters.items())


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


def _entry(url: str, resource: Resource, request: dict[str, str]) -> Entry:
    return {"fullUrl": url, "resource": resource, "request": request}


def _url_of(resource: Resource) -> str:
    identifier = resource["identifier"][0]
    return full_url(identifier["system"], identifier["value"])


def _token(resource: Resource) -> str:
    identifier = resource["identifier"][0]
    return f"{identifier['system']}|{identifier['value']}"
