"""Clients that people use get every resource; a server that is killed in the midst goes on."""

from __future__ import annotations

import gzip
import signal
import socket
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import jwt
import orjson
import pytest

from adapter.release import SAFETY, reveals_allocation
from adapter.service import open_service
from adapter.service.keys import make_key
from adapter.store import versions
from adapter.store.versions import Belonging
from tests.live.fetching import key_file, smart_fetch
from tests.live.small import ADAPTER, SmallTrial

PEOPLE = frozenset({"1015", "1042"})
# What smart-fetch asks for among the types that the ledger holds.
ASKED = {"Patient", "Observation", "Procedure", "Device"}
MANY = ("Observation", "Flag", "Task")
EACH = 3_000


@dataclass(frozen=True)
class Served:
    """A ledger with a client `an-analyst`, that `adapter serve` serves at an origin."""

    trial: SmallTrial
    origin: str

    @property
    def base(self) -> str:
        return f"{self.origin}/fhir"

    @property
    def private_key(self) -> Path:
        return self.trial.folder / "clients" / "demo.private.json"

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """A process that answers."""
        port = self.origin.rpartition(":")[2]
        said: list[str | Path] = [ADAPTER, "serve", "--config", self.trial.config, "--port", port]
        process = subprocess.Popen(said, stderr=subprocess.DEVNULL)
        try:
            for _ in range(600):
                assert process.poll() is None
                try:
                    if httpx.get(f"{self.base}/metadata").is_success:
                        break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield process
        finally:
            process.terminate()
            process.wait(30)

    def signed_in(self) -> httpx.Client:
        key = jwt.PyJWK(orjson.loads(self.private_key.read_bytes()))
        url = f"{self.origin}/auth/token"
        ends = int(time.time()) + 240
        claims = {"iss": "an-analyst", "sub": "an-analyst", "aud": url, "exp": ends}
        form = {
            "grant_type": "client_credentials",
            "scope": "system/*.rs",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode(
                {**claims, "jti": str(time.time())}, key.key, "ES384", {"kid": "demo"}
            ),
        }
        token = httpx.post(url, data=form).json()["access_token"]
        return httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=30)

    def rows(self, statement: str) -> list[tuple[str, int]]:
        with closing(sqlite3.connect(self.trial.ledger, timeout=30)) as ledger:
            return ledger.execute(statement).fetchall()


@pytest.fixture
def served(tmp_path: Path) -> Served:
    with socket.create_server(("127.0.0.1", 0)) as free:
        origin = f"http://127.0.0.1:{free.getsockname()[1]}"
    make_key(tmp_path / "clients", "demo", "ES384")
    settings = f"""
[serve]
url = "{origin}"
[[serve.clients]]
id = "an-analyst"
jwks_file = "clients/jwks.json"
scopes = ["system/*.rs"]
purpose = "research"
"""
    trial = SmallTrial(tmp_path, "http://127.0.0.1:9/fhir", PEOPLE, settings=settings)
    trial.read()
    return Served(trial, origin)


def test_smart_fetch_gets_every_resource_in_bulk_and_by_searches(served: Served) -> None:
    program, keys = smart_fetch(), key_file(served.private_key)
    held = _may_be_known(served)

    with served.running():
        for way in ("bulk", "crawl"):
            out = served.trial.folder / way
            said = [program, way, out, "--fhir-url", served.base]
            said += ["--smart-client-id", "an-analyst", "--smart-key", keys]
            told = subprocess.run(said, capture_output=True, text=True, timeout=120, check=False)
            assert told.returncode == 0, told.stdout + told.stderr
            got = _counted(out)
            assert {name: len(ids) for name, ids in got.items()} == {
                name: count for name, count in held.items() if name in ASKED
            }
            # Of what is nobody's it asks once for each patient when it crawls.
            assert way == "crawl" or all(max(ids.values()) == 1 for ids in got.values())
    assert held["Observation"] > 200


def _may_be_known(served: Served) -> Counter[str]:
    """How many resources there are of each type that somebody blinded may know."""
    with open_service(served.trial.config) as service:
        study = service.trial.study
        rows = service.database.read().execute("SELECT DISTINCT type, id, form FROM version")
        told = [row for row in rows if not row["form"].startswith(SAFETY)]
        return Counter(row["type"] for row in told if not reveals_allocation(study, row["form"]))


def _counted(folder: Path) -> dict[str, Counter[str]]:
    """How often each id came, by type."""
    found = dict[str, Counter[str]]()
    for path in folder.glob("*.ndjson.gz"):
        for line in gzip.decompress(path.read_bytes()).splitlines():
            resource = orjson.loads(line)
            ids = found.setdefault(resource["resourceType"], Counter())
            ids[resource["id"]] += 1
    return found


def test_an_export_whose_server_is_killed_in_the_midst_ends_whole(served: Served) -> None:
    _fill(served)
    for _ in range(5):
        with served.running() as process, served.signed_in() as client:
            begun = client.get(f"{served.base}/$export?_type={','.join(MANY)}")
            where = begun.headers["content-location"]
            while not served.rows("SELECT type, number FROM export_file"):
                pass
            process.send_signal(signal.SIGKILL)
            process.wait(30)
        ((state, _),) = served.rows("SELECT state, place FROM export WHERE state <> 'gone'")
        if state == "running":
            break
        with served.running(), served.signed_in() as client:
            assert client.delete(where).status_code == 202
    assert state == "running"

    with served.running(), served.signed_in() as client:
        answer = client.get(where)
        while answer.status_code in {202, 429}:
            time.sleep(1)
            answer = client.get(where)
        lines = [
            line
            for file in answer.json()["output"]
            for line in client.get(file["url"]).content.splitlines()
        ]
        ids = Counter((each["resourceType"], each["id"]) for each in map(orjson.loads, lines))

    assert max(ids.values()) == 1
    counted = Counter(kind for kind, _ in ids)
    assert {kind: counted[kind] for kind in MANY[1:]} == dict.fromkeys(MANY[1:], EACH)
    assert counted["Observation"] > EACH


def _fill(served: Served) -> None:
    """Many more resources, which nobody has to look into."""
    with open_service(served.trial.config) as service, service.database.write() as tx:
        for kind in MANY:
            for number in range(EACH):
                text = b'{"resourceType":"%s","id":"many-%d","status":"final"}' % (
                    kind.encode(),
                    number,
                )
                belonging = Belonging("many", "1015", "pcl-c")
                versions.put(tx, (kind, f"many-{number}"), text, belonging, service.now())
