"""One outcome as DocumentReference, self-contained: https://hl7.org/fhir/R4/documentreference.html.

The first attachment is the report in words, without who it is about; the second is a Bundle of the
very resources that it reports. So whatever a person reads of it (PDF, text, HL7 v2, a task) is made
of this one stored version, and says its numbers.

`masterIdentifier` stays through every correction. `date` is when this version was made; the moment
of the assessment is `context.period`.

Source of the document's type: LOINC 74465-6, as HL7's examples of documents with responses have it.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

from adapter.fhir.check import write
from adapter.fhir.coding import RESEARCH_STUDY, own_coding
from adapter.fhir.identity import Identity, reference
from adapter.fhir.labels import RESTRICTED, highest
from adapter.fhir.text import read_text

Resource = dict[str, Any]

PLAIN = "text/plain; charset=utf-8"
BUNDLE = "application/fhir+json"
_TYPE = {
    "coding": [
        {
            "system": "http://loinc.org",
            "code": "74465-6",
            "display": "Questionnaire response Document",
        }
    ],
    "text": "Outcome of a clinical trial",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a document reports: a form instance, with what it gave, in the order it was built.

    `title` names form and timepoint. `assessed` is the moment of the answers, None where the source
    knows none; `is_amended` says that it was reported otherwise before.
    """

    unit: str
    participant: str
    form: str
    title: str
    assessed: str | None
    is_amended: bool
    resources: tuple[bytes, ...]


def document_name(unit: str, identity: Identity) -> tuple[str, str]:
    """Type and id of the document of a form instance."""
    return "DocumentReference", identity.part(unit, "document")


def build_document(outcome: Outcome, text: str, identity: Identity, made: str) -> Resource:
    """The document of an outcome; `text` is its report in words, `made` an instant."""
    kind, token = document_name(outcome.unit, identity)
    patient = reference("Patient", identity.patient(outcome.participant))
    label = highest(outcome.resources) or RESTRICTED["security"]
    built: Resource = {
        "resourceType": kind,
        "id": token,
        "meta": {"security": label},
        "extension": [
            {
                "url": RESEARCH_STUDY,
                "valueReference": reference("ResearchStudy", identity.study_id),
            }
        ],
        "masterIdentifier": identity.identifier("document", token),
        "identifier": [identity.identifier("document", token)],
        "status": "current",
        "docStatus": "amended" if outcome.is_amended else "final",
        "type": _TYPE,
        "category": [{"coding": [own_coding("instrument", outcome.form)], "text": outcome.title}],
        "subject": patient,
        "date": made,
        "author": [reference("Device", identity.device_id)],
        "description": outcome.title,
        "securityLabel": [{"coding": label}],
        "content": [
            {"attachment": attachment(PLAIN, text.encode(), outcome.title, made)},
            {"attachment": attachment(BUNDLE, _bundle(outcome), outcome.title, made)},
        ],
    }
    if outcome.assessed is not None:
        period = {"start": outcome.assessed, "end": outcome.assessed}
        built["context"] = {"period": period}
    return built


def attachment(content_type: str, data: bytes, title: str, made: str) -> Resource:
    """An Attachment that holds its data; R4's hash is SHA-1, in base64."""
    return {
        "contentType": content_type,
        "data": base64.b64encode(data).decode(),
        "size": len(data),
        "hash": base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode(),
        "title": title,
        "creation": made,
    }


def attached(document: Resource, content_type: str) -> bytes:
    """The data of the attachment of this type; StopIteration where the document has none."""
    found: str = next(
        each["attachment"]["data"]
        for each in document["content"]
        if each["attachment"]["contentType"] == content_type
    )
    return base64.b64decode(found)


def reported(document: Resource) -> tuple[Resource, ...]:
    """The resources that a document of ours reports, numbers as they were written."""
    bundle = read_text(attached(document, BUNDLE))
    return tuple(entry["resource"] for entry in bundle["entry"])


def _bundle(outcome: Outcome) -> bytes:
    entries = [{"resource": orjson.Fragment(text)} for text in outcome.resources]
    label = highest(outcome.resources)
    meta = {"meta": {"security": label}} if label else {}
    return write({"resourceType": "Bundle", **meta, "type": "collection", "entry": entries})
