"""What the study, its people and their consents become, resource by resource, as reviewed."""

from __future__ import annotations

from tests.golden.participation import build_case, read_expected


def test_who_takes_part_becomes_exactly_the_reviewed_resources() -> None:
    expected = read_expected()

    built = build_case()

    assert built.keys() == expected.keys()
    for file, resource in built.items():
        assert resource == expected[file], f"{file}: see tests/golden/participation.py"
