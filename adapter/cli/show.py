"""What a person or a script sees: tables on a terminal, or one JSON document."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from adapter.cli.terminal import document, lines, table
from adapter.errors import Problem
from adapter.export.ndjson import ExportedFile
from adapter.ingest import Report
from adapter.sync.plan import Plan
from adapter.sync.run import PushReport
from adapter.sync.verify import VerifyReport

if TYPE_CHECKING:
    from adapter.ingest.signals import Standing

_BACK = ("confirmed", "awaiting", "missing", "drifted")
LISTED_REJECTIONS = 200  # on a terminal; JSON lists all
OUTCOMES = ("created", "changed", "unchanged", "retracted", "empty", "rejected")


def findings(problems: list[Problem], *, as_json: bool) -> None:
    """Every finding of `check`."""
    if as_json:
        document({"findings": [finding(problem) for problem in problems]})
    else:
        lines(problems)
        print(f"{len(problems)} findings" if problems else "no findings")


def ingested(reports: list[Report], rejected: list[Problem], *, as_json: bool) -> None:
    """What was read, per form."""
    if as_json:
        document(_ingest_document(reports, rejected))
    else:
        _ingest_table(reports)
        lines(rejected, LISTED_REJECTIONS)


def planned(plans: list[Plan], *, as_json: bool, explains: bool = False) -> None:
    """What a push would do, per clinic; `explains`: by which rung each form goes, and why."""
    if as_json:
        told_of = [_plan_document(told) | _rungs(told, explains=explains) for told in plans]
        document({"clinics": told_of})
        return
    for told in plans:
        if explains:
            table(
                f"{told.clinic}: the rung of each form",
                ("form", "rung", "why"),
                [(form, said.rung, said.reason) for form, said in told.choices.items()],
            )
        table(
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
        document({"clinics": [_push_document(name, report) for name, report in told]})
        return
    for name, report in told:
        summary(name, report, VerifyReport())


def verified(told: list[tuple[str, VerifyReport]], *, as_json: bool) -> None:
    """What was read back, per clinic."""
    if as_json:
        document({"clinics": [{"name": name, **_back_document(back)} for name, back in told]})
        return
    for name, report in told:
        table(
            f"{name}: read back",
            ("resource", *_BACK),
            [
                (kind, *(getattr(report, word)[kind] for word in _BACK))
                for kind in _kinds(*(getattr(report, word) for word in _BACK))
            ],
        )


@dataclass(frozen=True, slots=True)
class Round:
    """What a `sync` did: of each clinic by name what was sent, got and read back."""

    ingested: list[Report]
    pushed: list[tuple[str, PushReport]]
    pulled: list[tuple[str, dict[str, Any]]]
    verified: list[tuple[str, VerifyReport]]


def synced(told: Round, rejected: list[Problem], *, as_json: bool) -> None:
    """One whole round."""
    pulled = dict(told.pulled)
    clinics = _together(told.pushed, told.verified)
    if as_json:
        said = [
            {
                **_push_document(name, report),
                "pulled": pulled.get(name, {}),
                **_back_document(back),
            }
            for name, report, back in clinics
        ]
        document({**_ingest_document(told.ingested, rejected), "clinics": said})
        return
    _ingest_table(told.ingested)
    for name, report, back in clinics:
        summary(name, report, back)
        counts(f"{name}: what was written there", pulled.get(name, {}))
    lines(rejected, LISTED_REJECTIONS)


def counts(title: str, said: dict[str, Any]) -> None:
    """A table of words and how often; nothing where nothing was counted."""
    table(title, ("word", "count"), [(word, count) for word, count in said.items() if count])


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
    table(
        name,
        ("resource", *columns, "held, by rule"),
        [
            (kind, *(column[kind] for column in columns.values()), _held(report.held, kind))
            for kind in _kinds(*columns.values(), _types(report.held))
        ],
    )


def state(
    states: list[dict[str, Any]],
    signals: Counter[str],
    rejected: list[Problem],
    *,
    as_json: bool,
) -> None:
    """Where every delivery stands, and what needs a person; `signals` are counts by level."""
    if as_json:
        findings = [finding(problem) for problem in rejected]
        document({"clinics": states, "safety_signals": signals, "rejected": findings})
        return
    for said in states:
        counts = {word: count for word, count in said.items() if isinstance(count, int) and count}
        table(said["name"], ("state", "deliveries"), list(counts.items()))
        table(
            "needs a person, or waits for one",
            ("state", "resource", "why", "count"),
            [tuple(entry.values()) for entry in said["needs_a_person"]],
        )
    if signals:
        counted = ", ".join(f"{count} {level}" for level, count in sorted(signals.items()))
        print(f"safety signals that stand: {counted}; `adapter signals` lists them")
    lines(rejected, LISTED_REJECTIONS)


def signals(standing: list[Standing], *, as_json: bool) -> None:
    """The safety signals that stand."""
    if as_json:
        document({"signals": [asdict(signal) for signal in standing]})
        return
    table(
        "safety signals that stand",
        ("level", "record", "signal", "why", "answered"),
        [
            (each.level, each.record, f"{each.title} ({each.signal})", each.reason, each.authored)
            for each in standing
        ],
    )
    if not standing:
        print("no safety signal stands")


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


def _ingest_document(reports: list[Report], rejected: list[Problem]) -> dict[str, Any]:
    forms: dict[str, Counter[str]] = {}
    for report in reports:
        for form, counts in report.counts.items():
            forms.setdefault(form, Counter()).update(counts)
    return {
        "forms": {
            form: {word: counts[word] for word in OUTCOMES} for form, counts in forms.items()
        },
        "rejected": [finding(problem) for problem in rejected],
        "problems": sum(report.problems for report in reports),
    }


def _ingest_table(reports: list[Report]) -> None:
    for report in reports:
        table(
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
        "routes": told.routes,
        "by_type": sent,
    }


def _rungs(told: Plan, *, explains: bool) -> dict[str, Any]:
    listed = [{"form": form, **asdict(choice)} for form, choice in told.choices.items()]
    return {"rungs": listed} if explains else {}


def _push_document(name: str, report: PushReport) -> dict[str, Any]:
    words = ("created", "updated", "retracted", "refused")
    return {
        "name": name,
        **{word: getattr(report, word) for word in words},
        "parked": report.parked,
        "held": _types(report.held),
        "held_by": _by_rule(report.held),
    }


def _back_document(report: VerifyReport) -> dict[str, Any]:
    return {word: getattr(report, word) for word in _BACK}


def _together(
    told: list[tuple[str, PushReport]], read_back: list[tuple[str, VerifyReport]]
) -> list[tuple[str, PushReport, VerifyReport]]:
    """Both reports of each clinic; nothing where another process was at work with it."""
    pushed, verified = dict(told), dict(read_back)
    return [
        (name, pushed.get(name, PushReport()), verified.get(name, VerifyReport()))
        for name in {**pushed, **verified}
    ]


def _by_rule(held: Counter[tuple[str, str]]) -> dict[str, int]:
    rules: Counter[str] = Counter()
    for (_, rule), count in sorted(held.items()):
        rules[rule] += count
    return dict(rules)


def _types(held: Counter[tuple[str, str]]) -> Counter[str]:
    """By name: in which order they were held tells of whom, and so the arm."""
    types: Counter[str] = Counter()
    for (kind, _), count in sorted(held.items()):
        types[kind] += count
    return types


def _held(held: Counter[tuple[str, str]], kind: str) -> str:
    return "\n".join(
        f"{count} {rule}" for (of, rule), count in sorted(held.items()) if of == kind and count
    )


def _kinds(*counters: Counter[str]) -> list[str]:
    return sorted({kind for counter in counters for kind, count in counter.items() if count})


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
