"""The terminal: a table, a list of findings, one JSON document, a bar while something is done."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, BinaryIO

import orjson

from adapter.errors import Problem

Row = Sequence[object]


def warn(text: str) -> None:
    """Something to know, beside what was asked for."""
    print(text, file=sys.stderr)


@contextmanager
def progress(doing: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar on stderr while something is done; silent where nobody watches.

    `total` None: nobody knows how much there is, and the bar only counts.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal pays for it
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda count: bar.advance(task, count)


def table(title: str, header: Sequence[str], rows: Iterable[Row]) -> None:
    """A table on stdout; nothing where there are no rows."""
    listed = list(rows)
    if not listed:
        return
    from rich.console import Console  # noqa: PLC0415 - only who looks at a table pays for it
    from rich.table import Table  # noqa: PLC0415

    drawn = Table(title=title, title_justify="left", title_style="bold")
    for number, name in enumerate(header):
        is_number = number > 0 and all(isinstance(row[number], int) for row in listed)
        drawn.add_column(name, justify="right" if is_number else "left", no_wrap=number == 0)
    for row in listed:
        drawn.add_row(*("" if cell == 0 else str(cell) for cell in row))
    is_watched, drawing = sys.stdout.isatty(), io.StringIO()
    # What a clinic said is shown as it said it: its brackets are no markup of ours. And rich would
    # end the process itself where nobody reads on.
    console = Console(
        file=drawing,
        force_terminal=is_watched,
        width=None if is_watched else 132,
        markup=False,
        emoji=False,
    )
    console.print(drawn)
    print(drawing.getvalue(), end="")


def lines(problems: Iterable[Problem], limit: int | None = None) -> None:
    """One line a finding on stdout, at most `limit` of them."""
    told = iter(problems)
    for problem in islice(told, limit):
        print(f"{problem.severity}: {problem}")
    left = sum(1 for _ in told)
    if left:
        print(f"... and {left} more; `adapter status --json` lists all")


def document(said: dict[str, Any]) -> None:
    """One JSON document on stdout, and nothing else.

    What is an iterator at its top is written item by item, as a list: it may have a million.
    """
    out = sys.stdout.buffer
    for place, (name, value) in enumerate(said.items()):
        out.write(b",\n" if place else b"{\n")
        out.write(b"  " + orjson.dumps(name) + b": ")
        if isinstance(value, Iterator):
            _write_items(out, value)
        else:
            out.write(_indented(value, b"  "))
    out.write(b"\n}\n" if said else b"{}\n")


def _write_items(out: BinaryIO, items: Iterator[object]) -> None:
    before = b"[\n    "
    for item in items:
        out.write(before + _indented(item, b"    "))
        before = b",\n    "
    out.write(b"[]" if before.startswith(b"[") else b"\n  ]")


def _indented(value: object, by: bytes) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).replace(b"\n", b"\n" + by)
