"""Safety signals, kept in step with the answers and scores that gave them.

They are units of their own, apart from the response's: the release gate holds them by its own rule.
What asked for a look and does so no longer, because an answer was corrected, is retracted.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from adapter.fhir.draft import Draft
from adapter.fhir.identity import reference
from adapter.fhir.safety import Alarm, build_safety
from adapter.ingest.change import Place, places_after, scores_at
from adapter.ingest.keep import Acceptance, put_all, retract_gone, retract_unit
from adapter.ingest.trial import Trial
from adapter.instruments.form import Form
from adapter.instruments.response import Response
from adapter.instruments.safety import Safety
from adapter.release import SAFETY
from adapter.scoring import Score
from adapter.scoring.signals import Fired, signals_of, signals_since
from adapter.store.database import Transaction
from adapter.store.versions import Belonging


@dataclass(frozen=True, slots=True)
class Watch:
    """Where signals are kept: the unit of their own, and the response that they are about."""

    unit: str
    place: Place
    response_unit: str
    authored: str | None


def accept_signals(
    tx: Transaction, trial: Trial, response: Response, scores: tuple[Score, ...], said: Acceptance
) -> None:
    """Keeps what a response's answers, scores and changes ask a person to look at."""
    safety = trial.study.safety
    if safety is None:
        return
    place = Place(response.participant, response.form, response.timepoint)
    unit = trial.identity.of_response(response)
    watch = Watch(_unit(trial, unit), place, unit, response.authored)
    _keep(tx, trial, watch, signals_of(response, scores, safety), said)
    if response.repeat is None:
        for each in (place, *places_after(trial, place)):
            _accept_since(tx, trial, safety, each, said)


def retract_signals(tx: Transaction, trial: Trial, place: Place, unit: str, now: str) -> None:
    """After a response was taken back: it asks for nothing, nor does a change that rested on it."""
    retract_unit(tx, trial, _unit(trial, unit), now)
    for each in (place, *places_after(trial, place)):
        retract_unit(tx, trial, _unit_since(trial, each.unit(trial)), now)


def _accept_since(
    tx: Transaction, trial: Trial, safety: Safety, place: Place, said: Acceptance
) -> None:
    watched = {each.scale for each in safety.signals if each.is_change}
    fired: list[Fired] = []
    authored: str | None = None
    for scale in place.form.scales:
        scores = scores_at(tx, trial, place, scale) if scale.id in watched else None
        if scores is not None:
            first, later = (Decimal(score["valueQuantity"]["value"]) for score in scores)
            fired += signals_since(scale, place.form.id, (first, later), safety)
            authored = scores[1].get("effectiveDateTime")
    unit = place.unit(trial)
    watch = Watch(_unit_since(trial, unit), place, unit, authored)
    _keep(tx, trial, watch, tuple(fired), said)


def _keep(
    tx: Transaction, trial: Trial, watch: Watch, fired: tuple[Fired, ...], said: Acceptance
) -> None:
    """Keeps the signals of one unit, and retracts those that it gave before and gives no longer."""
    place, identity = watch.place, trial.identity
    subject = reference("Patient", identity.patient(place.participant))
    alarm = Alarm(watch.unit, subject, watch.authored, _focus(trial, place.form, watch))
    built = [Draft(resource) for each in fired for resource in build_safety(each, alarm, identity)]
    belonging = Belonging(watch.unit, place.participant, f"{SAFETY}{place.form.id}")
    put_all(tx, trial, belonging, built, said)
    retract_gone(tx, trial, watch.unit, {draft.name for draft in built}, said.now)


def _focus(trial: Trial, form: Form, watch: Watch) -> tuple[str, str]:
    """What a person should look at: the response, or the total where there are no answers."""
    if form.kind == "adverse-event":
        return "AdverseEvent", watch.response_unit
    if form.is_totals_only:
        return "Observation", trial.identity.part(watch.response_unit, form.scales[0].id)
    return "QuestionnaireResponse", watch.response_unit


def _unit(trial: Trial, response_unit: str) -> str:
    return trial.identity.part(response_unit, "safety")


def _unit_since(trial: Trial, response_unit: str) -> str:
    return trial.identity.part(response_unit, "safety-since-baseline")
