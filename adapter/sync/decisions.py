"""What the release gate decided, written down before anything leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adapter.store.audit import Act
from adapter.store.deliveries import Delivery, Settlement
from adapter.sync.clinic import Clinic


def note_decisions(
    clinic: Clinic,
    released: Iterable[Delivery],
    settlements: Iterable[Settlement],
    claimed: Sequence[Delivery],
) -> None:
    """Writes into the audit log what leaves and what is held, where that is news.

    What blinding holds is not listed: that it exists for somebody would tell their arm to whoever
    reads the log.
    """
    if clinic.audit is None:
        return
    by_seq, now = {delivery.seq: delivery for delivery in claimed}, clinic.now()
    acts = [_act(clinic, delivery, now) for delivery in released]
    acts += [
        _act(clinic, by_seq[said.seq], now, said.rule)
        for said in settlements
        if said.state == "held" and said.rule != "blinding"
    ]
    clinic.audit.add(acts)


def _act(clinic: Clinic, delivery: Delivery, now: str, rule: str = "") -> Act:
    what = f"{delivery.type}/{delivery.id}/{delivery.version}"
    said = rule or ("retraction" if delivery.action == "retract" else "released")
    return Act(now, "held" if rule else "released", clinic.name, delivery.participant, what, said)
