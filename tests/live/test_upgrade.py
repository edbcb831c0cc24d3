"""A ledger of the first schema, full and half delivered, brought to the present by `adapter serve`.

What the service tells of it is what it told before: searches, reads, an export, pages; and what
clinics have already is not sent again.
"""

from __future__ import annotations

import itertools
import re
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapter.simulate import RecordSystem, record_system_app, serving
from adapter.store.database import SCHEMA_VERSION, Database
from adapter.store.migration import migrate
from tests.live.served import Served, free_port, running, settings_of
from tests.live.small import ADAPTER, SmallTrial
from tests.postgresql import PostgreSql

PEOPLE = frozenset({"1042"})
FIRST_SCHEMA = 4
UNHINDERED = """requests_per_second = 100000
unblinded = true
[[serve.people]]
name = "an-operator"
role = "operator"
unblinded = true
"""
_PASSING = re.compile(r'name="token" value="[0-9a-f]+"')
_ENTRIES = re.compile(r',?(?=\{"fullUrl":)|(?<=\{"mode":"match"\}\})|\n')
_LINKED = re.compile(r'"fullUrl":"[^"]+/(QuestionnaireResponse)/([^"]+)"')
CHANGES = ("created", "updated", "retracted")
Sent = list[tuple[str, str]]


@dataclass
class Counted:
    """A record system, and every request to it that would change something."""

    app: Any
    writes: Sent = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        """Answers."""
        is_write = scope.get("method") in {"POST", "PUT", "PATCH", "DELETE"}
        if is_write and not scope["path"].endswith("/_search"):
            self.writes.append((scope["method"], scope["path"]))
        await self.app(scope, receive, send)


@contextmanager
def repository() -> Iterator[tuple[str, Counted]]:
    """A record system that keeps what it takes."""
    system = RecordSystem(
        clock=lambda: datetime(2024, 9, 1, tzinfo=UTC), ids=map(str, itertools.count(1))
    )
    counted = Counted(record_system_app(system))
    with serving(counted) as port:
        yield f"http://127.0.0.1:{port}/fhir", counted


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest) -> str:
    """Where the ledger is, as `adapter.toml` says it."""
    if request.param == "sqlite":
        return "ledger.sqlite"
    server: PostgreSql = request.getfixturevalue("postgresql")
    return server.new(request.getfixturevalue("empty_ledger"))


def test_a_ledger_of_the_first_schema_is_served_as_it_was_and_nothing_is_sent_again(
    tmp_path: Path, where: str
) -> None:
    with repository() as (there, counted):
        origin = f"http://127.0.0.1:{free_port()}"
        settings = settings_of(tmp_path, origin, "system/*.cruds", UNHINDERED)
        trial = SmallTrial(tmp_path, there, PEOPLE, settings=settings, database=where)
        fill(trial)
        with running(trial, origin) as served:
            before = told(served)
        owed = trial.clinic("plan")
        bring_to_the_first_schema(trial)

        with running(trial, origin) as upgraded:
            after = told(upgraded)

        with closing(opened(trial)) as database:
            assert database.engine.version(database.read()) == SCHEMA_VERSION
        assert after == before
        assert trial.clinic("plan") == owed
        changes = owed["create"] + owed["update"] + owed["retract"]
        del counted.writes[:]
        pushed = trial.clinic("push")
        assert sum(sum(pushed[word].values()) for word in CHANGES) == changes
        assert 0 < len(counted.writes) <= changes
        del counted.writes[:]
        trial.run("push")
        assert counted.writes == []


def fill(trial: SmallTrial) -> None:
    """Makes its ledger: the first export delivered and read back, the second one still owed."""
    trial.read()
    assert trial.clinic("push")["refused"] == {}
    trial.run("verify")
    trial.read("records-2.csv")


def opened(trial: SmallTrial) -> Database:
    """Its ledger, brought to the present by being opened."""
    return Database(trial.database if "://" in trial.database else trial.folder / trial.database)


def bring_to_the_first_schema(trial: SmallTrial) -> None:
    """Leaves what a ledger of the first schema had, and the crosswalk of its time."""
    with closing(opened(trial)) as database:
        migrate(database.engine, FIRST_SCHEMA)
        assert database.engine.version(database.read()) == FIRST_SCHEMA
    with closing(sqlite3.connect(trial.folder / "crosswalk.sqlite")) as crosswalk:
        crosswalk.execute("DROP TABLE turn")  # nor did the crosswalk note how far turns came
        crosswalk.commit()


def told(served: Served) -> dict[str, list[str]]:
    """What the service answers to a client and shows an operator, by address.

    In the order of the alphabet: the first schema did not know in which order it was written.
    """
    signed = {"Authorization": f"Bearer {served.token()}"}
    with httpx.Client(base_url=served.base, headers=signed, timeout=60) as client:
        statement = client.get("/metadata").json()["rest"][0]
        types = [each["type"] for each in statement["resource"]]
        found = {f"/{name}": client.get(f"/{name}?_count=1000").text for name in types}
        for name, id_ in _LINKED.findall(found["/QuestionnaireResponse"]):
            path = f"/{name}/{id_}"
            found |= {each: client.get(each).text for each in (path, f"{path}/_history")}
        found |= exported(client)
    return {name: sorted(_ENTRIES.split(text)) for name, text in (found | shown(served)).items()}


def exported(client: httpx.Client) -> dict[str, str]:
    """The files of an export of everybody, by type."""
    where = client.get("/Patient/$export", headers={"Prefer": "respond-async"}).headers
    for _ in range(100):
        answer = client.get(where["content-location"])
        if answer.status_code == httpx.codes.OK:
            return {
                f"{each['type']}.ndjson {number}": client.get(each["url"]).text
                for number, each in enumerate(answer.json()["output"])
            }
        time.sleep(0.6)  # who asks more than twice a second is told to wait
    pytest.fail("the export did not end")


def shown(served: Served) -> dict[str, str]:
    """The page of everybody, as an operator sees it."""
    said: list[str | Path] = [ADAPTER, "invite", "an-operator", "--config"]
    link = subprocess.check_output([*said, served.folder / "adapter.toml"], text=True).strip()
    with httpx.Client(base_url=served.origin, timeout=60) as browser:
        assert browser.post("/app/enter", data={"code": link.partition("=")[2]}).is_redirect
        people = browser.get("/app/").text
        pages = sorted(set(re.findall(r'th scope="row"><a href="([^"]+)"', people)))
        assert len(pages) == len(PEOPLE)
        return {page: _PASSING.sub("", browser.get(page).text) for page in pages}
