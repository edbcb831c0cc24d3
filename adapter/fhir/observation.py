"""Scores and observed items as Observations, https://hl7.org/fhir/R4/observation.html.

One Observation per scale; where a response gives several, a panel holds them with `hasMember`. A
score that could not be computed has a dataAbsentReason and never a number. What is the same for
every person (codes, method, reference range) is built once per scale.
"""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import Any, Literal

from adapter.fhir.coding import (
    RESEARCH_STUDY,
    RESTRICTED,
    UCUM,
    coding,
    concept,
    number,
    option_coding,
    own_coding,
    quantity,
)
from adapter.fhir.identity import Identity, code_system, reference
from adapter.fhir.questionnaire_response import device_id, study_id
from adapter.instruments.form import Band, Form, Item, Option, Scale
from adapter.instruments.response import Answer, Response, Value
from adapter.scoring import Score, band_of

ObservationStatus = Literal["final", "amended", "corrected", "entered-in-error"]
SURVEY = [
    {
        "coding": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                "code": "survey",
                "display": "Survey",
            }
        ]
    }
]
INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


def build_observations(
    response: Response,
    scores: tuple[Score, ...],
    identity: Identity,
    status: ObservationStatus,
) -> list[dict[str, Any]]:
    """Every Observation of a response, members before the panel that names them."""
    shared = _shared(response, identity, status)
    members = [
        *_item_observations(response, identity, shared),
        *(build_score_observation(response, score, identity, shared) for score in scores),
    ]
    if len(members) > 1:
        members.append(_panel(response, identity, shared, members))
    return members


def build_score_observation(
    response: Response, score: Score, identity: Identity, shared: dict[str, Any]
) -> dict[str, Any]:
    """One scale's score; `shared` is what all Observations of the response have in common."""
    form, scale = response.form, score.scale
    fixed = _fixed(form, scale)
    token = identity.part(shared["unit"], scale.id)
    built: dict[str, Any] = {
        "resourceType": "Observation",
        "id": token,
        **shared["head"],
        "identifier": [identity.identifier("observation", token)],
        **shared["who"],
        **fixed["what"],
    }
    if score.value is None:
        built["dataAbsentReason"] = {
            "coding": [{"system": ABSENT, "code": score.absent}],
            "text": f"{score.answered} of {score.of} items answered",
        }
    else:
        built["valueQuantity"] = quantity(score.value, scale.unit)
        band = band_of(scale, score.value)
        if band is not None:
            built["interpretation"] = fixed["bands"][band.id]
    built["method"] = fixed["prorated" if score.is_prorated else "method"]
    built["referenceRange"] = fixed["range"]
    if form.is_totals_only:
        built["note"] = fixed["note"]
    else:
        built["derivedFrom"] = shared["derived_from"]
    return built


def _shared(response: Response, identity: Identity, status: ObservationStatus) -> dict[str, Any]:
    unit = identity.of_response(response)
    patient = reference("Patient", identity.patient(response.participant))
    who: dict[str, Any] = {"status": status, "category": SURVEY, "subject": patient}
    if response.authored is not None:
        who["effectiveDateTime"] = response.authored
        if len(response.authored) > len("2023-04-02"):  # an instant; a day alone is none
            who["issued"] = response.authored
    who["device"] = reference("Device", device_id(identity))
    study = {
        "url": RESEARCH_STUDY,
        "valueReference": reference("ResearchStudy", study_id(identity)),
    }
    return {
        "unit": unit,
        "head": {"meta": RESTRICTED, "extension": [study]},
        "who": who,
        "patient": patient,
        "derived_from": [reference("QuestionnaireResponse", unit)],
    }


@functools.cache
def _fixed(form: Form, scale: Scale) -> dict[str, Any]:
    """What every Observation of this scale says alike."""
    low, high = scale.range
    own = own_coding("score", f"{form.id}-{scale.id}")
    return {
        "what": {"code": concept(scale.codes, own, scale.title)},
        "method": _method(form, scale, ""),
        "prorated": _method(form, scale, "-prorated"),
        "range": [
            {
                "low": quantity(low, scale.unit),
                "high": quantity(high, scale.unit),
                "text": f"possible range {number(low)} to {number(high)}",
            }
        ],
        "bands": {band.id: [_interpretation(form, scale, band)] for band in scale.bands},
        "note": [
            {"text": "The total as the trial holds it; the answers behind it were not supplied."}
        ],
    }


def _method(form: Form, scale: Scale, suffix: str) -> dict[str, Any]:
    rule = scale.method + (f"-x{scale.multiply}" if scale.multiply > 1 else "") + suffix
    said = {
        "system": code_system("scoring-method"),
        "version": form.version,
        "code": f"{form.id}-{scale.id}-{rule}",
    }
    text = f"{rule} over {len(scale.items)} items, {form.title} version {form.version}"
    if scale.method == "reported":
        text = f"total as reported by the trial, {form.title} version {form.version}"
    return {"coding": [said], "text": text}


def _interpretation(form: Form, scale: Scale, band: Band) -> dict[str, Any]:
    codings = [*map(coding, band.codes), own_coding("band", f"{form.id}-{scale.id}-{band.id}")]
    if band.interpretation is not None:
        codings.insert(0, {"system": INTERPRETATION, "code": band.interpretation})
    return {"coding": codings, "text": band.label}


def _item_observations(
    response: Response, identity: Identity, shared: dict[str, Any]
) -> list[dict[str, Any]]:
    """One Observation per answered item that the form wants observed; a gap has none."""
    return [
        _item_observation(response, item, answer, identity, shared)
        for item in response.form.items
        if item.observe and (answer := response.answers.get(item.link_id)) and answer.values
    ]


def _item_observation(
    response: Response, item: Item, answer: Answer, identity: Identity, shared: dict[str, Any]
) -> dict[str, Any]:
    form = response.form
    token = identity.part(shared["unit"], item.link_id)
    own = own_coding("item", f"{form.id}-{item.link_id}")
    return {
        "resourceType": "Observation",
        "id": token,
        **shared["head"],
        "identifier": [identity.identifier("observation", token)],
        **shared["who"],
        "code": concept(item.codes, own, item.text or f"{form.title}, {item.link_id}"),
        "performer": [shared["patient"]],
        **_item_value(form, item, answer.values),
        "derivedFrom": shared["derived_from"],
    }


def _item_value(form: Form, item: Item, values: tuple[Value, ...]) -> dict[str, Any]:
    """The value of an item in one of the types that R4 gives Observation.value[x]."""
    options = [value for value in values if isinstance(value, Option)]
    if options:
        codings = [option_coding(form, item, option) for option in options]
        text = ", ".join(option.get("display", option["code"]) for option in codings)
        return {"valueCodeableConcept": {"coding": codings, "text": text}}
    value = values[0]
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


def _panel(
    response: Response, identity: Identity, shared: dict[str, Any], members: list[dict[str, Any]]
) -> dict[str, Any]:
    """The Observation that holds the others together and has no value of its own."""
    form = response.form
    token = identity.part(shared["unit"], "panel")
    own = own_coding("instrument", form.id)
    built = {
        "resourceType": "Observation",
        "id": token,
        **shared["head"],
        "identifier": [identity.identifier("observation", token)],
        **shared["who"],
        "code": concept(form.codes, own, form.title),
        "hasMember": [reference("Observation", member["id"]) for member in members],
    }
    if not form.is_totals_only:
        built["derivedFrom"] = shared["derived_from"]
    return built
