"""Scores and observed items as Observations, https://hl7.org/fhir/R4/observation.html.

One Observation per scale; where a response gives several, a panel holds them with `hasMember`. A
score that could not be computed has a dataAbsentReason and never a number. What is the same for
every person (codes, method, reference range) is built once per scale.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from adapter.fhir.answerer import answerer
from adapter.fhir.coding import (
    RESEARCH_STUDY,
    UCUM,
    UNKNOWN_MOMENT,
    category_of,
    coding,
    concept,
    number,
    option_coding,
    own_coding,
    quantity,
)
from adapter.fhir.draft import Draft, Frame, make_frame
from adapter.fhir.identity import Identity, code_system, reference
from adapter.fhir.labels import RESTRICTED
from adapter.instruments.answer import Answer, Value
from adapter.instruments.form import Band, Form, Item, Option, Scale
from adapter.instruments.response import Response
from adapter.scoring import CONTRADICTION, Score, band_of

ObservationStatus = Literal["final", "amended", "corrected", "entered-in-error"]
INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
PRORATED = "-prorated"
REPORTED = "The total as the trial holds it; the answers behind it were not supplied."


def build_observations(
    response: Response, scores: tuple[Score, ...], identity: Identity
) -> list[Draft]:
    """Every Observation of a response, `final`, members before the panel that names them."""
    shared = _shared(response, identity)
    members = [
        *_item_observations(response, shared),
        *(_score_observation(score, shared) for score in scores),
    ]
    if len(members) > 1:
        members.append(_panel(shared, members))
    return members


class Plan:
    """What the Observations of a form say alike for everyone in a study, made once.

    Codes are by scale, quantities by scale and value, frames by scale, band and whether prorated;
    `observed` are the items whose answers become Observations of their own.
    """

    def __init__(self, identity: Identity, form: Form) -> None:
        """Prepares the codes; the rest is made when it is first met."""
        self.identity, self.form = identity, form
        self.system = identity.system("observation")
        self.codes = {
            scale.id: concept(
                scale.codes, own_coding("score", f"{form.id}-{scale.id}"), scale.title
            )
            for scale in form.scales
        }
        self.panel_code = concept(form.codes, own_coding("instrument", form.id), form.title)
        self.observed = tuple(item for item in form.items if item.observe)
        self.frame = make_frame("Observation", _always(identity, form))
        self._valued: dict[tuple[str, Decimal, bool], tuple[dict[str, Any], Frame]] = {}
        self._without_number: dict[str, Frame] = {}

    def valued(self, score: Score, value: Decimal) -> tuple[dict[str, Any], Frame]:
        """The quantity of a score, and the frame around it."""
        scale = score.scale
        key = (scale.id, value, score.is_prorated)
        if key not in self._valued:
            band = band_of(scale, value)
            frame = self._make(scale, band, PRORATED if score.is_prorated else "")
            self._valued[key] = (quantity(value, scale.unit), frame)
        return self._valued[key]

    def without_number(self, scale: Scale) -> Frame:
        """The frame around a score that could not be computed, or is no number."""
        if scale.id not in self._without_number:
            self._without_number[scale.id] = self._make(scale, None, "")
        return self._without_number[scale.id]

    def _make(self, scale: Scale, band: Band | None, suffix: str) -> Frame:
        low, high = scale.range
        elements: dict[str, Any] = {
            **_always(self.identity, self.form),
            "method": _method(self.form, scale, suffix),
        }
        if scale.method != "profile":  # a row of answers lies between no two quantities
            elements["referenceRange"] = [
                {
                    "low": quantity(low, scale.unit),
                    "high": quantity(high, scale.unit),
                    # Without a type R4 takes a range for the normal one; no code says "possible".
                    "type": {"text": "possible range"},
                    "text": f"possible range {number(low)} to {number(high)}",
                }
            ]
        if band is not None:
            elements["interpretation"] = [_interpretation(self.form, scale, band)]
        if self.form.is_totals_only:
            elements["note"] = [{"text": REPORTED}]
        return make_frame("Observation", elements)


@functools.cache
def _plan(identity: Identity, form: Form) -> Plan:
    return Plan(identity, form)


@dataclass(frozen=True, slots=True)
class Shared:
    """What all Observations of one response say alike."""

    plan: Plan
    unit: str
    patient: dict[str, Any]
    elements: dict[str, Any]

    def head(self, what: str) -> dict[str, Any]:
        """The first elements of the Observation of `what`."""
        token = self.plan.identity.part(self.unit, what)
        return {
            "resourceType": "Observation",
            "id": token,
            "identifier": [{"system": self.plan.system, "value": token}],
            **self.elements,
        }


def _shared(response: Response, identity: Identity) -> Shared:
    unit = identity.of_response(response)
    patient = reference("Patient", identity.patient(response.participant))
    elements: dict[str, Any] = {"status": "final", "subject": patient}
    if response.authored is None:
        elements["_effectiveDateTime"] = UNKNOWN_MOMENT
    else:
        elements["effectiveDateTime"] = response.authored
        if len(response.authored) > len("2023-04-02"):  # an instant; a day alone is none
            elements["issued"] = response.authored
    if not response.form.is_totals_only:
        elements["derivedFrom"] = [reference("QuestionnaireResponse", unit)]
    return Shared(_plan(identity, response.form), unit, patient, elements)


def _score_observation(score: Score, shared: Shared) -> Draft:
    plan = shared.plan
    own = shared.head(score.scale.id)
    own["code"] = plan.codes[score.scale.id]
    if score.profile is not None:
        own["valueString"] = score.profile
        return Draft(own, plan.without_number(score.scale))
    if score.value is None:
        own["dataAbsentReason"] = {
            "coding": [{"system": ABSENT, "code": score.absent}],
            "text": _how_many(score),
        }
        return Draft(own, plan.without_number(score.scale))
    own["valueQuantity"], frame = plan.valued(score, score.value)
    if score.answered < score.of:
        own["note"] = [{"text": _how_many(score)}]
    return Draft(own, frame)


def _how_many(score: Score) -> str:
    if score.absent == CONTRADICTION:
        return "the answers contradict each other"
    what = "scores known" if score.scale.scales else "items answered"
    return f"{score.answered} of {score.of} {what}"


def _always(identity: Identity, form: Form) -> dict[str, Any]:
    """What every Observation of the form says."""
    study = reference("ResearchStudy", identity.study_id)
    return {
        "meta": RESTRICTED,
        "extension": [{"url": RESEARCH_STUDY, "valueReference": study}],
        "category": [category_of(form)],
        "device": reference("Device", identity.device_id),
    }


def methods_of(form: Form, scale: Scale) -> dict[str, str]:
    """Every way in which a score of this scale may have been computed: code and what it means."""
    suffixes = ("", PRORATED) if _may_be_prorated(form, scale) else ("",)
    return dict(_method_code(form, scale, suffix) for suffix in suffixes)


def _may_be_prorated(form: Form, scale: Scale) -> bool:
    """Whether a gap may be filled in this score, or in one that it counts."""
    members = [other for other in form.scales if other.id in scale.scales]
    fills = scale.missing is not None and scale.missing.fill == "mean"
    return fills or any(_may_be_prorated(form, member) for member in members)


def _method(form: Form, scale: Scale, suffix: str) -> dict[str, Any]:
    code, text = _method_code(form, scale, suffix)
    said = {"system": code_system("scoring-method"), "version": form.version, "code": code}
    return {"coding": [said], "text": f"{text}, {form.title} version {form.version}"}


def _method_code(form: Form, scale: Scale, suffix: str) -> tuple[str, str]:
    rule = scale.method + (f"-x{scale.multiply}" if scale.multiply > 1 else "") + suffix
    of = f"{len(scale.scales)} scores" if scale.scales else f"{len(scale.items)} items"
    text = f"{rule} over {of}"
    if scale.method == "reported":
        text = "total as reported by the trial"
    return f"{form.id}-{scale.id}-{rule}", text


def _interpretation(form: Form, scale: Scale, band: Band) -> dict[str, Any]:
    codings = [*map(coding, band.codes), own_coding("band", f"{form.id}-{scale.id}-{band.id}")]
    if band.interpretation is not None:
        codings.insert(0, {"system": INTERPRETATION, "code": band.interpretation})
    return {"coding": codings, "text": band.label}


def _item_observations(response: Response, shared: Shared) -> list[Draft]:
    """One Observation per answer to an item that the form wants observed; a gap has none."""
    return [
        _item_observation(item, part, shared)
        for item in shared.plan.observed
        if (answer := response.answers.get(item.link_id))
        for part in _parts(item, answer)
    ]


def _parts(item: Item, answer: Answer) -> Iterator[tuple[str, Value]]:
    """What each answer is known by: its item, and where there may be several, what was chosen."""
    for place, value in enumerate(answer.values):
        which = value.value if isinstance(value, Option) else str(place)
        yield (f"{item.link_id}-{which}" if item.repeats else item.link_id), value


def _item_observation(item: Item, part: tuple[str, Value], shared: Shared) -> Draft:
    form = shared.plan.form
    what, value = part
    own = own_coding("item", f"{form.id}-{item.link_id}")
    return Draft(
        {
            **shared.head(what),
            "code": concept(item.codes, own, item.text or f"{form.title}, {item.link_id}"),
            "performer": [answerer(form, shared.patient)],
            **_item_value(form, item, value),
        },
        shared.plan.frame,
    )


def _item_value(form: Form, item: Item, value: Value) -> dict[str, Any]:
    """The value of an item in one of the types that R4 gives Observation.value[x]."""
    if isinstance(value, Option):
        said = option_coding(form, item, value)
        # The form's own words: the name that its code has may be another.
        text = value.display or said.get("display", said["code"])
        return {"valueCodeableConcept": {"coding": [said], "text": text}}
    if isinstance(value, Decimal) or item.unit is not None:
        unit = item.unit.code if item.unit else "1"
        return {"valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit}}
    return {_VALUE_WORDS[item.type]: value}


_VALUE_WORDS = {  # R4 has no valueDate here: a date is a dateTime of a day
    "boolean": "valueBoolean",
    "integer": "valueInteger",
    "date": "valueDateTime",
    "dateTime": "valueDateTime",
    "time": "valueTime",
    "string": "valueString",
    "text": "valueString",
}


def _panel(shared: Shared, members: list[Draft]) -> Draft:
    """The Observation that holds the others together and has no value of its own."""
    return Draft(
        {
            **shared.head("panel"),
            "code": shared.plan.panel_code,
            "hasMember": [reference(*member.name) for member in members],
        },
        shared.plan.frame,
    )
