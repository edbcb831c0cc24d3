"""After somebody turned out to be another Patient: what the first one got is taken back there.

That is after a wrong link, and, where a clinic knows people by their numbers, after a number was
corrected. What stands in the wrong record is marked as entered in error there, by the clinic's own
way of retracting; only when that is seen to be done, what stands is owed to the right Patient, as
resources of their own. Each step can be done again, so nobody who dies between two does harm.

A Patient whom the clinic itself merged or took out is no wrong one: their data are moved in place.
"""

from __future__ import annotations

from dataclasses import replace

from adapter.ingest.blinded import is_seen
from adapter.ingest.owe import is_wanted, names_what_is_owed, retractable, stays_away, take_back
from adapter.ingest.trial import Trial
from adapter.release import Receiver
from adapter.store import deliveries, leaving, versions
from adapter.store.told import Address
from adapter.store.transaction import Transaction
from adapter.sync.clinic import Clinic
from adapter.sync.linked import MOVED_THERE, look_at_linked
from adapter.sync.receipt import Unknown, Unreachable

MOVED = "patient-moved"
"""The rule that holds what is new until what the wrong Patient got is taken back."""


def take_over(clinic: Clinic, participant: str) -> str | Unreachable | Unknown:
    """Settles who somebody is whose link or number changed: MOVED where that takes longer.

    '' where they are the Patient that they were, or the clinic was told nothing of them yet, or it
    merged them itself.
    """
    addresses = clinic.addresses
    now, told = addresses.now(participant), addresses.told(participant)
    if now is None or told is None or told.arrives:
        return MOVED
    identifiers = now.identifiers
    if addresses.is_same(now, told):  # what was told there names them as they were called then
        identifiers = {**told.identifiers, **identifiers}
    elif is_moving(clinic, participant):
        rule = look_at_linked(clinic, participant)
        if isinstance(rule, Unreachable | Unknown):
            return rule
        if rule not in MOVED_THERE:
            return MOVED
    _note(clinic, participant, replace(now, identifiers=identifiers, number=told.number))
    return ""


def is_moving(clinic: Clinic, participant: str) -> bool:
    """Whether something stands with somebody else than the one who a changed link names.

    So it is unless the clinic says that it merged them itself.
    """
    addresses = clinic.addresses
    now, told = addresses.now(participant), addresses.told(participant)
    if now is None or told is None or told.arrives:
        return True
    is_same = addresses.is_same(now, told)
    tx = clinic.database.read()
    return not is_same and leaving.is_anything_told(tx, clinic.name, participant)


def follow_links(clinic: Clinic, trial: Trial) -> int:
    """Takes back what stands with a wrong Patient, or owes it to the right one; how many people.

    Raises:
        ConflictError: another process is delivering to this clinic.
        EhrError: the clinic rests, after trouble or as it asked for.
    """
    people = clinic.crosswalk.told.left(clinic.name)
    if not any(map(clinic.addresses.now, people)):  # nobody knows yet who they are
        return 0
    count = 0
    (receiver,) = (each for each in trial.receivers if each.name == clinic.name)
    with clinic.alone() as (there, _):
        with there.write() as tx:  # what a process that died had claimed may be there
            deliveries.reopen(tx, there.name, there.now())
        for who in people:
            if there.addresses.now(who) is not None and there.addresses.told(who) is not None:
                count += take_over(there, who) == MOVED and _follow(there, trial, receiver, who)
    return count


# Private functions


def _follow(clinic: Clinic, trial: Trial, receiver: Receiver, who: str) -> bool:
    now, told = clinic.addresses.now(who), clinic.addresses.told(who)
    if now is None or told is None:
        return False
    if not told.arrives:
        with clinic.write() as tx:
            mine = versions.of_participant(tx, who)
            for version in retractable(mine):
                take_back(tx, receiver, version, clinic.now())
            if not leaving.is_all_taken_back(tx, clinic.name, who):
                return True
    # Who died behind this note told nobody anything yet: it is the one who they are now.
    number = told.number if told.arrives else told.number + 1
    told = replace(now, number=number, arrives=True)
    _note(clinic, who, told, is_left=True)  # first, so that no id is ever given twice
    with clinic.write() as tx:
        _owe_anew(tx, trial, receiver, who, clinic.now())
    # Somebody may have linked them anew meanwhile.
    _note(clinic, who, replace(told, arrives=False), is_left=clinic.addresses.now(who) != now)
    return True


def _owe_anew(tx: Transaction, trial: Trial, receiver: Receiver, who: str, now: str) -> None:
    mine = [
        version
        for version in versions.of_participant(tx, who)
        if not version.is_retracted
        and is_seen(tx, trial, receiver, version)
        and not stays_away(tx, trial, receiver, version)
    ]
    leaving.let_go(tx, receiver.name, who, now)
    for version in mine:
        if is_wanted(tx, trial, receiver, version) and names_what_is_owed(tx, receiver, version):
            deliveries.enqueue(tx, receiver.name, version, "put", now)


def _note(clinic: Clinic, who: str, address: Address, *, is_left: bool = False) -> None:
    clinic.crosswalk.told.keep(clinic.name, [(who, address)], is_left=is_left)
