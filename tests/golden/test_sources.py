"""What each kind of source gives of a small export with its quirks, as reviewed."""

from __future__ import annotations

import pytest

from tests.golden.sources import build_case, case_names, read_expected


@pytest.mark.parametrize("name", case_names())
def test_a_source_gives_exactly_the_reviewed_records_and_problems(name: str) -> None:
    expected = read_expected(name)

    built = build_case(name)

    assert built == expected, f"{name}: see tests/golden/sources.py"


def test_every_kind_of_file_has_a_case() -> None:
    assert len(case_names()) >= 10
