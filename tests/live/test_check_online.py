"""`adapter check --online`: what a clinic's profile counts on, held to what its system says."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapter.simulate import PERSONALITIES, RecordSystem, Site, record_system_app, serving
from tests.live.small import ADAPTER, SmallTrial


@pytest.fixture
def check(tmp_path: Path) -> Iterator[Any]:
    """Checks a profile of a research repository against a record system of some kind."""
    with ExitStack() as stack:

        def run(kind: str | None) -> list[dict[str, Any]]:
            url = "http://127.0.0.1:9/fhir"
            if kind is not None:
                system = RecordSystem(
                    clock=lambda: datetime(2024, 9, 1, tzinfo=UTC),
                    ids=map(str, itertools.count(1)),
                    personality=PERSONALITIES[kind](Site()),
                )
                port = stack.enter_context(serving(record_system_app(system)))
                url = f"http://127.0.0.1:{port}/fhir"
            trial = SmallTrial(tmp_path, url, frozenset({"1001"}))
            trial.read()
            said: list[str | Path] = [ADAPTER, "check", "--online", "--json"]
            told = subprocess.run(
                [*said, "--config", trial.config], capture_output=True, timeout=60, check=False
            )
            assert told.returncode == 0, told.stderr  # a warning stops nobody
            findings: list[dict[str, Any]] = json.loads(told.stdout)["findings"]
            return [each for each in findings if each["file"] == "clinic.yaml"]

        yield run


def test_what_the_record_system_does_not_offer_is_told(check: Any) -> None:  # noqa: ANN401
    assert check("full") == []

    findings = check("vitals-only")

    expected = [each["expected"] for each in findings]
    assert expected[0] == "transaction, as the profile says"
    assert "create or update of QuestionnaireResponse, as the profile says" in expected
    assert "create or update of Observation, as the profile says" not in expected
    assert {each["severity"] for each in findings} == {"warning"}


def test_a_record_system_that_does_not_answer_is_told(check: Any) -> None:  # noqa: ANN401
    (finding,) = check(None)

    assert finding["expected"] == "a CapabilityStatement of R4"
    assert "url" in finding["action"]
