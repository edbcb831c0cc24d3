"""What may or may not have arrived is looked up, before anything is sent.

What stands at the clinic as we wrote it is accepted, and what is not there is queued again. Where
something stands of which the ledger never knew, it is an earlier text of ours, or it is left for a
person.
"""

from __future__ import annotations

from collections.abc import Sequence

from adapter.errors import ResourceError
from adapter.store import deliveries, holdings, settling
from adapter.store.deliveries import Delivery, Settlement
from adapter.store.holdings import Holding
from adapter.sync.carry import look_up
from adapter.sync.clinic import Clinic
from adapter.sync.delivering import outgoing_of, settlement_of
from adapter.sync.found import Found
from adapter.sync.outgoing import Outgoing
from adapter.sync.receipt import Accepted, Unknown, Unreachable
from adapter.sync.run import PushReport

UNKNOWN_THERE = (
    "the clinic holds something else under this name, which this ledger did not write: somebody "
    "changed it there, or it was written before the ledger was set back"
)


def look_up_uncertain(clinic: Clinic, report: PushReport) -> Unreachable | Unknown | None:
    """Reads back what may or may not have arrived; None when nothing is in doubt any more."""
    while True:
        doubted = deliveries.in_state(
            clinic.database.read(), clinic.name, "uncertain", clinic.profile.bundle.entries
        )
        if not doubted:
            return None
        items = [_sought(clinic, delivery) for delivery in doubted]
        asked = [item for item in items if item is not None]
        found = look_up(clinic, asked)
        if isinstance(found, Unreachable | Unknown):
            return found
        told = {item.delivery.seq: each for item, each in zip(asked, found, strict=True)}
        unknown = [each for each in doubted if _is_unknown(clinic, each, told.get(each.seq))]
        earlier = _earlier(clinic, unknown)
        if isinstance(earlier, Unreachable | Unknown):
            return earlier
        settlements = [
            # What cannot be said in the clinic's terms is told when it is its turn.
            Settlement(delivery.seq, "queued")
            if item is None
            else _after_look(item, told[delivery.seq], report)
            for delivery, item in zip(doubted, items, strict=True)
        ]
        with clinic.write() as tx:
            settling.settle(tx, settlements, clinic.now())
            for delivery in unknown:
                if delivery.seq in earlier:
                    settling.hold(tx, delivery, earlier[delivery.seq])
                    continue
                seen = told[delivery.seq].remote_version
                said = Settlement(
                    delivery.seq, "refused", reason=UNKNOWN_THERE, remote_version=seen
                )
                if settling.refuse_unsent(tx, said, clinic.now()):
                    report.refused[delivery.type] += 1


def _sought(clinic: Clinic, delivery: Delivery) -> Outgoing | None:
    """What is looked for; None where it cannot be said in the clinic's terms."""
    item = outgoing_of(clinic, delivery)
    if isinstance(item, Outgoing):
        return item
    try:  # a retraction of what is not there as far as the ledger knows
        tx = clinic.database.read()
        text = clinic.text_of(tx, delivery, delivery.version, delivery.action)
    except ResourceError:
        return None
    return Outgoing(delivery, text)


def _after_look(item: Outgoing, found: Found, report: PushReport) -> Settlement:
    if found.word == "there":
        return settlement_of(item, Accepted(found.remote_version), report)
    if found.word == "awaiting":
        taken = Accepted(found.remote_version, is_awaiting=True, reason=found.reason)
        return settlement_of(item, taken, report)
    return Settlement(item.delivery.seq, "queued")


def _is_unknown(clinic: Clinic, delivery: Delivery, found: Found | None) -> bool:
    """Whether something is there of which the ledger knows nothing."""
    if found is None or found.word != "changed" or found.reason:
        return False
    tx = clinic.database.read()
    return holdings.holding(tx, clinic.name, delivery.type, delivery.id) is None


def _earlier(
    clinic: Clinic, unknown: Sequence[Delivery]
) -> dict[int, Holding] | Unreachable | Unknown:
    """Which of these are there as an earlier version of ours says them, by place."""
    tx = clinic.database.read()
    known: dict[int, Holding] = {}
    left = [(each, each.version - (each.action == "put")) for each in unknown]
    while left := [(each, number) for each, number in left if number and each.seq not in known]:
        texts = [Outgoing(each, clinic.text_of(tx, each, number, "put")) for each, number in left]
        found = look_up(clinic, texts)
        if isinstance(found, Unreachable | Unknown):
            return found
        for (delivery, number), said in zip(left, found, strict=True):
            if said.word == "there":
                known[delivery.seq] = Holding(number, "put", said.remote_version)
        left = [(each, number - 1) for each, number in left]
    return known
