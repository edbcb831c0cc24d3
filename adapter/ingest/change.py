"""Change since baseline, kept in step with both of the scores that it rests on.

An Observation of change belongs to the later response's unit: sent, corrected and retracted with
it. When the baseline itself is corrected or taken back, the later ones follow. Scores by different
rules are not compared: what an earlier version of a form scored counts where it counts alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapter.fhir.change import build_change, change_name, is_change
from adapter.fhir.draft import Draft
from adapter.fhir.text import read_text
from adapter.ingest.document import put_document
from adapter.ingest.keep import (
    Acceptance,
    put_all,
    put_provenance,
    retract_version,
    tell_provenance_anew,
)
from adapter.ingest.trial import Trial
from adapter.instruments.form import Form, Scale
from adapter.store import versions
from adapter.store.database import Transaction
from adapter.store.readings import counts_alike
from adapter.store.versions import Belonging

Scores = tuple[dict[str, Any], dict[str, Any]]
"""Two score Observations that have a value: the one at baseline, and the later one."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose response to which form, at which timepoint of the study."""

    participant: str
    form: Form
    timepoint: str

    def unit(self, trial: Trial) -> str:
        """The unit of the response that stands here, once and not repeated."""
        return trial.identity.unit(self.participant, self.form.id, self.timepoint, None)


def changes_at(tx: Transaction, trial: Trial, place: Place) -> list[Draft]:
    """What changed here since baseline, as far as the ledger holds both scores."""
    unit = place.unit(trial)
    return [
        build_change(place.form, scale, scores, change_name(unit, scale, trial.identity))
        for scale in _tracked(place.form)
        if (scores := scores_at(tx, trial, place, scale)) is not None
    ]


def scores_at(tx: Transaction, trial: Trial, place: Place, scale: Scale) -> Scores | None:
    """A scale's scores at baseline and here; None where there are not two that may be compared.

    Each has a value, and both were scored by the same rule.
    """
    first, later = _baseline(tx, trial, place, scale), _score(tx, trial, place, scale)
    if first is None or later is None:
        return None
    compared = (_version_of(first), _version_of(later))
    return (first, later) if counts_alike(tx, place.form.id, scale.id, compared) else None


def value_at_baseline(tx: Transaction, trial: Trial, place: Place, scale: Scale) -> Decimal | None:
    """The value that a change here would be counted from now, None where there is none."""
    first = _baseline(tx, trial, place, scale)
    if first is None:
        return None
    compared = (_version_of(first), place.form.version)
    is_alike = counts_alike(tx, place.form.id, scale.id, compared)
    return Decimal(first["valueQuantity"]["value"]) if is_alike else None


def places_after(trial: Trial, place: Place) -> Iterator[Place]:
    """Where a change since this baseline may stand; nowhere where this is none."""
    if place.timepoint != trial.study.baseline:
        return
    placed = (each for each in trial.study.forms if each.form == place.form.id)
    for timepoint in dict.fromkeys(point for each in placed for point in each.at):
        if timepoint != place.timepoint:
            yield Place(place.participant, place.form, timepoint)


def follow_baseline(tx: Transaction, trial: Trial, place: Place, said: Acceptance) -> None:
    """What changed since this baseline is said anew; nothing is where it is none."""
    for later in places_after(trial, place):
        belonging = Belonging(later.unit(trial), later.participant, later.form.id)
        built = changes_at(tx, trial, later)
        if put_all(tx, trial, belonging, built, said):
            put_provenance(tx, trial, belonging, built, said)
        _retract_changes(tx, trial, later, {draft.name for draft in built}, said.now)
        put_document(tx, trial, later.unit(trial), said.now)


def forget_baseline(tx: Transaction, trial: Trial, place: Place, now: str) -> None:
    """After a response was taken back: no change since it stands any more."""
    for later in places_after(trial, place):
        _retract_changes(tx, trial, later, set(), now)
        put_document(tx, trial, later.unit(trial), now)


def _retract_changes(
    tx: Transaction, trial: Trial, place: Place, kept: set[tuple[str, str]], now: str
) -> None:
    unit, gone = place.unit(trial), set[str]()
    for version in versions.of_unit(tx, unit):
        name = (version.type, version.id)
        is_told = version.type == "Observation" and name not in kept and not version.is_retracted
        if is_told and is_change(read_text(version.text)):  # also of a scale that was there earlier
            retract_version(tx, trial, version, now)
            gone.add("/".join(name))
    if gone:
        tell_provenance_anew(tx, trial, unit, gone, now)


def _version_of(score: dict[str, Any]) -> str:
    """The version of its form that a score was computed by."""
    return str(score["method"]["coding"][0]["version"])


def _tracked(form: Form) -> tuple[Scale, ...]:
    """The scales whose change since baseline is said."""
    return tuple(scale for scale in form.scales if scale.observe_change or scale.change)


def _baseline(tx: Transaction, trial: Trial, place: Place, scale: Scale) -> dict[str, Any] | None:
    if trial.study.baseline in {None, place.timepoint}:
        return None
    baseline = Place(place.participant, place.form, str(trial.study.baseline))
    return _score(tx, trial, baseline, scale)


def _score(tx: Transaction, trial: Trial, place: Place, scale: Scale) -> dict[str, Any] | None:
    name = trial.identity.part(place.unit(trial), scale.id)
    version = versions.latest(tx, "Observation", name)
    if version is None or version.is_retracted:
        return None
    said = read_text(version.text)
    return said if "valueQuantity" in said else None
