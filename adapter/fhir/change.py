"""A score's change since baseline as Observation, built from the two that it rests on.

https://hl7.org/fhir/R4/observation.html. `interpretation` says better or worse (v3: B, W), whether
a threshold is reached (U, D: significant up, down), and each threshold by the project's own code.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from adapter.fhir.coding import number, own_coding, quantity
from adapter.fhir.draft import Draft
from adapter.fhir.identity import Identity, code_system, reference
from adapter.fhir.labels import RESTRICTED
from adapter.fhir.observation import INTERPRETATION
from adapter.instruments.form import Form, Scale
from adapter.scoring.change import Change, change_since

Resource = dict[str, Any]
_MOMENT = ("effectiveDateTime", "_effectiveDateTime", "issued")
_SAME = ("extension", "category", "device", "subject", *_MOMENT)


def change_name(unit: str, scale: Scale, identity: Identity) -> tuple[str, str]:
    """Type and id of the Observation of a scale's change; `unit` is the later response's."""
    return "Observation", identity.part(unit, f"{scale.id}-change")


def build_change(
    form: Form, scale: Scale, scores: tuple[Resource, Resource], name: tuple[str, str]
) -> Draft:
    """The change between two score Observations that have values, the baseline's and the later."""
    baseline, later = scores
    first, second = (Decimal(each["valueQuantity"]["value"]) for each in scores)
    change = change_since(scale, first, second)
    own: Resource = {
        "resourceType": "Observation",
        "id": name[1],
        "meta": RESTRICTED,
        "identifier": [{**later["identifier"][0], "value": name[1]}],
        "status": "final",
        **{element: later[element] for element in _SAME if element in later},
        "code": {
            "coding": [own_coding("score", f"{form.id}-{scale.id}-change")],
            "text": f"{scale.title}, change since baseline",
        },
        "valueQuantity": quantity(change.points, scale.unit),
        "method": {
            "coding": [
                {
                    "system": code_system("scoring-method"),
                    "version": form.version,
                    "code": f"{form.id}-{scale.id}-change",
                }
            ],
            "text": "this score less the score at baseline",
        },
        "derivedFrom": [reference("Observation", each["id"]) for each in (baseline, later)],
    }
    if interpretation := _interpretation(form, change):
        own["interpretation"] = interpretation
    if change.percent is not None:
        own["component"] = [_percent(form, change.percent, scale)]
    return Draft(own)


def is_change(observation: Resource) -> bool:
    """Whether an Observation of ours is one of change: no rule by which scores are made ends so."""
    codings = observation.get("method", {}).get("coding", ())
    return any(each["code"].endswith("-change") for each in codings)


def _percent(form: Form, percent: Decimal, scale: Scale) -> Resource:
    return {
        "code": {
            "coding": [own_coding("score", f"{form.id}-{scale.id}-change-percent")],
            "text": f"{scale.title}, change since baseline in per cent of it",
        },
        "valueQuantity": quantity(percent, "%"),
    }


def _interpretation(form: Form, change: Change) -> list[Resource]:
    said: list[Resource] = []
    if change.direction in {"better", "worse"}:
        code = "B" if change.direction == "better" else "W"
        said.append(_concept(INTERPRETATION, code, change.direction))
    if any(threshold.kind != "responder" for threshold in change.reached):
        is_up = change.points > 0
        words = f"significant change {'up' if is_up else 'down'}"
        said.append(_concept(INTERPRETATION, "U" if is_up else "D", words))
    for threshold in change.reached:
        own = own_coding("change", f"{form.id}-{change.scale.id}-{threshold.kind}")
        size = " or ".join(
            f"{number(least)}{unit}"
            for least, unit in ((threshold.points, " points"), (threshold.percent, " %"))
            if least is not None
        )
        too = " and another band" if threshold.new_band else ""
        said.append({"coding": [own], "text": f"{threshold.kind} change: at least {size}{too}"})
    return said


def _concept(system: str, code: str, text: str) -> Resource:
    return {"coding": [{"system": system, "code": code}], "text": text}
