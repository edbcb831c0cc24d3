"""Clients that people use against FHIR servers read ours as it is: none of them needs a change."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.installed import REPOSITORY, need_program, node_modules, python_with
from tests.live.served import CLIENT, Served

FOREIGN = REPOSITORY / "tests" / "live" / "foreign"
ASKED = r"/(QuestionnaireResponse|metadata)|token|health|fhir$"
NOT_ASKED = (
    "positive_data_acceptance",  # OpenAPI cannot say what R4 asks of a body, a header of an update
    "negative_data_rejection",  # FHIR has a server pass over what it does not know
)
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


def test_schemathesis_finds_nothing(analyst: Served, python: Path, tmp_path: Path) -> None:
    said: list[str | Path] = [
        *(python.with_name("st"), "run", f"{analyst.origin}/openapi.json"),
        *("--url", analyst.origin, "--header", f"Authorization: Bearer {analyst.token()}"),
        *("--exclude-checks", ",".join(NOT_ASKED), "--phases", "examples,coverage,fuzzing"),
        *("--include-path-regex", ASKED, "--max-examples", "2", "--seed", "1", "--no-color"),
    ]

    told = subprocess.run(
        said, capture_output=True, text=True, timeout=3600, check=False, cwd=tmp_path
    )

    assert told.returncode == 0, told.stdout[-6000:]
    assert re.search(r"[1-9]\d+ generated", told.stdout)


def _all(client: httpx.Client, path: str) -> list[Resource]:
    page = client.get(path).json()
    assert [link["relation"] for link in page["link"]] == ["self"]  # all on one page
    return [entry["resource"] for entry in page["entry"]]


def _run(*said: str | Path) -> dict[str, Any]:
    told = subprocess.run(said, capture_output=True, text=True, timeout=120, check=False)
    assert told.returncode == 0, told.stderr[-3000:]
    document: dict[str, Any] = json.loads(told.stdout)
    return document
