"""Who answered a form, as `QuestionnaireResponse.source` and as `Observation.performer`.

Of a form that the trial's staff or a clinician fills in, no id of theirs is known and none is made
up: the reference says what they are, and nothing else.
https://hl7.org/fhir/R4/references.html#display
"""

from __future__ import annotations

from typing import Any, Final

from adapter.instruments.form import AnsweredBy, Form

_OTHERS: Final[dict[AnsweredBy, str]] = {"staff": "the trial's staff", "clinician": "a clinician"}
_SOURCES: Final = {
    "Patient": "the patient",
    "RelatedPerson": "a relative or carer",
    "Practitioner": "a clinician",
    "PractitionerRole": "a clinician",
}


def answerer(form: Form, patient: dict[str, Any]) -> dict[str, Any]:
    """A reference to who answered the form; `patient` is the one to the participant."""
    if form.answered_by == "participant":
        return patient
    return {"type": "Practitioner", "display": _OTHERS[form.answered_by]}


def who_answered(response: dict[str, Any]) -> str:
    """The words for who answered a response, whoever wrote it; of names it tells none."""
    source = response.get("source", {})
    if source.get("display") in _OTHERS.values():
        return str(source["display"])
    kind = source.get("reference", "").rpartition("/")[0].rpartition("/")[2]
    return _SOURCES.get(kind, "not said")
