"""Reading one resource: as it is, as it was, and what it has been.

https://hl7.org/fhir/R4/http.html#read, #vread and #history.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from adapter.fhir.operation_outcome import RefusalError, refuse
from adapter.server.bundle import write_bundle
from adapter.server.exchange import Answer, Asked, as_served, one_version
from adapter.server.groups import GROUP, told_group
from adapter.server.ledger import Seen, View
from adapter.server.subset import subset

_SUMMARIES = frozenset({"false", "true", "text", "data"})  # nothing can be counted here
_NUMBER = re.compile(r"[1-9]\d{0,8}")


def read(view: View, path: Mapping[str, str], asked: Asked) -> Answer:
    """One resource as it is now, or a part of it.

    Raises:
        RefusalError: 404, or 410 where it was deleted.
    """
    name = path["type"], path["id"]
    seen = told_group(view, name[1]) if name[0] == GROUP else view.latest(*name)
    if seen is None:
        raise unknown()
    return _in_part(one_version(seen, asked), asked)


def _in_part(answer: Answer, asked: Asked) -> Answer:
    """The part of a resource that is asked for.

    Raises:
        RefusalError: 400, where who asks would have it strict, for a `_summary` that is none.
    """
    if not asked.parameters:  # as of nearly every read
        return answer
    shaped = dict(asked.parameters)
    elements = frozenset(filter(None, shaped.get("_elements", "").split(",")))
    summary = shaped.get("_summary", "false")
    if asked.handling == "strict" and summary not in _SUMMARIES:
        raise _bad("_summary")
    if answer.content and (elements or summary in {"true", "text", "data"}):
        content = subset(answer.content, summary, elements)  # type: ignore[arg-type]
        return Answer(content, answer.status, answer.headers)
    return answer


def vread(view: View, path: Mapping[str, str], asked: Asked) -> Answer:
    """One version of one resource, or a part of it.

    Raises:
        RefusalError: 404, or 410 where it was deleted by then.
    """
    is_number = _NUMBER.fullmatch(path["number"])
    number = int(path["number"]) if is_number else 0
    seen = view.numbered(path["type"], path["id"], number)
    if seen is None:
        raise unknown()
    return _in_part(one_version(seen, asked), asked)


def history(view: View, path: Mapping[str, str], asked: Asked, base: str) -> Answer:
    """The versions of one resource that the caller can tell apart, the newest first.

    `_since` leaves out what was written before, `_count` ends a page; the next one goes on behind
    the last version, whatever was written meanwhile.

    Raises:
        RefusalError: 404, or 400 for a value that is not of its kind.
    """
    versions = view.history(path["type"], path["id"])
    if not versions:
        raise unknown()
    said = dict(asked.parameters)
    since = _since(said.get("_since", ""))
    fitting = [seen for seen in reversed(versions) if _is_since(seen, since)]
    behind = _whole(said, "_page") or versions[-1].number + 1
    left = [seen for seen in fitting if seen.number < behind]
    count = _whole(said, "_count")
    page = left if count is None else left[:count]
    name = f"{path['type']}/{path['id']}"
    words: dict[str, str] = {word: said[word] for word in ("_since", "_count") if word in said}
    links = [_link("self", f"{base}/{name}/_history", {**words, **_from(said.get("_page"))})]
    if page and len(page) < len(left):
        more = {**words, **_from(str(page[-1].number))}
        links.append(_link("next", f"{base}/{name}/_history", more))
    entries = [_past(seen, name, base, is_first=seen is versions[0]) for seen in page]
    return Answer(write_bundle("history", {"total": len(fitting), "link": links}, entries))


def _past(seen: Seen, name: str, base: str, *, is_first: bool) -> dict[str, Any]:
    """One version as an entry of a history."""
    entry: dict[str, Any] = {"fullUrl": f"{base}/{name}"}
    if seen.text is None:
        entry["request"] = {"method": "DELETE", "url": name}
        status = "204 No Content"
    else:
        entry["resource"] = as_served(seen)
        entry["request"] = {"method": "PUT", "url": name}
        status = "201 Created" if is_first else "200 OK"
    entry["response"] = {"status": status, "etag": seen.etag, "lastModified": seen.updated}
    return entry


def _since(said: str) -> datetime | None:
    """An instant, with its offset; a plus that was not encoded is one."""
    if not said:
        return None
    try:
        moment = datetime.fromisoformat(said.replace(" ", "+"))
    except ValueError:
        raise _bad("_since") from None
    if moment.tzinfo is None:
        raise _bad("_since")
    return moment


def _is_since(seen: Seen, since: datetime | None) -> bool:
    return since is None or datetime.fromisoformat(seen.updated) >= since


def _whole(said: Mapping[str, str], name: str) -> int | None:
    if name not in said:
        return None
    if name == "_count" and said[name] == "0":
        return 0
    if not _NUMBER.fullmatch(said[name]):
        raise _bad(name)
    return int(said[name])


def _from(number: str | None) -> dict[str, str]:
    return {} if number is None else {"_page": number}


def _link(relation: str, url: str, words: Mapping[str, str]) -> dict[str, str]:
    return {"relation": relation, "url": f"{url}?{urlencode(words)}" if words else url}


def _bad(name: str) -> RefusalError:
    return refuse(400, "value", f"The value of the parameter {name} is not of its kind")


def unknown() -> RefusalError:
    """The same for what never was and for what the caller may not know of."""
    return refuse(404, "not-found", "There is no such resource here")
