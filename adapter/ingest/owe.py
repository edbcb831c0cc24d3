"""What is owed: a new version to all who take its type, a retraction to who has it."""

from __future__ import annotations

from dataclasses import replace

from adapter.fhir.retraction import retract
from adapter.fhir.text import read_text
from adapter.ingest.blinded import is_kept_from, is_seen, tells
from adapter.ingest.trial import Trial
from adapter.instruments.participant import Participant
from adapter.release import CARE, PARTICIPATION, THERAPY, Receiver
from adapter.release.receiver import Taking
from adapter.store import (
    deliveries,
    holdings,
    inbox,
    instances,
    moves,
    places,
    provenances,
    receivers,
    versions,
)
from adapter.store.database import Transaction
from adapter.store.versions import Version

DOCUMENT = "DocumentReference"
_UNDER_WAY = frozenset({"claimed", "uncertain"})
_WAITING = frozenset({"queued", "held", "refused", "quarantined"})


def owe(tx: Transaction, trial: Trial, version: Version | None, now: str) -> list[Version]:
    """Owes a version to every receiver of its type; gives it, or nothing where nothing is new.

    What is retracted is owed only where it is, or may be, also to who takes its type no more; where
    it never left, nothing is sent at all.
    """
    if version is None:
        return []
    for receiver in trial.receivers:
        if not version.is_retracted:
            if (
                is_wanted(tx, trial, receiver, version)
                and is_seen(tx, trial, receiver, version)
                and not stays_away(tx, trial, receiver, version)
            ):
                deliveries.enqueue(tx, receiver.name, version, "put", now)
        elif is_with(tx, receiver, version):
            take_back(tx, receiver, version, now)
        else:
            provenances.forget(tx, receiver.name, version, now)
    return [version]


def owe_unblinded(
    tx: Transaction, trial: Trial, receiver: Receiver, participant: str, now: str
) -> None:
    """Owes what tells a person's arm, after it was made known to a receiver."""
    for version in versions.of_participant(tx, participant):
        if (
            not version.is_retracted
            and tells(trial, version)
            and is_wanted(tx, trial, receiver, version)
            and names_what_is_owed(tx, receiver, version)
            and not stays_away(tx, trial, receiver, version)
        ):
            deliveries.enqueue(tx, receiver.name, version, "put", now)


def is_wanted(tx: Transaction, trial: Trial, receiver: Receiver, version: Version) -> bool:
    """Whether a version goes to a receiver: it takes such ones, and gets this outcome in that way.

    An outcome that the receiver holds in another way already stays on that until it is taken back.
    """
    # What standard care gave is owed to nobody.
    if version.form.startswith(CARE) or is_kept_from(trial, receiver, version):
        return False
    taking = receiver.taking(version.form)
    move = moves.move_of(tx, receiver.name, version.unit) if version.participant else None
    if move is not None:  # a person said which way it goes
        by_it = receiver.taking_by(move.rung, version.form)
        return not move.is_under_way and _is_taken(version, by_it)
    if version.participant and version.form not in {PARTICIPATION, THERAPY}:
        held = receivers.types_held(tx, receiver.name, version) - {"Provenance"}
        if held and not held.isdisjoint({DOCUMENT}) and len(held) > 1:
            return _is_taken(version, taking)
        if DOCUMENT in held and DOCUMENT not in taking.types:
            return version.type == DOCUMENT
        if held and DOCUMENT not in held and not _goes_on(tx, receiver, version, taking):
            return _is_of_the_way(tx, receiver, version, held)
    return _is_taken(version, taking)


def _goes_on(tx: Transaction, receiver: Receiver, version: Version, taking: Taking) -> bool:
    """Whether the resources of an outcome still go the way by which the receiver holds them.

    In transactions and one by one the same resources go.
    """
    way = places.way_of(tx, receiver.name, version.unit)
    whole = {"transaction", "single"}
    if not way:
        return bool(taking.types - {DOCUMENT})
    return bool(whole & taking.rungs) if way in whole else way in taking.rungs


def _is_of_the_way(
    tx: Transaction, receiver: Receiver, version: Version, held: frozenset[str]
) -> bool:
    """Whether a resource goes on by the way that an outcome went before: a total stays alone."""
    if places.way_of(tx, receiver.name, version.unit) == "totals":
        there = holdings.holding(tx, receiver.name, version.type, version.id)
        return there is not None and there.action == "put"
    return version.type in held


def _is_taken(version: Version, taking: Taking) -> bool:
    if version.type not in taking.types:
        return False
    if taking.codes is None or version.type != "Observation":
        return True
    coding = read_text(version.text)["code"]["coding"]
    return any(each["code"] in taking.codes for each in coding)


def names_what_is_owed(tx: Transaction, receiver: Receiver, version: Version) -> bool:
    """Whether it names nothing that never comes, as a Provenance of what is gone by now would."""
    if version.type != "Provenance":
        return True
    names = (tuple(each["reference"].split("/")) for each in read_text(version.text)["target"])
    return all(
        deliveries.last_owed(tx, receiver.name, replace(version, type=kind, id=name)) is not None
        for kind, name in names
    )


def catch_up(tx: Transaction, trial: Trial, receiver: Receiver, name: str, now: str) -> None:
    """Owes a receiver what it should have of a person and was never owed, and takes back the rest.

    It finds nothing to do where the receiver was there whenever something changed.
    """
    mine = versions.of_participant(tx, name)
    for version in reversed(mine):  # the last first: what refers to others goes before them
        if version.is_retracted:
            catch_up_with(tx, trial, receiver, version, now)
    for version in mine:
        if not version.is_retracted:
            catch_up_with(tx, trial, receiver, version, now)
    person = instances.participant(tx, name)
    if person is None:
        return
    must_go = _must_retract(trial, receiver, person)
    for version in retractable(mine):
        owed = deliveries.last_owed(tx, receiver.name, version)
        if owed is None:
            continue
        if must_go:
            take_back(tx, receiver, version, now)
        elif owed[1] == "retract" and is_wanted(tx, trial, receiver, version):
            _give_back(tx, receiver, version, now)


def catch_up_with(
    tx: Transaction, trial: Trial, receiver: Receiver, version: Version, now: str
) -> None:
    """Owes a receiver the newest version of one resource, where nobody has done so."""
    if version.is_retracted:
        if is_with(tx, receiver, version):
            take_back(tx, receiver, version, now)
        else:
            provenances.forget(tx, receiver.name, version, now)
        return
    owed = deliveries.last_owed(tx, receiver.name, version)
    if owed is not None and owed[0] >= version.version:
        waits = owed[1] == "put" and owed[2] in _WAITING
        if waits and not is_wanted(tx, trial, receiver, version):
            deliveries.cancel(tx, receiver.name, version, now)
    elif (
        is_wanted(tx, trial, receiver, version)
        and is_seen(tx, trial, receiver, version)
        and names_what_is_owed(tx, receiver, version)
        and not stays_away(tx, trial, receiver, version)
    ):
        deliveries.enqueue(tx, receiver.name, version, "put", now)


def follow_consent(tx: Transaction, trial: Trial, person: Participant, now: str) -> None:
    """After a consent changed: takes back what must not stay, owes again what may return."""
    mine = retractable(versions.of_participant(tx, person.participant))
    for receiver in trial.receivers:
        # What is held names nothing that is sent: it must not leave after what names it.
        deliveries.ask_again(tx, receiver.name, person.participant, now)
        must_go = _must_retract(trial, receiver, person)
        for version in mine:
            if must_go:
                take_back(tx, receiver, version, now)
            elif is_wanted(tx, trial, receiver, version):
                _give_back(tx, receiver, version, now)


def take_back(tx: Transaction, receiver: Receiver, version: Version, now: str) -> None:
    """Retracts what the receiver has, as it has it: what it never had is not told to it now."""
    owed = deliveries.last_owed(tx, receiver.name, version)
    if owed is None or owed[1] == "retract":
        return
    number = holdings.may_hold(tx, receiver.name, version.type, version.id)
    if number is not None:
        deliveries.enqueue(tx, receiver.name, replace(version, version=number), "retract", now)


def _give_back(tx: Transaction, receiver: Receiver, version: Version, now: str) -> None:
    """Owes again what was taken back; where that has not left yet, it is taken back itself."""
    owed = deliveries.last_owed(tx, receiver.name, version)
    if (owed is not None and owed[1] == "put") or _is_its_own(tx, receiver, version):
        return
    held = holdings.holding(tx, receiver.name, version.type, version.id)
    is_there = held is not None and (held.version, held.action) == (version.version, "put")
    if is_there and owed is not None and owed[2] not in _UNDER_WAY:
        deliveries.cancel(tx, receiver.name, version, now)
    else:
        deliveries.enqueue(tx, receiver.name, version, "put", now)


def retractable(mine: list[Version]) -> list[Version]:
    """What a retraction of these takes along: everything that is not retracted yet, in order.

    A Provenance stays, as the record of what was said, unless something it names can only be
    deleted: a reference to a deleted resource would be refused.
    """
    deleted = {
        version.unit
        for version in mine
        if version.type != "Provenance" and retract({"resourceType": version.type}) is None
    }
    return [
        version
        for version in mine
        if not version.is_retracted and (version.type != "Provenance" or version.unit in deleted)
    ]


def is_with(tx: Transaction, receiver: Receiver, version: Version) -> bool:
    """Whether a resource is with a receiver, or may be by now."""
    return holdings.may_hold(tx, receiver.name, version.type, version.id) is not None


def stays_away(tx: Transaction, trial: Trial, receiver: Receiver, version: Version) -> bool:
    """Whether a withdrawal took the resource back: a new version would replace the retraction.

    Or whether the receiver wrote it itself: its own response stands there already.
    """
    if _is_its_own(tx, receiver, version):
        return True
    owed = deliveries.last_owed(tx, receiver.name, version)
    if owed is None or owed[1] == "put":
        return False
    person = instances.participant(tx, version.participant)
    return person is not None and _must_retract(trial, receiver, person)


def _is_its_own(tx: Transaction, receiver: Receiver, version: Version) -> bool:
    is_response = version.type == "QuestionnaireResponse"
    whose = version.participant, version.unit
    return is_response and inbox.name_there(tx, receiver.name, *whose) is not None


def _must_retract(trial: Trial, receiver: Receiver, person: Participant) -> bool:
    about = [r for r in trial.study.consents if r.concerns(receiver.purpose, receiver.name)]
    # A receiver that no consent is about any more has what left by one that was: of its purpose.
    rules = about or [r for r in trial.study.consents if r.purpose == receiver.purpose]
    return any(
        rule.on_withdrawal == "retract" and person.word(rule.id) == "withdrawn" for rule in rules
    )
