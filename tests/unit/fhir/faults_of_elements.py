"""Faults of single elements: codes, references, missing ones, formats, choices, shapes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

ABSENT = {"extension": [{"url": "urn:x", "valueCode": "unknown"}]}

CODES: dict[str, tuple[str, ...]] = {
    "Questionnaire": ("status", "subjectType[0]", "item[1].item[1].enableWhen[0].operator"),
    "QuestionnaireResponse": ("status",),
    "Observation": ("status",),
    "AdverseEvent": ("actuality",),
    "ResearchStudy": ("status", "contact[0].telecom[0].system"),
    "ResearchSubject": ("status",),
    "Consent": ("status", "provision.type", "provision.data[0].meaning"),
    "Provenance": ("entity[0].role",),
    "Patient": ("gender", "link[0].type", "text.status", "telecom[0].use"),
    "Device": ("status", "deviceName[0].type"),
    "Bundle": ("entry[0].request.method",),
    "OperationOutcome": ("issue[0].severity", "issue[0].code"),
    "Flag": ("status",),
    "Task": (
        *("status", "intent", "priority", "output[0].valueTiming.repeat.periodUnit"),
        *("output[0].valueTiming.repeat.when[0]", "output[2].valueMoney.currency"),
        "output[3].valueTriggerDefinition.data[0].type",
    ),
    "DocumentReference": (
        *("status", "docStatus", "relatesTo[0].code", "content[0].attachment.contentType"),
    ),
    "CodeSystem": ("status", "content"),
    "ValueSet": ("status",),
    "Group": ("type",),
    "AuditEvent": ("action", "outcome", "agent[0].network.type"),
    "Procedure": ("status",),
    "Organization": ("address[0].type",),
    "Practitioner": ("name[0].use",),
    "CapabilityStatement": (
        *("status", "fhirVersion", "format[0]", "rest[0].mode", "rest[0].resource[1].type"),
        *("rest[0].resource[0].interaction[0].code", "rest[0].resource[0].searchParam[0].type"),
        "document[0].mode",
    ),
    "Subscription": ("status", "channel.type"),
    "DiagnosticReport": ("status",),
    "Encounter": ("status", "location[0].status"),
    "MedicationStatement": ("status",),
    "MedicationRequest": ("status", "intent", "priority"),
}
"""Elements with a required binding, to be given a code from nowhere."""

REFERENCES: dict[str, tuple[tuple[str, str], ...]] = {
    "Observation": (
        ("subject.reference", "Practitioner/x"),
        ("performer[0].reference", "Device/adapter"),
        ("derivedFrom[0].reference", "Patient/p1"),
        ("subject.reference", "Patient p1"),
        ("subject.reference", "Patient/"),
        ("subject.reference", "patient/p1"),
        ("subject.reference", "Patient/p_1"),
        ("subject.reference", "Patient/p1/_history"),
        ("subject.reference", "#p1"),
        ("subject.reference", "p1"),
        ("subject.reference", "urn:uuid:1"),
    ),
    "QuestionnaireResponse": (
        ("source.reference", "Device/adapter"),
        ("author.reference", "Location/l1"),
        ("subject.reference", "Nonsense/1"),
    ),
    "AdverseEvent": (
        ("subject.reference", "Device/adapter"),
        ("study[0].reference", "ResearchSubject/s001"),
        ("suspectEntity[0].instance.reference", "Patient/p1"),
    ),
    "ResearchSubject": (
        ("study.reference", "Patient/p1"),
        ("individual.reference", "Practitioner/x"),
    ),
    "Consent": (("patient.reference", "Group/g1"),),
    "Provenance": (("agent[0].who.reference", "Observation/o1"),),
    "DiagnosticReport": (("result[0].reference", "Patient?identifier=a|b"),),
    "Patient": (("managingOrganization.reference", "Practitioner/x"),),
}
"""References to what may not stand there, or that are none."""

REQUIRED: dict[str, tuple[str, ...]] = {
    "Questionnaire": (
        *("status", "item[0].linkId", "item[0].type", "extension[0].url"),
        *("item[1].item[1].enableWhen[0].question", "item[1].item[1].enableWhen[0].operator"),
    ),
    "QuestionnaireResponse": ("status", "item[0].linkId"),
    "Observation": ("status", "code", "component[0].code", "note[0].text"),
    "AdverseEvent": ("actuality", "subject", "suspectEntity[0].instance"),
    "ResearchStudy": ("status", "arm[0].name"),
    "ResearchSubject": ("status", "study", "individual"),
    "Consent": ("status", "scope", "category", "provision.data[0].reference"),
    "Provenance": ("target", "recorded", "agent", "agent[0].who", "entity[0].what"),
    "Patient": ("text.div", "link[0].other"),
    "Bundle": ("type", "entry[0].request.url"),
    "OperationOutcome": ("issue",),
    "Flag": ("subject",),
    "Task": ("intent", "input[0].type"),
    "DocumentReference": ("content", "content[0].attachment"),
    "AuditEvent": ("type", "recorded", "agent", "source", "agent[0].requestor"),
    "CapabilityStatement": ("date", "fhirVersion", "format"),
    "Encounter": ("class",),
}
"""Elements that R4 requires, to be taken away."""

_AUTHORED = ("QuestionnaireResponse", "authored")
_WHEN = "item[0].item[2].answer[0].valueDate"
_WORST = "item[0].item[1].answer[0].valueInteger"
_AT = "item[0].item[3].answer[0].valueTime"
_MORE = "item[0].item[4].answer[0].valueString"
FORMATS: tuple[tuple[str, str, Any, str, str], ...] = (
    ("Observation", "id", "a_b", "id", "underscore"),
    ("Observation", "id", "x" * 65, "id", "too long"),
    ("Observation", "id", "", "id", "empty"),
    (*_AUTHORED, "2024-03-15T10:30:00", "dateTime", "without zone"),
    (*_AUTHORED, "2024-03-15T10:30+10:00", "dateTime", "without seconds"),
    (*_AUTHORED, "2024-03-15 10:30:00Z", "dateTime", "with a blank"),
    (*_AUTHORED, "2024-03-15T24:00:00Z", "dateTime", "hour 24"),
    (*_AUTHORED, "2024-03-15T10:30:00+15:00", "dateTime", "zone 15"),
    (*_AUTHORED, "2023-02-29T10:30:00Z", "dateTime", "no leap year"),
    (*_AUTHORED, "15.03.2024", "dateTime", "of another order"),
    (*_AUTHORED, 1710462600, "dateTime", "as a number"),
    ("Observation", "effectiveDateTime", "1900-02-29", "dateTime", "no leap year"),
    ("Observation", "issued", "2024-03-15", "instant", "without time"),
    ("Observation", "issued", "2024-03-15T00:30Z", "instant", "without seconds"),
    ("QuestionnaireResponse", "meta.lastUpdated", "2024-04-31T00:30:00Z", "instant", "31 April"),
    ("QuestionnaireResponse", _WHEN, "2024-3-5", "date", "one digit"),
    ("QuestionnaireResponse", _WHEN, "2024-13-01", "date", "month 13"),
    ("QuestionnaireResponse", _WHEN, "2023-02-29", "date", "no leap year"),
    ("QuestionnaireResponse", _WHEN, "2024-06-31", "date", "31 June"),
    ("QuestionnaireResponse", _WHEN, "0000-01-01", "date", "year 0"),
    ("Patient", "birthDate", "1972-02-29T00:00:00Z", "date", "with time"),
    ("QuestionnaireResponse", _AT, "07:30", "time", "without seconds"),
    ("QuestionnaireResponse", _AT, "07:30:00Z", "time", "with zone"),
    ("QuestionnaireResponse", _WORST, 5.5, "integer", "fraction"),
    ("QuestionnaireResponse", _WORST, 5.0, "integer", "float"),
    ("QuestionnaireResponse", _WORST, Decimal("5.0"), "integer", "decimal"),
    ("QuestionnaireResponse", _WORST, 2**31, "integer", "too large"),
    ("QuestionnaireResponse", _WORST, "5", "integer", "string"),
    ("QuestionnaireResponse", _WORST, True, "integer", "boolean"),
    ("QuestionnaireResponse", _MORE, "", "string", "empty"),
    ("QuestionnaireResponse", _MORE, " \t\u00a0", "string", "blank"),
    ("QuestionnaireResponse", _MORE, "a\x00b", "control", "null character"),
    ("QuestionnaireResponse", _MORE, 5, "string", "number"),
    ("QuestionnaireResponse", "questionnaire", "two words", "canonical", "blank"),
    ("QuestionnaireResponse", "identifier.system", "urn:a b", "absolute", "blank"),
    ("QuestionnaireResponse", "identifier.system", "trial", "absolute", "relative"),
    ("QuestionnaireResponse", "questionnaire", "Questionnaire/pain", "canonical", "relative"),
    ("QuestionnaireResponse", "implicitRules", "a b", "uri", "blank"),
    ("QuestionnaireResponse", "implicitRules", "", "uri", "empty"),
    ("Questionnaire", "url", "Questionnaire/pain", "absolute", "relative"),
    ("Bundle", "entry[0].fullUrl", "ResearchSubject/s001", "absolute", "relative"),
    ("Observation", "valueQuantity.value", "14.5", "decimal", "string"),
    ("Observation", "valueQuantity.value", float("nan"), "decimal", "not a number"),
    ("Observation", "code.coding[0].code", "44261-6 ", "code", "blank at the end"),
    ("Observation", "code.coding[0].code", "a  b", "code", "two blanks"),
    ("Task", "input[0].valueUnsignedInt", -1, "unsignedInt", "negative"),
    ("Task", "output[8].valueUuid", "urn:uuid:8F9A7F0C", "uuid", "short"),
    ("Task", "output[9].valueOid", "urn:oid:1", "oid", "one arc"),
    ("Parameters", "parameter[3].valueUrl", "no url", "url", "blank"),
    ("Parameters", "parameter[4].valueId", "a/b", "id", "slash"),
    ("Parameters", "parameter[5].valuePositiveInt", 0, "positiveInt", "zero"),
    ("Group", "actual", "true", "boolean", "string"),
    ("Binary", "data", "aGk", "base64Binary", "not padded"),
)
"""Type, path, value, rule, what is wrong."""

CHOICES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("Observation", {"valueString": "14"}, "value[x]"),
    ("Observation", {"_valueString": ABSENT}, "value[x]"),
    ("Observation", {"effectiveInstant": "2024-03-15T00:30:00Z"}, "effective[x]"),
    ("Observation", {"component[0].valueBoolean": True}, "component[0].value[x]"),
    (
        "QuestionnaireResponse",
        {"item[0].item[1].answer[0].valueDecimal": 7},
        "item[0].item[1].answer[0].value[x]",
    ),
    (
        "Questionnaire",
        {"item[1].item[1].enableWhen[0].answerString": "yes"},
        "item[1].item[1].enableWhen[0].answer[x]",
    ),
    (
        "MedicationStatement",
        {"medicationReference": {"reference": "Medication/m"}},
        "medication[x]",
    ),
    ("Task", {"input[0].valueString": "3"}, "input[0].value[x]"),
)
"""Type, change, place: two types of one choice."""

SHAPES: tuple[tuple[str, str, Any, str, str, str], ...] = (
    (
        *("Questionnaire", "item[1].item[1].enableWhen[0].answerBoolean", ..., "required"),
        *("item[1].item[1].enableWhen[0].answer[x]", "choice"),
    ),
    (
        *("MedicationStatement", "medicationCodeableConcept", ..., "required"),
        *("medication[x]", "choice"),
    ),
    ("Patient", "text.div", " ", "xhtml", "text.div", "blank"),
    ("Observation", "referenceRanges", [], "unknown", "referenceRanges", "element"),
    ("Observation", "code.codings", [], "unknown", "code.codings", "element inside"),
    (
        "Questionnaire",
        "item[0].disabledDisplay",
        "hidden",
        "unknown",
        "item[0].disabledDisplay",
        "R5",
    ),
    ("Observation", "performer[0].type", "Device", "reference", "performer[0].type", "wrong type"),
    ("Observation", "fhir_comments", ["x"], "unknown", "?", "comments of DSTU 2"),
    ("Observation", "note", [], "cardinality", "note", "empty list"),
    ("Observation", "method", {}, "cardinality", "method", "empty object"),
    ("Observation", "method", {"id": "m"}, "ele-1", "method", "id alone"),
    ("Observation", "subject", "Patient/p1", "type", "subject", "string for object"),
    ("Observation", "category", {"text": "survey"}, "type", "category", "object for list"),
    ("Observation", "code", [{"text": "score"}], "type", "code", "list for object"),
    ("Observation", "note[0]", None, "type", "note[0]", "null in a list"),
    ("Observation", "subject", None, "type", "subject", "null"),
    ("QuestionnaireResponse", "meta.profile[0]", None, "nulls", "meta.profile[0]", "null alone"),
    ("Patient", "name[0].given", ["Ann"], "nulls", "name[0]", "lengths"),
    ("Patient", "name[0]._given[1]", None, "nulls", "name[0]", "empty place"),
    ("Bundle", "entry[0].resource", "Patient/p1", "resource", "entry[0].resource", "string"),
    ("Bundle", "entry[0]", "x", "type", "entry[0]", "string for object"),
    ("Bundle", "entry[0].resource", {"id": "x"}, "resource", "entry[0].resource", "no type"),
    (
        *("Bundle", "entry[0].resource.status", "nonsense", "binding"),
        *("entry[0].resource.status", "inside"),
    ),
    (
        *("Parameters", "parameter[1].part[0].resource.status", "nonsense", "binding"),
        *("parameter[1].part[0].resource.status", "inside"),
    ),
    ("Patient", "contained[0].active", "yes", "boolean", "contained[0].active", "inside"),
    (
        *("AdverseEvent", "severity.coding[0].code", "awful", "binding"),
        *("severity.coding", "code of a concept"),
    ),
    ("AdverseEvent", "severity", {"text": "mild"}, "binding", "severity", "text alone"),
    (
        *("AdverseEvent", "outcome.coding[1].code", "C49498", "binding"),
        *("outcome.coding", "code of another system"),
    ),
    (
        "Condition",
        "clinicalStatus.coding[0].system",
        "urn:x",
        "binding",
        "clinicalStatus.coding",
        "x",
    ),
    (
        *("Condition", "verificationStatus.coding[0].code", "maybe", "binding"),
        *("verificationStatus.coding", "code of a concept"),
    ),
)
"""Type, path, value, rule, place, what is wrong."""
