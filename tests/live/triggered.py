"""A site whose REDCap tells it of every save: two processes, either of which may be killed."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt

from adapter.cli.simulated import REDCAP_TOKEN
from adapter.service.keys import make_key
from adapter.simulate.redcap.contents import PROJECT_ID
from adapter.store import triggered
from adapter.store.database import Database
from tests.keys import CROSSWALK_KEY
from tests.live.small import ADAPTER, ROOT, TRIAL

SECRET = "synthetic-people-need-no-secret-but-a-path"  # noqa: S105 - of nobody
TOKEN = REDCAP_TOKEN
PEOPLE = frozenset({"1015", "1042"})
PATIENCE_SECONDS = 60


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def wait_for(is_so: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> float:
    """Waits until something is so; in how many seconds."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < seconds, "it did not come to pass"
        time.sleep(0.05)
    return time.monotonic() - began


@dataclass
class Site:
    """Its folder, where its REDCap and its service listen, and what of both is running."""

    folder: Path
    redcap_port: int = field(default_factory=free_port)
    port: int = field(default_factory=free_port)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def redcap_url(self) -> str:
        return f"http://127.0.0.1:{self.redcap_port}/api/"

    @property
    def config(self) -> Path:
        return self.folder / "adapter.toml"

    def write(self) -> None:
        """Its settings and its keys; sources are not read but where something is told of."""
        words = {"who.key": CROSSWALK_KEY, "key": "synthetic people need no secret"}
        for name, text in {**words, "token": TOKEN, "secret": SECRET}.items():
            (self.folder / name).write_text(text, "utf-8")
        make_key(self.folder / "clients", "demo", "ES384")
        self.config.write_text(
            f"""
study = "{ROOT / "mappings/studies/idbt-pain.yaml"}"
instruments = "{ROOT / "mappings/instruments"}"
ledger = "ledger.sqlite"
crosswalk = "crosswalk.sqlite"
crosswalk_key_file = "who.key"
key_file = "key"
[[sources]]
kind = "redcap-api"
url = "{self.redcap_url}"
token_file = "token"
missing_limit = 5
trigger = {{project = {PROJECT_ID}, secret_file = "secret"}}
[serve]
url = "{self.origin}"
[[serve.clients]]
id = "an-analyst"
jwks_file = "clients/jwks.json"
scopes = ["system/*.rs"]
purpose = "research"
""",
            "utf-8",
        )

    def enter(self, export: str) -> None:
        """The records of two people, as one of the exports has them."""
        lines = (TRIAL / export).read_text("utf-8").split("\n")
        mine = [line for line in lines[1:] if line.split(",")[0] in PEOPLE]
        (self.folder / "records.csv").write_text("\n".join([lines[0], *mine, ""]), "utf-8")

    def tell(self, record: str) -> int:
        """What is answered to who says, as REDCap does, that a record was saved."""
        own = self.redcap_url.removesuffix("api/")
        said = {"project_id": str(PROJECT_ID), "redcap_url": own, "record": record}
        return httpx.post(f"{self.origin}/redcap/trigger/{SECRET}", data=said).status_code

    def start_redcap(self) -> subprocess.Popen[bytes]:
        """A REDCap server, which tells the service of every save."""
        files = ("dictionary", "dictionary.csv"), ("events", "events.csv")
        mapping = TRIAL / "instrument-event-mapping.csv"
        said = [f"--{name}={TRIAL / file}" for name, file in files]
        return self._start(
            self.redcap_url.removesuffix("api/"),
            *("simulate", "redcap", f"--port={self.redcap_port}", f"--mapping={mapping}", *said),
            *(f"--records={self.folder / 'records.csv'}", "--timezone=Australia/Sydney"),
            f"--trigger={self.origin}/redcap/trigger/{SECRET}",
        )

    def start_service(self) -> subprocess.Popen[bytes]:
        """The service, which has no other way to learn of anything but those it is told of."""
        said = ("serve", f"--config={self.config}", f"--port={self.port}")
        return self._start(f"{self.origin}/fhir/metadata", *said)

    def run(self, command: str) -> dict[str, Any]:
        """One command, which must succeed; its JSON document."""
        said: list[str | Path] = [ADAPTER, command, "--config", self.config, "--json"]
        told = subprocess.run(said, capture_output=True, text=True, timeout=120, check=False)
        assert told.returncode == 0, told.stderr
        document: dict[str, Any] = json.loads(told.stdout)
        return document

    def client(self) -> httpx.Client:
        """An analyst who has signed in."""
        private = (self.folder / "clients" / "demo.private.json").read_text("utf-8")
        url = f"{self.origin}/auth/token"
        claims = {
            "iss": "an-analyst",
            "sub": "an-analyst",
            "aud": url,
            "exp": int(time.time()) + 240,
            "jti": secrets.token_hex(16),
        }
        key = jwt.PyJWK(json.loads(private)).key
        form = {
            "grant_type": "client_credentials",
            "scope": "system/*.rs",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode(claims, key, "ES384", {"kid": "demo"}),
        }
        token = httpx.post(url, data=form).json()["access_token"]
        signed_in = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=f"{self.origin}/fhir", headers=signed_in, timeout=30)

    def waiting(self) -> int:
        """How many records were told and not fetched."""
        with closing(Database(self.folder / "ledger.sqlite")) as database:
            return triggered.count(database.read()).count

    def stop(self) -> None:
        """Ends what still runs."""
        for process in self.running:
            process.kill()
            process.wait(30)

    def _start(self, answers: str, *said: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([ADAPTER, *said], stderr=subprocess.DEVNULL)
        self.running.append(process)

        def is_there() -> bool:
            assert process.poll() is None
            try:
                return httpx.get(answers).status_code > 0
            except httpx.TransportError:
                return False

        wait_for(is_there)
        return process


def count(client: httpx.Client, query: str) -> int:
    """How many resources a search finds."""
    found = client.get(f"/{query}&_total=accurate")
    assert found.is_success, found.text
    total: int = found.json()["total"]
    return total
