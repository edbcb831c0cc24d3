"""The Questionnaire of a form: what was asked, with SDC's metadata, weights and calculated scores.

https://hl7.org/fhir/R4/questionnaire.html and the SDC implementation guide. Wording stands only
where the licence lets it; a withheld item has its link id, codes and options.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.fhir.coding import (
    category_of,
    coding,
    number,
    option_coding,
    own_coding,
    weight_extension,
)
from adapter.fhir.expression import score_expression
from adapter.fhir.identity import questionnaire_url
from adapter.fhir.prefill import initial_extensions, launch_extensions
from adapter.instruments.form import Form, Item, Option, Scale
from adapter.instruments.rules import Condition

SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition"
CORE = "http://hl7.org/fhir/StructureDefinition"
EXTRACT = f"{SDC}/sdc-questionnaire-observationExtract"
EXTRACT_CATEGORY = f"{SDC}/sdc-questionnaire-observation-extract-category"
_FOCUS = {"system": "http://terminology.hl7.org/CodeSystem/usage-context-type", "code": "focus"}


def build_questionnaire(form: Form, resource_id: str) -> dict[str, Any]:
    """The Questionnaire of a form that has items; responses name it by `url|version`."""
    codes = [*map(coding, form.codes), own_coding("instrument", form.id)]
    return {
        "resourceType": "Questionnaire",
        "id": resource_id,
        **({"language": form.language} if form.language else {}),
        "extension": _extensions(form),
        "url": questionnaire_url(form),
        "version": form.published_version,
        "name": "".join(part.capitalize() for part in form.id.replace(".", "-").split("-")),
        "title": form.title,
        "status": "active",
        "experimental": False,
        "subjectType": ["Patient"],
        "publisher": "Trial FHIR adapter",
        "description": f"Source: {form.source}",
        "useContext": [{"code": _FOCUS, "valueCodeableConcept": {"coding": codes}}],
        "copyright": form.licence.status,
        "code": codes,
        "item": [
            *(_item(form, item) for item in form.items),
            *(_score_item(form, scale) for scale in form.scales if scale.field is None),
        ],
    }


def _extensions(form: Form) -> list[dict[str, Any]]:
    algorithm = {"system": "http://hl7.org/fhir/version-algorithm", "code": "semver"}
    extensions: list[dict[str, Any]] = [
        {"url": f"{CORE}/artifact-versionAlgorithm", "valueCoding": algorithm}
    ]
    if form.category != "survey":  # what SDC takes where nothing is said
        extensions.append({"url": EXTRACT_CATEGORY, "valueCodeableConcept": category_of(form)})
    return [*extensions, *launch_extensions(form)]


def score_link_id(scale: Scale) -> str:
    """The link id of the item in which a form filler writes a score that it computed."""
    return f"score-{scale.id}"


def _item(form: Form, item: Item) -> dict[str, Any]:
    built: dict[str, Any] = {"linkId": item.link_id}
    if extensions := _item_extensions(item):
        built["extension"] = extensions
    built["code"] = [*map(coding, item.codes), own_coding("item", f"{form.id}-{item.link_id}")]
    if item.text:
        built["text"] = item.text
    if item.translations:
        built["_text"] = translated(item.translations)
    built["type"] = item.type
    if item.asked_if is not None:
        built["enableWhen"] = [_enable_when(form, item.asked_if)]
    if item.required:
        built["required"] = True
    if item.repeats:
        built["repeats"] = True
    if offered := form.offered(item):
        built["answerOption"] = [_answer_option(form, item, option) for option in offered]
    return built


def _enable_when(form: Form, condition: Condition) -> dict[str, Any]:
    """What another item has to say, as FHIR asks it."""
    other = form.item(condition.item)
    if condition.equals is None:
        return {"question": other.link_id, "operator": "exists", "answerBoolean": True}
    asked: dict[str, Any] = {"question": other.link_id, "operator": "="}
    if other.type == "boolean":
        return {**asked, "answerBoolean": condition.equals == "1"}
    said = option_coding(
        form, other, next(each for each in form.offered(other) if each.value == condition.equals)
    )
    return {**asked, "answerCoding": {"system": said["system"], "code": said["code"]}}


def _item_extensions(item: Item) -> list[dict[str, Any]]:
    extensions: list[dict[str, Any]] = []
    kind = "valueInteger" if item.type == "integer" else "valueDecimal"
    if item.min is not None:
        extensions.append({"url": f"{CORE}/minValue", kind: number(item.min)})
    if item.max is not None:
        extensions.append({"url": f"{CORE}/maxValue", kind: number(item.max)})
    if item.unit is not None:
        extensions.append({"url": f"{CORE}/questionnaire-unit", "valueCoding": coding(item.unit)})
    if item.observe:
        extensions.append({"url": EXTRACT, "valueBoolean": True})
    return [*extensions, *initial_extensions(item)]


def translated(translations: Mapping[str, str]) -> dict[str, Any]:
    """What stands beside a string to say it in other languages, by language tag."""
    return {
        "extension": [
            {
                "url": f"{CORE}/translation",
                "extension": [
                    {"url": "lang", "valueCode": language},
                    {"url": "content", "valueString": text},
                ],
            }
            for language, text in translations.items()
        ]
    }


def _answer_option(form: Form, item: Item, option: Option) -> dict[str, Any]:
    coded = option_coding(form, item, option)
    if option.translations:
        coded = {**coded, "_display": translated(option.translations)}
    said = {"valueCoding": coded}
    weight = weight_extension(option)
    return {"extension": weight, **said} if weight else said


def _score_item(form: Form, scale: Scale) -> dict[str, Any]:
    extensions: list[dict[str, Any]] = []
    if expression := score_expression(form, scale):
        extensions.append(
            {
                "url": f"{SDC}/sdc-questionnaire-calculatedExpression",
                "valueExpression": {"language": "text/fhirpath", "expression": expression},
            }
        )
    if scale.method != "profile":
        extensions.append(
            {
                "url": f"{CORE}/questionnaire-unit",
                "valueCoding": {"system": "http://unitsofmeasure.org", "code": scale.unit},
            }
        )
    extensions.append({"url": EXTRACT, "valueBoolean": True})
    return {
        "linkId": score_link_id(scale),
        "extension": extensions,
        "code": [*map(coding, scale.codes), own_coding("score", f"{form.id}-{scale.id}")],
        "text": scale.title,
        "type": "string" if scale.method == "profile" else "decimal",
        "readOnly": True,
    }
