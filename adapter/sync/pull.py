"""Asks a clinic what it wrote about the people who agreed to that: one person at a time.

Nobody else is ever asked for. A person's id travels in the body of a `_search`, because addresses
end up in logs. How far a person was read is kept by the clinic's own clock (`meta.lastUpdated`),
and only when the whole answer was taken in; each reading begins a while before that. No order of
the answer is relied on, so none is asked for: some servers know no `_sort`. What was deleted is
found by a full pass.

Source: https://hl7.org/fhir/R4/http.html#search
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from adapter.errors import EhrError
from adapter.ingest.decide import judge_again
from adapter.ingest.judge import RESPONSE, take_back
from adapter.ingest.received import Sent, receive
from adapter.ingest.trial import Trial
from adapter.instruments.participant import ConsentWord
from adapter.instruments.study import Purpose
from adapter.release.consent import held_by_consent
from adapter.store import inbox, instances
from adapter.store.cursors import Cursor, cursor, keep_cursor
from adapter.store.database import Transaction
from adapter.sync.answer import Answer, stop_if_no_entry
from adapter.sync.clinic import Clinic
from adapter.sync.profile import PullRule
from adapter.sync.turn import Turn

_GONE = frozenset({404, 410})
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(slots=True)
class PullReport:
    """What a pull did: how many people it asked for, and by word what became of what it found.

    `refused` are searches that the clinic would not answer.
    """

    asked: int = 0
    became: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    is_full: bool = False


@dataclass(frozen=True, slots=True)
class _Visit:
    """One pull from one clinic."""

    clinic: Clinic
    turn: Turn
    trial: Trial
    rule: PullRule
    report: PullReport


def pull(
    clinic: Clinic,
    trial: Trial,
    step: Callable[[int], None] = lambda _: None,
    *,
    is_full: bool = False,
) -> PullReport:
    """Takes in what the clinic wrote since the last pull; `is_full`: all of it, and what is gone.

    Raises:
        ConflictError: another process is at work with this clinic.
        EhrError: the clinic cannot be reached, or does not speak FHIR; what was taken in stays.
    """
    rule = clinic.profile.pull
    if rule is None:
        return PullReport()
    with clinic.alone() as (there, turn):
        whole = f"pull {there.name}"
        report = PullReport(is_full=is_full or _is_due(there, whole, rule))
        with there.database.write() as tx:
            judge_again(tx, trial, there.name, there.now())
        visit = _Visit(there, turn, trial, rule, report)
        for participant in instances.names(there.database.read()):
            if may_ask(there, there.database.read(), participant):
                _pull_person(visit, participant)
                step(1)
        if report.is_full:
            with there.database.write() as tx:
                keep_cursor(tx, Cursor(whole, "", trial.basis, there.now()))
    return report


def may_ask(clinic: Clinic, tx: Transaction, participant: str) -> bool:
    """Whether a clinic may be asked for somebody: who takes part, is linked, and agreed.

    Both consents are needed: what comes is for research, and to ask tells who takes part.
    """
    person = instances.participant(tx, participant)
    if person is None or not clinic.profile.speaks_fhir:
        return False
    words: dict[str, ConsentWord] = {name: said.word for name, said in person.consents.items()}
    asked: tuple[tuple[Purpose, str], ...] = (
        ("research", ""),
        (clinic.profile.purpose, clinic.name),
    )
    if any(held_by_consent(clinic.study, why, who, words) for why, who in asked):
        return False
    return clinic.patient_of(participant) is not None


def _is_due(clinic: Clinic, name: str, rule: PullRule) -> bool:
    """Whether everything is to be read again."""
    known = cursor(clinic.database.read(), name)
    if known is None:
        return True
    since = clinic.clock() - datetime.fromisoformat(known.full_at)
    return since >= timedelta(hours=rule.full_every_hours)


def _pull_person(visit: _Visit, participant: str) -> None:
    clinic, report = visit.clinic, visit.report
    patient = clinic.patient_of(participant) or ""
    source = f"pull {clinic.name} {RESPONSE} {participant}"
    basis = visit.trial.identity.token("pull", visit.trial.basis, patient)
    known = cursor(clinic.database.read(), source)
    since = None if report.is_full or known is None or known.basis != basis else known.position
    report.asked += 1
    found = _search(visit, RESPONSE, patient, since)
    if found is None:
        report.refused += 1
        return
    gone = list(_gone(visit, participant, found)) if since is None else []
    with clinic.database.write() as tx:
        if not may_ask(clinic, tx, participant):  # withdrawn while the clinic answered
            return
        for resource in found.values():
            sent = Sent(clinic.name, patient, participant, resource)
            report.became[receive(tx, visit.trial, sent, clinic.now())] += 1
        for row in gone:
            became = take_back(tx, visit.trial, row, "it is gone at the clinic", clinic.now())
            report.became[became] += 1
        reached = max((_updated(each) for each in found.values()), default="")
        keep_cursor(tx, Cursor(source, max(reached, since or ""), basis, clinic.now()))


def _search(
    visit: _Visit, resource_type: str, patient: str, since: str | None
) -> dict[str, dict[str, Any]] | None:
    """A person's resources of a type by id, all pages of them; None where it is refused."""
    asked = {"patient": f"Patient/{patient}", "_count": str(visit.rule.page)}
    if since:
        begin = datetime.fromisoformat(since) - timedelta(minutes=visit.rule.overlap_minutes)
        asked["_lastUpdated"] = f"ge{begin.isoformat(timespec='seconds').replace('+00:00', 'Z')}"
    answer = _ask(visit, "POST", f"{resource_type}/_search", urlencode(asked).encode())
    found: dict[str, dict[str, Any]] = {}
    seen: set[str] = set()
    while True:
        if not answer.is_success:
            return None
        if answer.body.get("resourceType") != "Bundle":
            raise EhrError(
                f"expected a Bundle to a search of {resource_type}; found something else. "
                "Nothing of this answer was taken."
            )
        for resource in _resources(answer.body):
            name = resource.get("id")
            if resource.get("resourceType") == resource_type and isinstance(name, str):
                found[name] = resource
        follows = _next_of(answer.body)
        if follows is None:
            return found
        if follows in seen or not visit.clinic.client.is_at_home(follows):
            raise EhrError(
                "expected pages that end, at the clinic's own address; found another link. "
                "Nothing of this answer was taken."
            )
        seen.add(follows)
        answer = _ask(visit, "GET", follows)


def _gone(
    visit: _Visit, participant: str, found: dict[str, dict[str, Any]]
) -> Iterator[inbox.Received]:
    """What was taken of a person and is there no more; each is asked for once more by its id."""
    for row in inbox.of_clinic(visit.clinic.database.read(), visit.clinic.name):
        is_gone = row.participant == participant and row.remote_id not in found
        if not is_gone or (row.state == "left" and row.stands != "held"):
            continue
        if _ask(visit, "GET", f"{row.type}/{row.remote_id}").status in _GONE:
            yield row


def _ask(visit: _Visit, method: str, path: str, content: bytes | None = None) -> Answer:
    """One answer, after some patience.

    Raises:
        EhrError: there is none, or nobody lets us in.
    """
    while True:
        answer = visit.clinic.client.exchange(method, path, content, _FORM if content else None)
        if isinstance(answer, Answer):
            if not (method == "GET" and answer.status in _GONE):  # somebody deleted it
                stop_if_no_entry(answer)
            visit.turn.went_well()
            return answer
        visit.turn.went_wrong(answer)


def _resources(bundle: dict[str, Any]) -> Iterator[dict[str, Any]]:
    entries = bundle.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            yield resource


def _next_of(bundle: dict[str, Any]) -> str | None:
    links = bundle.get("link")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next":
            return str(link.get("url"))
    return None


def _updated(resource: dict[str, Any]) -> str:
    """When the clinic's server changed it last, in UTC; '' where it does not say."""
    meta = resource.get("meta")
    said = meta.get("lastUpdated") if isinstance(meta, dict) else None
    try:
        moment = datetime.fromisoformat(str(said))
    except ValueError:
        return ""
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment.tzinfo else ""
