"""What a receiver should have, compared with what it was owed: once it may have missed something.

A version is owed to the receivers of the moment, and a consent is followed when it changes. Whoever
stood out of `adapter.toml` then, or was told of by another study file or profile, was not told. So
the ledger notes up to which version, and by which rules, each receiver was owed everything. What
was put since is compared; all of it where the rules are others. Nothing else is looked at.
"""

from __future__ import annotations

import hashlib

import orjson

from adapter.ingest.owe import catch_up, catch_up_with
from adapter.ingest.trial import Trial
from adapter.ingest.work import RECORDS_A_COMMIT, batches
from adapter.release import Receiver
from adapter.release.receiver import Taking
from adapter.store import receivers, versions
from adapter.store.database import Database, Transaction


def owe_overdue(database: Database, trial: Trial, now: str) -> None:
    """Owes each receiver what it missed, in turns; who dies between two begins anew."""
    for receiver in trial.receivers:
        _owe_overdue(database, trial, receiver, now)


def note_owed(tx: Transaction, trial: Trial) -> None:
    """Notes, at the end of an ingest, that every receiver was owed everything there is."""
    for receiver in trial.receivers:
        receivers.keep_owed(tx, receiver.name, basis_of(trial, receiver))


def basis_of(trial: Trial, receiver: Receiver) -> str:
    """A digest of all that decides what a receiver is owed: the study file, and its profile."""

    def told(taking: Taking) -> list[object]:
        codes = None if taking.codes is None else sorted(taking.codes)
        return [sorted(taking.types), sorted(taking.rungs), codes]

    said = [
        trial.study.model_dump_json(),
        [receiver.name, receiver.purpose, receiver.is_unblinded],
        told(Taking(receiver.accepts, receiver.rungs)),
        {form: told(taking) for form, taking in receiver.forms.items()},
        {form: sorted(codes) for form, codes in receiver.codes.items()},
    ]
    text = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(text, digest_size=8).hexdigest()


def _owe_overdue(database: Database, trial: Trial, receiver: Receiver, now: str) -> None:
    reading = database.read()
    after = receivers.owed_until(reading, receiver.name, basis_of(trial, receiver))

    def owe_it(tx: Transaction, name: tuple[str, str]) -> None:
        newest = versions.latest(tx, *name)
        if newest is not None:
            catch_up_with(tx, trial, receiver, newest, now)

    def owe_them(tx: Transaction, person: str) -> None:
        catch_up(tx, trial, receiver, person, now)

    for page in batches(receivers.nobodys_behind(reading, after), RECORDS_A_COMMIT):
        database.write_each(page, owe_it)
    for people in batches(receivers.people_behind(reading, after), RECORDS_A_COMMIT):
        database.write_each(people, owe_them)
