"""A clinic tells that something was written there: `adapter listen` beside a record system."""

from __future__ import annotations

import json
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapter.sync.subscription import HEADER
from tests.live.answering import Resource, answered, open_clinic, put
from tests.live.small import ADAPTER, SmallTrial

LONGEST_SECONDS = 60


@pytest.fixture
def clinic(tmp_path: Path, base_url: str) -> SmallTrial:
    """A clinic that offers Subscriptions and knows one person."""
    return open_clinic(tmp_path, base_url)


@contextmanager
def listening(clinic: SmallTrial, url: str) -> Iterator[subprocess.Popen[bytes]]:
    """`adapter listen`, which would ask by itself in ten minutes; it must end as it is told to."""
    command = ("listen", "--url", url, "--port", url.rpartition(":")[2])
    rhythm = ("--every", "10", "--pause", "0.2", "--config", str(clinic.config))
    with subprocess.Popen([ADAPTER, *command, *rhythm], stdout=subprocess.PIPE) as running:
        try:
            yield running
        finally:
            running.send_signal(signal.SIGTERM)
            code = running.wait(LONGEST_SECONDS)
    assert code == 0


def told(running: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What it says of the next time that it asked the clinic."""
    assert running.stdout is not None
    speaks, _, _ = select.select([running.stdout], [], [], LONGEST_SECONDS)
    assert speaks, "it did not ask"
    said: dict[str, Any] = json.loads(running.stdout.readline())
    return said


def told_of(running: subprocess.Popen[bytes], word: str) -> dict[str, Any]:
    """The first of the next times at which something became this."""
    while True:
        said = told(running)
        if said[word]:
            return said


def subscription(clinic: SmallTrial) -> Resource | None:
    """Ours at the clinic, None for none."""
    found = httpx.get(f"{clinic.base_url}/Subscription", timeout=60, trust_env=False).json()
    listed: list[Resource] = [entry["resource"] for entry in found.get("entry", ())]
    assert len(listed) < 2
    return listed[0] if listed else None


def await_status(clinic: SmallTrial, word: str) -> None:
    """Waits until the Subscription there has this state."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while (subscription(clinic) or {}).get("status") != word:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def free_address() -> str:
    """An address of this machine at which nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


def test_what_is_written_is_fetched_when_the_clinic_says_so_and_nothing_is_lost(
    clinic: SmallTrial, request: pytest.FixtureRequest
) -> None:
    is_simulated, url = request.node.callspec.params["base_url"] == "full", free_address()
    with listening(clinic, url) as running:
        first = told(running)
        await_status(clinic, "active")
        put(clinic, answered(clinic, "r0", 1))
        second = told_of(running, "taken")
        made = subscription(clinic) or {}
        secret = made["channel"]["header"][0].partition(": ")[2]
        knocks = [knock(url, secret), knock(url, secret), knock(url, "another")]
        third = told(running)
    put(clinic, answered(clinic, "r0", 2))  # nobody hears it
    await_status(clinic, "error" if is_simulated else "active")  # HAPI tries on, and says nothing
    with listening(clinic, url) as running:
        fourth = told(running)
        await_status(clinic, "active")
        put(clinic, answered(clinic, "r0", 1))
        fifth = told_of(running, "changed")
    removed = clinic.clinic("listen", "--url", url, "--off")

    assert (first["subscription"], first["taken"]) == ("made", 0)
    assert (second["subscription"], second["taken"]) == ("standing", 1)
    assert "southside-clinic" in made["channel"]["endpoint"]
    assert (made["criteria"], "payload" in made["channel"]) == ("QuestionnaireResponse?", False)
    assert (knocks, third["unchanged"], third["taken"]) == ([200, 200, 404], 1, 0)
    again = "asked for again" if is_simulated else "standing"
    assert (fourth["subscription"], fourth["changed"], fifth["changed"]) == (again, 1, 1)
    assert (removed["removed"], subscription(clinic)) == (True, None)


def knock(url: str, secret: str) -> int:
    """What somebody is answered who shows this."""
    place = f"{url}/southside-clinic"
    return httpx.post(place, headers={HEADER: secret}, timeout=60, trust_env=False).status_code
