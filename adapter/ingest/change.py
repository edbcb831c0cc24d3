"""Change since baseline, kept in step with both of the scores that it rests on.

An Observation of change belongs to the later response's unit: sent, corrected and retracted with
it. When the baseline itself is corrected or taken back, the later ones follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adapter.fhir.change import build_change, change_name
from adapter.fhir.draft import Draft
from adapter.fhir.text import read_text
from adapter.ingest.trial import Trial
from adapter.instruments.form import Form, Scale
from adapter.store import versions
from adapter.store.database import Transaction


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
    baseline = trial.study.baseline
    if baseline is None or place.timepoint == baseline:
        return []
    since = Place(place.participant, place.form, baseline)
    built = []
    for scale in tracked(place.form):
        first = _score(tx, trial, since, scale)
        later = _score(tx, trial, place, scale)
        if first is not None and later is not None:
            name = change_name(place.unit(trial), scale, trial.identity)
            draft = build_change(place.form, scale, (first, later), name)
            built += [draft] if draft else []
    return built


def after_baseline(trial: Trial, place: Place) -> Iterator[Place]:
    """Where a change since this baseline may stand; nowhere where this is none."""
    if place.timepoint != trial.study.baseline or not tracked(place.form):
        return
    placed = (each for each in trial.study.forms if each.form == place.form.id)
    for timepoint in dict.fromkeys(point for each in placed for point in each.at):
        if timepoint != place.timepoint:
            yield Place(place.participant, place.form, timepoint)


def tracked(form: Form) -> tuple[Scale, ...]:
    """The scales whose change since baseline is said."""
    return tuple(scale for scale in form.scales if scale.observe_change or scale.change)


def _score(tx: Transaction, trial: Trial, place: Place, scale: Scale) -> dict[str, object] | None:
    name = trial.identity.part(place.unit(trial), scale.id)
    version = versions.latest(tx, "Observation", name)
    return None if version is None or version.is_retracted else read_text(version.text)
