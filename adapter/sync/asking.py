"""Asks a clinic about one person, page by page, and takes nothing of an answer that is not whole.

A person's id travels in the body of a `_search`, because addresses end up in logs. A link to
another origin is not followed.

Source: https://hl7.org/fhir/R4/http.html#search
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from adapter.errors import EhrError
from adapter.instruments.study import Purpose
from adapter.release.consent import held_by_consent
from adapter.store import instances
from adapter.store.database import Transaction
from adapter.sync.answer import Answer, stop_if_no_entry
from adapter.sync.clinic import Clinic
from adapter.sync.profile import PullRule
from adapter.sync.turn import Turn

GONE = frozenset({404, 410})
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Asking:
    """A turn at a clinic in which it is asked, and by what rule."""

    clinic: Clinic
    turn: Turn
    rule: PullRule


def may_ask(clinic: Clinic, tx: Transaction, participant: str) -> bool:
    """Whether a clinic may be asked for somebody: who takes part, is linked, and agreed.

    Both consents are needed: what comes is for research, and to ask tells who takes part.
    """
    person = instances.participant(tx, participant)
    if person is None or not clinic.profile.speaks_fhir:
        return False
    asked: tuple[tuple[Purpose, str], ...] = (
        ("research", ""),
        (clinic.profile.purpose, clinic.name),
    )
    if any(held_by_consent(clinic.study, why, who, person) for why, who in asked):
        return False
    return clinic.addresses.patient(participant) is not None


def search(
    asking: Asking, resource_type: str, patient: str, since: str | None
) -> dict[str, dict[str, Any]] | None:
    """A person's resources of a type by id, all pages of them; None where it is refused."""
    asked = {"patient": f"Patient/{patient}", "_count": str(asking.rule.page)}
    if since:
        asked["_lastUpdated"] = f"ge{since_instant(since, asking.rule)}"
    answer = ask(asking, "POST", f"{resource_type}/_search", urlencode(asked).encode())
    if not answer.is_success:
        return None
    found: dict[str, dict[str, Any]] = {}
    for page in pages(asking, answer, f"a search of {resource_type}"):
        if page is None:
            return None
        for resource in _resources(page):
            name = resource.get("id")
            if resource.get("resourceType") == resource_type and isinstance(name, str):
                found[name] = resource
    return found


def since_instant(reached: str, rule: PullRule) -> str:
    """Where a reading begins that goes on from a moment: a while before it, as an instant."""
    begin = datetime.fromisoformat(reached) - timedelta(minutes=rule.overlap_minutes)
    return begin.isoformat(timespec="seconds").replace("+00:00", "Z")


def pages(asking: Asking, first: Answer, what: str) -> Iterator[dict[str, Any] | None]:
    """The Bundle of this answer and those that follow it; None and the end where one is refused.

    Raises:
        EhrError: it is no Bundle, or the pages lead elsewhere or in a circle.
    """
    answer, seen = first, set[str]()
    while True:
        if not answer.is_success:
            yield None
            return
        if answer.body.get("resourceType") != "Bundle":
            raise EhrError(
                f"expected a Bundle to {what}; found something else. "
                "Nothing of this answer was taken."
            )
        yield answer.body
        follows = _next_of(answer.body)
        if follows is None:
            return
        if follows in seen or not asking.clinic.client.is_at_home(follows):
            raise EhrError(
                "expected pages that end, at the clinic's own address; found another link. "
                "Nothing of this answer was taken."
            )
        seen.add(follows)
        answer = ask(asking, "GET", follows)


def entries(bundle: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The entries of a Bundle, as far as they are any."""
    listed = bundle.get("entry")
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, dict):
            yield entry


def ask(
    asking: Asking,
    method: str,
    path: str,
    content: bytes | None = None,
    *,
    may_say: frozenset[int] = frozenset(),
) -> Answer:
    """One answer, after some patience; one of `may_say` is about what was asked for alone.

    Raises:
        EhrError: there is none, or nobody lets us in.
    """
    headers = _FORM if path.endswith("/_search") else None
    while True:
        answer = asking.clinic.client.exchange(method, path, content, headers)
        if isinstance(answer, Answer):
            is_gone = method == "GET" and answer.status in GONE  # somebody deleted it
            if not (is_gone or answer.status in may_say):
                stop_if_no_entry(answer)
            asking.turn.went_well()
            return answer
        asking.turn.went_wrong(answer)


def updated(resource: dict[str, Any]) -> str:
    """When the clinic's server changed it last, in UTC; '' where it does not say."""
    meta = resource.get("meta")
    return moment(meta.get("lastUpdated") if isinstance(meta, dict) else None)


def moment(said: object) -> str:
    """An instant in UTC, so that later ones sort behind it; '' for what is none."""
    try:
        told = datetime.fromisoformat(str(said))
    except ValueError:
        return ""
    return told.astimezone(UTC).isoformat(timespec="microseconds") if told.tzinfo else ""


# Private functions


def _resources(bundle: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for entry in entries(bundle):
        resource = entry.get("resource")
        if isinstance(resource, dict):
            yield resource


def _next_of(bundle: dict[str, Any]) -> str | None:
    links = bundle.get("link")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next":
            return str(link.get("url"))
    return None
