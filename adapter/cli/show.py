"""What a person or a script sees: tables on a terminal, or one JSON document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from adapter.cli.terminal import document, lines, table
from adapter.errors import Problem

if TYPE_CHECKING:
    from adapter.export.ndjson import ExportedFile
    from adapter.ingest import Report
    from adapter.ingest.standing import KeptBackCount, Standing

LISTED_REJECTIONS = 200  # on a terminal; JSON lists all
OUTCOMES = ("created", "changed", "unchanged", "retracted", "empty", "rejected")


def findings(problems: list[Problem], *, as_json: bool) -> None:
    """Every finding of `check`."""
    if as_json:
        document({"findings": [finding(problem) for problem in problems]})
    else:
        lines(problems)
        print(f"{len(problems)} findings" if problems else "no findings")


def ingested(
    reports: list[Report], rejected: Iterator[Problem], kept: KeptBackCount, *, as_json: bool
) -> None:
    """What was read, per form, and what of the rest gave safety signals."""
    if as_json:
        document(ingest_document(reports, rejected, kept))
    else:
        ingest_table(reports)
        undated(reports)
        kept_back(kept)
        lines(rejected, LISTED_REJECTIONS)


def undated(reports: list[Report]) -> None:
    """How much was taken in of which nothing says when it was answered; nothing where none is."""
    for form, count in _undated(reports).items():
        tells = "1 response tells" if count == 1 else f"{count} responses tell"
        print(
            f"{tells} no day in form `{form}`; name the column that does in the study file "
            "(`completed_at`), or export it"
        )


def kept_back(kept: KeptBackCount) -> None:
    """What is kept back gave signals, or was not looked at; nothing where there is neither."""
    if kept.signals:
        word = "safety signals stand" if kept.signals > 1 else "safety signal stands"
        print(f"{kept.signals} {word} in what was not taken in; `adapter signals` lists them")
    for form, count in kept.not_looked_at.items():
        rows = "1 row" if count == 1 else f"{count} rows"
        are, were = ("is", "was") if count == 1 else ("are", "were")
        what = f"of form `{form}`" if form else "of no form that is known"
        print(
            f"{rows} {what} {are} kept back and {were} not looked at for safety signals, or not "
            "for each; look in the source (`adapter status`, `adapter inbox`)"
        )


def counts(title: str, said: dict[str, Any]) -> None:
    """A table of words and how often; nothing where nothing was counted."""
    table(title, ("word", "count"), [(word, count) for word, count in said.items() if count])


@dataclass(frozen=True, slots=True)
class Watched:
    """The safety signals that stand, by level, and what is kept back."""

    levels: Counter[str]
    kept: KeptBackCount


def state(
    states: list[dict[str, Any]],
    watched: Watched,
    rejected: Iterator[Problem],
    triggered: dict[str, int],
    *,
    as_json: bool,
) -> None:
    """Where every delivery stands, and what needs a person.

    `triggered` counts the saved records that wait to be fetched.
    """
    if as_json:
        document(
            {
                "clinics": states,
                "safety_signals": watched.levels,
                "kept_back": asdict(watched.kept),
                "triggered": triggered,
                "rejected": map(finding, rejected),
            }
        )
        return
    for said in states:
        counts = {word: count for word, count in said.items() if isinstance(count, int) and count}
        table(said["name"], ("state", "deliveries"), list(counts.items()))
        table(
            "needs a person, or waits for one",
            ("state", "resource", "why", "count"),
            [tuple(entry.values()) for entry in said["needs_a_person"]],
        )
    if watched.levels:
        counted = ", ".join(f"{count} {level}" for level, count in sorted(watched.levels.items()))
        print(f"safety signals that stand: {counted}; `adapter signals` lists them")
    kept_back(watched.kept)
    if triggered["waiting"]:
        print(
            "records that REDCap told of and that were not fetched yet: {waiting}, the oldest "
            "since {oldest_seconds} s, tried in vain {failures} times".format_map(triggered)
        )
    lines(rejected, LISTED_REJECTIONS)


def signals(standing: list[Standing], kept: KeptBackCount, *, as_json: bool) -> None:
    """The safety signals that stand, and what nobody could look at."""
    if as_json:
        told = [asdict(signal) for signal in standing]
        document({"signals": told, "not_looked_at": kept.not_looked_at})
        return
    table(
        "safety signals that stand",
        ("level", "record", "signal", "why", "answered"),
        [
            (
                each.level,
                each.record,
                f"{each.title} ({each.signal})",
                each.reason,
                each.about or each.authored,
            )
            for each in standing
        ],
    )
    if not standing:
        is_sure = not kept.not_looked_at
        print("no safety signal stands" if is_sure else "no safety signal is known to stand")
    kept_back(kept)


def exported(files: list[ExportedFile], *, as_json: bool) -> None:
    """Which files were written."""
    if as_json:
        document({"output": [asdict(file) for file in files]})
    else:
        table("exported", ("file", "resources"), [(file.file, file.count) for file in files])


def done(said: dict[str, Any], *, as_json: bool) -> None:
    """The result of an operator's verb."""
    if as_json:
        document(said)
    else:
        print(", ".join(f"{word}: {value}" for word, value in said.items()))


def ingest_document(
    reports: list[Report], rejected: Iterator[Problem], kept: KeptBackCount
) -> dict[str, Any]:
    """What was read, as one JSON document has it; what was rejected one after the other."""
    forms: dict[str, Counter[str]] = {}
    for report in reports:
        for form, counts in report.counts.items():
            forms.setdefault(form, Counter()).update(counts)
    return {
        "forms": {
            form: {word: counts[word] for word in OUTCOMES} for form, counts in forms.items()
        },
        "rejected": map(finding, rejected),
        "problems": sum(report.problems for report in reports),
        "undated": _undated(reports),
        "kept_back": asdict(kept),
    }


def ingest_table(reports: list[Report]) -> None:
    """What was read, per source, as a table."""
    for report in reports:
        table(
            "read from the source",
            ("form", *OUTCOMES),
            [
                (form, *(counts[word] for word in OUTCOMES))  # type: ignore[index]
                for form, counts in report.counts.items()
            ],
        )


def finding(problem: Problem) -> dict[str, Any]:
    """A finding as every JSON document has it."""
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


def _undated(reports: list[Report]) -> Counter[str]:
    """What no source says a day of, per form; forms without such are left out."""
    return +sum((report.undated for report in reports), Counter[str]())
