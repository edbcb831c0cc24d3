"""The entries of a batch or a transaction: read, held to each other, and put in order.

https://hl7.org/fhir/R4/http.html#trules. What is created comes before what is updated, and that
before what is read; an entry that names another one by its `urn:uuid` waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from adapter.fhir.operation_outcome import RefusalError, refuse
from adapter.server.audited import Telling
from adapter.server.rewriting import named_in

MOST_ENTRIES = 500
_ORDER = ("DELETE", "POST", "PUT", "PATCH", "GET", "HEAD")
Resource = dict[str, Any]


@dataclass(slots=True)
class Entry:
    """An entry, where it stands, and what is answered to it."""

    place: int
    method: str
    url: str
    full_url: str
    resource: Resource
    request: Mapping[str, Any]
    answer: Resource = field(default_factory=dict)
    part: Telling = field(default_factory=lambda: Telling(""))

    @property
    def expression(self) -> str:
        """The FHIRPath of its place."""
        return f"Bundle.entry[{self.place}]"

    @property
    def named(self) -> tuple[str, str, str]:
        """The type and the id in its address, and its criteria: by an id, none count.

        Raises:
            RefusalError: 400, for what no address can hold.
        """
        if any("\0" in unquote(said) for said in self.request.values()):
            text = "A word of the request is not of its kind"
            raise refuse(400, "value", text, f"{self.expression}.request")
        path, _, query = self.url.partition("?")
        resource_type, _, resource_id = path.partition("/")
        return resource_type, resource_id, "" if resource_id else query

    @property
    def if_modified_since(self) -> datetime | None:
        """The instant since which it was changed, for a read; what is none is passed over."""
        try:
            moment = datetime.fromisoformat(self.request.get("ifModifiedSince", ""))
        except ValueError:
            return None
        return moment if moment.tzinfo else None


def read_entries(bundle: Resource) -> Iterator[Entry]:
    """The entries of a Bundle, in its order.

    Raises:
        RefusalError: 400, for what is none; 413, for too many.
    """
    listed = bundle.get("entry", [])
    if not isinstance(listed, list):
        raise refuse(400, "structure", "A list of entries is expected", "Bundle.entry")
    if len(listed) > MOST_ENTRIES:
        text = f"At most {MOST_ENTRIES} entries are taken at once"
        raise refuse(413, "too-costly", text, "Bundle.entry")
    for place, entry in enumerate(listed):
        request = entry.get("request") if isinstance(entry, dict) else None
        words = request if isinstance(request, dict) else {}
        if not all(isinstance(words.get(word), str) for word in ("method", "url")):
            expression = f"Bundle.entry[{place}].request"
            raise refuse(400, "required", "A method and a url are expected", expression)
        resource = entry.get("resource", {})
        yield Entry(
            place=place,
            method=words["method"],
            url=words["url"],
            full_url=str(entry.get("fullUrl", "")),
            resource=resource if isinstance(resource, dict) else {},
            request={name: str(value) for name, value in words.items() if value is not None},
        )


def check_overlap(entries: list[Entry]) -> None:
    """That no two entries change the same by their addresses, before anything is done."""
    met = set[tuple[str, str, str]]()
    for entry in entries:
        if entry.method not in {"PUT", "DELETE", "PATCH"}:
            continue
        if entry.named in met:
            raise _overlapping(f"{entry.expression}.request.url")
        met.add(entry.named)


def note_changed(entry: Entry, changed: set[tuple[str, str]]) -> None:
    """Notes which resource an entry wrote; no other may have written that one.

    Two creates of the same text are one resource, and change nothing twice.

    Raises:
        RefusalError: 400.
    """
    resource = entry.part.type, entry.part.id
    if entry.method == "PUT" and resource in changed:
        raise _overlapping("request.url")
    if entry.method == "PUT" or entry.part.status == HTTPStatus.CREATED:
        changed.add(resource)


def _overlapping(expression: str) -> RefusalError:
    text = "Two entries of a transaction cannot change the same resource"
    return refuse(400, "invalid", text, expression)


def in_order(entries: list[Entry]) -> Iterator[Entry]:
    """In the order in which they are done; what is named by others comes before them.

    Raises:
        RefusalError: 400, where one names what is not among them, or two name each other.
    """
    urls = {entry.full_url for entry in entries if entry.full_url.startswith("urn:")}
    needs = {entry.place: named_in(entry.resource) - {entry.full_url} for entry in entries}
    for entry in entries:
        if needs[entry.place] - urls:
            text = "A reference to an entry is expected to name one of this transaction"
            raise refuse(400, "not-found", text, entry.expression)
    waiting, met = sorted(entries, key=lambda entry: _rank(entry.method)), set[str]()
    while waiting:
        ready = next((entry for entry in waiting if needs[entry.place] <= met), None)
        if ready is None:
            text = "Entries of a transaction cannot name each other in a circle"
            raise refuse(400, "invalid", text, waiting[0].expression)
        waiting.remove(ready)
        met.add(ready.full_url)
        yield ready


def _rank(method: str) -> int:
    return _ORDER.index(method) if method in _ORDER else len(_ORDER)
