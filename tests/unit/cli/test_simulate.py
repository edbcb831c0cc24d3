"""`adapter simulate`: a record system, or a project behind REDCap's API, on this machine."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from adapter.cli import main
from adapter.cli.simulated import FHIR_KINDS
from adapter.simulate import PERSONALITIES, Site
from tests.unit.simulate.hl7v2.messages import message, told

IDBT = Path(__file__).parents[3] / "fixtures" / "idbt-pain"
FILES = ("--dictionary", str(IDBT / "dictionary.csv"), "--records", str(IDBT / "records.csv"))
TOKEN = "F" * 32
PATIENT = (
    '{"resourceType": "Patient", "id": "7", "identifier": [{"value": "8003608166690503"}], '
    '"name": [{"family": "Citizen"}], "birthDate": "1970-01-02"}\n'
)
PROGRAM = (sys.executable, "-c", "from adapter.cli import main; raise SystemExit(main())")


def await_file(path: Path) -> None:
    """Waits until there is a file; it has half a minute for that."""
    for _ in range(300):
        if path.exists():
            return
        time.sleep(0.1)
    raise AssertionError("no file")


def first_page(url: str) -> httpx.Response:
    """What the server says to a GET as soon as it listens; it has half a minute for that."""
    with httpx.Client(trust_env=False) as client:
        for _ in range(300):
            try:
                return client.get(url)
            except httpx.ConnectError:
                time.sleep(0.1)
    raise AssertionError("nobody listens")


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


def test_every_kind_of_record_system_is_told_as_it_tells_itself() -> None:
    assert {name: kind(Site()).says for name, kind in PERSONALITIES.items()} == FHIR_KINDS


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_record_system_of_a_kind_is_served_with_what_it_has_and_what_goes_wrong(
    tmp_path: Path,
) -> None:
    port = free_port()
    patients = tmp_path / "patients.ndjson"
    patients.write_text('{"resourceType": "Patient", "id": "7"}\n\n', "utf-8")
    options = ("--load", str(patients), "--token", TOKEN, "--code", "urn:x|y", "--fault", "away:0")
    command = (*PROGRAM, "simulate", "vitals-only", *options, "--clock-skew", "-86400")
    base = f"http://127.0.0.1:{port}/fhir"

    with subprocess.Popen([*command, "--port", str(port)]) as served:
        try:
            statement = first_page(f"{base}/metadata").json()
            headers = {"Authorization": f"Bearer {TOKEN}"}
            shut = httpx.get(f"{base}/Patient/7", trust_env=False)
            patient = httpx.get(f"{base}/Patient/7", headers=headers, trust_env=False)
        finally:
            served.send_signal(signal.SIGINT)

    said = datetime.fromisoformat(patient.json()["meta"]["lastUpdated"])
    yesterday = datetime.now(tz=UTC) - timedelta(days=1)  # noqa: TID251 - the server's own clock
    assert [each["type"] for each in statement["rest"][0]["resource"]] == [
        "Encounter",
        "Observation",
        "Patient",
    ]
    assert (shut.status_code, patient.status_code) == (401, 200)
    assert abs(yesterday - said) < timedelta(minutes=5)
    assert served.returncode == 0


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        pytest.param(("--fault", "tired:0.5"), "--fault", id="no fault"),
        pytest.param(("--fault", "busy"), "--fault", id="no rate"),
        pytest.param(("--load", "none.ndjson"), "--load", id="not there"),
        pytest.param(("--load", FILES[1]), "--load", id="no FHIR"),
        pytest.param(("--tls", "none.pem", "none.pem"), "--tls", id="no certificate"),
    ],
)
def test_a_record_system_that_cannot_be_served_is_told(
    said: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["simulate", "full", *said])

    assert code == 10
    assert complaint in capsys.readouterr().err


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_practice_takes_what_is_laid_in_its_folder_until_it_is_interrupted(
    tmp_path: Path,
) -> None:
    port = free_port()
    folders = tmp_path / "in", tmp_path / "acknowledged"
    for folder in folders:
        folder.mkdir()
    patients = tmp_path / "patients.ndjson"
    patients.write_text(PATIENT, "utf-8")
    (folders[0] / "a.hl7").write_bytes(message())
    where = ("--incoming", str(folders[0]), "--acknowledgements", str(folders[1]))
    command = (*PROGRAM, "simulate", "v2-folder", *where, "--load", str(patients))

    with subprocess.Popen([*command, "--port", str(port)]) as served:
        try:
            first_page(f"http://127.0.0.1:{port}/filed")
            await_file(folders[1] / "a.ack")
            filed = httpx.get(f"http://127.0.0.1:{port}/filed", trust_env=False).json()["filed"]
        finally:
            served.send_signal(signal.SIGINT)

    assert told((folders[1] / "a.ack").read_bytes()) == ("AA", "c1", [])
    assert len(filed) == 1
    assert served.returncode == 0


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_practice_takes_what_comes_over_mllp_until_it_is_interrupted(tmp_path: Path) -> None:
    port, mllp_port = free_port(), free_port()
    patients = tmp_path / "patients.ndjson"
    patients.write_text(PATIENT.replace("Citizen", "Somebody"), "utf-8")
    command = (*PROGRAM, "simulate", "v2-mllp", "--load", str(patients), "--fault", "stray:1")
    ports = ("--port", str(port), "--mllp-port", str(mllp_port))

    with subprocess.Popen([*command, *ports]) as served:
        try:
            filed = first_page(f"http://127.0.0.1:{port}/filed").json()
            with socket.create_connection(("127.0.0.1", mllp_port), timeout=10) as connection:
                connection.sendall(b"\x0b" + message() + b"\x1c\r")
                said = b""
                while said.count(b"\x1c\r") < 2:
                    said += connection.recv(1000)
        finally:
            served.send_signal(signal.SIGINT)

    stray, own = (told(each.removeprefix(b"\x0b")) for each in said.split(b"\x1c\r")[:2])
    assert (stray[:2], own) == (("AA", "another"), ("AE", "c1", ["204"]))
    assert filed == {"filed": []}
    assert served.returncode == 0


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        pytest.param(("v2-folder",), "--incoming", id="no folders"),
        pytest.param(
            ("v2-folder", "--incoming", "none", "--acknowledgements", "none"),
            "--incoming",
            id="not there",
        ),
        pytest.param(
            ("v2-folder", "--incoming", ".", "--acknowledgements", ".", "--fault", "stray:1"),
            "--fault",
            id="a folder has no faults",
        ),
        pytest.param(("v2-mllp", "--fault", "busy:1"), "--fault", id="a fault of HTTP"),
        pytest.param(("v2-mllp", "--load", FILES[1]), "--load", id="no FHIR"),
    ],
)
def test_a_practice_that_cannot_be_served_is_told(
    said: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["simulate", *said])

    assert code == 10
    assert complaint in capsys.readouterr().err
