"""What is seen of the running service from outside: its health, its figures, its requests."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from uuid import uuid4  # noqa: TID251 - this floor knows chance

from starlette.applications import Starlette
from starlette.requests import Request

from adapter.fhir.operation_outcome import refuse
from adapter.server import Caller
from adapter.server.audited import Audited, Auditing
from adapter.server.bounds import Bounded, Bounds, Buckets
from adapter.server.figures import Figures
from adapter.server.health import Check, health_routes
from adapter.server.metrics import Metrics, Requests, metrics_route
from adapter.server.origins import OpenToOrigins, Origins
from adapter.server.watched import Watched, Watching
from adapter.service.logs import tell
from adapter.service.running import Service
from adapter.settings import ServeSettings, kept_secret
from adapter.store import runs
from adapter.store.database import SCHEMA_VERSION


def watch(app: Starlette, service: Service, settings: ServeSettings, auditing: Auditing) -> None:
    """Adds the pages for whoever watches, and has every request bounded, noted and watched.

    What is refused for its length or its time has its line in the access log, too.
    """
    requests = Requests()
    app.router.routes.extend(health_routes(_checks(service), _failed))
    named = settings.metrics_token_env, settings.metrics_token_file
    if any(named):
        clinics = [clinic.name for clinic in service.clinics]
        figures = Figures(service.database, clinics, service.clock)
        metrics = Metrics(figures, requests, time.monotonic)
        token = kept_secret(service.environment, *named, "the metrics' token")
        app.router.routes.append(metrics_route(metrics, token))
    sign_ins = Buckets(
        settings.sign_ins_per_minute / 60, max(1, int(settings.sign_ins_per_minute)), time.monotonic
    )
    app.add_middleware(Bounded, bounds=Bounds(settings.request_seconds, sign_ins))
    app.add_middleware(Audited, auditing=auditing)
    pages = {each.id: frozenset(each.origins) for each in settings.clients if each.origins}
    if pages:  # around what refuses, which a page has to be able to read, too
        app.add_middleware(OpenToOrigins, origins=Origins(pages))
    app.add_middleware(Watched, watching=Watching(tell, requests, time.perf_counter, _unique))


def paced(
    authenticate: Callable[[Request], Awaitable[Caller]], settings: ServeSettings
) -> Callable[[Request], Awaitable[Caller]]:
    """Who asks, as far as they do not ask more often than they may."""
    rate = settings.requests_per_second
    buckets = Buckets(rate, max(1, int(2 * rate)), time.monotonic)
    own = {each.id: each.requests_per_second for each in settings.clients}

    async def known(request: Request) -> Caller:
        caller = await authenticate(request)
        if buckets.take(caller.client, own.get(caller.client)):
            raise refuse(429, "throttled", "This client asks more often than it may")
        return caller

    return known


def _checks(service: Service) -> dict[str, Check]:
    database, crosswalk = service.database, service.crosswalk

    def ledger() -> bool:
        runs.last_run(database.read())
        return True

    def schema() -> bool:
        return database.engine.version(database.read()) == SCHEMA_VERSION

    def opens() -> bool:
        crosswalk.linked("", "")  # looked for, and found by nobody
        return True

    return {"ledger": ledger, "schema": schema, "crosswalk": opens}


def _failed(check: str, wrong: BaseException) -> None:
    tell("not_ready", {"check": check, "error": type(wrong).__name__}, level=logging.ERROR)


def _unique() -> str:
    return str(uuid4())
