"""What of a form may be answered ahead: declared for form fillers, and answered by `$populate`.

Only what a form's file says (`prefill`), and never what a scale counts: who is asked how they are
today is not to be told what they said before. Whatever is filled in is for a person to look over.

Source: the SDC guide, https://hl7.org/fhir/uv/sdc/STU3/populate.html (expression-based population).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from adapter.fhir.coding import option_coding
from adapter.fhir.identity import questionnaire_url
from adapter.instruments.form import Form, Item
from adapter.instruments.rules import Prefill

Resource = dict[str, Any]
_SDC: Final = "http://hl7.org/fhir/uv/sdc"
LAUNCH: Final = f"{_SDC}/StructureDefinition/sdc-questionnaire-launchContext"
INITIAL: Final = f"{_SDC}/StructureDefinition/sdc-questionnaire-initialExpression"
VARIABLE: Final = "http://hl7.org/fhir/StructureDefinition/variable"
_OF_PATIENT: Mapping[Prefill, str] = {
    "patient-gender": "%patient.gender",
    "patient-birth-date": "%patient.birthDate",
    "patient-birth-year": "%patient.birthDate.toString().substring(0, 4).toInteger()",
}


def launch_extensions(form: Form) -> list[Resource]:
    """What a form filler has to know first: the patient, and their last response to this form."""
    kinds = {item.prefill for item in form.items} - {None}
    if not kinds:
        return []
    patient = {"system": f"{_SDC}/CodeSystem/launchContext", "code": "patient"}
    said = [{"url": "name", "valueCoding": patient}, {"url": "type", "valueCode": "Patient"}]
    context: Resource = {"url": LAUNCH, "extension": said}
    if "previous" not in kinds:
        return [context]
    query = (
        "QuestionnaireResponse?patient={{%patient.id}}"
        f"&questionnaire={questionnaire_url(form)}"
        "&status=completed,amended&_sort=-authored&_count=1"
    )
    asked = {"name": "previous", "language": "application/x-fhir-query", "expression": query}
    return [context, {"url": VARIABLE, "valueExpression": asked}]


def initial_extensions(item: Item) -> list[Resource]:
    """How an item is answered ahead, as an expression of FHIRPath."""
    if item.prefill is None:
        return []
    of_previous = f"%previous.entry.resource.item.where(linkId = '{item.link_id}').answer.value"
    expression = _OF_PATIENT.get(item.prefill, of_previous)
    asked = {"language": "text/fhirpath", "expression": expression}
    return [{"url": INITIAL, "valueExpression": asked}]


def prefilled(form: Form, previous: Resource | None, patient: Resource | None) -> list[Resource]:
    """The items that can be answered ahead, in the form's order.

    `previous` is the person's last response to this form, `patient` their Patient; None where they
    are not known.
    """
    answered = {item["linkId"]: item for item in (previous or {}).get("item", ())}
    found = []
    for item in form.items:
        if item.prefill == "previous":
            answers = list(answered.get(item.link_id, {}).get("answer", ()))
        else:
            answers = list(_of_patient(form, item, patient or {}))
        if answers:
            text = {"text": item.text} if item.text and not form.is_licensed_to_site else {}
            found.append({"linkId": item.link_id, **text, "answer": answers})
    return found


def _of_patient(form: Form, item: Item, patient: Resource) -> Iterator[Resource]:
    born, gender = str(patient.get("birthDate", "")), patient.get("gender")
    match item.prefill, item.type:
        case "patient-gender", "choice":
            for option in form.offered(item):
                if gender == (option.code.code if option.code else option.value):
                    yield {"valueCoding": option_coding(form, item, option)}
        case "patient-gender", _ if gender:
            yield {"valueString": gender}
        case "patient-birth-date", _ if born.count("-") == 2:  # noqa: PLR2004 - a whole day
            yield {"valueDate": born}
        case "patient-birth-year", _ if born:
            yield {"valueInteger": int(born[:4])}
