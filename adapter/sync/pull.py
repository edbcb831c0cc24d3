"""Asks a clinic what it wrote about the people who agreed to that: one person at a time.

Nobody else is ever asked for. A person's id travels in the body of a `_search`, because addresses
end up in logs. How far a person was read is kept by the clinic's own clock (`meta.lastUpdated`),
and only when the whole answer was taken in; each reading begins a while before that. No order of
the answer is relied on, so none is asked for: some servers know no `_sort`. What was deleted is
found by a full pass, or by the history of a type where that may be asked for.

Source: https://hl7.org/fhir/R4/http.html#search
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from adapter.ingest.decide import judge_again
from adapter.ingest.judge import RESPONSE, take_back
from adapter.ingest.received import Sent, receive
from adapter.ingest.trial import Trial
from adapter.ingest.whose import Whose, follow_link, is_followed, reading_of
from adapter.store import inbox, instances, standing
from adapter.store.cursors import Cursor, cursor, keep_cursor
from adapter.sync.asking import GONE, Asking, ask, may_ask, search, updated
from adapter.sync.care import pull_care
from adapter.sync.clinic import Clinic
from adapter.sync.deletions import Deletions, deletions
from adapter.sync.linked import DIFFERS
from adapter.sync.profile import PullRule


@dataclass(slots=True)
class PullReport:
    """What a pull did: how many people it asked for, and by word what became of what it found.

    `refused` are searches that the clinic would not answer. `care` says of standard care what
    became of what was found.
    """

    asked: int = 0
    became: Counter[str] = field(default_factory=Counter)
    care: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    is_full: bool = False


@dataclass(frozen=True, slots=True)
class _Visit:
    """One pull from one clinic."""

    asking: Asking
    trial: Trial
    report: PullReport
    deleted: Mapping[str, Deletions]


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
        _follow_links(there, trial, report)
        _judge_again(there, trial)
        asking = Asking(there, turn, rule)
        types = (RESPONSE, *(each.type for each in trial.study.from_care))
        deleted = {each: deletions(asking, each, is_full=report.is_full) for each in types}
        visit = _Visit(asking, trial, report, deleted)
        for participant in instances.names(there.database.read()):
            if _is_asked_about(there, participant):
                _pull_person(visit, participant)
                report.care += pull_care(
                    asking, trial, participant, deleted, is_full=report.is_full
                )
                step(1)
        with there.database.write() as tx:
            for each in deleted.values():
                if each.reached is not None:
                    keep_cursor(tx, each.reached)
            if report.is_full:
                keep_cursor(tx, Cursor(whole, "", trial.basis, there.now()))
    return report


def _is_asked_about(clinic: Clinic, participant: str) -> bool:
    """Whether a person is read: not while their Patient is, as the last push saw, somebody else."""
    tx = clinic.database.read()
    is_another = DIFFERS in standing.rules_of(tx, clinic.name, participant)
    return not is_another and may_ask(clinic, tx, participant)


def _follow_links(clinic: Clinic, trial: Trial, report: PullReport) -> None:
    """Takes back what came from other Patients than people are linked to, if nobody has done so."""
    for participant in instances.names(clinic.database.read()):
        whose = Whose(clinic.name, participant, clinic.addresses.patient(participant) or "")
        if not whose.patient or is_followed(clinic.database.read(), trial, whose):
            continue
        with clinic.database.write() as tx:
            for kind, count in follow_link(tx, trial, whose, clinic.now()).items():
                (report.became if kind == RESPONSE else report.care)["retracted"] += count


def _judge_again(clinic: Clinic, trial: Trial) -> None:
    """Asks anew about all that waits, some of it at a time."""
    reached: int | None = None
    while reached != 0:
        with clinic.database.write() as tx:
            reached = judge_again(tx, trial, clinic.name, clinic.now(), reached or 0)


def _is_due(clinic: Clinic, name: str, rule: PullRule) -> bool:
    """Whether everything is to be read again."""
    known = cursor(clinic.database.read(), name)
    if known is None:
        return True
    since = clinic.clock() - datetime.fromisoformat(known.full_at)
    return since >= timedelta(hours=rule.full_every_hours)


def _pull_person(visit: _Visit, participant: str) -> None:
    clinic, report = visit.asking.clinic, visit.report
    patient = clinic.addresses.patient(participant) or ""
    source = reading_of(clinic.name, RESPONSE, participant)
    basis = visit.trial.identity.token("pull", visit.trial.basis, patient)
    known = cursor(clinic.database.read(), source)
    since = None if report.is_full or known is None or known.basis != basis else known.position
    report.asked += 1
    found = search(visit.asking, RESPONSE, patient, since)
    if found is None:
        report.refused += 1
        return
    deleted = None if since is None else visit.deleted[RESPONSE].ids
    gone = list(_gone(visit, participant, found, deleted))
    with clinic.database.write() as tx:
        if not may_ask(clinic, tx, participant):  # withdrawn while the clinic answered
            return
        if clinic.addresses.patient(participant) != patient:  # or linked to somebody else
            return
        for resource in found.values():
            sent = Sent(clinic.name, patient, participant, resource)
            report.became[receive(tx, visit.trial, sent, clinic.now())] += 1
        for row in gone:
            became = take_back(tx, visit.trial, row, "it is gone at the clinic", clinic.now())
            report.became[became] += 1
        reached = max((updated(each) for each in found.values()), default="")
        keep_cursor(tx, Cursor(source, max(reached, since or ""), basis, clinic.now()))


def _gone(
    visit: _Visit,
    participant: str,
    found: dict[str, dict[str, Any]],
    deleted: frozenset[str] | None,
) -> Iterator[inbox.Received]:
    """What was taken of a person and is there no more; each is asked for once more by its id.

    `deleted` are the ids that may be gone, None where everything was read.
    """
    clinic = visit.asking.clinic
    for row in inbox.of_person(clinic.database.read(), clinic.name, RESPONSE, participant):
        if row.remote_id in found or (deleted is not None and row.remote_id not in deleted):
            continue
        if row.state == "left" and row.stands != "held":
            continue
        if ask(visit.asking, "GET", f"{row.type}/{row.remote_id}").status in GONE:
            yield row
