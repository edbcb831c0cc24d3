"""`adapter serve` with several processes, over TLS, and how it ends."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.certificates import certificate, write
from tests.live.small import ADAPTER, SmallTrial

TOKEN = "a token of the tests"  # noqa: S105 - it is no secret
Start = Callable[..., tuple[str, subprocess.Popen[str]]]


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> SmallTrial:
    """Somebody's data, to be served."""
    folder = tmp_path_factory.mktemp("served")
    settings = """
[logs]
format = "json"
[serve]
url = "https://trial.example.org"
metrics_token_file = "metrics.token"
"""
    small = SmallTrial(folder, "http://127.0.0.1:9/fhir", frozenset({"1015"}), settings=settings)
    (folder / "metrics.token").write_text(TOKEN, "utf-8")
    small.read()
    return small


@pytest.fixture
def start(trial: SmallTrial) -> Iterator[Start]:
    """Starts it, and ends it in any case."""
    running: list[subprocess.Popen[str]] = []

    def started(
        *more: str, verify: ssl.SSLContext | None = None
    ) -> tuple[str, subprocess.Popen[str]]:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        said: list[str | Path] = [
            ADAPTER,
            "serve",
            "--config",
            trial.config,
            "--port",
            str(port),
            *more,
        ]
        # In a group of its own, so that no worker outlives a test that failed.
        running.append(
            subprocess.Popen(said, stderr=subprocess.PIPE, text=True, start_new_session=True)
        )
        origin = f"{'https' if '--tls-cert' in more else 'http'}://127.0.0.1:{port}"
        await_until(lambda: is_ready(origin, verify))
        return origin, running[-1]

    yield started
    for each in running:
        with suppress(ProcessLookupError):
            os.killpg(each.pid, signal.SIGKILL)
        each.communicate()


def is_ready(origin: str, verify: ssl.SSLContext | None = None) -> bool:
    try:
        return httpx.get(f"{origin}/health/ready", verify=verify or True).status_code == 200
    except httpx.TransportError:
        return False


def await_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.1)


def children(pid: int) -> set[int]:
    """The workers: what it started and what answers, apart from what watches over resources."""
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    commands = {int(each): Path(f"/proc/{each}/cmdline").read_text("utf-8") for each in told}
    return {each for each, command in commands.items() if "spawn_main" in command}


def test_several_workers_count_together_and_a_dead_one_is_started_again(start: Start) -> None:
    origin, process = start("--workers", "2")
    await_until(lambda: len(children(process.pid)) == 2)
    first = children(process.pid)
    for _ in range(20):
        with httpx.Client() as client:  # a connection of its own: whichever worker takes it
            assert client.get(f"{origin}/fhir/metadata").status_code == 200

    killed = min(first)
    os.kill(killed, signal.SIGKILL)
    await_until(lambda: len(children(process.pid) - {killed}) == 2)
    await_until(lambda: is_ready(origin))
    page = httpx.get(f"{origin}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text

    assert "oldest_undelivered_seconds" in page.splitlines()[0]
    (counted,) = re.findall(r'requests_total{method="GET",route="/fhir/metadata".*} (.*)', page)
    assert float(counted) == 20
    process.terminate()
    began = time.monotonic()
    _, told = process.communicate(timeout=30)
    assert process.returncode == 0, told
    assert time.monotonic() - began < 20
    assert children_are_gone(first | {killed})


def test_a_worker_that_is_slow_to_begin_is_given_the_time(trial: SmallTrial) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    said: list[str | Path] = [ADAPTER, "serve", "--config", trial.config, "--port", port]
    process = subprocess.Popen([*said, "--workers", "2"], stderr=subprocess.DEVNULL)
    try:
        await_until(lambda: len(children(process.pid)) == 2)
        first = children(process.pid)
        for each in first:
            os.kill(each, signal.SIGSTOP)
        time.sleep(7)  # for five seconds uvicorn would wait for a word of them
        for each in first:
            os.kill(each, signal.SIGCONT)
        await_until(lambda: is_ready(f"http://127.0.0.1:{port}"))

        assert children(process.pid) == first
    finally:
        process.terminate()
        process.wait(30)


def children_are_gone(pids: set[int]) -> bool:
    return not any(Path(f"/proc/{pid}/exe").exists() for pid in pids)


def test_one_process_ends_with_0_and_says_nothing_that_is_no_json(start: Start) -> None:
    origin, process = start()
    httpx.get(f"{origin}/fhir/Patient/canary?name=canary")

    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=30)

    assert process.returncode == 0, told
    lines = told.splitlines()
    assert lines[0].startswith("FHIR R4 at http://127.0.0.1:")
    assert all(line.startswith('{"time":') for line in lines[1:])
    assert "canary" not in told


def test_it_speaks_tls_by_itself(start: Start, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(certificate("authority"))
    write(tmp_path, "us")
    context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    files = ("--tls-cert", str(tmp_path / "us.pem"), "--tls-key", str(tmp_path / "us.key"))

    origin, _ = start(*files, verify=context)

    assert httpx.get(f"{origin}/fhir/metadata", verify=context).status_code == 200


def test_a_head_that_comes_too_slowly_ends_its_connection(start: Start) -> None:
    origin, _ = start()
    host, port = origin.removeprefix("http://").split(":")

    with socket.create_connection((host, int(port)), timeout=30) as slow:
        began = time.monotonic()
        slow.sendall(b"GET /health/live HTTP/1.1\r\nHost: here\r\nX-Slow: ")
        ended = slow.recv(1)

    assert ended == b""
    assert 5 < time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("head", "status"),
    [
        pytest.param(b"X-Long: " + b"x" * 600_000, 400, id="one header"),
        pytest.param(b"X-Many: x\r\n" * 60_000, 400, id="many headers"),
        pytest.param(b"X-Short: x\r\n" * 100 + b"\r\n", 200, id="one that ends"),
    ],
)
def test_a_head_that_does_not_end_is_refused(start: Start, head: bytes, status: int) -> None:
    origin, _ = start()
    host, port = origin.removeprefix("http://").split(":")
    sent = b""

    with socket.create_connection((host, int(port)), timeout=30) as there:
        there.sendall(b"GET /health/live HTTP/1.1\r\nHost: here\r\n")
        while sent != head and not select.select([there], [], [], 0.02)[0]:
            part = head[len(sent) :][:10_000]
            there.sendall(part)
            sent += part
        told = there.recv(100)

    assert told.startswith(b"HTTP/1.1 %d " % status)
    assert len(sent) < 200_000  # no more was taken
