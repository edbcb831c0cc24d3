"""Whether the Patient that somebody linked is still one to write to: there, in use, and not merged.

Nobody is followed by a program: whom a clinic merged another Patient into is proposed as a
candidate, and a person says who is who. A clinic that does not answer such a search is taken at the
word of whoever linked. The id travels in a body, because addresses end up in logs.

Source: https://hl7.org/fhir/R4/patient.html#links, https://hl7.org/fhir/R4/patient.html#maindetails
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from adapter.store.identities import Candidate, Candidates
from adapter.sync.answer import Answer
from adapter.sync.asking import entries
from adapter.sync.clinic import Clinic
from adapter.sync.receipt import Unknown, Unreachable

GONE = "patient-gone"
MERGED = "patient-merged"
INACTIVE = "patient-inactive"
ASTRAY = frozenset({GONE, MERGED, INACTIVE})
"""The rules that hold what is new about somebody until a person looked who they are there."""
UNTRUE = frozenset({GONE, MERGED})
"""Those by which it is not known any more in whose record stands what was written."""
_HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Cache-Control": "no-cache",  # some servers give the same search again, as it was a while ago
}


def look_at_linked(clinic: Clinic, participant: str) -> str | Unreachable | Unknown:
    """The rule that holds what is new about a linked participant, '' for none.

    Where they may be another Patient by now, the one is looked at with whom what was told stands.
    """
    patient, _ = clinic.addresses.at(participant)
    is_ours = clinic.addresses.is_ours(participant) or not patient
    if is_ours or not clinic.profile.speaks_fhir or not clinic.may("Patient", "search-type"):
        return ""
    content = urlencode({"_id": patient}).encode()
    answer = clinic.client.exchange("POST", "Patient/_search", content, _HEADERS)
    if not isinstance(answer, Answer):
        return answer
    if not answer.is_success or answer.body.get("resourceType") != "Bundle":
        return ""
    found = next((each for each in _patients(answer.body) if each.get("id") == patient), None)
    if found is None:
        return GONE
    instead = tuple(_replaced_by(found))
    if instead:
        if clinic.crosswalk.linked(clinic.name, participant) == patient:  # nobody said more yet
            _propose(clinic, participant, instead)
        return MERGED
    return INACTIVE if found.get("active") is False else ""


# Private functions


def _propose(clinic: Clinic, participant: str, instead: tuple[str, ...]) -> None:
    turned_down = clinic.crosswalk.turned_down(clinic.name, participant)
    found = tuple(Candidate(name) for name in instead if name and name not in turned_down)
    clinic.crosswalk.propose(Candidates(clinic.name, participant, clinic.now(), found))


def _patients(bundle: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for entry in entries(bundle):
        resource = entry.get("resource")
        if isinstance(resource, dict) and resource.get("resourceType") == "Patient":
            yield resource


def _replaced_by(patient: dict[str, Any]) -> Iterator[str]:
    """The ids of whom a Patient was merged into, '' for one that is named otherwise."""
    links = patient.get("link")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("type") == "replaced-by":
            other = link.get("other")
            named = other.get("reference") if isinstance(other, dict) else None
            kind, _, name = str(named or "").rpartition("/")
            yield name if kind.rpartition("/")[2] == "Patient" else ""
