"""Files of lines from their end: every whole line once, wherever reading begins and however."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.store.backwards import end_of, lines_before, place_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lines")


@given(
    widths=st.lists(st.integers(0, 40), max_size=12), half=st.integers(0, 9), at=st.integers(0, 400)
)
def test_the_whole_lines_before_a_place_come_the_last_first(
    folder: Path, widths: list[int], half: int, at: int
) -> None:
    path = folder / "log"
    lines = [b"%d%s\n" % (number, b"x" * width) for number, width in enumerate(widths)]
    path.write_bytes(b"".join(lines) + b"h" * half)
    places = [sum(map(len, lines[:number])) for number in range(len(lines))]
    expected = [
        (place, line) for place, line in zip(places, lines, strict=True) if place + len(line) <= at
    ]

    assert list(lines_before(path, at, at_once=16)) == expected[::-1]
    assert end_of(path) == sum(map(len, lines))


@given(widths=st.lists(st.integers(0, 40), max_size=12), wanted=st.integers(-1, 13))
def test_the_first_line_that_is_not_before_is_found(
    folder: Path, widths: list[int], wanted: int
) -> None:
    path = folder / "log"
    lines = [b"%d %s\n" % (number, b"x" * width) for number, width in enumerate(widths)]
    path.write_bytes(b"".join(lines))

    place = place_of(path, end_of(path), lambda raw: int(raw.split()[0]) < wanted)

    assert place == sum(map(len, lines[: max(wanted, 0)]))


def test_a_line_longer_than_what_is_read_at_once_is_whole(folder: Path) -> None:
    path, long = folder / "log", b"x" * 300 + b"\n"
    path.write_bytes(b"first\n" + long + b"last\n")

    lines = [line for _, line in lines_before(path, 999, at_once=7)]

    assert lines == [b"last\n", long, b"first\n"]
