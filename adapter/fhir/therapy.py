"""The trial's therapy, as the Procedure of one person: https://hl7.org/fhir/R4/procedure.html.

That it is there tells the arm, so it leaves for unblinded receivers alone. Its status is `unknown`,
R4's word for what the source does not say: how much of the therapy took place is said by the
Observations of attendance. Its label is the strictest one, because it tells the allocation.
"""

from __future__ import annotations

from typing import Any

from adapter.fhir.coding import RESEARCH_STUDY, coding
from adapter.fhir.identity import Identity, reference
from adapter.fhir.labels import VERY_RESTRICTED
from adapter.instruments.study import Therapy


def build_therapy(identity: Identity, therapy: Therapy, participant: str) -> dict[str, Any]:
    """A person's therapy as the study declares it: the same text, whatever led to it."""
    token = identity.therapy(participant)
    code: dict[str, Any] = {"text": therapy.title}
    if therapy.codes:
        code = {"coding": [coding(each) for each in therapy.codes], **code}
    study = reference("ResearchStudy", identity.study_id)
    return {
        "resourceType": "Procedure",
        "id": token,
        "meta": VERY_RESTRICTED,
        "extension": [{"url": RESEARCH_STUDY, "valueReference": study}],
        "identifier": [identity.identifier("therapy", token)],
        "status": "unknown",
        "code": code,
        "subject": reference("Patient", identity.patient(participant)),
    }
