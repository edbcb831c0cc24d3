"""The gate's word is written down before anything leaves; an unblinding opens one person's data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from adapter.store.audit import Act, AuditLog, read_lines
from adapter.sync.push import push

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.unit.sync.desk import Desk
    from tests.unit.sync.far_side import Take


def seal(before: str, line: str) -> str:
    return f"{len(before) + len(line)}"


def test_what_leaves_and_what_is_held_is_written_down_before_it_leaves(
    desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "audit.ndjson"
    clinic = replace(desk.clinic, audit=AuditLog(path, seal))
    desk.take_in("2", research="refused")
    desk.owe(desk.observation("a"))
    desk.owe(desk.observation("b", participant="2"), participant="2")
    seen: list[int] = []

    def look(request: httpx.Request, take: Take) -> httpx.Response:
        seen.append(len(list(read_lines(path))))
        return take(request)

    desk.far.rule = look
    push(clinic)
    push(clinic)

    told = {line.act.what: (line.act.action, line.act.rule) for line in read_lines(path)}
    assert told == {
        "Observation/a/1": ("released", "released"),
        "Observation/b/1": ("held", "consent-refused"),
    }
    assert len(list(read_lines(path))) == 2
    assert seen == [2]


def test_an_unblinding_opens_one_person_to_one_clinic(desk: Desk, tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.ndjson", seal)
    clinic = replace(desk.clinic, audit=log)
    desk.take_in("2")
    for name, record in (("a", "1"), ("b", "2")):
        telling = desk.observation(name, participant=record)
        desk.owe(telling, participant=record, form="session-attendance")
    first = push(clinic)

    log.add([Act(clinic.now(), "unblind", "elsewhere", "1", rule="emergency")])
    second = push(clinic)
    log.add([Act(clinic.now(), "unblind", clinic.name, "1", rule="emergency")])
    third = push(clinic)

    # Neither what is held nor what is released of it is listed: it would tell who has it.
    assert [line.act.what for line in read_lines(log.path)] == ["", ""]
    assert first.held == second.held == {("Observation", "blinding"): 2}
    assert third.created == {"Observation": 1}
    assert third.held == {("Observation", "blinding"): 1}
    assert desk.far.holds("Observation/a") is not None
    assert desk.far.holds("Observation/b") is None
