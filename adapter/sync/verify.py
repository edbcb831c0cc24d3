"""Reads back what clinics accepted: the same content is confirmed, nothing is sent again or shown.

Accepted is what the clinic said; confirmed is what it holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from adapter.errors import EhrError
from adapter.store import deliveries, settling
from adapter.store.deliveries import Delivery, Settlement
from adapter.sync.carry import look_up
from adapter.sync.clinic import Clinic
from adapter.sync.found import Found
from adapter.sync.outgoing import Outgoing
from adapter.sync.receipt import Unknown, Unreachable

DRIFTED = "changed at the clinic: it no longer says what we wrote"


@dataclass(slots=True)
class VerifyReport:
    """What was found, by type: confirmed, missing (queued again), drifted (for a person)."""

    confirmed: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    drifted: Counter[str] = field(default_factory=Counter)


def verify(
    clinic: Clinic, step: Callable[[int], None] = lambda _: None, *, everything: bool = True
) -> VerifyReport:
    """Compares what the clinic holds with what we wrote; `everything` reads confirmed ones again.

    Raises:
        ConflictError: another process is delivering to this clinic.
        EhrError: the clinic cannot be reached or cannot read in batches.
    """
    report = VerifyReport()
    size, seq = clinic.profile.bundle.entries, 0
    with clinic.alone():
        while page := deliveries.after(
            clinic.database.read(), clinic.name, seq, size, everything=everything
        ):
            found = look_up(clinic, [_written(clinic, delivery) for delivery in page])
            if isinstance(found, Unreachable | Unknown):
                raise EhrError(f"expected an answer; found: {found.reason}. Run this again later.")
            with clinic.database.write() as tx:
                for delivery, each in zip(page, found, strict=True):
                    settlement = _judge(delivery, each, report)
                    if settlement.state == "queued":
                        deliveries.lose(tx, delivery)
                    settling.settle(tx, (settlement,), clinic.now())
            seq = page[-1].seq
            step(len(page))
    return report


def _written(clinic: Clinic, delivery: Delivery) -> Outgoing:
    tx = clinic.database.read()
    return Outgoing(delivery, clinic.text_of(tx, delivery, delivery.version, delivery.action))


def _judge(delivery: Delivery, found: Found, report: VerifyReport) -> Settlement:
    match found.word:
        case "there":
            report.confirmed[delivery.type] += 1
            return Settlement(delivery.seq, "confirmed", remote_version=found.remote_version)
        case "gone":
            report.missing[delivery.type] += 1
            return Settlement(delivery.seq, "queued")
        case "changed":
            report.drifted[delivery.type] += 1
            version = found.remote_version
            return Settlement(delivery.seq, "refused", reason=DRIFTED, remote_version=version)
    return Settlement(delivery.seq, "accepted", remote_version=found.remote_version)
