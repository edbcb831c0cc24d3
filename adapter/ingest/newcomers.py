"""A receiver that is new, or takes what it did not take: it is owed what the ledger holds already.

An ingest does this in turns, so that others write between them: whoever dies between two begins
anew, and finds what was done. Only when all is owed is it noted that the receiver was met.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from adapter.ingest.blinded import is_seen, tells
from adapter.ingest.document import put_document
from adapter.ingest.owe import DOCUMENT, is_wanted, is_with, names_what_is_owed, stays_away
from adapter.ingest.trial import Trial
from adapter.ingest.work import RECORDS_A_COMMIT, batches
from adapter.release import BLINDED, LABELLED, Receiver
from adapter.release.blinding import TELLING
from adapter.store import deliveries, instances, receivers, versions
from adapter.store.database import Database, Transaction
from adapter.store.versions import Version

Each = Callable[[Iterable[Version], Callable[[Transaction, Version], None]], None]
"""What does something with each of these: in turns, or in one transaction."""
_OF = " of "


def meet_newcomers(database: Database, trial: Trial, now: str) -> None:
    """Makes the documents that are read from now on, and owes everything that is, in turns."""
    reading = database.read()
    # First of all: what is owed in another way now must never leave in both.
    for receiver in trial.receivers:
        _cancel_unwanted(reading, database.write_each, trial, receiver, now)

    def document(tx: Transaction, unit: str) -> None:
        put_document(tx, trial, unit, now)

    for form in _newly_documented(reading, trial):
        for units in batches(instances.units_of(reading, form), RECORDS_A_COMMIT):
            database.write_each(units, document)
    for receiver in trial.receivers:
        _owe_added(reading, database.write_each, trial, receiver, now)
    if any(receivers.accepted_before(reading, each.name) != each.terms for each in trial.receivers):
        with database.write() as tx:
            _note(tx, trial)


def owe_newcomers(tx: Transaction, trial: Trial, now: str) -> None:
    """Owes what the ledger holds in this one transaction: for a person's act beside an ingest."""

    def at_once(page: Iterable[Version], write: Callable[[Transaction, Version], None]) -> None:
        for version in page:
            write(tx, version)

    for receiver in trial.receivers:
        _cancel_unwanted(tx, at_once, trial, receiver, now)
        _owe_added(tx, at_once, trial, receiver, now)
    _note(tx, trial)


def added_terms(
    receiver: Receiver, before: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """What a receiver takes and did not take before, and the resource types of it.

    A form that went another way before, and goes the common one now, is new in that.
    """
    added = receiver.terms - before
    came_back = any(_OF in term for term in before - receiver.terms)
    added |= receiver.accepts if came_back else frozenset()
    return added, _types_of(added)


def _newly_documented(reading: Transaction, trial: Trial) -> tuple[str, ...]:
    """The forms that some receiver reads as documents now, and did not."""
    # Many forms share one term: what is noted is what a receiver agreed to, and no form by itself.
    return tuple(
        form
        for form in trial.forms
        if any(
            receiver.takes(DOCUMENT, form)
            and receiver.term(DOCUMENT, form)
            not in receivers.accepted_before(reading, receiver.name)
            for receiver in trial.receivers
        )
    )


def _cancel_unwanted(
    reading: Transaction, each: Each, trial: Trial, receiver: Receiver, now: str
) -> None:
    """Cancels what waits and is not wanted any more: not in this way, or not to be known there."""
    before = receivers.accepted_before(reading, receiver.name)
    if not (before - receiver.terms or BLINDED in receiver.terms - before):
        return

    def cancel(tx: Transaction, version: Version) -> None:
        if not is_wanted(tx, trial, receiver, version):
            deliveries.cancel(tx, receiver.name, version, now)

    after: int | None = 0
    while after is not None:
        page, after = receivers.waiting(reading, receiver.name, after)
        each(page, cancel)


def _owe_added(
    reading: Transaction, each: Each, trial: Trial, receiver: Receiver, now: str
) -> None:
    before = receivers.accepted_before(reading, receiver.name)
    added, types = added_terms(receiver, before)
    is_told_now = BLINDED in before and receiver.is_unblinded
    types |= _types_of(receiver.terms) if is_told_now else frozenset()
    # Copies of the time before the label are there without it: all of them get it, so none tells.
    is_labelled_now = BLINDED in before and LABELLED in added
    types |= TELLING if is_labelled_now else frozenset()

    def owe_it(tx: Transaction, version: Version) -> None:
        is_told = is_told_now and tells(trial, version)
        is_labelled = is_labelled_now and tells(trial, version) and is_with(tx, receiver, version)
        is_added = receiver.term(version.type, version.form) in added
        is_behind = is_added and _is_behind(tx, trial, receiver, version)
        is_new = is_told or is_labelled or is_behind
        if (
            is_new
            and versions.latest(tx, version.type, version.id)
            == version  # nor put since it was read
            and is_wanted(tx, trial, receiver, version)
            and names_what_is_owed(tx, receiver, version)
            and not stays_away(tx, trial, receiver, version)
        ):
            deliveries.enqueue(tx, receiver.name, version, "put", now)

    after: int | None = 0
    while types and after is not None:
        page, after = receivers.newest_of(reading, types, after)
        each(page, owe_it)


def _is_behind(tx: Transaction, trial: Trial, receiver: Receiver, version: Version) -> bool:
    owed = deliveries.last_owed(tx, receiver.name, version)
    is_older = owed is not None and owed[0] < version.version
    return owed is None or (is_older and is_seen(tx, trial, receiver, version))


def _note(tx: Transaction, trial: Trial) -> None:
    for receiver in trial.receivers:
        receivers.keep(tx, receiver.name, receiver.terms)


def _types_of(terms: frozenset[str]) -> frozenset[str]:
    return frozenset(term.partition(_OF)[0] for term in terms)
