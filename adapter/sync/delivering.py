"""One delivery: what goes over the wire for it, and what it becomes after the clinic's answer."""

from __future__ import annotations

from adapter.errors import ResourceError
from adapter.fhir.text import read_text
from adapter.store import holdings
from adapter.store.deliveries import Delivery, Settlement
from adapter.store.states import State
from adapter.sync.clinic import Clinic
from adapter.sync.outgoing import Outgoing
from adapter.sync.receipt import Accepted, Receipt, Refused, Unreachable
from adapter.sync.run import PushReport
from adapter.sync.words import without_answers


def outgoing_of(clinic: Clinic, delivery: Delivery) -> Outgoing | Refused | None:
    """What goes over the wire; None for a retraction of what is not there, or not any more.

    Refused: in this clinic's terms it breaks a rule of R4, which keeps back it alone. What only
    goes along with outcomes, such as a Provenance, is left out then.
    """
    tx = clinic.database.read()
    held = holdings.holding(tx, clinic.name, delivery.type, delivery.id)
    if held is None and delivery.action == "retract":
        return None
    try:
        text = clinic.text_of(tx, delivery, delivery.version, delivery.action)
        if held is None:  # after a refusal: over the version that stood in the way, and no later
            return Outgoing(delivery, text, if_match=delivery.remote_version)
        before = clinic.text_of(tx, delivery, held.version, held.action)
    except ResourceError as wrong:
        return None if clinic.leaves_out(delivery) else Refused(str(wrong))
    return Outgoing(delivery, text, before, held.remote_version if before is not None else "")


def settlement_of(item: Outgoing, receipt: Receipt, report: PushReport) -> Settlement:
    """What a delivery becomes after what the clinic said; the report counts it."""
    delivery = item.delivery
    match receipt:
        case Accepted(remote_version, is_awaiting, reason):
            _count(item, report)
            becomes: State = "awaiting" if is_awaiting else "accepted"
            return Settlement(delivery.seq, becomes, reason=reason, remote_version=remote_version)
        case Refused(reason, remote_version, is_found_out):
            report.refused[delivery.type] += 1
            becomes = "quarantined" if is_found_out else "refused"
            told = without_answers(reason, read_text(item.text) if item.text else {})
            return Settlement(delivery.seq, becomes, reason=told, remote_version=remote_version)
        case Unreachable():
            return Settlement(delivery.seq, "queued")
    return Settlement(delivery.seq, "uncertain", reason=receipt.reason)


def _count(item: Outgoing, report: PushReport) -> None:
    if item.delivery.action == "retract":
        report.retracted[item.delivery.type] += 1
    elif item.before is None:
        report.created[item.delivery.type] += 1
    else:
        report.updated[item.delivery.type] += 1
