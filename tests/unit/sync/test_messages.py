"""HL7 v2 and tasks: what is forbidden stays behind alone, and nothing goes out of turn."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import orjson
import pytest

from adapter.errors import ConflictError, ResourceError
from adapter.store.deliveries import Delivery
from adapter.sync.carry import carry
from adapter.sync.outgoing import Outgoing
from adapter.sync.profile import V2Rules
from adapter.sync.receipt import Accepted, Receipt, Refused
from adapter.sync.routes import hl7v2
from tests.unit.render.reported import document_of
from tests.unit.sync.desk import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from adapter.sync.clinic import Clinic
    from adapter.sync.found import Found
    from tests.unit.sync.conftest import Opened
    from tests.unit.sync.desk import Desk


@dataclass
class Box:
    """Takes every message."""

    sent: list[str] = field(default_factory=list)

    def send(self, control_id: str, message: bytes) -> Receipt:
        self.sent.append(message.decode())
        return Accepted(control_id)

    def look_up(self, control_id: str, *, is_in_doubt: bool) -> Found:
        raise NotImplementedError(control_id, is_in_doubt)


def outgoing(seq: int) -> Outgoing:
    said = ("gp", "DocumentReference", f"d{seq}", 1, "put", f"u{seq}", str(seq), "bdi", "claimed")
    return Outgoing(Delivery(seq, *said, 1, ""), b"{}")  # type: ignore[arg-type]


def message_of(item: Outgoing, control_id: str) -> bytes:
    if item.delivery.seq == 2:
        raise ResourceError("HL7 v2 forbids the message: Missing required child PID.PID_3", ())
    assert control_id
    return item.delivery.id.encode()


def test_a_message_that_is_forbidden_is_refused_and_the_others_go() -> None:
    box = Box()

    three = [outgoing(1), outgoing(2), outgoing(3)]

    receipts = hl7v2.deliver(box, three, message_of, lambda item: item.delivery.id, lambda: None)

    assert box.sent == ["d1", "d3"]
    assert [type(receipt) for receipt in receipts] == [Accepted, Refused, Accepted]
    assert isinstance(receipts[1], Refused)
    assert "PID_3" in receipts[1].reason


SLOW = REPOSITORY.model_copy(
    update={"id": "gp", "ladder": ("task",), "requests_per_second": 2, "burst": 1}
)


def document(seq: int) -> Outgoing:
    said = ("gp", "DocumentReference", f"d{seq}", 1, "put", f"u{seq}", "1", "ders-18", "claimed")
    text = orjson.dumps(document_of("ders-18"))
    return Outgoing(Delivery(seq, *said, 1, ""), text)  # type: ignore[arg-type]


def by_message(desk: Desk, _: Path) -> Clinic:
    receiver = V2Rules(transport="mllp", receiver=("P", "N"), pdf=False)
    profile = SLOW.model_copy(update={"ladder": ("hl7v2",), "hl7v2": receiver})
    return replace(desk.clinic, profile=profile, post=Box())


def by_task(desk: Desk, folder: Path) -> Clinic:
    return replace(desk.clinic, tasks=folder / "tasks")


@pytest.mark.parametrize("way", [by_message, by_task])
def test_messages_and_tasks_keep_to_the_budget(
    opened: Opened, tmp_path: Path, way: Callable[[Desk, Path], Clinic]
) -> None:
    desk = opened(SLOW)

    with way(desk, tmp_path).alone() as (there, _):
        receipts = carry(there, [document(1), document(2), document(3)])

    assert {type(receipt) for receipt in receipts} == {Accepted}
    assert desk.slept == [0.5, 0.5]


@pytest.mark.parametrize("way", [by_message, by_task])
def test_whoever_lost_the_turn_sends_no_message_and_lays_no_task(
    opened: Opened, tmp_path: Path, way: Callable[[Desk, Path], Clinic]
) -> None:
    desk = opened(SLOW)
    rare = SLOW.requests_per_second and SLOW.requests_per_second / 1000  # a wait beyond the lease
    clinic = way(desk, tmp_path)
    profile = clinic.profile.model_copy(update={"requests_per_second": rare})

    with pytest.raises(ConflictError, match="gp"):
        send_beyond_the_turn(replace(clinic, profile=profile), desk)

    sent = clinic.post.sent if isinstance(clinic.post, Box) else [*tmp_path.glob("tasks/*.pdf")]
    assert len(sent) == 1


def send_beyond_the_turn(clinic: Clinic, desk: Desk) -> None:
    with clinic.alone() as (there, _):
        carry(there, [document(1)])
        with closing(sqlite3.connect(desk.folder / "ledger.sqlite")) as other, other:
            other.execute("UPDATE lease SET token = token + 1")
        carry(there, [document(2)])
