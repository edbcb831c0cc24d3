"""What each form becomes, resource by resource, as reviewed."""

from __future__ import annotations

import pytest

from tests.golden.cases import ROOT, build_case, case_names, read_expected


@pytest.mark.parametrize("name", case_names())
def test_a_form_becomes_exactly_the_reviewed_resources(name: str) -> None:
    expected = read_expected(name)

    built = build_case(name)

    assert built.keys() == expected.keys()
    for file, resource in built.items():
        assert resource == expected[file], f"{name}/{file}: see tests/golden/cases.py"


def test_every_shipped_form_has_a_golden_case() -> None:
    shipped = {path.stem for path in (ROOT / "mappings" / "instruments").glob("*.yaml")}

    assert set(case_names()) == shipped
