"""Who a participant may be among a clinic's own patients: asked by identifier, or by `$match`.

What a clinic answers is kept as candidates until a person says who it is; who was turned down is
proposed no more. Nobody is linked by a program, and no Patient is created. `$match` is asked by
identifiers alone: names and dates of birth are sent to nobody who may not know the person.
Identifiers travel in bodies, because addresses end up in logs.

Source: https://hl7.org/fhir/R4/patient-operation-match.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import orjson

from adapter.store.identities import Candidate, Candidates
from adapter.sync.answer import Answer, reason_of, stop_if_no_entry
from adapter.sync.asking import entries
from adapter.sync.clinic import Clinic
from adapter.sync.receipt import Unknown, Unreachable

NOT_FOUND = "patient-not-found"
SEARCH_REFUSED = "patient-search-refused"
_AT_MOST = 10
_GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
_GRADES = frozenset({"certain", "probable", "possible", "certainly-not"})


def find_patient(clinic: Clinic, participant: str) -> str | Unreachable | Unknown:
    """Looks for somebody who is not linked yet, and gives the rule that holds their data.

    Whoever is found waits, as a candidate, for a person's word.
    """
    rule = rule_unasked(clinic, participant)
    if rule:
        return rule
    known = _identifiers(clinic, participant)
    is_matched = clinic.profile.patient.match
    answer = _match(clinic, known) if is_matched else _search(clinic, known)
    return _told(clinic, participant, answer) if isinstance(answer, Answer) else answer


def rule_unasked(clinic: Clinic, participant: str) -> str:
    """The rule that holds somebody who is not linked, where the clinic need not be asked for it.

    '' where it is asked, by the identifiers that it knows people by.
    """
    if clinic.profile.patient.listed:
        return "patient-not-listed"
    is_askable = clinic.profile.speaks_fhir and _identifiers(clinic, participant)
    return "" if is_askable else "patient-without-identifier"


def rule_of_candidates(clinic: Clinic, participant: str) -> str:
    """The rule by what the clinic said last of who they may be, '' where it said nothing of it."""
    waits = clinic.crosswalk.candidates(clinic.name, participant)
    if waits is not None:
        return _rule_of(waits.patients)
    return NOT_FOUND if clinic.crosswalk.turned_down(clinic.name, participant) else ""


# Private functions


def _identifiers(clinic: Clinic, participant: str) -> dict[str, str]:
    """The identifiers that a clinic is asked by, by system."""
    find_by, declared = clinic.profile.patient.find_by, clinic.study.participant.identifiers
    names = [find_by] if find_by else sorted(declared)
    values = {name: clinic.crosswalk.identifier(participant, name) for name in names}
    return {declared[name].system: value for name, value in values.items() if value is not None}


def _rule_of(found: Sequence[Candidate]) -> str:
    match len(found):
        case 0:
            return NOT_FOUND
        case 1:
            return "patient-unconfirmed"
    return "patient-ambiguous"


def _told(clinic: Clinic, participant: str, answer: Answer) -> str | Unknown:
    """The rule that holds, after what the clinic said."""
    stop_if_no_entry(answer)
    if not answer.is_success:  # this person cannot be asked for; the others need not wait
        return SEARCH_REFUSED
    if answer.body.get("resourceType") != "Bundle":
        return Unknown(f"HTTP {answer.status} to a patient search: {reason_of(answer.body)}")
    turned_down = clinic.crosswalk.turned_down(clinic.name, participant)
    found = tuple(each for each in _found(answer.body) if each.patient not in turned_down)
    if found:
        clinic.crosswalk.propose(Candidates(clinic.name, participant, clinic.now(), found))
    return _rule_of(found)


def _search(clinic: Clinic, known: dict[str, str]) -> Answer | Unreachable | Unknown:
    ((system, value),) = known.items()
    return clinic.client.exchange(
        "POST",
        "Patient/_search",
        urlencode({"identifier": f"{system}|{value}", "_count": str(_AT_MOST)}).encode(),
        {"Content-Type": "application/x-www-form-urlencoded"},
    )


def _match(clinic: Clinic, known: dict[str, str]) -> Answer | Unreachable | Unknown:
    identifiers = [{"system": system, "value": value} for system, value in known.items()]
    asked = {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "resource",
                "resource": {"resourceType": "Patient", "identifier": identifiers},
            },
            {"name": "onlyCertainMatches", "valueBoolean": False},
            {"name": "count", "valueInteger": _AT_MOST},
        ],
    }
    return clinic.client.exchange("POST", "Patient/$match", orjson.dumps(asked))


def _found(bundle: dict[str, Any]) -> tuple[Candidate, ...]:
    """The Patients of a searchset, most certain first as the clinic lists them; each once."""
    found: dict[str, Candidate] = {}
    for entry in entries(bundle):
        resource, grade = entry.get("resource"), _grade(entry.get("search"))
        name = resource.get("id") if isinstance(resource, dict) else None
        is_patient = isinstance(resource, dict) and resource.get("resourceType") == "Patient"
        if is_patient and isinstance(name, str) and grade != "certainly-not":
            found.setdefault(name, Candidate(name, grade))
    return tuple(found.values())


def _grade(search: object) -> str:
    """How sure the clinic is, in the standard's words; no other word is repeated."""
    listed = search.get("extension") if isinstance(search, dict) else None
    told = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    said = (each.get("valueCode") for each in told if each.get("url") == _GRADE)
    return next((code for code in said if code in _GRADES), "")
