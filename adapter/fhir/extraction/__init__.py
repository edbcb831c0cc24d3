"""Observations out of a QuestionnaireResponse, SDC's `$extract` by observation."""

from adapter.fhir.extraction.extract import Extraction, Intake, extract
from adapter.fhir.extraction.flags import validate_extraction

__all__ = ["Extraction", "Intake", "extract", "validate_extraction"]
