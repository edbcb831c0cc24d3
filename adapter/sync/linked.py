"""Whether the Patient that somebody linked is one to write to: there, in use, theirs, not merged.

A link is a person's word, and a mistyped id is somebody else's chart: so the identifiers are
compared (`identified`). Nobody is followed by a program: whom a clinic merged another Patient into
is proposed as a candidate, and a person says who is who; whom other identifiers belong to nobody
guesses. A clinic that does not answer such a search is taken at the word of whoever linked. The id
travels in a body, because addresses end up in logs.

Source: https://hl7.org/fhir/R4/patient.html#links, https://hl7.org/fhir/R4/patient.html#maindetails
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from adapter.store.deliveries import SOMEBODY_ELSE
from adapter.store.identities import Candidate, Candidates
from adapter.sync.answer import Answer
from adapter.sync.asking import entries
from adapter.sync.clinic import Clinic
from adapter.sync.identified import held_by_trial, is_another
from adapter.sync.receipt import Unknown, Unreachable

GONE = "patient-gone"
MERGED = "patient-merged"
INACTIVE = "patient-inactive"
DIFFERS = SOMEBODY_ELSE
ASTRAY = frozenset({GONE, MERGED, INACTIVE, DIFFERS})
"""The rules that hold what is new about somebody until a person looked who they are there."""
MOVED_THERE = frozenset({GONE, MERGED})
"""Those by which the clinic itself took out the Patient: what stands is moved in place."""
UNTRUE = MOVED_THERE | {DIFFERS}
"""Those by which it is not known any more in whose record stands what was written."""
_HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Cache-Control": "no-cache",  # some servers give the same search again, as it was a while ago
}


def look_at_linked(clinic: Clinic, participant: str) -> str | Unreachable | Unknown:
    """The rule that holds what is new about a linked participant, '' for none.

    Where they may be another Patient by now, the one is looked at with whom what was told stands;
    then their identifiers are not compared, because a person said already that it is another one.
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
    return GONE if found is None else _rule_of(clinic, participant, found)


# Private functions


def _rule_of(clinic: Clinic, participant: str, found: dict[str, Any]) -> str:
    """The rule that holds after what the clinic says of their Patient, '' for none."""
    is_linked = clinic.crosswalk.linked(clinic.name, participant) == found["id"]
    instead = tuple(_replaced_by(found))
    if instead:
        if is_linked:  # nobody said more yet
            _propose(clinic, participant, instead)
        return MERGED
    if is_linked and _differs(clinic, participant, found):
        return DIFFERS
    return INACTIVE if found.get("active") is False else ""


def _differs(clinic: Clinic, participant: str, found: dict[str, Any]) -> bool:
    """Whether a linked Patient is another one by their identifiers, and nobody said otherwise."""
    crosswalk = clinic.crosswalk
    if crosswalk.is_although_different(clinic.name, participant):
        return False
    known = held_by_trial(clinic.study, crosswalk.identifiers(participant))
    return is_another(found, known, clinic.today())


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
