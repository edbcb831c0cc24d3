"""The resource types that this project writes, keeps or reads."""

OUR_TYPES = (
    *("Questionnaire", "QuestionnaireResponse", "Observation", "AdverseEvent", "ResearchStudy"),
    *("ResearchSubject", "Consent", "Provenance", "Patient", "Device", "Bundle"),
    *("OperationOutcome", "Flag", "Task", "DocumentReference", "CodeSystem", "ValueSet", "Group"),
    *("AuditEvent", "Procedure", "Organization", "Practitioner", "Condition"),
    *("CapabilityStatement", "Binary", "Parameters", "Subscription", "DiagnosticReport"),
    *("Encounter", "MedicationStatement", "MedicationRequest"),
)
"""Each has a schema in `schema/`; `tools/compile_schema.py` makes it."""
