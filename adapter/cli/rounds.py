"""What a person or a script sees of deliveries: planned, sent, read back, or a whole round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from adapter.cli import show
from adapter.cli.terminal import document, lines, table
from adapter.sync.run import PushReport
from adapter.sync.verify import VerifyReport

if TYPE_CHECKING:
    from adapter.errors import Problem
    from adapter.ingest import Report
    from adapter.ingest.standing import KeptBackCount
    from adapter.sync.plan import Plan

_HOW = {"covers": "covers the day of the answer", "follows": "is the next behind it"}
_BACK = ("confirmed", "awaiting", "missing", "drifted")


def planned(plans: list[Plan], *, as_json: bool, explains: bool = False) -> None:
    """What a push would do, per clinic.

    `explains`: by which rung each form goes, and why; and in which Encounter what is filed.
    """
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
                f"{told.clinic}: the Encounter that results are filed in",
                ("record", "event", "form", "Encounter", "its period"),
                [(at.record, at.event, at.form, at.encounter, _HOW[at.how]) for at in told.filed],
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
        if told.withheld:
            print(f"never told there, and not counted: {', '.join(told.withheld)}")
        for rung, count in told.moving.items():
            print(f"go by {rung} when they are seen to be taken back: {count} outcomes")
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
        show.counts(f"{name}: people whose Patient has to be looked at", report.astray)
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


def synced(told: Round, rejected: Iterator[Problem], kept: KeptBackCount, *, as_json: bool) -> None:
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
        document({**show.ingest_document(told.ingested, rejected, kept), "clinics": said})
        return
    show.ingest_table(told.ingested)
    show.undated(told.ingested)
    for name, report, back in clinics:
        summary(name, report, back)
        show.counts(f"{name}: what was written there", pulled.get(name, {}))
    show.kept_back(kept)
    lines(rejected, show.LISTED_REJECTIONS)


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


def _plan_document(told: Plan) -> dict[str, Any]:
    sent = {word: getattr(told, word) for word in ("create", "update", "retract")}
    return {
        "name": told.clinic,
        **{word: counts.total() for word, counts in sent.items()},
        "unchanged": told.unchanged,
        "held": told.held.total(),
        "held_by": _by_rule(told.held),
        "withheld": told.withheld,
        "routes": told.routes,
        "moving": told.moving,
        "by_type": sent,
    }


def _rungs(told: Plan, *, explains: bool) -> dict[str, Any]:
    listed = [{"form": form, **asdict(choice)} for form, choice in told.choices.items()]
    return {"rungs": listed, "filed": [asdict(at) for at in told.filed]} if explains else {}


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
    return {**{word: getattr(report, word) for word in _BACK}, "astray": report.astray}


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
