"""What the release gate decided, written down before anything leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adapter.fhir.check import write
from adapter.fhir.text import read_text
from adapter.release import SAFETY, as_blinded, reveals_allocation
from adapter.store import versions
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

    What tells the arm as a whole is not listed, held or released: that it exists for somebody would
    tell their arm to whoever reads the log. That a clinic may know is a line of its own.
    """
    if clinic.audit is None:
        return
    by_seq, now = {delivery.seq: delivery for delivery in claimed}, clinic.now()
    rules = {said.seq: said.rule for said in settlements if said.state == "held"}
    noted = [(delivery, "") for delivery in released]
    noted += [(by_seq[seq], rule) for seq, rule in rules.items()]
    clinic.audit.add(
        _act(clinic, delivery, now, rule)
        for delivery, rule in noted
        if not reveals_allocation(clinic.study, delivery.form.removeprefix(SAFETY))
    )


def _act(clinic: Clinic, delivery: Delivery, now: str, rule: str) -> Act:
    what = f"{delivery.name}/{_version_told(clinic, delivery)}"
    said = rule or ("retraction" if delivery.action == "retract" else "released")
    return Act(now, "held" if rule else "released", clinic.name, delivery.participant, what, said)


def _version_told(clinic: Clinic, delivery: Delivery) -> str:
    """Which version it is; an event's by what everybody may know of it.

    Its number would count the changes that the blinded cannot see.
    """
    if delivery.type != "AdverseEvent":
        return str(delivery.version)
    tx = clinic.database.read()
    said = read_text(versions.text_of(tx, delivery.type, delivery.id, delivery.version))
    told = as_blinded(said, clinic.forms.get(delivery.form), clinic.study)
    return clinic.identity.token("version", write(told).decode())[:16]
