"""What was deleted at a clinic since the last pull, by the history of a type.

Without it a deletion is found when everything is read again. But such a history tells of
everybody, also of people who never agreed: so a clinic's profile has to ask for it, ids and
versions alone are asked for (`_elements`), and what a server sends beside them is dropped unread.
Nothing is concluded from a history alone: what was ours is asked for once more by its id.

Source: https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from adapter.store.cursors import Cursor, cursor
from adapter.sync.asking import Asking, ask, entries, moment, pages, since_instant

_BASIS = "deletions"


@dataclass(frozen=True, slots=True)
class Deletions:
    """The ids of a type that were deleted, and how far its history was read; None: not at all."""

    ids: frozenset[str] = frozenset()
    reached: Cursor | None = None


def deletions(asking: Asking, resource_type: str, *, is_full: bool = False) -> Deletions:
    """What was deleted of a type; nothing where the clinic's history is not to be asked for.

    The first time, and where everything is read anyway, only how far the history goes by now is
    noted. It must be asked for before people are: what comes in between is met again.

    Raises:
        EhrError: the clinic cannot be reached, or does not speak FHIR.
    """
    clinic = asking.clinic
    can = clinic.capability is not None and clinic.capability.offers(resource_type, "history-type")
    if not (asking.rule.history and can):
        return Deletions()
    name = f"deletions {clinic.name} {resource_type}"
    known = cursor(clinic.database.read(), name)
    since = known.position if known is not None and not is_full else ""
    asked = {"_count": str(asking.rule.page if since else 1), "_elements": "id,meta"}
    if since:
        asked["_since"] = since_instant(since, asking.rule)
    first = ask(asking, "GET", f"{resource_type}/_history?{urlencode(asked)}")
    if not first.is_success:
        return Deletions()
    found: set[str] = set()
    reached = known.position if known is not None else ""
    for page in pages(asking, first, f"the history of {resource_type}"):
        if page is None:  # not whole: the next pull begins where this one did
            return Deletions(frozenset(found))
        for entry in entries(page):
            reached = max(reached, _changed(entry))
            found |= _deleted(entry, resource_type) if since else set()
        if not since:  # newest first: its one entry tells how far it goes
            break
    kept = Cursor(name, reached, _BASIS, clinic.now()) if reached else None
    return Deletions(frozenset(found), kept)


# Private functions


def _deleted(entry: dict[str, Any], resource_type: str) -> set[str]:
    """The id of what an entry says was deleted; none where it says something else."""
    request = entry.get("request")
    if not isinstance(request, dict) or request.get("method") != "DELETE":
        return set()
    steps = str(request.get("url", "")).partition("?")[0].split("/")
    return {id_ for kind, id_ in itertools.pairwise(steps) if kind == resource_type}


def _changed(entry: dict[str, Any]) -> str:
    """When that happened, by the clinic's clock; '' where it does not say."""
    response = entry.get("response")
    said = response.get("lastModified") if isinstance(response, dict) else None
    if said is None:
        resource = entry.get("resource")
        meta = resource.get("meta") if isinstance(resource, dict) else None
        said = meta.get("lastUpdated") if isinstance(meta, dict) else None
    return moment(said)
