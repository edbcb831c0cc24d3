"""Fetches what the study asks of standard care, of whom agreed to that, from a clinic.

As with responses, each person is asked for alone, and how far was read is kept by the clinic's own
clock, for each type. What the clinic itself got from us is of other types.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapter.fhir.care import medication_named, medication_path, with_medication
from adapter.ingest.care import GONE as IS_GONE
from adapter.ingest.care import WITHDRAWN, Fetched, drop_care, take_care
from adapter.ingest.received import is_about
from adapter.ingest.trial import Trial
from adapter.ingest.whose import reading_of
from adapter.instruments.participant import Participant
from adapter.instruments.study import CareRule
from adapter.store import inbox, instances
from adapter.store.cursors import Cursor, cursor, keep_cursor
from adapter.store.database import Transaction
from adapter.sync.asking import GONE, Asking, ask, may_ask, search, updated
from adapter.sync.deletions import Deletions

_NOT_FOR_US = frozenset({403})


def pull_care(
    asking: Asking,
    trial: Trial,
    participant: str,
    deleted: Mapping[str, Deletions],
    *,
    is_full: bool = False,
) -> Counter[str]:
    """Takes in all types that the study asks for, of one person; gives what became of them.

    `refused` are the types for which the clinic would not answer. `deleted` may be gone, by type.

    Raises:
        EhrError: the clinic cannot be reached, or does not speak FHIR; what was taken in stays.
    """
    became: Counter[str] = Counter()
    for rule in trial.study.from_care:
        visit = _Visit(asking, trial, rule, deleted[rule.type].ids)
        became += _pull_type(visit, participant, is_full=is_full)
    return became


# Private functions


@dataclass(frozen=True, slots=True)
class _Visit:
    """One type that a clinic is asked for; `deleted` are the ids that may be gone."""

    asking: Asking
    trial: Trial
    rule: CareRule
    deleted: frozenset[str]


def _pull_type(visit: _Visit, participant: str, *, is_full: bool) -> Counter[str]:
    asking, trial, rule = visit.asking, visit.trial, visit.rule
    clinic, read = asking.clinic, asking.clinic.database.read()
    person = _who_agreed(asking, read, participant, rule)
    if person is None:
        return Counter()
    patient = clinic.addresses.patient(participant) or ""
    source = reading_of(clinic.name, rule.type, participant)
    said = (rule.model_dump_json(), trial.study.timezone, person.enrolled or "", patient)
    basis = trial.identity.token("pull-care", *said)
    known = cursor(read, source)
    rows = inbox.of_person(read, clinic.name, rule.type, participant)
    is_whole = is_full or known is None or known.basis != basis
    # What was taken back with the consent comes again with it, though nobody has changed it.
    is_whole = is_whole or any(row.why == WITHDRAWN for row in rows)
    since = None if is_whole or known is None else known.position
    found = search(asking, rule.type, patient, since)
    if found is None:
        return Counter({"refused": 1})
    found = _coded(asking, found)
    stood = [row for row in rows if row.stands == "held" or row.why == WITHDRAWN]
    missing = [
        row
        for row in stood
        if row.remote_id not in found and (is_whole or row.remote_id in visit.deleted)
    ]
    gone = [row for row in missing if _is_gone(asking, rule, patient, row.remote_id)]
    became: Counter[str] = Counter()
    with clinic.database.write() as tx:
        person = _who_agreed(asking, tx, participant, rule)
        if person is None:  # withdrawn while the clinic answered
            return Counter()
        if clinic.addresses.patient(participant) != patient:  # or linked to somebody else
            return Counter()
        for resource in found.values():
            sent = Fetched(clinic.name, patient, person, rule, updated(resource), resource)
            became[take_care(tx, trial, sent, clinic.now())] += 1
        for row in gone:
            became[drop_care(tx, trial, row, IS_GONE, clinic.now())] += 1
        reached = max((updated(each) for each in found.values()), default="")
        keep_cursor(tx, Cursor(source, max(reached, since or ""), basis, clinic.now()))
    return became


def _coded(asking: Asking, found: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What was found, each with the code of the Medication that it names, where that can be read.

    Each is asked for once; one at another address is not.
    """
    at_home = asking.clinic.client.is_at_home
    places = {name: medication_named(each) for name, each in found.items()}
    paths = {
        name: medication_path(place) for name, place in places.items() if place and at_home(place)
    }
    read = {path: _medication(asking, path) for path in sorted(set(paths.values()))}
    return {
        name: with_medication(each, read[paths[name]]) if name in paths else each
        for name, each in found.items()
    }


def _medication(asking: Asking, path: str) -> dict[str, Any]:
    """A Medication; nothing where it may not be read."""
    answer = ask(asking, "GET", path, may_say=_NOT_FOR_US)
    is_one = answer.is_success and answer.body.get("resourceType") == "Medication"
    return answer.body if is_one else {}


def _who_agreed(
    asking: Asking, tx: Transaction, participant: str, rule: CareRule
) -> Participant | None:
    """The person, None unless they may be asked for and gave the consent that the rule names.

    Of whom it is not known since when they take part, nothing could be kept: so nothing is read.
    """
    person = instances.participant(tx, participant)
    if person is None or not may_ask(asking.clinic, tx, participant):
        return None
    if rule.since == "enrolment" and person.enrolled is None:
        return None
    return person if person.word(rule.consent) == "given" else None


def _is_gone(asking: Asking, rule: CareRule, patient: str, remote_id: str) -> bool:
    """Whether a resource that was not found any more is deleted, or about somebody else by now."""
    answer = ask(asking, "GET", f"{rule.type}/{remote_id}")
    there: dict[str, Any] = answer.body
    return answer.status in GONE or (answer.is_success and not is_about(there, patient))
