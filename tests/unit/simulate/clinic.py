"""A simulated record system and its client, for the tests of what it answers."""

from __future__ import annotations

import asyncio
import itertools
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx

from adapter.fhir.r4 import check_resource
from adapter.simulate import FULL, Personality, RecordSystem, record_system_app
from adapter.simulate.full import check_r4

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Resource = dict[str, Any]

BASE = "http://clinic.test/fhir"
NEVER = "urn:uuid:00000000-0000-4000-8000-000000000000"
IHI = "http://ns.electronichealth.net.au/id/hi/ihi/1.0"


class Clinic:
    """One record system with a clock that stands still until it is moved, not in UTC."""

    def __init__(
        self,
        *,
        journal: Path | None = None,
        check: Callable[[Resource], None] | None = check_r4,
        personality: Personality = FULL,
    ) -> None:
        self.now = datetime(2026, 3, 1, 20, 30, 0, 123456, tzinfo=ZoneInfo("Australia/Sydney"))
        self.system = RecordSystem(
            clock=lambda: self.now,
            ids=map(str, itertools.count(1000)),
            journal=journal,
            check=check,
            personality=personality,
        )
        self.app = record_system_app(self.system)

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def ask(
        self,
        method: str,
        path: str,
        content: Resource | str | bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        if isinstance(content, dict):
            content = json.dumps(content)
        said = {"content-type": "application/fhir+json"} if content is not None else {}

        async def exchange() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport) as client:
                url = f"{BASE}/{path}" if path else BASE
                return await client.request(
                    method, url, content=content, headers={**said, **(headers or {})}
                )

        return asyncio.run(exchange())

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("GET", path, headers=_as_sent(headers))

    def put(self, resource: Resource, **headers: str) -> httpx.Response:
        path = f"{resource['resourceType']}/{resource['id']}"
        return self.ask("PUT", path, resource, _as_sent(headers))

    def post(self, resource: Resource, **headers: str) -> httpx.Response:
        return self.ask("POST", resource["resourceType"], resource, _as_sent(headers))

    def delete(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("DELETE", path, headers=_as_sent(headers))

    def transact(self, *entries: Resource, **headers: str) -> httpx.Response:
        return self.ask("POST", "", bundle("transaction", *entries), _as_sent(headers))

    def batch(self, *entries: Resource, **headers: str) -> httpx.Response:
        return self.ask("POST", "", bundle("batch", *entries), _as_sent(headers))

    def ids(self, search: str) -> list[str]:
        """The ids that a search finds, in its order."""
        found = self.get(search).json()
        return [entry["resource"]["id"] for entry in found.get("entry", ())]


def patient(id_: str | None = None, *identifiers: str, **elements: object) -> Resource:
    said: Resource = {"resourceType": "Patient", **elements}
    if id_ is not None:
        said["id"] = id_
    if identifiers:
        said["identifier"] = [{"system": IHI, "value": value} for value in identifiers]
    return said


def observation(id_: str | None = None, subject: str | None = None, **elements: object) -> Resource:
    said: Resource = {"resourceType": "Observation", "status": "final", "code": {"text": "PHQ-9"}}
    if id_ is not None:
        said["id"] = id_
    if subject is not None:
        said["subject"] = {"reference": subject}
    return {**said, **elements}


def bundle(kind: str, *entries: Resource) -> Resource:
    said: Resource = {"resourceType": "Bundle", "type": kind}
    return {**said, "entry": list(entries)} if entries else said


def entry(
    method: str,
    url: str,
    resource: Resource | None = None,
    full_url: str | None = None,
    **request: str,
) -> Resource:
    said: Resource = {"request": {"method": method, "url": url, **request}}
    if resource is not None:
        said["resource"] = resource
    if full_url is not None:
        said["fullUrl"] = full_url
    return said


def refusal(response: httpx.Response) -> tuple[int, list[str]]:
    """The status and the issue codes of an answer that is an OperationOutcome."""
    outcome = response.json()
    check_resource(outcome)
    assert outcome["resourceType"] == "OperationOutcome"
    assert response.headers["content-type"] == "application/fhir+json"
    return response.status_code, [issue["code"] for issue in outcome["issue"]]


def expressions(response: httpx.Response) -> list[str]:
    """The places that an OperationOutcome names."""
    return [place for issue in response.json()["issue"] for place in issue.get("expression", ())]


def _as_sent(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
