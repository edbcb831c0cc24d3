"""The far side of the wire: a simulated record system that a test can cut off, slow or overload.

A fault stands between a request and the record system; `take` lets the request through to it. So a
test says on which side of the effect the answer was lost.
"""

from __future__ import annotations

import itertools
import json
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

import httpx

from adapter.simulate import FULL, RecordSystem, record_system_app
from tests.in_process import ask_app

Resource = dict[str, Any]
Take = Callable[[httpx.Request], httpx.Response]
Fault = Callable[[httpx.Request, Take], httpx.Response]

BASE = "https://clinic.example.org/fhir/"


class FarSide(httpx.BaseTransport):
    """Answers requests, keeps them, and fails as it is told: a transport, or a side effect."""

    def __init__(
        self, clock: Callable[[], datetime], *, stale_status: Literal[409, 412] = 412
    ) -> None:
        self.system = RecordSystem(
            clock=clock,
            ids=map(str, itertools.count(1)),
            check=None,
            personality=replace(FULL, stale_status=stale_status),
        )
        self.requests: list[httpx.Request] = []
        self.moments: list[datetime] = []
        self.faults: deque[Fault | None] = deque()
        """What meets the next requests, one each; None lets one through."""
        self.rule: Fault | None = None
        """What meets every request that no fault meets."""
        self.people: list[httpx.Request] = []
        """What asked after a linked Patient, which no other fault and no rule meets."""
        self.told_of_people: Fault | None = None
        self._app = record_system_app(self.system)
        self.clock = clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        if request.url.path.endswith("Patient/_search") and request.content.startswith(b"_id="):
            self.people.append(request)
            said = self.told_of_people
            return self.take(request) if said is None else said(request, self.take)
        self.requests.append(request)
        self.moments.append(self.clock())
        fault = (self.faults.popleft() if self.faults else None) or self.rule
        return self.take(request) if fault is None else fault(request, self.take)

    def take(self, request: httpx.Request) -> httpx.Response:
        """What the record system itself answers."""
        return ask_app(self._app, request)

    @property
    def bundles(self) -> list[Resource]:
        """The bundles it was sent, transactions and batches."""
        return [
            json.loads(request.content)
            for request in self.requests
            if request.method == "POST" and str(request.url) == BASE
        ]

    @property
    def transactions(self) -> list[list[Resource]]:
        """The entries of each transaction it was sent."""
        return [bundle["entry"] for bundle in self.bundles if bundle["type"] == "transaction"]

    @property
    def reads(self) -> list[list[str]]:
        """The names in each batch of reads it was sent."""
        return [
            [entry["request"]["url"] for entry in bundle["entry"]]
            for bundle in self.bundles
            if bundle["type"] == "batch"
        ]

    def holds(self, name: str) -> Resource | None:
        """What it holds under `Type/id`, None for nothing or nothing any more."""
        newest = self.system.resources.latest(*name.split("/"))
        return None if newest is None or newest.body is None else json.loads(newest.body)

    def version_of(self, name: str) -> int:
        """How many versions it has of a resource, deletions included."""
        return len(self.system.resources.versions(*name.split("/")))

    def put(self, resource: Resource) -> None:
        """Somebody at the clinic writes."""
        self._by_a_person("PUT", resource["resourceType"], resource["id"], resource)

    def delete(self, name: str) -> None:
        """Somebody at the clinic deletes."""
        kind, id_ = name.split("/")
        self._by_a_person("DELETE", kind, id_)

    def _by_a_person(
        self, method: str, name: str, id_: str, resource: Resource | None = None
    ) -> None:
        request = httpx.Request(
            method,
            f"{BASE}{name}/{id_}",
            content=b"" if resource is None else json.dumps(resource).encode(),
            headers={"Content-Type": "application/fhir+json"},
        )
        assert self.take(request).is_success


def answering(
    status: int, body: Resource | str | bytes = b"", **headers: str
) -> Callable[..., httpx.Response]:
    """A fault: this answer, and no effect."""

    def fault(_: httpx.Request, __: Take | None = None) -> httpx.Response:
        content = json.dumps(body) if isinstance(body, dict) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Response(status, headers=named, content=content)

    return fault


def lost(error: type[httpx.TransportError]) -> Fault:
    """A fault: this error, and no effect."""

    def fault(request: httpx.Request, _: Take) -> httpx.Response:
        raise error("lost on the way", request=request)

    return fault


def taken_but(fault: Fault) -> Fault:
    """A fault that comes after the effect."""

    def late(request: httpx.Request, take: Take) -> httpx.Response:
        take(request)
        return fault(request, take)

    return late


def outcome(text: str, code: str = "processing") -> Resource:
    """An OperationOutcome with one issue."""
    issue = {"severity": "error", "code": code, "diagnostics": text}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def refusing(marks: str, *, status: int = 422, text: str = "it is not wanted here") -> Fault:
    """A fault: transactions that hold `marks` are refused as a whole."""

    def fault(request: httpx.Request, take: Take) -> httpx.Response:
        if b'"transaction"' in request.content and marks.encode() in request.content:
            return httpx.Response(status, json=outcome(text))
        return take(request)

    return fault
