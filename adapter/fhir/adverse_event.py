"""An adverse-event form's Response as AdverseEvent, base R4: https://hl7.org/fhir/R4/adverseevent.html.

Which item says which element is declared in the form (`element`). The ledger keeps the whole event;
what a blinded reader must not know is taken out at the door (`adapter.release.blinding`), where it
also takes the shape of the research profile for who asks for it (`adapter.fhir.research_backport`).

What R4 has no element for goes into extensions: those of the R4 backport of HL7's guide on adverse
events in clinical research where it has one, else the project's own. Its status is a modifier,
which nobody who does not know it may read over: so the project's own stands in base R4, and it says
draft or final, never more.
"""

from __future__ import annotations

from typing import Any

from adapter.fhir.coding import answer_concept, coding
from adapter.fhir.identity import PROJECT, Identity, reference
from adapter.fhir.labels import RESTRICTED
from adapter.instruments.adverse_event_codes import (
    GRADES,
    NCIT,
    OUTCOMES,
    RELATEDNESS,
    SEVERITY,
    SEVERITY_OF_GRADE,
    WHO_UMC,
)
from adapter.instruments.answer import Value
from adapter.instruments.form import Item, Option
from adapter.instruments.response import SCORED, Response

Resource = dict[str, Any]
Said = dict[str, tuple[Item, tuple[Value, ...]]]

RESEARCH = "http://hl7.org/fhir/uv/ae-research-backport-ig/StructureDefinition"
"""The guide, version 1.0.1: https://hl7.org/fhir/uv/ae-research-backport-ig/"""
STATUS = f"{PROJECT}/StructureDefinition/adverse-event-status"
NOTE = f"{RESEARCH}/note"
EXTENSIONS = {
    "awareness": (f"{PROJECT}/StructureDefinition/adverse-event-awareness", "valueDateTime"),
    "reported": (f"{PROJECT}/StructureDefinition/adverse-event-reported", "valueDateTime"),
    "discontinued": (f"{RESEARCH}/caused-subject-to-discontinue-study", "valueBoolean"),
    "expected": (f"{RESEARCH}/expected-in-research-study", "valueBoolean"),
    "resolveDate": (f"{RESEARCH}/resolve-date", "valueDateTime"),
}
"""What R4 has no element for: by element of the form, the extension and the type of its value."""
GRADE = f"{RESEARCH}/ae-grade"
_DATES = ("date", "detected", "recordedDate")


def build_adverse_event(response: Response, identity: Identity) -> Resource:
    """One adverse event; elements the form was not answered for are left out."""
    said = _by_element(response)
    unit = identity.of_response(response)
    built: Resource = {
        "resourceType": "AdverseEvent",
        "id": unit,
        "meta": RESTRICTED,
        "extension": _extensions(response, said),
        "identifier": _identifier(said, unit, identity),
        "actuality": _code_of(said["actuality"][1][0]) if "actuality" in said else "actual",
    }
    if "category" in said:
        built["category"] = [_concept(response, said, "category")]
    if "event" in said:
        built["event"] = _concept(response, said, "event")
    built["subject"] = reference("Patient", identity.patient(response.participant))
    built |= {element: said[element][1][0] for element in _DATES if element in said}
    if "seriousness" in said:
        built["seriousness"] = _seriousness(response, said)
    if "severity" in said or "grade" in said:
        built["severity"] = _severity(response, said)
    if "outcome" in said:
        built["outcome"] = _outcome(response, said)
    if identity.study.therapy is not None:
        suspects = [
            _suspect(response, option, identity) for option in _options(said, "relatedness")
        ]
        built |= {"suspectEntity": suspects} if suspects else {}
    built["study"] = [reference("ResearchStudy", identity.study_id)]
    return built


def _by_element(response: Response) -> Said:
    return {
        item.element: (item, answer.values)
        for item in response.form.items
        if item.element
        and (answer := response.answers.get(item.link_id)) is not None
        and answer.values
    }


def _identifier(said: Said, unit: str, identity: Identity) -> Resource:
    """The event's number in the trial, where it has one: R4 has room for one identifier."""
    if "identifier" in said:
        return identity.identifier("adverse-event-number", str(said["identifier"][1][0]))
    return identity.identifier("adverse-event", unit)


def _concept(response: Response, said: Said, element: str) -> Resource:
    item, (value, *_) = said[element]
    if isinstance(value, Option):
        return answer_concept(response.form, item, value)
    return {"text": str(value)}


def _code_of(value: Value) -> str:
    """The code that an answer stands for; what is no choice stands for itself."""
    if isinstance(value, Option):
        return value.code.code if value.code else value.value
    return str(value)


def _seriousness(response: Response, said: Said) -> Resource:
    """Serious or not, and by what: R4 has one concept for both, so each is a coding of it."""
    concept = _concept(response, said, "seriousness")
    criteria = [option for option in _options(said, "criterion") if option.code]
    if not criteria:
        return concept
    codings = [coding(option.code) for option in criteria if option.code]
    words = [concept.get("text"), *(option.display for option in criteria)]
    return {
        "coding": [*concept["coding"], *codings],
        "text": ", ".join(word for word in words if word),
    }


def _options(said: Said, element: str) -> list[Option]:
    _, values = said.get(element, (None, ()))
    return [value for value in values if isinstance(value, Option)]


def _grade_of(value: Value) -> int:
    """CTCAE's grade, 1 to 5, as a number or as the value of a choice says it."""
    return int(value.value if isinstance(value, Option) else str(value))


def _severity(response: Response, said: Said) -> Resource:
    if "severity" in said:
        return _concept(response, said, "severity")
    code = SEVERITY_OF_GRADE[_grade_of(said["grade"][1][0])]
    return {"coding": [{"system": SEVERITY, "code": code}]}


def _outcome(response: Response, said: Said) -> Resource:
    """R4's required code, and its twin of clinical research where it has one."""
    concept = _concept(response, said, "outcome")
    codes = [OUTCOMES.get(each["code"]) for each in concept.get("coding", ())]
    twins = [{"system": NCIT, "code": code} for code in codes if code]
    return {**concept, "coding": [*concept["coding"], *twins]} if twins else concept


def _suspect(response: Response, related: Option, identity: Identity) -> Resource:
    """The therapy, and how far the event is put down to it: CDISC's code first, then WHO-UMC's."""
    codes = [coding(related.code)] if related.code else []
    twins = [RELATEDNESS.get(each["code"]) for each in codes]
    codes += [{"system": WHO_UMC, "code": twin} for twin in twins if twin]
    assessment = {"coding": codes, **({"text": related.display} if related.display else {})}
    return {
        "instance": reference("Procedure", identity.therapy(response.participant)),
        "causality": [{"assessment": assessment}],
    }


def _extensions(response: Response, said: Said) -> list[Resource]:
    is_final = response.status in SCORED and response.is_verified
    extensions: list[Resource] = [
        {"url": STATUS, "valueCode": "completed" if is_final else "in-progress"}
    ]
    for element, (url, typed) in EXTENSIONS.items():
        if element in said:
            extensions.append({"url": url, typed: said[element][1][0]})
    if "grade" in said:
        grade = _grade_of(said["grade"][1][0])
        concept = {"coding": [{"system": NCIT, "code": GRADES[grade]}], "text": f"Grade {grade}"}
        extensions.append({"url": GRADE, "valueCodeableConcept": concept})
    if "note" in said:
        extensions.append({"url": NOTE, "valueAnnotation": {"text": said["note"][1][0]}})
    return extensions
