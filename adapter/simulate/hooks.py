"""Subscriptions by rest-hook without a payload: a request to the endpoint after what they name.

As HAPI FHIR JPA does: one that is requested becomes active at once, deletions are told to nobody,
and with a payload nothing is sent here, for this server tells no content. A notification that is
not answered with 2xx is not repeated: the Subscription says `error` from then on. One whose `end`
is over says `off`. What HAPI does after an error is not verified; R4 leaves it to the server.

Source: https://hl7.org/fhir/R4/subscription.html
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import httpx

from adapter.simulate.query import fits, parse_criteria

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from adapter.simulate.full import RecordSystem
    from adapter.simulate.versions import Resource, Version

_TYPE = "Subscription"
Notify = Callable[["Notification", Callable[[], None]], None]
"""Sends a notification, now or soon, and calls the other where it was not taken."""


@dataclass(frozen=True, slots=True)
class Notification:
    """One request that a Subscription is to send: an empty POST."""

    endpoint: str
    headers: Mapping[str, str]


def post_in_background(seconds: float = 5) -> Notify:
    """What sends notifications from a thread of its own, each with so many seconds' time."""
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="notifications")

    def post(notification: Notification, failed: Callable[[], None]) -> None:
        try:
            httpx.post(
                notification.endpoint,
                headers=dict(notification.headers),
                timeout=seconds,
                trust_env=False,
            ).raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError):
            failed()

    def send(notification: Notification, failed: Callable[[], None]) -> None:
        pool.submit(post, notification, failed)

    return send


def hooks(notify: Notify) -> Callable[[RecordSystem, Iterable[Version]], None]:
    """What a record system does after a write so that it notifies."""
    return partial(tell, notify)


def tell(notify: Notify, system: RecordSystem, versions: Iterable[Version]) -> None:
    """After these versions were written: wakes the Subscriptions that they concern."""
    written = [version for version in versions if version.body is not None]
    for version in written:
        if version.type == _TYPE and _said(version).get("status") == "requested":
            _become(system, version.id, "active")
    for id_ in sorted(system.resources.live(_TYPE)):
        subscription = _said(system.resources.versions(_TYPE, id_)[-1])
        if subscription.get("status") != "active":
            continue
        if any(_concerns(subscription, version) for version in written):
            _wake(notify, system, id_, subscription)


# Private functions


def _wake(notify: Notify, system: RecordSystem, id_: str, subscription: Resource) -> None:
    end = subscription.get("end")
    if end is not None and datetime.fromisoformat(end) <= system.now():
        _become(system, id_, "off")
        return
    channel = subscription["channel"]
    if channel.get("type") != "rest-hook" or "payload" in channel:
        return
    lines = (line.partition(":") for line in channel.get("header", ()))
    headers = {name.strip(): value.strip() for name, _, value in lines}

    def failed() -> None:
        with system.lock:
            if system.resources.is_live(_TYPE, id_):
                _become(system, id_, "error")

    notify(Notification(channel["endpoint"], headers), failed)


def _concerns(subscription: Resource, version: Version) -> bool:
    """Whether a resource in this version is what the criteria name."""
    kind, _, rest = str(subscription.get("criteria", "")).partition("?")
    return kind == version.type and (not rest or fits(version, parse_criteria(kind, rest)))


def _become(system: RecordSystem, id_: str, status: str) -> None:
    said = _said(system.resources.versions(_TYPE, id_)[-1])
    draft = system.draft()
    draft.put((_TYPE, id_), {**said, "status": status}, "PUT")
    system.commit(draft)


def _said(version: Version) -> Resource:
    return version.resource or {}
