"""A result in HL7 v2 that its grammar forbids stays behind alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapter.errors import ResourceError
from adapter.store.deliveries import Delivery
from adapter.sync.found import Found
from adapter.sync.outgoing import Outgoing
from adapter.sync.receipt import Accepted, Receipt, Refused
from adapter.sync.routes import hl7v2


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

    receipts = hl7v2.deliver(box, [outgoing(1), outgoing(2), outgoing(3)], message_of)

    assert box.sent == ["d1", "d3"]
    assert [type(receipt) for receipt in receipts] == [Accepted, Refused, Accepted]
    assert isinstance(receipts[1], Refused)
    assert "PID_3" in receipts[1].reason
