"""`adapter serve` as a process, over the ledger of a few people, and a way to sign in."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from adapter.service.keys import make_key
from tests.live.small import ADAPTER, SmallTrial

CLIENT = "an-analyst"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class Served:
    """A running service: its origin, the folder of its configuration, and its process."""

    origin: str
    folder: Path
    trial: SmallTrial
    pid: int

    @property
    def base(self) -> str:
        """The address of its FHIR."""
        return f"{self.origin}/fhir"

    @property
    def clients(self) -> Path:
        """The folder with its client's key."""
        return self.folder / "clients"

    def assertion(self, client: str = CLIENT) -> str:
        """What a client signs to get a token; good for once. All have the same key."""
        claims = {
            "iss": client,
            "sub": client,
            "aud": f"{self.origin}/auth/token",
            "exp": int(time.time()) + 240,
            "jti": secrets.token_hex(16),
        }
        key = jwt.PyJWK(json.loads((self.clients / "demo.private.json").read_text("utf-8"))).key
        return jwt.encode(claims, key, "ES384", {"kid": "demo"})

    def token(self, scope: str = "system/*.cruds", client: str = CLIENT) -> str:
        """A token of a client."""
        form = {
            "grant_type": "client_credentials",
            "scope": scope,
            "client_assertion_type": JWT_BEARER,
            "client_assertion": self.assertion(client),
        }
        answer = httpx.post(f"{self.origin}/auth/token", data=form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


@contextmanager
def serve(  # noqa: PLR0913, PLR0917 - what tests of the service differ in
    folder: Path,
    people: frozenset[str],
    scopes: str = "system/*.rs",
    more: str = "",
    options: Sequence[str] = (),
    ledger: str = "ledger.sqlite",
    clinic: str = "http://127.0.0.1:9/fhir",
    bounds: str = "",
) -> Iterator[Served]:
    """A service that answers, with one client that has these scopes.

    `more` are settings of the client, and whatever comes behind it; `bounds` are of the service,
    `options` of its command, and `ledger` is where that is. What it holds could be pushed to the
    record system at `clinic`.
    """
    origin = f"http://127.0.0.1:{free_port()}"
    settings = settings_of(folder, origin, scopes, more, bounds)
    trial = SmallTrial(folder, clinic, people, settings=settings, database=ledger)
    trial.read()
    with running(trial, origin, *options) as served:
        yield served


def settings_of(folder: Path, url: str, scopes: str, more: str = "", bounds: str = "") -> str:
    """How a service is served to one client with a new key; `more` begins with its settings.

    `bounds` are settings of the service itself.
    """
    make_key(folder / "clients", "demo", "ES384")
    return f"""
[serve]
url = "{url}"
{bounds}
[[serve.clients]]
id = "{CLIENT}"
jwks_file = "clients/jwks.json"
scopes = ["{scopes}"]
purpose = "research"
{more}"""


def free_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@contextmanager
def running(trial: SmallTrial, origin: str, *options: str) -> Iterator[Served]:
    """The service of a configuration that says how to serve, at this address of the machine."""
    port = origin.rpartition(":")[2]
    said: list[str | Path] = [ADAPTER, "serve", "--config", trial.config, "--port", port, *options]
    process = subprocess.Popen(said, stderr=subprocess.DEVNULL)
    try:
        await_answer(f"{origin}/fhir/metadata", process)
        yield Served(origin, trial.folder, trial, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def await_answer(url: str, process: subprocess.Popen[Any]) -> None:
    """Until the process answers at this address; it fails where the process ends before."""
    for _ in range(600):
        assert process.poll() is None
        try:
            if httpx.get(url).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail("it did not answer")
