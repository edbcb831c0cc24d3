"""Batches, each entry for itself, and transactions, all of it or nothing.

https://hl7.org/fhir/R4/http.html#transaction. In a transaction what is created comes first, then
what is updated, then what is read; an entry that names another one by its `urn:uuid` waits for it.
The answer has an entry for each, in the order in which they were sent.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Literal
from urllib.parse import parse_qsl

from adapter.fhir.ids import IS_ID
from adapter.fhir.operation_outcome import RefusalError, operation_outcome, refuse
from adapter.fhir.search.parameters import SERVED_TYPES
from adapter.server.api import Api
from adapter.server.audited import Telling
from adapter.server.body import check_r4
from adapter.server.bundle import write_bundle
from adapter.server.caller import Caller
from adapter.server.conditional import matching
from adapter.server.entries import (
    Entry,
    Resource,
    check_overlap,
    in_order,
    note_changed,
    read_entries,
)
from adapter.server.exchange import Answer, Asked, refusal_of
from adapter.server.ledger import View
from adapter.server.reads import read, unknown
from adapter.server.rewriting import rewritten, searches_in
from adapter.server.searching import read_search, search
from adapter.server.writes import Kind, Write, Writing, told_of
from adapter.store.transaction import Transaction

_LOG = logging.getLogger(__name__)
_KINDS: Mapping[str, Kind] = {"POST": "create", "PUT": "update"}


@dataclass(frozen=True)
class Work:
    """One Bundle that a caller sent; `telling` gets a part for each of its entries."""

    api: Api
    caller: Caller
    telling: Telling

    def view(self, tx: Transaction, about: dict[str, None] | None = None) -> View:
        """What the caller sees in a transaction."""
        return View(self.api.ledger, self.caller, tx, about={} if about is None else about)


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
    entries = list(read_entries(bundle))
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


def _each_for_itself(work: Work, entry: Entry, asked: Asked) -> None:
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
    except Exception as wrong:  # noqa: BLE001 - whatever it is, the others stand
        if not isinstance(wrong, RefusalError):
            _LOG.error("An entry of a batch failed", exc_info=wrong)
        refusal = refusal_of(wrong)
        entry.answer = _refused(refusal)
        entry.part.status = refusal.status


def _all_or_nothing(work: Work, entries: list[Entry], asked: Asked) -> None:
    check_overlap(entries)
    try:
        with work.api.ledger.database.write() as tx:
            about = dict[str, None]()
            view = work.view(tx, about)
            names, changed = dict[str, str](), set[tuple[str, str]]()
            for entry in in_order(entries):
                entry.part.about = about
                try:
                    _one(work, view, entry, asked, names)
                    note_changed(entry, changed)
                except RefusalError as refusal:
                    raise refusal.within(entry.expression) from None
    except RefusalError as refusal:
        for entry in entries:
            entry.part.status, entry.part.count, entry.part.id = refusal.status, 0, ""
        raise


def _one(work: Work, view: View, entry: Entry, asked: Asked, names: dict[str, str]) -> None:
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
    work: Work, view: View, entry: Entry, asked: Asked, *, keeps: bool = True
) -> Literal[True]:
    kind = _KINDS[entry.method]
    resource_type, resource_id, criteria = entry.named
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
        if_none_exist=entry.request.get("ifNoneExist"),
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


def _look(work: Work, view: View, entry: Entry, asked: Asked) -> None:
    if entry.method not in {"GET", "HEAD"}:
        raise refuse(405, "not-supported", "GET, POST and PUT are taken here")
    resource_type, resource_id, _ = entry.named
    part = entry.part
    part.interaction = "read" if resource_id else "search-type"
    if resource_type not in SERVED_TYPES:
        raise refuse(404, "not-found", "There is no such type of resource here")
    part.type = resource_type
    work.caller.check("r" if resource_id else "s", resource_type)
    query = entry.url.partition("?")[2]
    said = Asked(
        tuple(parse_qsl(query, keep_blank_values=True)),
        asked.handling,
        is_pretty=False,
        if_none_match=entry.request.get("ifNoneMatch", ""),
        if_modified_since=entry.if_modified_since,
    )
    if resource_id:
        if not IS_ID(resource_id):
            raise unknown()
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
    if "Last-Modified" in answer.headers:
        said["lastModified"] = parsedate_to_datetime(answer.headers["Last-Modified"]).isoformat()
    return {**({"resource": answer.content} if answer.content else {}), "response": said}


def _refused(refusal: RefusalError) -> Resource:
    said = f"{refusal.status} {HTTPStatus(refusal.status).phrase}"
    return {"response": {"status": said, "outcome": operation_outcome(*refusal.issues)}}


def _the_one(work: Work, view: View, said: str) -> str:
    """What a conditional reference names; exactly one resource must fit. It is a search."""
    resource_type, _, query = said.partition("?")
    work.caller.check("s", resource_type)
    while work.api.ledger.index(view.tx):
        pass
    found = matching(view, work.api.trial.identity, resource_type, query)
    if len(found) != 1:
        code: Literal["multiple-matches", "not-found"] = (
            "multiple-matches" if found else "not-found"
        )
        raise refuse(412, code, "A conditional reference is expected to mean one resource")
    return f"{resource_type}/{found[0]}"
