"""From which status to which a QuestionnaireResponse may go.

What was sent is never a draft again: it is amended, or was entered in error. The codes are R4's
(https://hl7.org/fhir/R4/valueset-questionnaire-answers-status.html); R4 does not say which may
follow which, so these are the project's.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapter.fhir.issue import Issue
from adapter.fhir.reading.findings import Findings
from adapter.fhir.reading.items import ROOT
from adapter.instruments.response import ResponseStatus

FOLLOWS: Mapping[ResponseStatus, frozenset[ResponseStatus]] = {
    "in-progress": frozenset({"in-progress", "completed", "stopped", "entered-in-error"}),
    "stopped": frozenset({"in-progress", "entered-in-error"}),
    "completed": frozenset({"amended", "entered-in-error"}),
    "amended": frozenset({"amended", "entered-in-error"}),
    "entered-in-error": frozenset(),
}
"""By status, those that may follow; a draft may be saved again. Who sends the same content again
changes nothing, and is not asked."""


def validate_transition(before: ResponseStatus, after: ResponseStatus) -> tuple[Issue, ...]:
    """What is wrong with a change from one status to another, nothing where it is allowed."""
    allowed = FOLLOWS[before]
    if after in allowed:
        return ()
    found = Findings()
    expected = " or ".join(f"`{status}`" for status in sorted(allowed)) or "no change any more"
    found.error("conflict", f"{ROOT}.status", f"{expected} after `{before}`", f"`{after}`")
    return tuple(found.issues)
