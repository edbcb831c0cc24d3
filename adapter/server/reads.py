"""Reading one resource: as it is, as it was, and what it has been.

https://hl7.org/fhir/R4/http.html#read, #vread and #history.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from adapter.fhir.operation_outcome import RefusalError, refuse
from adapter.server.bundle import write_bundle
from adapter.server.exchange import Answer, Asked, as_served, one_version
from adapter.server.ledger import View
from adapter.server.subset import subset

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_NUMBER = re.compile(r"[1-9]\d{0,8}")


def read(view: View, path: Mapping[str, str], asked: Asked) -> Answer:
    """One resource as it is now, or a part of it.

    Raises:
        RefusalError: 404, or 410 where it was deleted.
    """
    seen = view.latest(path["type"], path["id"]) if ID.fullmatch(path["id"]) else None
    if seen is None:
        raise unknown()
    answer = one_version(seen, asked)
    shaped = dict(asked.parameters)
    elements = frozenset(filter(None, shaped.get("_elements", "").split(",")))
    summary = shaped.get("_summary", "false")
    if answer.content and (elements or summary in {"true", "text", "data"}):
        content = subset(answer.content, summary, elements)  # type: ignore[arg-type]
        return Answer(content, answer.status, answer.headers)
    return answer


def vread(view: View, path: Mapping[str, str], asked: Asked) -> Answer:
    """One version of one resource.

    Raises:
        RefusalError: 404, or 410 where it was deleted by then.
    """
    is_number = _NUMBER.fullmatch(path["number"])
    number = int(path["number"]) if is_number else 0
    seen = view.numbered(path["type"], path["id"], number)
    if seen is None:
        raise unknown()
    return one_version(seen, asked)


def history(view: View, path: Mapping[str, str], asked: Asked, base: str) -> Answer:
    """Every version of one resource that the caller can tell apart, the newest first.

    Raises:
        RefusalError: 404.
    """
    versions = view.history(path["type"], path["id"])
    if not versions:
        raise unknown()
    name = f"{path['type']}/{path['id']}"
    entries = []
    for place, seen in reversed(list(enumerate(versions))):
        entry: dict[str, Any] = {"fullUrl": f"{base}/{name}"}
        if seen.text is None:
            entry["request"] = {"method": "DELETE", "url": name}
            status = "204 No Content"
        else:
            entry["resource"] = as_served(seen)
            entry["request"] = {"method": "PUT", "url": name}
            status = "200 OK" if place else "201 Created"
        entry["response"] = {"status": status, "etag": seen.etag, "lastModified": seen.updated}
        entries.append(entry)
    said = {
        "total": len(entries),
        "link": [{"relation": "self", "url": f"{base}/{name}/_history"}],
    }
    del asked
    return Answer(write_bundle("history", said, entries))


def unknown() -> RefusalError:
    """The same for what never was and for what the caller may not know of."""
    return refuse(404, "not-found", "There is no such resource here")
