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
from adapter.sync.answer import Answer
from adapter.sync.clinic import Clinic
from adapter.sync.receipt import Unknown, Unreachable
from adapter.sync.routes import fhir_rest

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
            answers = fhir_rest.read_back(clinic.client, [delivery.name for delivery in page])
            if isinstance(answers, Unreachable | Unknown):
                raise EhrError(
                    f"expected an answer; found: {answers.reason}. Run this again later."
                )
            with clinic.database.write() as tx:
                for delivery, answer in zip(page, answers, strict=True):
                    settlement = _judge(clinic, delivery, answer, report)
                    if settlement.state == "queued":
                        deliveries.lose(tx, delivery)
                    settling.settle(tx, (settlement,), clinic.now())
            seq = page[-1].seq
            step(len(page))
    return report


def _judge(clinic: Clinic, delivery: Delivery, answer: Answer, report: VerifyReport) -> Settlement:
    text = clinic.text_of(clinic.database.read(), delivery, delivery.version, delivery.action)
    version = str(answer.body.get("meta", {}).get("versionId", ""))
    if fhir_rest.holds(answer, text):
        report.confirmed[delivery.type] += 1
        return Settlement(delivery.seq, "confirmed", remote_version=version)
    if fhir_rest.is_gone(answer):
        report.missing[delivery.type] += 1
        return Settlement(delivery.seq, "queued")
    report.drifted[delivery.type] += 1
    return Settlement(delivery.seq, "refused", reason=DRIFTED, remote_version=version)
