"""Clients that people use against FHIR servers read ours as it is: none of them needs a change."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.installed import REPOSITORY, need_program, node_modules, python_with
from tests.launching import CLIENT as CLIENT_OF_PAGE
from tests.live.launching import letting_in
from tests.live.served import CLIENT, Served, free_port

FOREIGN = REPOSITORY / "tests" / "live" / "foreign"
Resource = dict[str, Any]


@pytest.fixture(scope="module")
def known(analyst: Served) -> dict[str, Any]:
    """What is there, by requests of our own."""
    with httpx.Client(
        base_url=analyst.base, headers={"Authorization": f"Bearer {analyst.token()}"}
    ) as client:
        patients = _all(client, "/Patient")
        observations = _all(client, "/Observation?category=survey&_count=1000")
    assert len(patients) == 2
    assert len(observations) > 100
    return {
        "patients": sorted(each["id"] for each in patients),
        "observations": [each["id"] for each in observations],
        "read": observations[0],
    }


@pytest.fixture(scope="module")
def python() -> Path:
    """A Python that has the clients."""
    return python_with(FOREIGN / "requirements.lock")


def test_the_python_client_of_smart_signs_in_reads_searches_and_pages(
    analyst: Served, known: dict[str, Any], python: Path
) -> None:
    told = _run(python, FOREIGN / "by_fhirclient.py", analyst.base, CLIENT, analyst.assertion())

    assert told == {**known, "pages": True}


def test_fhirpy_reads_searches_and_pages_both_ways(
    analyst: Served, known: dict[str, Any], python: Path
) -> None:
    told = _run(python, FOREIGN / "by_fhirpy.py", analyst.base, analyst.token())

    assert told == {
        **known,
        "in_turn": known["observations"],
        "counted": len(known["observations"]),
        "included": ["Observation", "Patient"],
    }


@pytest.mark.parametrize("client", ["fhir-kit-client", "fhirclient"])
def test_the_clients_of_npm_read_search_and_page(
    analyst: Served, known: dict[str, Any], client: str
) -> None:
    folder = node_modules(FOREIGN / "packages.txt")
    node = need_program("node", "nodejs", debian="nodejs")
    script = folder / f"by-{client}.mjs"  # beside what it imports
    script.write_bytes((FOREIGN / f"by-{client}.mjs").read_bytes())

    told = _run(node, script, analyst.base, analyst.token())

    assert told == known


def test_an_application_with_the_client_of_npm_is_launched_and_reads(
    analyst: Served, known: dict[str, Any]
) -> None:
    folder, port = node_modules(FOREIGN / "packages.txt"), free_port()
    script = folder / "launched-fhirclient.mjs"
    script.write_bytes((FOREIGN / script.name).read_bytes())
    node, patient = need_program("node", "nodejs", debian="nodejs"), known["patients"][1]
    said: list[str | Path] = [node, script, str(port), CLIENT_OF_PAGE]
    running = subprocess.Popen(said, stdout=subprocess.PIPE)
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        with letting_in(analyst, f"http://127.0.0.1:{port}/app", patient) as system:
            launch = f"http://127.0.0.1:{port}/launch?iss={system.iss}&launch={system.launch}"
            answer = httpx.get(launch, follow_redirects=True, timeout=60)
    finally:
        running.terminate()
        running.communicate(timeout=30)

    assert answer.status_code == 200, answer.text
    headers = {"Authorization": f"Bearer {analyst.token()}"}
    with httpx.Client(base_url=analyst.base, headers=headers) as client:
        ours = _all(client, f"/Observation?patient={patient}&category=survey&_count=1000")
    assert len(ours) > 40  # more than a page of them
    assert answer.json() == {"patient": patient, "observations": sorted(e["id"] for e in ours)}
    assert system.bought[0]["code_verifier"]


def _all(client: httpx.Client, path: str) -> list[Resource]:
    page = client.get(path).json()
    assert [link["relation"] for link in page["link"]] == ["self"]  # all on one page
    return [entry["resource"] for entry in page["entry"]]


def _run(*said: str | Path) -> dict[str, Any]:
    told = subprocess.run(said, capture_output=True, text=True, timeout=120, check=False)
    assert told.returncode == 0, told.stderr[-3000:]
    document: dict[str, Any] = json.loads(told.stdout)
    return document
