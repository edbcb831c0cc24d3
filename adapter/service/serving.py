"""The HTTP service out of the settings: its clients and their keys, and the application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from secrets import token_hex, token_urlsafe

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from adapter.errors import DeclarationError, Origin, Problem
from adapter.server import Api, Caller, api_app
from adapter.server.app import HANDLERS, statement_of
from adapter.server.audited import Auditing
from adapter.server.bulk import Desk, Worker
from adapter.server.described import PATHS, description_routes, mounted
from adapter.server.doors import caller_of, discovery_route, token_route
from adapter.server.grants import Client, Grants
from adapter.server.hooks import hook_routes
from adapter.server.openapi import openapi
from adapter.server.routed import Forked
from adapter.server.write_routes import bundle_route
from adapter.service.clock import now
from adapter.service.exporting import desk_of, ledger_of
from adapter.service.hooks import caller_as_registered, hooks_of, issuings
from adapter.service.jwks import keys_of
from adapter.service.running import Service
from adapter.service.triggers import triggers_route
from adapter.service.watching import paced, watch
from adapter.settings import ClientSettings

DOORS = {
    "fhir": "fhir",
    "auth": "auth",
    "app": "pages",
    "redcap": "trigger",
    "cds-services": "hooks",
}
"""Parts of the service by the beginning of their paths, as the access log names them."""
UNAUDITED: tuple[str, ...] = ("/app/static/", "/health/", "/metrics", *PATHS)
"""How paths begin that tell nothing of anybody, and are asked for all the time."""
SILENT = TelemetryConfig(
    tracing=False, metrics=False, logs=False, operation_spans=False, auto_configure=False
)
"""FastAPI's own telemetry would put paths, queries and the words of errors into spans."""


def service_app(service: Service, ring: Callable[[], None] = lambda: None) -> FastAPI:
    """The application: FHIR under `/fhir`, the token endpoint under `/auth`, other doors beside.

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
    clients = {each.id: _client(each) for each in settings.clients if each.issuer is None}
    grants = Grants(
        service.database, clients, f"{settings.url}/auth/token", now, lambda: token_urlsafe(32)
    )

    issued = issuings(settings)

    async def known(request: Request) -> Caller:
        return await caller_of(request, grants, issued)

    authenticate = paced(known, settings)
    base = f"{settings.url}/fhir"
    ledger = ledger_of(service, base)
    ledger.catch_up()  # all of it now, so that no first search waits
    software, trial = service.trial.software, service.trial
    desk = desk_of(service, ledger, settings.export_folder, base, settings.export_hours)
    doors = {"token": grants.url}
    audit = service.audit.path if any(each.auditor for each in settings.clients) else None
    has_origins = any(each.origins for each in settings.clients)
    api = Api(ledger, base, software, authenticate, trial, desk, doors, audit, has_origins)
    fhir = api_app(api, discovery_route(grants))
    app = FastAPI(
        title="trial-fhir-adapter",
        lifespan=lambda _: _exporting(desk),
        # What is mounted is described by what our own statement says of it.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry=SILENT,
    )
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)
    app.router.routes += [token_route(grants), bundle_route(api, "/fhir")]
    triggers = triggers_route(service, ring)
    app.router.routes.extend([triggers] if triggers else [])
    if settings.hooks:
        app.router.routes.extend(hook_routes(hooks_of(service, settings, ledger)))
    app.add_middleware(Forked, prefix="/fhir", under=fhir)  # most requests are for it
    if settings.people or settings.record_systems:
        from adapter.service.viewing import viewer_app  # noqa: PLC0415 - only who has people pays

        app.mount("/app", viewer_app(service, settings, ledger))
    watch(app, service, settings, _auditing(service))  # around everything else
    addresses = [*mounted(app.routes), *mounted(fhir.routes, "/fhir")]
    app.router.routes += description_routes(openapi(statement_of(api), addresses))
    return app


def _auditing(service: Service) -> Auditing:
    """The audit of accesses: `DOORS` are all of it, but for what is told to nobody."""
    return Auditing(service.accesses.note, now, lambda: token_hex(8), DOORS, UNAUDITED)


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
    keys = keys_of(settings.jwks_file, settings.jwks_url)
    return Client(caller_as_registered(settings), keys, settings.jwks_url or "")
