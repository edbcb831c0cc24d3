"""A client of bulk exports over a ledger of a few people; the worker works when it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
from starlette.requests import Request

from adapter.fhir.check import find_faults
from adapter.server import Api, Caller, api_app
from adapter.server.bulk import Desk, Worker
from adapter.server.caller import read_scopes
from adapter.service import Service, open_service
from adapter.service.exporting import desk_of, ledger_of
from adapter.simulate import serving

BASE = "https://trial.example.org/fhir"
Resource = dict[str, Any]
Manifest = dict[str, Any]


class Ahead:
    """A clock that can be set ahead, and that may end whoever looks at it once too often."""

    def __init__(self) -> None:
        """Begins at the present moment."""
        self.by = timedelta()
        self.looks: Iterator[int] | None = None

    def __call__(self) -> datetime:
        """The moment that it shows.

        Raises:
            KeyboardInterrupt: `looks` are used up.
        """
        if self.looks is not None and next(self.looks, None) is None:
            raise KeyboardInterrupt
        return datetime.now(UTC) + self.by  # noqa: TID251 - a test's own clock


@dataclass
class Exporting:
    """One ledger that is served, with its desk and a worker; clients of any kind ask there."""

    service: Service
    desk: Desk
    worker: Worker
    client: httpx.Client
    clock: Ahead
    caller: list[Caller] = field(default_factory=list)

    def as_(
        self,
        purpose: str = "research",
        clinic: str = "",
        *,
        name: str = "tester",
        unblinded: bool = False,
        scopes: str = "system/*.rs",
    ) -> Exporting:
        """The same, asked by this client from now on."""
        allowed = read_scopes(scopes.split())
        self.caller[:] = [Caller(name, purpose, clinic, unblinded, allowed)]  # type: ignore[arg-type]
        return self

    def ask(self, path: str, status: int = 200, /, **headers: str) -> httpx.Response:
        """An answer of this status; a whole address of the API counts as its path."""
        answer = self.client.get(
            path.removeprefix(BASE),
            headers={name.replace("_", "-"): said for name, said in headers.items()},
        )
        assert answer.status_code == status, answer.text
        return answer

    def begin(self, path: str = "/$export", **headers: str) -> str:
        """Asks for an export; gives where its status is."""
        answer = self.ask(path, 202, **{"prefer": "respond-async", **headers})
        where: str = answer.headers["content-location"]
        return where

    def manifest(self, where: str) -> Manifest:
        """What is told of an export that is done."""
        answer = self.ask(where)
        assert answer.headers["content-type"] == "application/json"
        told: Manifest = answer.json()
        return told

    def export(self, path: str = "/$export") -> Manifest:
        """A whole export."""
        where = self.begin(path)
        self.worker.work()
        return self.manifest(where)

    def lines(self, manifest: Manifest, kind: str = "output") -> list[Resource]:
        """Every resource of its files, each held to R4, and every file to what is told of it."""
        found = list[Resource]()
        for each in manifest.get(kind, ()):
            answer = self.ask(each["url"])
            assert answer.headers["content-type"] == "application/fhir+ndjson"
            lines = answer.content.split(b"\n")
            assert lines.pop() == b""
            resources = [orjson.loads(line) for line in lines]
            assert len(resources) == each["count"]
            assert {resource["resourceType"] for resource in resources} == {each["type"]}
            assert [find_faults(resource) for resource in resources] == [()] * len(resources)
            found += resources
        return found

    def everything(self, query: str) -> list[Resource]:
        """Everything that a search finds, over its pages."""
        found, url = list[Resource](), f"/{query}"
        while url:
            page = self.ask(url).json()
            found += [entry["resource"] for entry in page.get("entry", ())]
            links = {link["relation"]: link["url"] for link in page["link"]}
            url = links.get("next", "").removeprefix(BASE)
        return found


@contextmanager
def exporting(config: Path) -> Iterator[Exporting]:
    """The ledger of a configuration, served."""
    with ExitStack() as stack:
        service = stack.enter_context(open_service(config))
        clock, caller = Ahead(), list[Caller]()

        async def known(_: Request) -> Caller:
            return caller[0]

        trial, ledger = service.trial, replace(ledger_of(service, BASE), now=clock)
        desk = desk_of(service, ledger, config.parent / "out", BASE)
        app = api_app(Api(ledger, BASE, "0", known, trial, desk))
        port = stack.enter_context(serving(app))
        client = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30))
        yield Exporting(service, desk, Worker(desk), client, clock, caller).as_()


def names(resources: list[Resource]) -> list[str]:
    """Their names, in order."""
    return sorted(f"{each['resourceType']}/{each['id']}" for each in resources)
