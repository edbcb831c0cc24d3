"""`adapter listen`: pulls as soon as a clinic says that something was written, and now and then."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from contextlib import suppress
from urllib.parse import urlsplit

import orjson

from adapter.cli.opening import opened
from adapter.cli.pull import counts_of
from adapter.cli.terminal import document, warn
from adapter.service import Service
from adapter.service.notifications import Knocks, Rhythm, notification_app, turns, visit_all
from adapter.service.noting import noted
from adapter.simulate.serve import HOST, serving
from adapter.sync.clinic import Clinic
from adapter.sync.pull import pull
from adapter.sync.subscription import Endpoint, subscribe, unsubscribe

USAGE = 2
_HERE = frozenset({HOST, "localhost"})


def run_listen(said: argparse.Namespace) -> int:
    """Listens until it is interrupted; with `--off`, removes the Subscriptions instead."""
    address = urlsplit(said.url)
    is_safe = address.scheme == "https" or (address.scheme, address.hostname) in {
        ("http", here) for here in _HERE
    }
    if not is_safe:
        warn("expected --url with https, at which clinics reach this machine; it carries a secret")
        return USAGE
    with opened(said, asks=True) as service:
        if said.off:
            return _turn_off(service, said)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            _listen(service, said)
    return 0


def endpoint_of(clinic: Clinic, url: str) -> Endpoint:
    """Where a clinic's notifications arrive; the secret follows from the study's key."""
    place = f"{url.rstrip('/')}/{clinic.name}"
    return Endpoint(place, clinic.identity.token("notification", clinic.name, place))


# Private functions


def _listen(service: Service, said: argparse.Namespace) -> None:
    asked = {each.name: each for each in service.clinics if each.profile.pull is not None}
    endpoints = {
        name: endpoint_of(clinic, said.url)
        for name, clinic in asked.items()
        if clinic.profile.pull is not None and clinic.profile.pull.subscribe
    }
    if not asked:
        warn("expected a clinic whose profile says `pull`; found none, so nobody is asked")
        return
    knocks = Knocks()
    app = notification_app({name: each.secret for name, each in endpoints.items()}, knocks.add)

    def look(name: str, *, is_start: bool) -> None:
        _look(service, asked[name], endpoints.get(name), is_start=is_start)

    with serving(app, said.port) as port:
        print(f"listening at http://{HOST}:{port}; Ctrl-C ends it", file=sys.stderr, flush=True)
        rhythm = Rhythm(said.every * 60, said.pause)
        visit_all(turns(asked, knocks.wait, rhythm, time.monotonic), look, knocks.add, warn)


def _look(service: Service, clinic: Clinic, endpoint: Endpoint | None, *, is_start: bool) -> None:
    """One look at a clinic: first at its Subscription, so that what comes next is told."""
    told: dict[str, object] = {"name": clinic.name}
    if endpoint is not None:
        told["subscription"] = subscribe(clinic, endpoint, is_start=is_start)
    asked = noted("pull", lambda there, _: pull(there, service.trial))(clinic, lambda _: None)
    told |= counts_of(asked)
    print(orjson.dumps(told).decode(), flush=True)


def _turn_off(service: Service, said: argparse.Namespace) -> int:
    removed = {
        each.name: unsubscribe(each, endpoint_of(each, said.url))
        for each in service.clinics
        if each.profile.pull is not None and each.profile.pull.subscribe
    }
    if said.json:
        document({"clinics": [{"name": name, "removed": was} for name, was in removed.items()]})
    else:
        for name, was in removed.items():
            print(f"{name}: {'removed' if was else 'there was none'}")
    return 0
