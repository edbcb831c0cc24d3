"""Writes docs/survival.md: what the tests of survival measured when they were run last.

They keep their figures in `.cache/survival.json`, the long form (`make soak`) and the short one
(`make test`) apart. What was not run in a form has no figure in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / ".cache" / "survival.json"
PAGE = ROOT / "docs" / "survival.md"
OPENING = """\
# What the delivery survives

Each row is a test of `tests/live` (`test_survival.py`, `test_failpoints.py`, `test_recovery.py`),
with what it measured when it was run last in its long form (`make soak`) and in its short one
(`make test`); "not run" stands where it was not. Where resources are counted, each was looked up at
the record system in the end, with its whole history there: none was lost, none came twice or went
back, and each person's came in their order.

| test | long form | short form |
|---|---|---|
"""
Figures = Mapping[str, object]


def page(long: Mapping[str, Figures], short: Mapping[str, Figures]) -> str:
    """The page, a row for each test, by name."""
    names = sorted({*long, *short})
    rows = [f"| {name} | {_said(long.get(name))} | {_said(short.get(name))} |\n" for name in names]
    return OPENING + "".join(rows)


def _said(figures: Figures | None) -> str:
    if figures is None:
        return "not run"
    return ", ".join(f"{word}: {value}" for word, value in figures.items())


def main() -> None:
    """Writes the page."""
    said = json.loads(FIGURES.read_text("utf-8"))
    PAGE.write_text(page(said["long"], said["short"]), "utf-8")


if __name__ == "__main__":
    main()
