"""Transaction and batch (https://hl7.org/fhir/R4/http.html#transaction).

A transaction happens whole or not at all, in the order DELETE, POST, PUT, GET whatever the order of
its entries; its references hold against what is there once all of it is written. In a batch each
entry is by itself.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, ParamSpec, TypeVar
from urllib.parse import parse_qsl

import orjson

from adapter.fhir.operation_outcome import RefusalError, operation_outcome, refuse
from adapter.simulate.exchange import Asked, Reply
from adapter.simulate.versions import instant, write_json
from adapter.simulate.writes import pass_gap, perform, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapter.simulate.full import RecordSystem
    from adapter.simulate.versions import Resource, Version
    from adapter.simulate.writes import Done, Write

    Answer = Callable[[RecordSystem, Asked], Reply]

P = ParamSpec("P")
T = TypeVar("T")
PHASES = ("DELETE", "POST", "PUT")
METHODS = {*PHASES, "GET"}


def process_bundle(system: RecordSystem, asked: Asked, answer: Answer) -> Reply:
    """Carries out a bundle that was posted to the base; `answer` serves one interaction by itself.

    Raises:
        RefusalError: The bundle is not one of either type, or its transaction fails; then nothing
            of it has happened. The issues name the entry.
    """
    bundle = asked.resource or {}
    if bundle.get("resourceType") != "Bundle":
        raise refuse(400, "invalid", "A Bundle is expected at the base of the server")
    kind = bundle.get("type")
    if kind not in ("transaction", "batch"):
        raise refuse(
            400, "invalid", "The type is expected to be transaction or batch", "Bundle.type"
        )
    entries = bundle.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise refuse(400, "structure", "A list of objects is expected", "Bundle.entry")
    system.check_form(
        {**bundle, "entry": [_shell(entry) for entry in entries]} if entries else bundle
    )
    if kind == "batch":
        answers = [_answer_alone(system, entry, asked, answer) for entry in entries]
    else:
        answers = _transact(system, entries, asked, answer)
    said = {"resourceType": "Bundle", "type": f"{kind}-response"}
    return Reply(200, write_json({**said, "entry": answers} if answers else said))


def _shell(entry: Resource) -> Resource:
    # What stands in it is checked by itself, in a batch without harm to the others.
    return {name: value for name, value in entry.items() if name != "resource"}


def _transact(
    system: RecordSystem, entries: list[Resource], asked: Asked, answer: Answer
) -> list[Resource]:
    draft = system.draft()
    asks = [_at(n, _read_entry, entry, asked) for n, entry in enumerate(entries)]
    order = [n for phase in PHASES for n, one in enumerate(asks) if one.method == phase]
    plans = {n: _at(n, plan, system, draft, asks[n]) for n in order}
    if any(write.criteria for write in plans.values()):
        pass_gap(system)
    draft.names = {write.place: _name(n) for n, write in plans.items()}
    placeholders = _placeholders(entries, plans)
    done = {n: _at(n, perform, draft, plans[n], placeholders) for n in order}
    system.commit(draft)
    return [
        _tell(done[n], asked) if n in done else _answer_alone(system, entry, asked, answer)
        for n, entry in enumerate(entries)
    ]


def _at(n: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return work(*args, **kwargs)
    except RefusalError as refusal:
        raise refusal.within(_name(n)) from None


def _name(n: int) -> str:
    return f"Bundle.entry[{n}]"


def _placeholders(entries: list[Resource], plans: Mapping[int, Write]) -> dict[str, str]:
    """What each `urn:` that is the fullUrl of an entry stands for, as a literal reference."""
    placeholders: dict[str, str] = {}
    for n, write in plans.items():
        url = entries[n].get("fullUrl")
        if isinstance(url, str) and url.startswith("urn:"):
            if url in placeholders:
                raise refuse(400, "duplicate", "The fullUrl is not unique", f"{_name(n)}.fullUrl")
            placeholders[url] = "/".join(write.place)
    return placeholders


def _read_entry(entry: Resource, asked: Asked) -> Asked:
    """The interaction that the entry of a bundle asks for."""
    match entry.get("request"):
        case {"method": str(method), "url": str(url)} if method in METHODS:
            request = {name: str(value) for name, value in entry["request"].items()}
        case _:
            methods = ", ".join(sorted(METHODS))
            raise refuse(
                400, "required", f"A request with a url and a method of {methods} is expected"
            )
    location, _, query = url.removeprefix(f"{asked.base}/").partition("?")
    path = tuple(step for step in location.split("/") if step)
    if not path:
        raise refuse(400, "invalid", "The url of an entry is expected to name a resource type")
    resource = entry.get("resource")
    return Asked(
        method=method,
        path=path,
        base=asked.base,
        parameters=tuple(parse_qsl(query, keep_blank_values=True)),
        resource=resource if isinstance(resource, dict) else None,
        if_match=request.get("ifMatch", ""),
        if_none_match=request.get("ifNoneMatch", ""),
        if_none_exist=request.get("ifNoneExist"),
        prefer=asked.prefer if asked.prefer == "representation" or method == "GET" else "minimal",
    )


def _answer_alone(system: RecordSystem, entry: Resource, asked: Asked, answer: Answer) -> Resource:
    try:
        reply = answer(system, _read_entry(entry, asked))
    except RefusalError as refusal:
        outcome = operation_outcome(*refusal.issues)
        return {"response": {"status": _status(refusal.status), "outcome": outcome}}
    content = {} if reply.body is None else {"resource": orjson.Fragment(reply.body)}
    return {**content, "response": _response(reply.status, reply.version)}


def _tell(done: Done, asked: Asked) -> Resource:
    content = done.version.content if done.version and asked.prefer == "representation" else {}
    return {**content, "response": _response(done.status, done.version)}


def _response(status: int, version: Version | None) -> Resource:
    said = {"status": _status(status)}
    if version is None:
        return said
    return {
        **said,
        "location": version.location,
        "etag": version.etag,
        "lastModified": instant(version.last_updated),
    }


def _status(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"
