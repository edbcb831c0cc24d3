"""Writes docs/survival.md: what the tests of survival measured when they were run last.

They keep their figures in `.cache/survival.json`; `make soak` runs their long form first.
"""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / ".cache" / "survival.json"
PAGE = ROOT / "docs" / "survival.md"
OPENING = """\
# What the delivery survives

Each row is a test of `tests/live/test_survival.py`, with what it measured when this page was
written ({form}). Every resource of every row was looked up at the record system in the end, with
its whole history there: none was lost, none came twice or went back, and each person's came in
their order.

| test | measured |
|---|---|
"""


def page(measured: dict[str, dict[str, object]], form: str) -> str:
    """The page, a row for each test, by name."""
    rows = [
        f"| {test} | {', '.join(f'{word}: {value}' for word, value in figures.items())} |\n"
        for test, figures in sorted(measured.items())
    ]
    return OPENING.format(form=form) + "".join(rows)


def main() -> None:
    """Writes the page."""
    said = json.loads(FIGURES.read_text("utf-8"))
    is_long = said.pop("form", None) == "long"
    form = "the long form" if is_long else "the short form, as in `make test`"
    PAGE.write_text(page(said, form), "utf-8")


if __name__ == "__main__":
    main()
