"""schemathesis finds nothing at any door that `/openapi.json` describes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.fuzzed import fuzz
from tests.live.served import Served, serve

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
PARTS = ("^/fhir/[A-D]", "^/fhir/[E-O]", "^/fhir/[P-Q]", "^/fhir/[R-Z]", "^/(?!fhir/[A-Z])")
"""Doors that are tried while one token is good."""
EXAMPLES = 150 if IS_SOAK else 1


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service of its own: what is written to it nobody else should find."""
    people = frozenset({"1015", "1042"})
    folder, unhindered = tmp_path_factory.mktemp("fuzzed"), "requests_per_second = 100000"
    often = "sign_ins_per_minute = 100000"
    with serve(folder, people, "system/*.cruds", unhindered, bounds=often) as running:
        yield running


@pytest.mark.parametrize("part", PARTS if IS_SOAK else ("",))
def test_schemathesis_finds_nothing_at_any_door(part: str, service: Served, tmp_path: Path) -> None:
    told = fuzz(service, tmp_path, EXAMPLES, part, is_short=not IS_SOAK)

    assert told.returncode == 0, told.stdout[-30000:] + told.stderr
    operations = re.search(r"Tested: (\d+)", told.stdout)
    cases = re.search(r"(\d+) generated", told.stdout)
    assert operations is not None
    assert cases is not None
    assert int(operations[1]) > (10 if part else 150)
    assert int(cases[1]) > 1000
