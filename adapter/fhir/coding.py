"""Codings: the declared codes first, the project's own code always."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from adapter.fhir.identity import code_system
from adapter.instruments.form import Code, Form, Item, Option

ORDINAL_VALUE = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
DATA_ABSENT_REASON = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
UNKNOWN_MOMENT = {"extension": [{"url": DATA_ABSENT_REASON, "valueCode": "unknown"}]}
"""In place of a moment that the source does not say: a profile may want one, none is invented."""
RESEARCH_STUDY = "http://hl7.org/fhir/StructureDefinition/workflow-researchStudy"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
UCUM = "http://unitsofmeasure.org"


def coding(code: Code) -> dict[str, Any]:
    """A Coding as declared; without display where the licence keeps the wording."""
    said = {"system": code.url, "code": code.code}
    return {**said, "display": code.display} if code.display else said


def category_of(form: Form) -> dict[str, Any]:
    """The category of a form's Observations."""
    return {"coding": [{"system": CATEGORY, "code": form.category}]}


def own_coding(system: str, code: str) -> dict[str, Any]:
    """A Coding in one of the project's own code systems."""
    return {"system": code_system(system), "code": code}


def concept(codes: tuple[Code, ...], own: dict[str, Any], text: str) -> dict[str, Any]:
    """A CodeableConcept: declared codes in their order (LOINC first), then the project's own."""
    return {"coding": [*map(coding, codes), own], "text": text}


def option_coding(form: Form, item: Item, option: Option) -> dict[str, Any]:
    """The Coding of one offered answer, with its weight where every engine reads it."""
    if option.code is not None:
        said = coding(option.code)
        if option.display and "display" not in said:
            said["display"] = option.display
    else:
        said = own_coding("answer", f"{form.id}-{item.options}-{option.value}")
        if option.display:
            said["display"] = option.display
    weight = weight_extension(option)
    return {"extension": weight, **said} if weight else said


def answer_concept(form: Form, item: Item, option: Option) -> dict[str, Any]:
    """One offered answer as a CodeableConcept, its words as text where it has any."""
    said = option_coding(form, item, option)
    coded = {word: part for word, part in said.items() if word != "extension"}
    return {"coding": [coded], "text": option.display} if option.display else {"coding": [coded]}


def weight_extension(option: Option) -> list[dict[str, Any]]:
    """The ordinalValue extension of an option, or nothing where it has no weight."""
    if option.score is None:
        return []
    return [{"url": ORDINAL_VALUE, "valueDecimal": number(option.score)}]


def number(value: Decimal) -> int | Decimal:
    """A decimal as JSON writes it: whole ones without a point, others with their precision."""
    return int(value) if value == value.to_integral_value() and _is_whole(value) else value


def _is_whole(value: Decimal) -> bool:
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= 0


def quantity(value: Decimal, unit: str, text: str | None = None) -> dict[str, Any]:
    """A UCUM quantity."""
    return {"value": number(value), "unit": text or unit.strip("{}"), "system": UCUM, "code": unit}
