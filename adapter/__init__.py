"""From a clinical trial's data to the clinical record: FHIR R4, delivered and proven."""
