"""A Response as QuestionnaireResponse, https://hl7.org/fhir/R4/questionnaireresponse.html.

An answer to a choice is the same JSON for everyone who gave it, so it is built once per option and
shared; nothing ever edits it.
"""

from __future__ import annotations

import functools
from typing import Any

from adapter.fhir.answerer import answerer
from adapter.fhir.coding import (
    DATA_ABSENT_REASON,
    RESEARCH_STUDY,
    UNKNOWN_MOMENT,
    option_coding,
)
from adapter.fhir.identity import PROJECT, Identity, questionnaire_url, reference
from adapter.fhir.labels import RESTRICTED
from adapter.instruments.answer import Answer, Value
from adapter.instruments.form import Form, Item, Option
from adapter.instruments.response import Response

# An extension, not a tag: servers merge the tags of an update into those they have.
UNVERIFIED = {
    "url": f"{PROJECT}/StructureDefinition/source-state",
    "valueCode": "unverified",
}


def build_questionnaire_response(response: Response, identity: Identity) -> dict[str, Any]:
    """One person's answers; items nobody answered are left out, declined ones say why."""
    unit = identity.of_response(response)
    patient = reference("Patient", identity.patient(response.participant))
    built: dict[str, Any] = {
        "resourceType": "QuestionnaireResponse",
        "id": unit,
        "meta": RESTRICTED,
        "extension": [
            {
                "url": RESEARCH_STUDY,
                "valueReference": reference("ResearchStudy", identity.study_id),
            }
        ],
        "identifier": identity.identifier("response", unit),
        "questionnaire": f"{questionnaire_url(response.form)}|{response.form.published_version}",
        "status": response.status,
        "subject": patient,
    }
    if not response.is_verified:
        built["extension"].append(UNVERIFIED)
    if response.authored is None:
        built["_authored"] = UNKNOWN_MOMENT
    else:
        built["authored"] = response.authored
    built["author"] = reference("Device", identity.device_id)
    built["source"] = answerer(response.form, patient)
    built["item"] = build_items(response)
    return built


def build_items(response: Response) -> list[dict[str, Any]]:
    """The items with an answer or a reason, in the form's order; not those that were not asked."""
    form, shared = response.form, _choice_items(response.form)
    built = []
    for link_id, answer in response.answers.items():
        values = answer.values
        if len(values) == 1 and isinstance(values[0], Option):
            built.append(shared[link_id][values[0].value])
        elif answer.is_asked:
            built.append(_item(form, link_id, answer))
    return built


@functools.cache
def _choice_items(form: Form) -> dict[str, dict[str, dict[str, Any]]]:
    """The finished item of every offered option, by link id and the option's value."""
    return {
        item.link_id: {
            option.value: _item(form, item.link_id, Answer(item.link_id, (option,)))
            for option in form.offered(item)
        }
        for item in form.items
    }


def _item(form: Form, link_id: str, answer: Answer) -> dict[str, Any]:
    item = form.item(link_id)
    built: dict[str, Any] = {"linkId": link_id}
    if answer.absent is not None:
        built["extension"] = [{"url": DATA_ABSENT_REASON, "valueCode": answer.absent}]
    if item.text:
        built["text"] = item.text
    if answer.values:
        built["answer"] = [answer_value(form, item, value) for value in answer.values]
    return built


def answer_value(form: Form, item: Item, value: Value) -> dict[str, Any]:
    """One answer as the `value[x]` that the item's type asks for."""
    if isinstance(value, Option):
        return {"valueCoding": option_coding(form, item, value)}
    return {_VALUE_WORDS[item.type]: value}


_VALUE_WORDS = {
    "boolean": "valueBoolean",
    "integer": "valueInteger",
    "decimal": "valueDecimal",
    "date": "valueDate",
    "dateTime": "valueDateTime",
    "time": "valueTime",
    "string": "valueString",
    "text": "valueString",
}
