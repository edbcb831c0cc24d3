"""Clients that people use against FHIR servers read ours as it is: none of them needs a change."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.installed import REPOSITORY, python_with
from tests.live.served import CLIENT, Served, serve

FOREIGN = REPOSITORY / "tests" / "live" / "foreign"
PEOPLE = frozenset({"1015", "1042"})
Resource = dict[str, Any]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running service over the ledger of two people."""
    with serve(tmp_path_factory.mktemp("clients"), PEOPLE, "system/*.cruds") as running:
        yield running


@pytest.fixture(scope="module")
def known(served: Served) -> dict[str, Any]:
    """What is there, by requests of our own."""
    with httpx.Client(
        base_url=served.base, headers={"Authorization": f"Bearer {served.token()}"}
    ) as client:
        patients = _all(client, "/Patient")
        observations = _all(client, "/Observation?category=survey&_count=1000")
    assert len(patients) == len(PEOPLE)
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
    served: Served, known: dict[str, Any], python: Path
) -> None:
    told = _run(python, FOREIGN / "by_fhirclient.py", served.base, CLIENT, served.assertion())

    assert told == {**known, "pages": True}


def test_fhirpy_reads_searches_and_pages_both_ways(
    served: Served, known: dict[str, Any], python: Path
) -> None:
    told = _run(python, FOREIGN / "by_fhirpy.py", served.base, served.token())

    assert told == {
        **known,
        "in_turn": known["observations"],
        "counted": len(known["observations"]),
        "included": ["Observation", "Patient"],
    }


def _all(client: httpx.Client, path: str) -> list[Resource]:
    page = client.get(path).json()
    assert [link["relation"] for link in page["link"]] == ["self"]  # all on one page
    return [entry["resource"] for entry in page["entry"]]


def _run(*said: str | Path) -> dict[str, Any]:
    told = subprocess.run(said, capture_output=True, text=True, timeout=120, check=False)
    assert told.returncode == 0, told.stderr[-3000:]
    document: dict[str, Any] = json.loads(told.stdout)
    return document
