"""A QuestionnaireResponse that came in, whoever rendered the form: judged, then read."""

from adapter.fhir.reading.lifecycle import validate_transition
from adapter.fhir.reading.response import (
    Occasion,
    UnfitResponseError,
    as_response,
    glimpse_response,
    read_response,
)
from adapter.fhir.reading.verdict import Verdict, validate_response

__all__ = [
    "Occasion",
    "UnfitResponseError",
    "Verdict",
    "as_response",
    "glimpse_response",
    "read_response",
    "validate_response",
    "validate_transition",
]
