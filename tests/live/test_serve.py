"""`adapter serve` as a process of its own, and the client that the page for integrators shows."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.live.served import serve
from tests.live.small import ADAPTER, ROOT, SmallTrial

PEOPLE = frozenset({"1015", "1042"})
PAGE = ROOT / "docs" / "integrator.md"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The origin of a running service, and the folder with its client's key."""
    with serve(tmp_path, PEOPLE) as running:
        yield running.origin, running.clients


def test_the_client_of_the_page_signs_in_and_finds_scores(served: tuple[str, Path]) -> None:
    origin, clients = served
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    code = code.replace("http://127.0.0.1:8000", origin).replace(".demo/clients", str(clients))

    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )

    assert told.returncode == 0, told.stderr
    total, days = re.fullmatch(r"(\d+) \[(.*)\]\n", told.stdout).groups()  # type: ignore[union-attr]
    assert int(total) > 100
    assert days == ", ".join(sorted(days.split(", "), reverse=True))
    assert days.count("2023") + days.count("2024") == 3


def test_who_does_not_sign_in_learns_nothing_but_how_to(served: tuple[str, Path]) -> None:
    origin, clients = served

    for path in ("/fhir/Patient", "/fhir/Observation/1", "/fhir/Nothing"):
        answer = httpx.get(origin + path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["issue"][0]["code"] == "login"
    wrong = httpx.get(f"{origin}/fhir/Patient", headers={"Authorization": "Bearer guessed"})
    assert wrong.status_code == 401
    configuration = httpx.get(
        f"{origin}/fhir/.well-known/smart-configuration", headers={"Accept": "text/html"}
    )
    assert configuration.headers["content-type"] == "application/json"
    assert configuration.headers["access-control-allow-origin"] == "*"
    refused = httpx.post(f"{origin}/auth/token", data={"grant_type": "client_credentials"})
    assert (refused.status_code, refused.json()) == (400, {"error": "invalid_request"})
    assert (refused.headers["cache-control"], refused.headers["pragma"]) == ("no-store", "no-cache")
    long = httpx.post(f"{origin}/auth/token", data={"client_assertion": "x" * 20_000})
    assert (long.status_code, long.headers["cache-control"]) == (413, "no-store")
    unknown = httpx.request("FETCH", f"{origin}/fhir/metadata")
    assert (unknown.status_code, unknown.json()["resourceType"]) == (400, "OperationOutcome")
    assert "system/AdverseEvent.c" in configuration.json()["scopes_supported"]
    _all_of_it_was_noted(clients.parent, wrong.headers["x-request-id"])


def _all_of_it_was_noted(folder: Path, request: str) -> None:
    def audit(what: str) -> dict[str, Any]:
        said: list[str | Path] = [ADAPTER, "audit", what, "--config", folder / "adapter.toml"]
        document: dict[str, Any] = json.loads(subprocess.check_output([*said, "--json"]))
        return document

    noted = audit("accesses")["accesses"]
    told_of = [(each["interaction"], each["status"]) for each in noted]
    assert [each for each in told_of if each != ("capabilities", 200)] == [
        ("search-type", 401),
        ("read", 401),
        ("search-type", 401),
        ("search-type", 401),
        ("discovery", 200),
        ("token", 400),
        ("token", 413),
    ]
    assert [each["status"] for each in noted if each["request"] == request] == [401]
    assert audit("verify")["accesses"][0]["lines"] == len(noted)


def test_what_another_process_takes_back_is_refused_at_once_by_every_worker(
    tmp_path: Path,
) -> None:
    def answers(path: str, token: str) -> set[int]:
        """What is answered over connections of their own, whichever worker takes them."""
        signed = {"Authorization": f"Bearer {token}"}
        return {httpx.get(f"{running.base}{path}", headers=signed).status_code for _ in range(20)}

    with serve(tmp_path, frozenset({"1015"}), options=("--workers", "2")) as running:
        first, second = running.token(), running.token()
        signed = {"Authorization": f"Bearer {first}"}
        found = httpx.get(f"{running.base}/Observation?_count=1", headers=signed).json()
        outcome = f"/Observation/{found['entry'][0]['resource']['id']}"
        search = f"/Observation?patient={found['entry'][0]['resource']['subject']['reference']}"
        assert answers(outcome, first) == answers(search, first) == {200}

        running.trial.run("withdraw", "1015", "research")
        after, still = answers(outcome, first), answers("/ResearchStudy", first)
        left = httpx.get(f"{running.base}{search}", headers=signed).json()
        with sqlite3.connect(running.trial.ledger) as ledger:
            digest = hashlib.sha256(first.encode()).digest()
            ledger.execute("DELETE FROM token WHERE hash = ?", (digest,))
        of_first, of_second = answers("/ResearchStudy", first), answers("/ResearchStudy", second)

    assert (after, still, left.get("entry", [])) == ({404}, {200}, [])
    assert (of_first, of_second) == ({401}, {200})


def test_without_the_settings_it_says_what_is_missing(tmp_path: Path) -> None:
    trial = SmallTrial(tmp_path, "http://127.0.0.1:9/fhir", PEOPLE)
    trial.read()

    told = subprocess.run(
        [ADAPTER, "serve", "--config", trial.config],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert told.returncode == 10
    assert "[serve]" in told.stderr
