"""A Subscription at a clinic: it tells us that something was written there, and nothing of what.

Rest-hook without a payload, on all QuestionnaireResponses: its criteria name no person, because
criteria end up in logs, and a notification is no more than a reason to pull. Each of them may get
lost or come twice. What the clinic asks of us is a header with a secret. It is told to end after
a week and renewed half-way, so that none outlives us for long.

Source: https://hl7.org/fhir/R4/subscription.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

import orjson

from adapter.errors import EhrError
from adapter.store.cursors import Cursor, cursor, keep_cursor
from adapter.sync.answer import Answer
from adapter.sync.asking import GONE, Asking, ask, entries, moment
from adapter.sync.clinic import Clinic
from adapter.sync.profile import PullRule

HEADER = "X-Notification-Secret"
Standing = Literal[
    "standing", "made", "renewed", "asked for again", "off", "not offered", "refused"
]
"""`off`: somebody at the clinic turned it off, and it is removed; none is made before a restart."""
_TYPE = "Subscription"
_LASTS = timedelta(days=7)
_OFF = "(off)"  # no id has such a character


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a clinic's notifications arrive, and what they have to carry in `HEADER`."""

    url: str
    secret: str = field(repr=False)


def subscribe(clinic: Clinic, endpoint: Endpoint, *, is_start: bool = False) -> Standing:
    """Makes the Subscription, or sees to it that it stands; `is_start`: also where it was off.

    Raises:
        ConflictError: another process is at work with the clinic.
        EhrError: the clinic cannot be reached, or does not speak FHIR.
    """
    can = clinic.capability is not None and clinic.capability.offers(_TYPE, "create")
    if not can:
        return "not offered"
    with clinic.alone() as (there, turn):
        asking = Asking(there, turn, there.profile.pull or PullRule())
        known = cursor(there.database.read(), _name(there))
        if known is not None and known.position == _OFF and not is_start:
            return "off"
        held = _held(asking, endpoint, known)
        word = _due(there, endpoint, held, known)
        if word == "standing":
            return word
        if held is not None and word == "off" and not is_start:
            ask(asking, "DELETE", f"{_TYPE}/{held['id']}")
            _keep(there, endpoint, _OFF)
            return word
        return _put(asking, endpoint, held, "renewed" if word == "off" else word)


def unsubscribe(clinic: Clinic, endpoint: Endpoint) -> bool:
    """Removes the Subscription; whether there was one.

    Raises:
        ConflictError: another process is at work with the clinic.
        EhrError: the clinic cannot be reached, or keeps it.
    """
    with clinic.alone() as (there, turn):
        asking = Asking(there, turn, there.profile.pull or PullRule())
        held = _held(asking, endpoint, cursor(there.database.read(), _name(there)))
        if held is None:
            return False
        answer = ask(asking, "DELETE", f"{_TYPE}/{held['id']}")
        if not (answer.is_success or answer.status in GONE):
            raise EhrError(
                f"expected that its {_TYPE} can be removed; it answered HTTP {answer.status}. "
                "Ask the clinic to turn it off; it ends by itself within a week."
            )
        _keep(there, endpoint, "")
        return True


# Private functions


def _name(clinic: Clinic) -> str:
    return f"subscription {clinic.name}"


def _held(asking: Asking, endpoint: Endpoint, known: Cursor | None) -> dict[str, Any] | None:
    """Our Subscription there: the one that is remembered, else one with the same endpoint."""
    if known is not None and known.position not in {"", _OFF}:
        answer = ask(asking, "GET", f"{_TYPE}/{known.position}")
        if answer.is_success and answer.body.get("resourceType") == _TYPE:
            return answer.body
    asked = urlencode({"url": endpoint.url}).encode()
    answer = ask(asking, "POST", f"{_TYPE}/_search", asked)
    for entry in entries(answer.body) if answer.is_success else ():
        resource = entry.get("resource")
        channel = resource.get("channel") if isinstance(resource, dict) else None
        if isinstance(channel, dict) and channel.get("endpoint") == endpoint.url:
            return resource
    return None


def _due(
    clinic: Clinic, endpoint: Endpoint, held: dict[str, Any] | None, known: Cursor | None
) -> Standing:
    """What has to be done with what is there."""
    if held is None:
        return "made"
    left = _end_of(held) - clinic.clock()
    match held.get("status"):
        case "off":
            return "off" if left > timedelta(0) else "renewed"  # off, because its time was over
        case "error":
            return "asked for again"
    is_same = known is not None and known.basis == _basis(clinic, endpoint)
    return "standing" if is_same and left > _LASTS / 2 else "renewed"


def _end_of(held: dict[str, Any]) -> datetime:
    """When it ends; long ago where it does not say."""
    said = moment(held.get("end"))
    return datetime.fromisoformat(said) if said else datetime.min.replace(tzinfo=UTC)


def _put(
    asking: Asking, endpoint: Endpoint, held: dict[str, Any] | None, word: Standing
) -> Standing:
    """Asks for it: anew, or in place of what is there."""
    clinic = asking.clinic
    end = clinic.clock().astimezone(UTC) + _LASTS
    wanted = {
        "resourceType": _TYPE,
        "status": "requested",
        "reason": "To fetch what was answered anew",
        "criteria": "QuestionnaireResponse?",
        "end": end.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "channel": {
            "type": "rest-hook",
            "endpoint": endpoint.url,
            "header": [f"{HEADER}: {endpoint.secret}"],
        },
    }
    answer = _written(asking, wanted, None if held is None else str(held["id"]))
    if not answer.is_success:
        return "refused"
    there = answer.body if "id" in answer.body else _held(asking, endpoint, None)
    _keep(clinic, endpoint, str((there or held or {}).get("id", "")))
    return word


def _written(asking: Asking, wanted: dict[str, Any], id_: str | None) -> Answer:
    """What the clinic says; where it takes no update, it gets a new one for the old one."""
    if id_ is not None:
        answer = ask(asking, "PUT", f"{_TYPE}/{id_}", orjson.dumps({**wanted, "id": id_}))
        if answer.is_success:
            return answer
        ask(asking, "DELETE", f"{_TYPE}/{id_}")
    return ask(asking, "POST", _TYPE, orjson.dumps(wanted))


def _keep(clinic: Clinic, endpoint: Endpoint, position: str) -> None:
    with clinic.database.write() as tx:
        keep_cursor(tx, Cursor(_name(clinic), position, _basis(clinic, endpoint), clinic.now()))


def _basis(clinic: Clinic, endpoint: Endpoint) -> str:
    return clinic.identity.token(_name(clinic), endpoint.url, endpoint.secret)
