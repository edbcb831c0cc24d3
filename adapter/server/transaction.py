"""Batches, each entry for itself, and transactions, all of it or nothing.

https://hl7.org/fhir/R4/http.html#transaction. In a transaction what is created comes first, then
what is updated, then what is read; an entry that names another one by its `urn:uuid` waits for it.
The answer has an entry for each, in the order in which they were sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import parse_qsl

from adapter.fhir.operation_outcome import RefusalError, operation_outcome, refuse
from adapter.fhir.search.parameters import SERVED_TYPES
from adapter.server.api import Api
from adapter.server.audited import Telling
from adapter.server.body import check_r4
from adapter.server.bundle import write_bundle
from adapter.server.caller import Caller
from adapter.server.conditional import matching
from adapter.server.exchange import Answer, Asked
from adapter.server.ledger import View
from adapter.server.reads import read
from adapter.server.rewriting import named_in, rewritten, searches_in
from adapter.server.searching import read_search, search
from adapter.server.writes import Kind, Write, Writing, told_of
from adapter.store.transaction import Transaction

MOST_ENTRIES = 500
_ORDER = ("DELETE", "POST", "PUT", "PATCH", "GET", "HEAD")
_KINDS: Mapping[str, Kind] = {"POST": "create", "PUT": "update"}
Resource = dict[str, Any]


@dataclass(frozen=True)
class Work:
    """One Bundle that a caller sent; `telling` gets a part for each of its entries."""

    api: Api
    caller: Caller
    telling: Telling

    def view(self, tx: Transaction, about: dict[str, None] | None = None) -> View:
        """What the caller sees in a transaction."""
        return View(self.api.ledger, self.caller, tx, about={} if about is None else about)


@dataclass(slots=True)
class _Entry:
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
        return f"Bundle.entry[{self.place}]"


def answer_bundle(work: Work, bundle: Resource, asked: Asked) -> bytes:
    """The Bundle that answers one.

    Raises:
        RefusalError: nothing of it was done.
    """
    kind = bundle.get("type")
    if bundle.get("resourceType") != "Bundle" or kind not in {"batch", "transaction"}:
        text = "A Bundle of type batch or transaction is expected"
        raise refuse(400, "invalid", text, "Bundle.type")
    work.telling.interaction = kind
    entries = list(_entries(bundle))
    work.telling.parts = [entry.part for entry in entries]
    if kind == "batch":
        for entry in entries:
            _each_for_itself(work, entry, asked)
    else:
        check_r4(bundle)
        _all_or_nothing(work, entries, asked)
    answers = [entry.answer for entry in entries]
    return write_bundle(
        "batch-response" if kind == "batch" else "transaction-response", {}, answers
    )


def _entries(bundle: Resource) -> Iterator[_Entry]:
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
        yield _Entry(
            place=place,
            method=words["method"],
            url=words["url"],
            full_url=str(entry.get("fullUrl", "")),
            resource=resource if isinstance(resource, dict) else {},
            request={name: str(value) for name, value in words.items()},
        )


def _each_for_itself(work: Work, entry: _Entry, asked: Asked) -> None:
    try:
        about = dict[str, None]()
        entry.part.about = about
        if entry.method in _KINDS:
            with work.api.ledger.database.write() as tx:
                view = work.view(tx, about)
                is_kept = _write(work, view, entry, asked)
            del is_kept
        else:
            work.api.ledger.catch_up()
            _look(work, work.view(work.api.ledger.database.read(), about), entry, asked)
    except RefusalError as refusal:
        entry.answer = _refused(refusal)
        entry.part.status = refusal.status


def _all_or_nothing(work: Work, entries: list[_Entry], asked: Asked) -> None:
    _check_overlap(entries)
    in_order = sorted(entries, key=lambda entry: _rank(entry.method))
    try:
        with work.api.ledger.database.write() as tx:
            about = dict[str, None]()
            view = work.view(tx, about)
            names = dict[str, str]()
            for entry in _by_need(in_order):
                entry.part.about = about
                try:
                    _one(work, view, entry, asked, names)
                except RefusalError as refusal:
                    raise refusal.within(entry.expression) from None
    except RefusalError as refusal:
        for entry in entries:
            entry.part.status, entry.part.count, entry.part.id = refusal.status, 0, ""
        raise


def _one(work: Work, view: View, entry: _Entry, asked: Asked, names: dict[str, str]) -> None:
    if entry.method not in _KINDS:
        while work.api.ledger.index(view.tx):
            pass
        _look(work, view, entry, asked)
        return
    conditional = {
        said: _the_one(work, view, said) for said in searches_in(entry.resource, SERVED_TYPES)
    }
    entry.resource = rewritten(entry.resource, {**names, **conditional})
    _write(work, view, entry, asked, keeps=False)
    if entry.full_url:
        names[entry.full_url] = f"{entry.part.type}/{entry.part.id}"


def _write(
    work: Work, view: View, entry: _Entry, asked: Asked, *, keeps: bool = True
) -> Literal[True]:
    kind = _KINDS[entry.method]
    path, _, criteria = entry.url.partition("?")
    resource_type, _, resource_id = path.partition("/")
    part = entry.part
    part.interaction = kind
    if resource_type not in SERVED_TYPES:
        raise refuse(404, "not-found", "There is no such type of resource here")
    part.type = resource_type
    write = Write(
        type=resource_type,
        resource=entry.resource,
        id=resource_id,
        criteria=criteria,
        if_match=entry.request.get("ifMatch", ""),
        if_none_exist=entry.request.get("ifNoneExist", ""),
    )
    api = work.api
    done = Writing(view, api.trial, api.base, api.moment()).perform(write, kind)
    part.status, part.id = done.status, done.id
    if done.issues and not keeps:
        raise RefusalError(done.status, *done.issues)
    if done.issues:
        entry.answer = _refused(RefusalError(done.status, *done.issues))
        return True
    part.count = 1
    told = told_of(view, resource_type, done, asked, api.base)
    entry.answer = _response(told)
    return True


def _look(work: Work, view: View, entry: _Entry, asked: Asked) -> None:
    if entry.method not in {"GET", "HEAD"}:
        raise refuse(405, "not-supported", "GET, POST and PUT are taken here")
    path, _, query = entry.url.partition("?")
    resource_type, _, resource_id = path.partition("/")
    part = entry.part
    part.interaction = "read" if resource_id else "search-type"
    if resource_type not in SERVED_TYPES:
        raise refuse(404, "not-found", "There is no such type of resource here")
    part.type = resource_type
    letter = "r" if resource_id else "s"
    if not work.caller.may(letter, resource_type):
        text = f"The scopes of this client do not allow it: system/{resource_type}.{letter}"
        raise refuse(403, "forbidden", text)
    said = Asked(tuple(parse_qsl(query, keep_blank_values=True)), asked.handling, is_pretty=False)
    if resource_id:
        answer = read(view, {"type": resource_type, "id": resource_id}, said)
        part.id = resource_id
    else:
        answer = search(view, read_search(resource_type, said, view), work.api.base)
    part.status, part.count = answer.status, len(view.given)
    entry.answer = _response(answer)


def _response(answer: Answer) -> Resource:
    said: Resource = {"status": f"{answer.status} {HTTPStatus(answer.status).phrase}"}
    for name, word in (("Location", "location"), ("ETag", "etag")):
        if name in answer.headers:
            said[word] = answer.headers[name]
    return {**({"resource": answer.content} if answer.content else {}), "response": said}


def _refused(refusal: RefusalError) -> Resource:
    said = f"{refusal.status} {HTTPStatus(refusal.status).phrase}"
    return {"response": {"status": said, "outcome": operation_outcome(*refusal.issues)}}


def _check_overlap(entries: list[_Entry]) -> None:
    met = set[str]()
    for entry in entries:
        if entry.method not in {"PUT", "DELETE", "PATCH"}:
            continue
        if entry.url in met:
            text = "Two entries of a transaction cannot change the same resource"
            raise refuse(400, "invalid", text, f"{entry.expression}.request.url")
        met.add(entry.url)


def _rank(method: str) -> int:
    return _ORDER.index(method) if method in _ORDER else len(_ORDER)


def _by_need(entries: list[_Entry]) -> Iterator[_Entry]:
    """What is named by others comes before them.

    Raises:
        RefusalError: 400, where one names what is not among them, or two name each other.
    """
    urls = {entry.full_url for entry in entries if entry.full_url.startswith("urn:")}
    needs = {entry.place: named_in(entry.resource) - {entry.full_url} for entry in entries}
    for entry in entries:
        if needs[entry.place] - urls:
            text = "A reference to an entry is expected to name one of this transaction"
            raise refuse(400, "not-found", text, entry.expression)
    waiting, met = list(entries), set[str]()
    while waiting:
        ready = next((entry for entry in waiting if needs[entry.place] <= met), None)
        if ready is None:
            text = "Entries of a transaction cannot name each other in a circle"
            raise refuse(400, "invalid", text, waiting[0].expression)
        waiting.remove(ready)
        met.add(ready.full_url)
        yield ready


def _the_one(work: Work, view: View, said: str) -> str:
    """What a conditional reference names; exactly one resource must fit."""
    resource_type, _, query = said.partition("?")
    while work.api.ledger.index(view.tx):
        pass
    found = matching(view, work.api.trial.identity, resource_type, query)
    if len(found) != 1:
        code: Literal["multiple-matches", "not-found"] = (
            "multiple-matches" if found else "not-found"
        )
        raise refuse(412, code, "A conditional reference is expected to mean one resource")
    return f"{resource_type}/{found[0]}"
