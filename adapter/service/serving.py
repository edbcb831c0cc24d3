"""The HTTP service out of the settings: its clients and their keys, and the application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_hex, token_urlsafe
from typing import Any

import httpx
import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from adapter.errors import DeclarationError, Origin, Problem
from adapter.server import Api, Caller, Ledger, api_app
from adapter.server.app import HANDLERS, statement_of
from adapter.server.audited import Audited, Auditing
from adapter.server.bulk import Desk, Worker
from adapter.server.caller import read_scopes
from adapter.server.described import PATHS, description_routes, mounted
from adapter.server.doors import caller_of, discovery_route, token_route
from adapter.server.grants import Client, Grants
from adapter.server.openapi import openapi
from adapter.server.write_routes import bundle_route
from adapter.service.clock import now
from adapter.service.running import Service
from adapter.service.triggers import triggers_route
from adapter.service.watching import watch
from adapter.settings import ClientSettings, ServeSettings, stamp_of

JWKS_SECONDS = 10.0
DOORS = {"fhir": "fhir", "auth": "auth", "app": "pages", "redcap": "trigger"}
"""Parts of the service by the beginning of their paths, as the access log names them."""
UNAUDITED: tuple[str, ...] = ("/app/static/", "/health/", "/metrics", *PATHS)
"""How paths begin that tell nothing of anybody, and are asked for all the time."""
_NO_KEYS: Mapping[str, Any] = {"keys": []}


def service_app(service: Service, ring: Callable[[], None] = lambda: None) -> Starlette:
    """The application: FHIR under `/fhir`, the token endpoint under `/auth`.

    `ring` wakes who fetches records that a source said were saved.

    Raises:
        DeclarationError: the settings do not say how to serve.
    """
    settings = service.settings.serve
    if settings is None:
        problem = Problem(
            Origin("adapter.toml"), "serve", "a table [serve] with `url`", "none", "Add it."
        )
        raise DeclarationError("Nothing says how to serve.", (problem,))
    clients = {each.id: _client(each) for each in settings.clients}
    grants = Grants(
        service.database, clients, f"{settings.url}/auth/token", now, lambda: token_urlsafe(32)
    )

    async def authenticate(request: Request) -> Caller:
        return await caller_of(request, grants)

    study, crosswalk = service.trial.study, service.crosswalk

    def is_linked(clinic: str, participant: str) -> bool:
        return crosswalk.linked(clinic, participant) is not None

    ledger = Ledger(service.database, study, service.trial.forms, now, is_linked)
    ledger.catch_up()  # all of it now, so that no first search waits
    software, trial = service.trial.software, service.trial
    base = f"{settings.url}/fhir"
    desk = desk_of(service, ledger, base, settings)
    doors = {"token": grants.url}
    api = Api(ledger, base, software, authenticate, trial, desk, doors)
    fhir = api_app(api)
    fhir.router.routes.insert(0, discovery_route(grants))
    app = Starlette(lifespan=lambda _: _exporting(desk))
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)
    app.router.routes += [token_route(grants), bundle_route(api, "/fhir")]
    triggers = triggers_route(service, ring)
    app.router.routes.extend([triggers] if triggers else [])
    app.mount("/fhir", fhir)
    if settings.people:
        from adapter.service.viewing import viewer_app  # noqa: PLC0415 - only who has people pays

        app.mount("/app", viewer_app(service, settings, ledger))
    app.add_middleware(Audited, auditing=_auditing(service))
    watch(app, service, settings)  # around everything else
    addresses = [*mounted(app.routes), *mounted(fhir.routes, "/fhir")]
    app.router.routes += description_routes(openapi(statement_of(api), addresses))
    return app


def _auditing(service: Service) -> Auditing:
    """The audit of accesses: `DOORS` are all of it, but for what is told to nobody."""
    return Auditing(service.accesses.note, now, lambda: token_hex(8), DOORS, UNAUDITED)


def desk_of(service: Service, ledger: Ledger, base: str, settings: ServeSettings) -> Desk:
    """Where exports are asked for."""
    trial = service.trial
    return Desk(
        ledger=ledger,
        base=base,
        folder=settings.export_folder,
        basis=trial.basis,
        group_id=trial.identity.group_id,
        patient_id=trial.identity.patient,
        unique=lambda: token_urlsafe(24),
        hours=settings.export_hours,
    )


@asynccontextmanager
async def _exporting(desk: Desk) -> AsyncIterator[None]:
    """What is asked for is written for as long as requests are answered."""
    worker = Worker(desk)
    worker.start()
    try:
        yield
    finally:
        await run_in_threadpool(worker.stop)


def _client(settings: ClientSettings) -> Client:
    caller = Caller(
        settings.id,
        settings.purpose,
        settings.clinic,
        settings.unblinded,
        read_scopes(settings.scopes),
    )
    if settings.jwks_file is not None:
        return Client(caller, _KeysInFile(settings.jwks_file))
    url = settings.jwks_url or ""
    return Client(caller, _KeysAtAddress(url), url)


class _KeysInFile:
    """A client's JWKS in a file, read again when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: tuple[tuple[int, ...], Mapping[str, Any]] | None = None

    def __call__(self, is_asked_again: bool) -> Mapping[str, Any]:  # noqa: FBT001 - the seam's one word
        del is_asked_again  # a file is looked at each time
        stamp = stamp_of(self._path)
        if self._last is None or self._last[0] != stamp:
            self._last = stamp, _read(self._path.read_bytes() if self._path.is_file() else b"")
        return self._last[1]


class _KeysAtAddress:
    """A client's JWKS where it serves them; never kept longer than its server says.

    https://www.rfc-editor.org/rfc/rfc9111
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._last, self._until = _NO_KEYS, 0.0

    def __call__(self, is_asked_again: bool) -> Mapping[str, Any]:  # noqa: FBT001 - the seam's one word
        moment = now().timestamp()
        if not is_asked_again and moment < self._until:
            return self._last
        try:
            answer = httpx.get(self._url, timeout=JWKS_SECONDS, follow_redirects=False)
        except httpx.HTTPError:
            return _NO_KEYS
        if not answer.is_success:
            return _NO_KEYS
        self._last, self._until = _read(answer.content), moment + _seconds(answer.headers)
        return self._last


def _read(content: bytes) -> Mapping[str, Any]:
    try:
        said = orjson.loads(content)
    except orjson.JSONDecodeError:
        return _NO_KEYS
    return said if isinstance(said, dict) else _NO_KEYS


def _seconds(headers: Mapping[str, str]) -> float:
    """How long an answer may be kept: as long as it says, not at all where it says nothing."""
    for word in headers.get("cache-control", "").lower().split(","):
        name, _, value = word.strip().partition("=")
        if name in {"no-store", "no-cache"}:
            return 0.0
        if name == "max-age" and value.isdecimal():
            return float(min(int(value), 86_400))
    return 0.0
