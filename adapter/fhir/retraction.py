"""How each kind of resource says that it should not have been: by its status, or by being deleted.

R4 gives some types the word `entered-in-error`; AdverseEvent, ResearchSubject and Provenance have
none, so they are deleted where they were sent (https://hl7.org/fhir/R4/http.html#delete). An
AdverseEvent in the shape of the research profile has the word, in that profile's status.
"""

from __future__ import annotations

from typing import Any

from adapter.fhir.research_backport import is_research_backport, taken_back

_WORDS: dict[str, dict[str, Any]] = {
    "QuestionnaireResponse": {"status": "entered-in-error"},
    "Observation": {"status": "entered-in-error"},
    "Consent": {"status": "entered-in-error"},
    "Patient": {"active": False},
    "Flag": {"status": "entered-in-error"},
    "Task": {"status": "entered-in-error"},
    "DocumentReference": {"status": "entered-in-error", "docStatus": "entered-in-error"},
    "Procedure": {"status": "entered-in-error"},
}


def retract(resource: dict[str, Any]) -> dict[str, Any] | None:
    """The retracted version of a resource, None for what can only be deleted."""
    if is_research_backport(resource):
        return taken_back(resource)
    words = _WORDS.get(resource["resourceType"])
    return None if words is None else {**resource, **words}
