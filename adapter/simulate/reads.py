"""Interactions that change nothing: read, vread, history, search (https://hl7.org/fhir/R4/http.html)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from adapter.fhir.operation_outcome import refuse
from adapter.simulate.desk import is_waiting
from adapter.simulate.exchange import Reply
from adapter.simulate.query import match, parse_history, parse_query
from adapter.simulate.versions import instant, write_json

if TYPE_CHECKING:
    from adapter.fhir.operation_outcome import RefusalError
    from adapter.simulate.exchange import Asked
    from adapter.simulate.full import RecordSystem
    from adapter.simulate.query import Parameters, Query
    from adapter.simulate.versions import Version

STATUS_OF_METHOD = {"POST": "201 Created", "PUT": "200 OK", "DELETE": "204 No Content"}


def read(system: RecordSystem, asked: Asked) -> Reply:
    """The newest version; 404 where there never was one, 410 where it was deleted, 304 if known."""
    name, id_ = asked.path
    version = system.resources.latest(name, id_)
    return _served(None if version is not None and is_waiting(version) else version, asked)


def vread(system: RecordSystem, asked: Asked) -> Reply:
    """One version by its number."""
    name, id_, _, number = asked.path
    versions = system.resources.versions(name, id_)
    named = (version for version in versions if str(version.number) == number)
    return _served(next(named, None), asked)


def history(system: RecordSystem, asked: Asked) -> Reply:
    """Every version of one resource, newest first; deletions without content."""
    name, id_, _ = asked.path
    page = parse_history(asked.parameters)
    versions = [
        version
        for version in reversed(system.resources.versions(name, id_))
        if all(span.holds(version.last_updated) for span in page.since)
    ]
    if not system.resources.versions(name, id_):
        raise _not_found()
    rest = [version for version in versions if version.number < page.before]
    shown = rest[: min(page.count, system.personality.largest_page)]
    after = ("_before", str(shown[-1].number)) if shown and len(rest) > len(shown) else None
    bundle = {
        "resourceType": "Bundle",
        "type": "history",
        "total": len(versions),
        "link": _links(f"{asked.base}/{'/'.join(asked.path)}", page.parameters, after),
    }
    entries = [_history_entry(version, asked.base) for version in shown]
    return Reply(200, _bundle_text(bundle, entries))


def search(system: RecordSystem, asked: Asked) -> Reply:
    """The resources of one type that fit, a page at a time; `total` counts them all."""
    name = asked.path[0]
    query = parse_query(name, asked.parameters)
    query = replace(query, count=min(query.count, system.personality.largest_page))
    matched = [
        id_
        for id_ in match(system.resources, query)
        if not is_waiting(system.resources.versions(name, id_)[-1])
    ]
    shown, more = _page(system, query, matched)
    after = ("_after", str(system.resources.position(name, shown[-1]))) if more else None
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(matched),
        "link": _links(f"{asked.base}/{name}", query.parameters, after),
    }
    versions = [system.resources.versions(name, id_)[-1] for id_ in shown]
    return Reply(200, _bundle_text(bundle, [_found(version, asked.base) for version in versions]))


def _page(system: RecordSystem, query: Query, matched: list[str]) -> tuple[list[str], bool]:
    """What one page shows, and whether another follows.

    A page begins behind a position in the order of creation: what is written between two pages
    neither hides a resource nor shows it twice.
    """
    resources = system.resources
    rest = [id_ for id_ in matched if resources.position(query.type, id_) > query.after]
    shown = rest[: query.count]
    return shown, bool(shown) and len(rest) > len(shown)


def _served(version: Version | None, asked: Asked) -> Reply:
    if version is None:
        raise _not_found()
    if version.body is None:
        raise refuse(410, "deleted", f"The resource was deleted at {instant(version.last_updated)}")
    if asked.if_none_match == version.etag:
        return Reply(304, None, version)
    return Reply(200, version.body, version)


def _not_found() -> RefusalError:
    return refuse(404, "not-found", "The resource, or this version of it, is not known")


def _links(url: str, parameters: Parameters, after: tuple[str, str] | None) -> list[dict[str, str]]:
    own = f"{url}?{urlencode(parameters)}" if parameters else url
    links = [{"relation": "self", "url": own}]
    if after is not None:
        links.append({"relation": "next", "url": f"{url}?{urlencode([*parameters, after])}"})
    return links


def _found(version: Version, base: str) -> dict[str, Any]:
    return {
        "fullUrl": f"{base}/{version.reference}",
        **version.content,
        "search": {"mode": "match"},
    }


def _history_entry(version: Version, base: str) -> dict[str, Any]:
    url = version.type if version.method == "POST" else version.reference
    return {
        "fullUrl": f"{base}/{version.reference}",
        **version.content,
        "request": {"method": version.method, "url": url},
        "response": {
            "status": STATUS_OF_METHOD[version.method],
            "etag": version.etag,
            "lastModified": instant(version.last_updated),
        },
    }


def _bundle_text(bundle: dict[str, Any], entries: list[dict[str, Any]]) -> bytes:
    return write_json({**bundle, "entry": entries} if entries else bundle)
