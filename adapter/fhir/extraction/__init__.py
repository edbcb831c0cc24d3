"""Observations out of a QuestionnaireResponse, SDC's `$extract` by observation."""

from adapter.fhir.extraction.extract import Extraction, Intake, extract

__all__ = ["Extraction", "Intake", "extract"]
