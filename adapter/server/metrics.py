"""`/metrics`, for Prometheus: the figures of the ledger first, then the requests of all workers.

Labels are names of the configuration, templates of routes and classes of status: no id, no query,
nothing that grows. Without the token there is no such page.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import hmac
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapter.server.figures import Figures

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder in which several workers count together."""
KEPT_SECONDS = 5.0
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Requests:
    """Counts requests by route and class of status, and how long they took."""

    def __init__(self) -> None:
        """Begins to count, together with the other workers where there are some."""
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._count = Counter(
            "adapter_http_requests", "Requests answered.", labels, registry=self._registry
        )
        self._seconds = Histogram(
            "adapter_http_request_seconds",
            "How long answers took.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def add(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one request."""
        name = method, route, status // 100
        known = self._known.get(name)
        if known is None:
            labelled = self._count.labels(method, route, f"{name[2]}xx")
            known = self._known[name] = labelled, self._seconds.labels(route)
        known[0].inc()
        known[1].observe(seconds)

    def exposed(self) -> bytes:
        """All of them, of every worker."""
        if FOLDER not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


@dataclass
class Metrics:
    """What the page says. The ledger is asked once in a few seconds; `seconds` only grow."""

    figures: Figures
    requests: Requests
    seconds: Callable[[], float]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _kept: tuple[float, bytes] | None = None

    def exposed(self) -> bytes:
        """The page."""
        with self._lock:
            if self._kept is None or self.seconds() - self._kept[0] >= KEPT_SECONDS:
                registry = CollectorRegistry()
                registry.register(self.figures)
                self._kept = self.seconds(), generate_latest(registry)
        return self._kept[1] + self.requests.exposed()


def metrics_route(metrics: Metrics, token: Callable[[], str]) -> Route:
    """The page, for whoever shows the token; for everybody else there is none."""

    def page(request: Request) -> Response:
        told = request.headers.get("authorization", "")
        if not hmac.compare_digest(told.encode(), f"Bearer {token()}".encode()):
            return Response(status_code=404)
        return Response(metrics.exposed(), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return Route("/metrics", page, methods=["GET"])
