"""Who a participant may be among a clinic's own patients: asked by identifier, or by `$match`.

What a clinic answers is kept as candidates until a person says who it is; who was turned down is
proposed no more. Nobody is linked by a program, and no Patient is created. `$match` is asked by
identifiers alone: names and dates of birth are sent to nobody who may not know the person.
Identifiers travel in bodies, because addresses end up in logs.

Source: https://hl7.org/fhir/R4/patient-operation-match.html
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import orjson

from adapter.store.identities import Candidate, Candidates
from adapter.sync.answer import Answer, reason_of, stop_if_no_entry
from adapter.sync.asking import entries
from adapter.sync.clinic import Clinic
from adapter.sync.receipt import Unknown, Unreachable

_AT_MOST = 10
_GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
_GRADES = frozenset({"certain", "probable", "possible", "certainly-not"})


def find_patient(clinic: Clinic, participant: str) -> str | Unreachable | Unknown:
    """Looks for somebody who is not linked yet, and gives the rule that holds their data.

    Whoever is found waits, as a candidate, for a person's word.
    """
    rule = clinic.profile.patient
    if rule.listed:
        return "patient-not-listed"
    names = [rule.find_by] if rule.find_by else sorted(clinic.study.participant.identifiers)
    values = {name: clinic.crosswalk.identifier(participant, name) for name in names}
    known = {
        clinic.study.participant.identifiers[name].system: value
        for name, value in values.items()
        if value is not None
    }
    if not known or not clinic.profile.speaks_fhir:
        return "patient-without-identifier"
    answer = _match(clinic, known) if rule.match else _search(clinic, known)
    return _told(clinic, participant, answer) if isinstance(answer, Answer) else answer


def _told(clinic: Clinic, participant: str, answer: Answer) -> str | Unknown:
    """The rule that holds, after what the clinic said."""
    stop_if_no_entry(answer)
    if not answer.is_success:  # this person cannot be asked for; the others need not wait
        return "patient-search-refused"
    if answer.body.get("resourceType") != "Bundle":
        return Unknown(f"HTTP {answer.status} to a patient search: {reason_of(answer.body)}")
    turned_down = clinic.crosswalk.turned_down(clinic.name, participant)
    found = tuple(each for each in _found(answer.body) if each.patient not in turned_down)
    if not found:
        return "patient-not-found"
    clinic.crosswalk.propose(Candidates(clinic.name, participant, clinic.now(), found))
    return "patient-ambiguous" if len(found) > 1 else "patient-unconfirmed"


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
