"""What a person or a script sees: tables on a terminal, or one JSON document."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import orjson

from adapter.errors import Problem
from adapter.export.ndjson import ExportedFile
from adapter.ingest import Report
from adapter.sync.plan import Plan
from adapter.sync.push import PushReport
from adapter.sync.verify import VerifyReport

LISTED_REJECTIONS = 200  # on a terminal; JSON lists all
OUTCOMES = ("created", "changed", "unchanged", "retracted", "empty", "rejected")
Row = Sequence[object]


def findings(problems: list[Problem], *, as_json: bool) -> None:
    """Every finding of `check`."""
    if as_json:
        _document({"findings": [_finding(problem) for problem in problems]})
    else:
        _lines(problems)
        print(f"{len(problems)} findings" if problems else "no findings")


def ingested(reports: list[Report], rejected: list[Problem], *, as_json: bool) -> None:
    """What was read, per form."""
    if as_json:
        _document(_ingest_document(reports, rejected))
    else:
        _ingest_table(reports)
        _lines(rejected, LISTED_REJECTIONS)


def planned(plans: list[Plan], *, as_json: bool) -> None:
    """What a push would do, per clinic."""
    if as_json:
        _document({"clinics": [_plan_document(told) for told in plans]})
        return
    for told in plans:
        _table(
            f"{told.clinic}: what a push would do",
            ("resource", "create", "update", "retract", "held, by rule"),
            [
                (
                    kind,
                    told.create[kind],
                    told.update[kind],
                    told.retract[kind],
                    _held(told.held, kind),
                )
                for kind in _kinds(told.create, told.update, told.retract, _types(told.held))
            ],
        )
        print(f"unchanged: {told.unchanged}\n")


def pushed(told: list[tuple[str, PushReport]], *, as_json: bool) -> None:
    """What a push did, per clinic."""
    if as_json:
        _document({"clinics": [_push_document(name, report) for name, report in told]})
        return
    for name, report in told:
        summary(name, report, VerifyReport())


def verified(told: list[tuple[str, VerifyReport]], *, as_json: bool) -> None:
    """What was read back, per clinic."""
    if as_json:
        _document({"clinics": [{"name": name, **asdict(report)} for name, report in told]})
        return
    for name, report in told:
        _table(
            f"{name}: read back",
            ("resource", "confirmed", "missing", "drifted"),
            [
                (kind, report.confirmed[kind], report.missing[kind], report.drifted[kind])
                for kind in _kinds(report.confirmed, report.missing, report.drifted)
            ],
        )


def synced(
    reports: list[Report],
    told: list[tuple[str, PushReport]],
    read_back: list[tuple[str, VerifyReport]],
    rejected: list[Problem],
    *,
    as_json: bool,
) -> None:
    """One whole round."""
    if as_json:
        pushes = [_push_document(name, report) for name, report in told]
        backs = [asdict(report) for _, report in read_back]
        clinics = [
            {**pushed, **{word: back[word] for word in ("confirmed", "missing", "drifted")}}
            for pushed, back in zip(pushes, backs, strict=True)
        ]
        _document({**_ingest_document(reports, rejected), "clinics": clinics})
        return
    _ingest_table(reports)
    for (name, report), (_, back) in zip(told, read_back, strict=True):
        summary(name, report, back)
    _lines(rejected, LISTED_REJECTIONS)


def summary(
    name: str, report: PushReport, back: VerifyReport, unchanged: Counter[str] | None = None
) -> None:
    """One clinic's table: created, unchanged, corrected, retracted, confirmed, held and why."""
    columns = {
        "created": report.created,
        "unchanged": unchanged or Counter(),
        "corrected": report.updated,
        "retracted": report.retracted,
        "refused": report.refused,
        "confirmed": back.confirmed,
    }
    _table(
        name,
        ("resource", *columns, "held, by rule"),
        [
            (kind, *(column[kind] for column in columns.values()), _held(report.held, kind))
            for kind in _kinds(*columns.values(), _types(report.held))
        ],
    )


def state(states: list[dict[str, Any]], rejected: list[Problem], *, as_json: bool) -> None:
    """Where every delivery stands, and what needs a person."""
    if as_json:
        _document({"clinics": states, "rejected": [_finding(problem) for problem in rejected]})
        return
    for said in states:
        counts = {word: count for word, count in said.items() if isinstance(count, int) and count}
        _table(said["name"], ("state", "deliveries"), list(counts.items()))
        _table(
            "needs a person, or waits for one",
            ("state", "resource", "why", "count"),
            [tuple(entry.values()) for entry in said["needs_a_person"]],
        )
    _lines(rejected, LISTED_REJECTIONS)


def exported(files: list[ExportedFile], *, as_json: bool) -> None:
    """Which files were written."""
    if as_json:
        _document({"output": [asdict(file) for file in files]})
    else:
        _table("exported", ("file", "resources"), [(file.file, file.count) for file in files])


def done(said: dict[str, Any], *, as_json: bool) -> None:
    """The result of an operator's verb."""
    if as_json:
        _document(said)
    else:
        print(", ".join(f"{word}: {value}" for word, value in said.items()))


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


def _ingest_document(reports: list[Report], rejected: list[Problem]) -> dict[str, Any]:
    forms: dict[str, Counter[str]] = {}
    for report in reports:
        for form, counts in report.counts.items():
            forms.setdefault(form, Counter()).update(counts)
    return {
        "forms": {
            form: {word: counts[word] for word in OUTCOMES} for form, counts in forms.items()
        },
        "rejected": [_finding(problem) for problem in rejected],
        "problems": sum(report.problems for report in reports),
    }


def _ingest_table(reports: list[Report]) -> None:
    for report in reports:
        _table(
            "read from the source",
            ("form", *OUTCOMES),
            [
                (form, *(counts[word] for word in OUTCOMES))  # type: ignore[index]
                for form, counts in report.counts.items()
            ],
        )


def _plan_document(told: Plan) -> dict[str, Any]:
    sent = {word: getattr(told, word) for word in ("create", "update", "retract")}
    return {
        "name": told.clinic,
        **{word: counts.total() for word, counts in sent.items()},
        "unchanged": told.unchanged,
        "held": told.held.total(),
        "held_by": _by_rule(told.held),
        "routes": {told.route: sum(counts.total() for counts in sent.values())},
        "by_type": sent,
    }


def _push_document(name: str, report: PushReport) -> dict[str, Any]:
    words = ("created", "updated", "retracted", "refused")
    return {
        "name": name,
        **{word: getattr(report, word) for word in words},
        "held": _types(report.held),
        "held_by": _by_rule(report.held),
    }


def _by_rule(held: Counter[tuple[str, str]]) -> dict[str, int]:
    rules: Counter[str] = Counter()
    for (_, rule), count in held.items():
        rules[rule] += count
    return dict(rules)


def _types(held: Counter[tuple[str, str]]) -> Counter[str]:
    types: Counter[str] = Counter()
    for (kind, _), count in held.items():
        types[kind] += count
    return types


def _held(held: Counter[tuple[str, str]], kind: str) -> str:
    return "\n".join(
        f"{count} {rule}" for (of, rule), count in sorted(held.items()) if of == kind and count
    )


def _kinds(*counters: Counter[str]) -> list[str]:
    return sorted({kind for counter in counters for kind, count in counter.items() if count})


def _finding(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.origin.file,
        "line": problem.origin.line,
        "record": problem.origin.record,
        "event": problem.origin.event,
        "field": problem.field,
        "severity": problem.severity,
        "expected": problem.expected,
        "found": problem.found,
        "action": problem.action,
    }


def _table(title: str, header: Sequence[str], rows: Iterable[Row]) -> None:
    listed = list(rows)
    if not listed:
        return
    from rich.console import Console  # noqa: PLC0415 - only who looks at a table pays for it
    from rich.table import Table  # noqa: PLC0415

    table = Table(title=title, title_justify="left", title_style="bold")
    for number, name in enumerate(header):
        is_number = number > 0 and all(isinstance(row[number], int) for row in listed)
        table.add_column(name, justify="right" if is_number else "left", no_wrap=number == 0)
    for row in listed:
        table.add_row(*("" if cell == 0 else str(cell) for cell in row))
    width = None if sys.stdout.isatty() else 132
    Console(width=width).print(table)


def _lines(problems: Sequence[Problem], limit: int | None = None) -> None:
    for problem in problems[:limit]:
        print(f"{problem.severity}: {problem}")
    if limit is not None and len(problems) > limit:
        print(f"... and {len(problems) - limit} more; `adapter status --json` lists all")


def _document(said: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(said, option=orjson.OPT_INDENT_2) + b"\n")
