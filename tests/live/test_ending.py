"""How a command ends when it is told to: also as the first process of a container.

The first process (PID 1) gets no signal that it does not listen to, so it is tried as one, where
this machine lets a process be first; elsewhere the same is asked of an ordinary one.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import httpx
import pytest

from tests.live.served import free_port
from tests.live.small import ADAPTER, SmallTrial

SERVED = '[serve]\nurl = "https://trial.example.org"\n'
FIRST = ("unshare", "--pid", "--fork", "--kill-child=SIGKILL")
AS_ANYBODY = ("unshare", "--user", "--map-root-user", *FIRST[1:])
OF_SIGTERM = 128 + signal.SIGTERM
ESTABLISHED = "01"
Begin = Callable[..., tuple[subprocess.Popen[str], int]]


@cache
def as_first() -> tuple[str, ...]:
    """What makes a command the first process of its own, () where this machine lets nobody."""
    for said in (FIRST, AS_ANYBODY):
        with suppress(FileNotFoundError):
            if subprocess.run([*said, "true"], capture_output=True, check=False).returncode == 0:
                return said
    return ()


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallTrial]:
    """Somebody's data, owed to a record system that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        there = f"http://127.0.0.1:{silent.getsockname()[1]}/fhir"
        people = frozenset({"1015"})
        small = SmallTrial(tmp_path_factory.mktemp("ending"), there, people, settings=SERVED)
        small.read()
        yield small


@pytest.fixture
def begin(trial: SmallTrial) -> Iterator[Begin]:
    """Begins a command; gives what waits for it, and the number of its own process."""
    begun: list[subprocess.Popen[str]] = []

    def one(*said: str) -> tuple[subprocess.Popen[str], int]:
        whole: list[str | Path] = [*as_first(), ADAPTER, *said, "--config", trial.config]
        process = subprocess.Popen(
            whole, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        begun.append(process)
        if not as_first():
            return process, process.pid
        await_until(lambda: bool(children(process.pid)))
        return process, children(process.pid)[0]

    yield one
    for each in begun:
        each.kill()
        each.communicate()


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def hears(pid: int, word: signal.Signals) -> bool:
    """Whether a process listens to a signal."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return bool(int(status.split("SigCgt:")[1].split()[0], 16) >> (word - 1) & 1)


def is_connected(pid: int) -> bool:
    """Whether a connection of a process stands: it waits for an answer then."""
    rows = [row.split() for row in Path(f"/proc/{pid}/net/tcp").read_text("ascii").splitlines()]
    stand = {f"socket:[{row[9]}]" for row in rows[1:] if row[3] == ESTABLISHED}
    with suppress(FileNotFoundError):  # a file that it has closed since
        return any(str(each.readlink()) in stand for each in Path(f"/proc/{pid}/fd").iterdir())
    return False


def answers(port: int) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}/health/ready").is_success
    return False


def await_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("workers", "word"),
    [("1", signal.SIGTERM), ("2", signal.SIGTERM), ("2", signal.SIGINT)],
    ids=["one", "two", "two, Ctrl-C"],
)
def test_a_service_that_is_told_to_end_ends_with_0(
    begin: Begin, workers: str, word: signal.Signals
) -> None:
    port = free_port()
    process, pid = begin("serve", "--port", str(port), "--workers", workers)
    await_until(lambda: answers(port))
    mine = children(pid)

    os.kill(pid, word)
    _, told = process.communicate(timeout=20)

    assert process.returncode == 0, told
    await_until(lambda: not any(Path(f"/proc/{each}").exists() for each in mine))


@pytest.mark.parametrize("command", ["serve", "listen"])
def test_what_is_told_to_end_while_it_starts_ends_with_0_at_once(
    begin: Begin, command: str
) -> None:
    more = ["--port", str(free_port()), *(["--url", "http://localhost"] * (command == "listen"))]
    process, pid = begin(command, *more)
    await_until(lambda: hears(pid, signal.SIGTERM))

    os.kill(pid, signal.SIGTERM)
    _, told = process.communicate(timeout=20)

    assert process.returncode == 0
    assert not told  # it says so when it begins to answer: it had not come so far


def test_a_round_that_is_told_to_end_ends_at_once_as_by_the_signal(begin: Begin) -> None:
    process, pid = begin("push")
    await_until(lambda: is_connected(pid))

    os.kill(pid, signal.SIGTERM)
    process.communicate(timeout=20)

    assert process.returncode == (OF_SIGTERM if as_first() else -signal.SIGTERM)
