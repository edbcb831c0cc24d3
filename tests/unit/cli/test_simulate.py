"""`adapter simulate redcap`: a project of this machine's files behind REDCap's API."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from adapter.cli import main

IDBT = Path(__file__).parents[3] / "fixtures" / "idbt-pain"
FILES = ("--dictionary", str(IDBT / "dictionary.csv"), "--records", str(IDBT / "records.csv"))
TOKEN = "F" * 32
PROGRAM = (sys.executable, "-c", "from adapter.cli import main; raise SystemExit(main())")


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port: int = listening.getsockname()[1]
        return port


def first_answer(url: str, asked: dict[str, str]) -> httpx.Response:
    """What the server says as soon as it listens; it has half a minute for that."""
    with httpx.Client(trust_env=False) as client:
        for _ in range(300):
            try:
                return client.post(url, data=asked)
            except httpx.ConnectError:
                time.sleep(0.1)
    raise AssertionError("nobody listens")


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_project_is_served_until_it_is_interrupted() -> None:
    port = free_port()
    zone, faults = ("--timezone", "Australia/Sydney"), ("--fault", "busy", "--fault", "sign-in")
    command = (*PROGRAM, "simulate", "redcap", *FILES, *zone, *faults)
    asked = {"token": TOKEN, "content": "record", "format": "json", "fields": "record_id"}

    with subprocess.Popen([*command, "--token", TOKEN, "--port", str(port)]) as served:
        try:
            url = f"http://127.0.0.1:{port}/api/"
            busy, page, answer = (first_answer(url, asked) for _ in range(3))
        finally:
            served.send_signal(signal.SIGINT)

    assert (busy.status_code, page.text.startswith("<!DOCTYPE html>")) == (429, True)
    assert len({row["record_id"] for row in answer.json()}) == 89
    assert served.returncode == 0


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        pytest.param((), "--dictionary and --records", id="no files"),
        pytest.param((*FILES, "--timezone", "Nowhere"), "--timezone", id="no zone"),
        pytest.param(
            ("--dictionary", "none.csv", "--records", "none.csv"), "--dictionary", id="not there"
        ),
        pytest.param((*FILES, "--fault", "tired"), "--fault", id="no fault"),
        pytest.param(
            ("--dictionary", FILES[3], "--records", FILES[1]), "--dictionary", id="mixed up"
        ),
    ],
)
def test_what_cannot_be_served_is_told(
    said: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["simulate", "redcap", *said])

    assert code == 10
    assert complaint in capsys.readouterr().err
