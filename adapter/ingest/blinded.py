"""What whoever must not know the arm is owed: nothing that tells it, and no change they cannot see.

A version that says the same as the one before it, to whoever is blinded, would tell by coming that
something hidden has changed. So it is not owed to them, and the Provenance of such a change belongs
to nothing that they get. What this keeps back the release gate would hold, too, if it were owed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from adapter.fhir.text import read_text
from adapter.ingest.trial import Trial
from adapter.release import SAFETY, Receiver, as_blinded, reveals_allocation
from adapter.release.blinding import CONCEALED, TELLING
from adapter.store import deliveries, versions
from adapter.store.database import Transaction
from adapter.store.versions import Belonging, Version

EVENT = "AdverseEvent"


def is_kept_from(trial: Trial, receiver: Receiver, version: Version) -> bool:
    """Whether it tells the arm as a whole, to a receiver that must not know it."""
    return _is_telling(trial, version) and not trial.may_know(receiver, version.participant)


def is_seen(tx: Transaction, trial: Trial, receiver: Receiver, version: Version) -> bool:
    """Whether a receiver sees that it differs from what it was owed last."""
    if version.type != EVENT or trial.may_know(receiver, version.participant):
        return True
    owed = deliveries.last_owed(tx, receiver.name, version)
    if owed is None or owed[1] == "retract":
        return True
    before = versions.numbered(tx, version.type, version.id, owed[0])
    return _blinded(trial, before) != _blinded(trial, version)


def concealed(
    tx: Transaction, trial: Trial, belonging: Belonging, changed: Sequence[Version]
) -> Belonging:
    """What the Provenance of these new versions belongs to.

    To a form that reveals the arm, where nobody who is blinded sees what is new about them.
    """
    if not all(_is_hidden(tx, trial, version) for version in changed):
        return belonging
    return replace(belonging, form=f"{CONCEALED}{belonging.form}")


def tells(trial: Trial, version: Version) -> bool:
    """Whether it tells the arm, as a whole or in a part."""
    held = read_text(version.text)
    return _is_telling(trial, version) or _blinded(trial, version) != held


def _is_telling(trial: Trial, version: Version) -> bool:
    return reveals_allocation(trial.study, version.form.removeprefix(SAFETY))


def _is_hidden(tx: Transaction, trial: Trial, version: Version) -> bool:
    if version.type != EVENT or version.version == 1 or version.is_retracted:
        return False
    before = versions.numbered(tx, version.type, version.id, version.version - 1)
    return not before.is_retracted and _blinded(trial, before) == _blinded(trial, version)


def _blinded(trial: Trial, version: Version) -> dict[str, object]:
    held = read_text(version.text)
    if version.type not in TELLING:
        return held
    return as_blinded(held, trial.forms.get(version.form), trial.study)
