"""What is seen of the running service from outside: its health, its figures, its requests."""

from __future__ import annotations

import logging
import time
from uuid import uuid4  # noqa: TID251 - this floor knows chance

from starlette.applications import Starlette

from adapter.server.figures import Figures
from adapter.server.health import Check, health_routes
from adapter.server.metrics import Metrics, Requests, metrics_route
from adapter.server.watched import Watched, Watching
from adapter.service.logs import tell
from adapter.service.running import Service
from adapter.settings import ServeSettings, kept_secret
from adapter.store import instances
from adapter.store.database import SCHEMA_VERSION


def watch(app: Starlette, service: Service, settings: ServeSettings) -> None:
    """Adds the pages for whoever watches, and has every request watched from outside."""
    requests = Requests()
    app.router.routes.extend(health_routes(_checks(service), _failed))
    named = settings.metrics_token_env, settings.metrics_token_file
    if any(named):
        clinics = [clinic.name for clinic in service.clinics]
        figures = Figures(service.database, clinics, service.clock)
        metrics = Metrics(figures, requests, time.monotonic)
        token = kept_secret(service.environment, *named, "the metrics' token")
        app.router.routes.append(metrics_route(metrics, token))
    app.add_middleware(Watched, watching=Watching(tell, requests, time.perf_counter, _unique))


def _checks(service: Service) -> dict[str, Check]:
    database, crosswalk = service.database, service.crosswalk

    def ledger() -> bool:
        instances.last_run(database.read())
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
