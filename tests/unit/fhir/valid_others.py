"""One valid R4 resource of each type that the adapter knows, beside those of the trial."""

from __future__ import annotations

from decimal import Decimal

from tests.unit.fhir.valid import (
    CORE,
    PATIENT_1,
    TERMINOLOGY,
    TEXT,
    TRIAL,
    UCUM,
    Resource,
    concept,
)

FLAG: Resource = {
    "resourceType": "Flag",
    "status": "active",
    "code": TEXT,
    "subject": PATIENT_1,
}

TASK: Resource = {
    "resourceType": "Task",
    "status": "requested",
    "intent": "order",
    "priority": "urgent",
    "authoredOn": "2024-03-15T10:30:00+10:00",
    "lastModified": "2024-03-15T00:30:00Z",
    "input": [{"type": TEXT, "valueUnsignedInt": 3}],
    "output": [
        {
            "type": TEXT,
            "valueTiming": {
                "repeat": {
                    "count": 1,
                    "countMax": 2,
                    "duration": 1,
                    "durationMax": 2,
                    "durationUnit": "h",
                    "period": 1,
                    "periodMax": 2,
                    "periodUnit": "d",
                    "when": ["MORN"],
                    "offset": 30,
                }
            },
        },
        {"type": TEXT, "valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 2}}},
        {"type": TEXT, "valueMoney": {"value": Decimal("1.50"), "currency": "AUD"}},
        {
            "type": TEXT,
            "valueTriggerDefinition": {"type": "data-added", "data": [{"type": "Observation"}]},
        },
        {"type": TEXT, "valueExpression": {"language": "text/fhirpath", "expression": "1 + 1"}},
        {
            "type": TEXT,
            "valueDataRequirement": {
                "type": "Observation",
                "codeFilter": [{"path": "code"}],
                "dateFilter": [{"path": "effective"}],
            },
        },
        {"type": TEXT, "valueCount": {"value": 3, "system": UCUM, "code": "1"}},
        {"type": TEXT, "valueDistance": {"value": 3, "system": UCUM, "code": "m"}},
        {"type": TEXT, "valueUuid": "urn:uuid:8f9a7f0c-4a53-4b0e-9d0e-1f6b3f0d5a11"},
        {"type": TEXT, "valueOid": "urn:oid:1.2.36.1.2001.1005"},
    ],
}

DOCUMENT_REFERENCE: Resource = {
    "resourceType": "DocumentReference",
    "status": "current",
    "docStatus": "final",
    "subject": PATIENT_1,
    "relatesTo": [{"code": "replaces", "target": {"reference": "DocumentReference/d0"}}],
    "content": [
        {
            "attachment": {
                "contentType": "application/pdf",
                "language": "en-AU",
                "data": "JVBERi0xLjQ=",
                "url": "https://trial.example.org/report.pdf",
                "size": 8,
            }
        }
    ],
}

CODE_SYSTEM: Resource = {
    "resourceType": "CodeSystem",
    "url": TRIAL + "CodeSystem/much",
    "status": "active",
    "content": "complete",
    "concept": [{"code": "0", "concept": [{"code": "0a"}]}, {"code": "1"}],
}

VALUE_SET: Resource = {
    "resourceType": "ValueSet",
    "status": "draft",
    "compose": {
        "include": [
            {"system": TRIAL + "CodeSystem/much", "concept": [{"code": "0"}]},
            {"valueSet": [TRIAL + "ValueSet/more"]},
        ]
    },
    "expansion": {
        "timestamp": "2024-03-15",
        "contains": [{"system": TRIAL + "CodeSystem/much", "code": "0", "display": "none"}],
    },
}

GROUP: Resource = {
    "resourceType": "Group",
    "type": "person",
    "actual": True,
    "member": [{"entity": PATIENT_1}],
}

AUDIT_EVENT: Resource = {
    "resourceType": "AuditEvent",
    "type": {"system": TERMINOLOGY + "audit-event-type", "code": "rest"},
    "action": "R",
    "recorded": "2024-03-15T00:30:05.123456+00:00",
    "outcome": "0",
    "agent": [{"requestor": True, "network": {"address": "192.0.2.1", "type": "2"}}],
    "source": {"observer": {"reference": "Device/adapter"}},
    "entity": [{"what": PATIENT_1, "query": "aWQ9cDE="}],
}

PROCEDURE: Resource = {"resourceType": "Procedure", "status": "completed", "subject": PATIENT_1}

ORGANIZATION: Resource = {
    "resourceType": "Organization",
    "name": "A clinic",
    "telecom": [{"system": "url", "value": "https://clinic.example.org", "use": "work"}],
    "address": [{"use": "work", "type": "both", "text": "1 Example Street"}],
}

PRACTITIONER: Resource = {
    "resourceType": "Practitioner",
    "name": [{"use": "official", "text": "Dr Example"}],
    "birthDate": "1970",
}

CONDITION: Resource = {
    "resourceType": "Condition",
    "clinicalStatus": concept(TERMINOLOGY + "condition-clinical", "resolved"),
    "verificationStatus": concept(TERMINOLOGY + "condition-ver-status", "confirmed"),
    "subject": PATIENT_1,
    "onsetAge": {"value": 40, "system": UCUM, "code": "a"},
    "abatementRange": {
        "low": {"value": 2, "system": UCUM, "code": "a"},
        "high": {"value": Decimal("2.5"), "system": UCUM, "code": "a"},
    },
    "stage": [{"summary": TEXT}],
    "evidence": [{"code": [TEXT]}],
}

CAPABILITY_STATEMENT: Resource = {
    "resourceType": "CapabilityStatement",
    "status": "active",
    "date": "2024-03-15",
    "kind": "instance",
    "software": {"name": "trial-fhir-adapter"},
    "implementation": {"description": "a clinic's record system"},
    "fhirVersion": "4.0.1",
    "format": ["json", "application/fhir+json"],
    "rest": [
        {
            "mode": "server",
            "resource": [
                {
                    "type": "Observation",
                    "interaction": [{"code": "read"}],
                    "searchParam": [
                        {"name": "code", "type": "token"},
                        {"name": "date", "type": "date"},
                    ],
                },
                {"type": "Patient"},
            ],
        }
    ],
    "messaging": [{"endpoint": [{"protocol": {"code": "http"}, "address": "https://example.org"}]}],
    "document": [
        {"mode": "consumer", "profile": TRIAL + "StructureDefinition/report"},
        {"mode": "producer", "profile": TRIAL + "StructureDefinition/report"},
    ],
}

BINARY: Resource = {"resourceType": "Binary", "contentType": "text/plain", "data": "aGk="}

PARAMETERS: Resource = {
    "resourceType": "Parameters",
    "parameter": [
        {"name": "subject", "valueReference": PATIENT_1},
        {"name": "both", "part": [{"name": "record", "resource": FLAG}]},
        {"name": "every", "valueDuration": {"value": 2, "system": UCUM, "code": "wk"}},
        {"name": "at", "valueUrl": "https://trial.example.org"},
        {"name": "id", "valueId": "a-1.B"},
        {"name": "place", "valuePositiveInt": 1},
    ],
}

SUBSCRIPTION: Resource = {
    "resourceType": "Subscription",
    "status": "requested",
    "reason": "new responses",
    "criteria": "QuestionnaireResponse?status=completed",
    "channel": {"type": "rest-hook", "payload": "application/fhir+json"},
}

DIAGNOSTIC_REPORT: Resource = {
    "resourceType": "DiagnosticReport",
    "status": "final",
    "code": TEXT,
    "effectivePeriod": {"start": "2024-03-15T10:30:00+10:00", "end": "2024-03-15T00:30:00Z"},
    "result": [{"reference": "Observation?identifier=a|b"}],
}

ENCOUNTER: Resource = {
    "resourceType": "Encounter",
    "status": "finished",
    "class": {"system": TERMINOLOGY + "v3-ActCode", "code": "AMB"},
    "location": [{"location": {"display": "by telephone"}, "status": "completed"}],
}

MEDICATION_STATEMENT: Resource = {
    "resourceType": "MedicationStatement",
    "extension": [
        {
            "url": CORE + "workflow-researchStudy",
            "valueReference": {"reference": "ResearchStudy/trial"},
        }
    ],
    "status": "unknown",
    "medicationCodeableConcept": TEXT,
    "subject": PATIENT_1,
}

MEDICATION_REQUEST: Resource = {
    "resourceType": "MedicationRequest",
    "status": "active",
    "intent": "plan",
    "priority": "routine",
    "medicationCodeableConcept": TEXT,
    "subject": PATIENT_1,
    "authoredOn": "2024-03-15",
}

OTHERS: dict[str, Resource] = {
    value["resourceType"]: value
    for value in (
        *(FLAG, TASK, DOCUMENT_REFERENCE, CODE_SYSTEM, VALUE_SET, GROUP, AUDIT_EVENT, PROCEDURE),
        *(ORGANIZATION, PRACTITIONER, CONDITION, CAPABILITY_STATEMENT, BINARY, PARAMETERS),
        *(SUBSCRIPTION, DIAGNOSTIC_REPORT, ENCOUNTER, MEDICATION_STATEMENT),
        MEDICATION_REQUEST,
    )
}
"""The resources by type."""
