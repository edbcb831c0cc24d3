"""How what was built is kept: a new version where something is new, owed to whoever takes it.

Observations carry their own history: other answers amend them, another rule corrects them. What a
unit gives no longer is retracted.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapter.fhir.check import write
from adapter.fhir.draft import Draft
from adapter.fhir.observation import ObservationStatus
from adapter.fhir.provenance import (
    Activity,
    Derivation,
    Taken,
    build_provenance,
    build_taken_provenance,
)
from adapter.fhir.retraction import retract
from adapter.fhir.text import read_text
from adapter.ingest.owe import DOCUMENT, owe, retractable
from adapter.ingest.trial import Trial
from adapter.instruments.response import Record
from adapter.release.blinding import CONCEALED, blinded_cells
from adapter.store import versions
from adapter.store.database import Transaction
from adapter.store.instances import Instance
from adapter.store.versions import Belonging, Version


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What one ingest says of a record: which run, when, and what its form instance was before.

    `taken` says from which clinic it was taken, None where the trial's source holds it.
    """

    record: Record
    run: int
    now: str
    before: Instance | None
    source_hash: str
    taken: Taken | None = None


def put_all(
    tx: Transaction,
    trial: Trial,
    belonging: Belonging,
    built: list[Draft],
    said: Acceptance,
) -> list[Version]:
    """Keeps and owes what is new of these drafts, in their order; gives the new versions."""
    changed: list[Version] = []
    for draft in built:
        text = draft.write()
        if draft.name[0] == "Observation" and said.before is not None:
            text = _with_history(tx, draft, text, said)
        version = versions.put(tx, draft.name, text, belonging, said.now)
        changed += owe(tx, trial, version, said.now)
    return changed


def _with_history(tx: Transaction, draft: Draft, text: bytes, said: Acceptance) -> bytes:
    """An Observation's text, given what was said before: the same, amended, or corrected.

    Other answers amend it; the same answers under another rule correct it.
    """
    before = versions.latest(tx, *draft.name)
    if before is None:
        return text
    if not before.is_retracted:  # what was retracted comes back, even as it was
        same = draft.with_status(read_text(before.text)["status"]).write()
        if same == before.text:
            return same
    is_other_rule = said.before is not None and said.before.source_hash == said.source_hash
    becomes: ObservationStatus = "corrected" if is_other_rule else "amended"
    return draft.with_status(becomes).write()


def retract_gone(
    tx: Transaction, trial: Trial, unit: str, kept: set[tuple[str, str]], now: str
) -> list[Version]:
    """Retracts what a unit gave earlier and does not give now; its Provenances stay."""
    gone = [
        version
        for version in versions.of_unit(tx, unit)
        if (version.type, version.id) not in kept
        # What was said stays told; the document is made anew of what is left.
        and version.type not in {"Provenance", DOCUMENT}
        and not version.is_retracted
    ]
    return [retracted for version in gone for retracted in retract_version(tx, trial, version, now)]


def retract_unit(tx: Transaction, trial: Trial, unit: str, now: str) -> None:
    """Retracts everything of a form instance that is no longer in the source, the last first."""
    for version in reversed(retractable(versions.of_unit(tx, unit))):
        retract_version(tx, trial, version, now)


def retract_version(tx: Transaction, trial: Trial, version: Version, now: str) -> list[Version]:
    """Keeps the version that takes a resource back, and owes it to who has it."""
    said = retract(read_text(version.text))
    text = version.text if said is None else write(said)
    belonging = Belonging(version.unit, version.participant, version.form, is_retracted=True)
    name = (version.type, version.id)
    return owe(tx, trial, versions.put(tx, name, text, belonging, now), now)


def put_provenance(
    tx: Transaction,
    trial: Trial,
    belonging: Belonging,
    built: list[Draft],
    said: Acceptance,
) -> None:
    """Tells from which cells these drafts of a unit came, or from which clinic."""
    names = [draft.name for draft in built]
    if said.taken is not None:
        taken = said.taken, names, trial.identity, said.now
        provenance = build_taken_provenance(*taken, trial.software)
        put_all(tx, trial, belonging, [Draft(provenance)], said)
        return
    activity: Activity = "CREATE" if said.before is None else "UPDATE"
    form = trial.form_of(said.record.form)
    blinded = blinded_cells(said.record, form, trial.study)
    # Nobody who is blinded gets the Provenance of what is concealed: its id follows from all cells.
    is_told = blinded is not None and not belonging.form.startswith(CONCEALED)
    blinded_hash = trial.identity.source_hash(blinded) if is_told and blinded else ""
    derivation = Derivation(said.record, said.source_hash, form, activity, blinded_hash)
    provenance = build_provenance(derivation, names, trial.identity, said.now, trial.software)
    put_all(tx, trial, belonging, [Draft(provenance)], said)


def tell_provenance_anew(
    tx: Transaction, trial: Trial, unit: str, gone: set[str], now: str
) -> None:
    """Tells where what is left of a unit came from, after some of it was taken back by itself.

    `gone` is what was taken back, as `Type/id`. Who never had it can take no Provenance that names
    it, and would have none.
    """
    for version in reversed(versions.of_unit(tx, unit)):
        if version.type != "Provenance":
            continue
        said = read_text(version.text)
        left = [each for each in said["target"] if each["reference"] not in gone]
        if not left:  # an earlier one tells of the rest
            continue
        if len(left) < len(said["target"]):
            belonging = Belonging(unit, version.participant, version.form)
            name = (version.type, version.id)
            text = write({**said, "target": left})
            owe(tx, trial, versions.put(tx, name, text, belonging, now), now)
        return
