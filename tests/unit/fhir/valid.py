"""One valid R4 resource of each kind that the tests spoil, with every element they spoil."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

Resource = dict[str, Any]

TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
CORE = "http://hl7.org/fhir/StructureDefinition/"
UCUM = "http://unitsofmeasure.org"
TRIAL = "https://trial.example.org/fhir/"
XHTML = '<div xmlns="http://www.w3.org/1999/xhtml"><p>Score 14 of 27</p></div>'

PATIENT_1 = {"reference": "Patient/p1"}
TEXT = {"text": "as the trial says"}


def concept(system: str, code: str) -> Resource:
    """Gives a CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code}]}


def score(value: float | Decimal) -> Resource:
    """Gives a score as a Quantity."""
    return {"value": value, "unit": "score", "system": UCUM, "code": "{score}"}


QUESTIONNAIRE: Resource = {
    "resourceType": "Questionnaire",
    "id": "pain",
    "extension": [
        {
            "url": CORE + "artifact-versionAlgorithm",
            "valueCoding": {
                "system": "http://hl7.org/fhir/version-algorithm",
                "code": "semver",
            },
        }
    ],
    "url": TRIAL + "Questionnaire/pain",
    "version": "1.0.0",
    "status": "active",
    "subjectType": ["Patient"],
    "date": "2024-02-29",
    "effectivePeriod": {"start": "2024-01", "end": "2024-12-31"},
    "item": [
        {"linkId": "hello", "text": "Please answer all.", "type": "display"},
        {
            "linkId": "group",
            "type": "group",
            "item": [
                {
                    "linkId": "bother",
                    "code": [{"system": "http://loinc.org", "code": "44250-9"}],
                    "text": "How much did pain bother you?",
                    "type": "choice",
                    "answerOption": [
                        {"valueCoding": {"system": TRIAL + "CodeSystem/much", "code": "0"}},
                        {"valueCoding": {"system": TRIAL + "CodeSystem/much", "code": "1"}},
                    ],
                },
                {
                    "linkId": "where",
                    "type": "string",
                    "maxLength": 40,
                    "enableWhen": [
                        {"question": "bother", "operator": "exists", "answerBoolean": True}
                    ],
                    "initial": [{"valueString": "back"}],
                },
            ],
        },
    ],
}

QUESTIONNAIRE_RESPONSE: Resource = {
    "resourceType": "QuestionnaireResponse",
    "id": "pain-s001-w9",
    "meta": {
        "lastUpdated": "2024-03-15T00:30:05.120Z",
        "profile": [CORE + "QuestionnaireResponse"],
        "security": [{"system": TERMINOLOGY + "v3-Confidentiality", "code": "R"}],
    },
    "identifier": {"system": TRIAL + "NamingSystem/response", "value": "s001|w9|pain"},
    "questionnaire": TRIAL + "Questionnaire/pain|1.0.0",
    "status": "completed",
    "subject": PATIENT_1,
    "authored": "2024-03-15T10:30:00+10:00",
    "author": {"reference": "Device/adapter"},
    "source": PATIENT_1,
    "item": [
        {
            "linkId": "group",
            "item": [
                {
                    "linkId": "bother",
                    "text": "How much did pain bother you?",
                    "answer": [
                        {
                            "valueCoding": {
                                "extension": [
                                    {"url": CORE + "ordinalValue", "valueDecimal": Decimal("1.0")}
                                ],
                                "system": TRIAL + "CodeSystem/much",
                                "code": "1",
                            }
                        }
                    ],
                },
                {"linkId": "worst", "answer": [{"valueInteger": 7}]},
                {"linkId": "when", "answer": [{"valueDate": "2024-02-29"}]},
                {"linkId": "at", "answer": [{"valueTime": "07:30:00"}]},
                {"linkId": "more", "answer": [{"valueString": 'both\u00a0sides,\n"mostly"'}]},
            ],
        }
    ],
}

OBSERVATION: Resource = {
    "resourceType": "Observation",
    "id": "phq9-total",
    "identifier": [{"system": TRIAL + "NamingSystem/observation", "value": "s001|w9|44261-6"}],
    "status": "final",
    "category": [concept(TERMINOLOGY + "observation-category", "survey")],
    "code": concept("http://loinc.org", "44261-6"),
    "subject": PATIENT_1,
    "effectiveDateTime": "2024-03-15T10:30:00+10:00",
    "issued": "2024-03-15T00:30:05Z",
    "performer": [{"reference": "Patient/p1", "type": "Patient"}],
    "valueQuantity": score(Decimal("14.50")),
    "note": [{"time": "2024-03-15", "text": "by telephone"}],
    "referenceRange": [{"low": score(0), "high": score(27), "text": "0 to 27"}],
    "derivedFrom": [{"reference": "QuestionnaireResponse/pain-s001-w9/_history/2"}],
    "component": [
        {"code": concept("http://loinc.org", "44250-9"), "valueInteger": 2},
        {
            "code": concept("http://loinc.org", "44255-8"),
            "dataAbsentReason": concept(TERMINOLOGY + "data-absent-reason", "not-performed"),
        },
    ],
}

ADVERSE_EVENT: Resource = {
    "resourceType": "AdverseEvent",
    "id": "ae-1",
    "identifier": {"system": TRIAL + "NamingSystem/adverse-event", "value": "s001|ae|1"},
    "actuality": "actual",
    "event": {"text": "worse pain"},
    "subject": PATIENT_1,
    "date": "2024-03",
    "seriousness": concept(TERMINOLOGY + "adverse-event-seriousness", "Non-serious"),
    "severity": concept(TERMINOLOGY + "adverse-event-severity", "mild"),
    "outcome": {
        "coding": [
            {"system": "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl", "code": "C49498"},
            {"system": TERMINOLOGY + "adverse-event-outcome", "code": "resolved"},
        ]
    },
    "suspectEntity": [{"instance": {"reference": "Procedure/course"}}],
    "study": [{"reference": "ResearchStudy/trial"}],
}

RESEARCH_STUDY: Resource = {
    "resourceType": "ResearchStudy",
    "id": "trial",
    "status": "active",
    "title": "A trial",
    "period": {"start": "2022-06-01", "end": "2024-06-30"},
    "arm": [{"name": "therapy"}, {"name": "waiting"}],
    "contact": [{"telecom": [{"system": "email", "value": "trial@example.org"}]}],
}

RESEARCH_SUBJECT: Resource = {
    "resourceType": "ResearchSubject",
    "id": "s001",
    "status": "on-study",
    "period": {"start": "2023-01-10"},
    "study": {"reference": "ResearchStudy/trial"},
    "individual": PATIENT_1,
}

CONSENT: Resource = {
    "resourceType": "Consent",
    "id": "consent-s001",
    "status": "active",
    "scope": concept(TERMINOLOGY + "consentscope", "research"),
    "category": [concept(TERMINOLOGY + "consentcategorycodes", "research")],
    "patient": PATIENT_1,
    "dateTime": "2023-01-10T09:00:00+11:00",
    "policyRule": {"text": "the trial's consent form"},
    "provision": {
        "type": "deny",
        "period": {"start": "2023-01-10T09:00:00+11:00", "end": "2033-01-10T09:00:00+11:00"},
        "data": [{"meaning": "related", "reference": {"reference": "ResearchStudy/trial"}}],
        "provision": [{"type": "permit"}],
    },
}

PROVENANCE: Resource = {
    "resourceType": "Provenance",
    "id": "provenance-1",
    "target": [{"reference": "Observation/phq9-total/_history/1"}],
    "recorded": "2024-03-15T00:30:05Z",
    "agent": [{"who": {"reference": "Device/adapter"}}],
    "entity": [{"role": "source", "what": {"reference": "QuestionnaireResponse/pain-s001-w9"}}],
}

PATIENT: Resource = {
    "resourceType": "Patient",
    "id": "p1",
    "text": {"status": "generated", "div": XHTML},
    "contained": [{"resourceType": "Organization", "id": "clinic", "name": "A clinic"}],
    "name": [
        {
            "family": "Example",
            "given": ["Ann", None],
            "_given": [
                None,
                {"extension": [{"url": CORE + "data-absent-reason", "valueCode": "unknown"}]},
            ],
        }
    ],
    "telecom": [{"system": "phone", "value": "+61 2 5550 0000", "use": "home"}],
    "gender": "female",
    "birthDate": "1972-02-29",
    "contact": [{"name": {"text": "A friend"}}],
    "managingOrganization": {"reference": "#clinic"},
    "link": [{"other": {"reference": "Patient/p0"}, "type": "replaces"}],
}

DEVICE: Resource = {
    "resourceType": "Device",
    "id": "adapter",
    "status": "active",
    "deviceName": [{"name": "Trial FHIR adapter", "type": "user-friendly-name"}],
}

OPERATION_OUTCOME: Resource = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "required", "diagnostics": "subject is missing"}],
}

BUNDLE: Resource = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {
            "fullUrl": "urn:uuid:8f9a7f0c-4a53-4b0e-9d0e-1f6b3f0d5a11",
            "resource": RESEARCH_SUBJECT,
            "request": {"method": "PUT", "url": "ResearchSubject/s001"},
        },
        {
            "fullUrl": "urn:uuid:8f9a7f0c-4a53-4b0e-9d0e-1f6b3f0d5a12",
            "resource": DEVICE,
            "request": {"method": "POST", "url": "Device", "ifNoneExist": "identifier=a|b"},
        },
    ],
}

TRIAL_RESOURCES: dict[str, Resource] = {
    value["resourceType"]: value
    for value in (
        *(QUESTIONNAIRE, QUESTIONNAIRE_RESPONSE, OBSERVATION, ADVERSE_EVENT, RESEARCH_STUDY),
        *(RESEARCH_SUBJECT, CONSENT, PROVENANCE, PATIENT, DEVICE, BUNDLE, OPERATION_OUTCOME),
    )
}
"""The resources by type."""
