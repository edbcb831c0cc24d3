"""REDCap's triggers out of the settings: which projects tell, and how each is let in."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from adapter.errors import DeclarationError, Origin, Problem
from adapter.service.running import Service
from adapter.settings import RedcapApiSettings, Settings, TriggerSettings, kept_secret
from adapter.store import triggered

if TYPE_CHECKING:
    from starlette.routing import Route

MOST_WAITING = 10_000
"""More records than this may not wait; whoever is told then is found by the next reading of all."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{32,256}")  # 128 bits, even in hexadecimal digits


def triggered_sources(settings: Settings) -> list[RedcapApiSettings]:
    """The projects whose triggers are heard."""
    return [
        each
        for each in settings.sources
        if isinstance(each, RedcapApiSettings) and each.trigger is not None
    ]


def source_of(settings: RedcapApiSettings) -> str:
    """What a project calls itself when it is read: the host, and its number."""
    return f"{urlsplit(settings.url).hostname}, project {_trigger_of(settings).project}"


def triggers_route(service: Service, ring: Callable[[], None]) -> Route | None:
    """The door of all triggers, None where none is configured; `ring` wakes who fetches.

    Raises:
        DeclarationError: a secret is missing, or can be guessed.
    """
    heard = triggered_sources(service.settings)
    if not heard:
        return None
    from adapter.server.triggers import Trigger, trigger_route  # noqa: PLC0415 - only who serves

    known = [
        Trigger(
            source_of(each),
            str(_trigger_of(each).project),
            _trigger_of(each).redcap_url or each.url.rstrip("/").removesuffix("/api"),
            _secret(service, _trigger_of(each)),
        )
        for each in heard
    ]

    def note(source: str, record: str) -> None:
        with service.database.write() as tx:
            triggered.note(tx, source, record, service.now(), MOST_WAITING)
        ring()

    return trigger_route(known, note)


def _secret(service: Service, settings: TriggerSettings) -> Callable[[], str]:
    """The secret as it is now; it is looked at once before anybody may knock."""
    names = settings.secret_env, settings.secret_file
    secret = kept_secret(service.environment, *names, "the secret of REDCap's trigger")
    if not _SECRET.fullmatch(secret()):
        problem = Problem(
            Origin("adapter.toml"),
            "trigger.secret_env or trigger.secret_file",
            "at least 32 letters, digits, - or _ that nobody can guess",
            "something else",
            "Make one by a machine: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )
        raise DeclarationError("The trigger's secret cannot be used.", (problem,))
    return secret


def _trigger_of(settings: RedcapApiSettings) -> TriggerSettings:
    assert settings.trigger is not None  # noqa: S101 - asked for the triggered ones alone
    return settings.trigger
