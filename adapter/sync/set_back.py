"""A ledger that was set back, as one restored from an older copy: nothing leaves before an ingest.

What it owes may have been sent since the copy was made, and a consent may have ended since. So the
trial's data are read first; around that, everything owed becomes doubtful, and is looked up at the
clinic before anything is sent: what is there is not sent again, what a later version says there is
not taken back, and what ingest takes back is taken back although the ledger never knew it left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from adapter.errors import ConflictError
from adapter.store import deliveries, leases
from adapter.store.database import Database
from adapter.store.identities import Crosswalk


def is_set_back(database: Database, crosswalk: Crosswalk, clinic: str) -> bool:
    """Whether the ledger does not know of a turn that the crosswalk has noted."""
    return leases.token_of(database.read(), clinic) < crosswalk.turns.last(clinic)


def stop_if_set_back(database: Database, crosswalk: Crosswalk, clinic: str) -> None:
    """Lets pass a ledger that knows of every turn so far; it is asked before the next one begins.

    Raises:
        ConflictError: the ledger was set back since the last one.
    """
    if is_set_back(database, crosswalk, clinic):
        raise ConflictError(
            f"{clinic}: expected the ledger as the last turn left it; found an older one. Run "
            "`adapter ingest` first, so that it knows again what the trial holds and what the "
            "audit log says was withdrawn. Where that log was lost, too, record each again."
        )


def note_turn(database: Database, crosswalk: Crosswalk, clinic: str) -> None:
    """Notes the turn that has just begun, apart from the ledger."""
    crosswalk.turns.keep(clinic, leases.token_of(database.read(), clinic))


@contextmanager
def read_again(
    database: Database, crosswalk: Crosswalk, clinics: Iterable[str], now: str, *, always: bool
) -> Iterator[list[str]]:
    """Around a reading of all sources: lets what is owed be looked up before it is sent.

    So it is where the ledger was set back, or, where the crosswalk was, too, with `always`. What is
    read meanwhile is owed behind what may have left. Afterwards the clinics may be asked again.
    Gives the names of those that it is about.
    """
    doubted = [each for each in clinics if always or is_set_back(database, crosswalk, each)]
    for clinic in doubted:
        with database.write(clinic) as tx:
            deliveries.doubt(tx, clinic, now)
    yield doubted
    for clinic in doubted:
        with database.write(clinic) as tx:
            deliveries.doubt(tx, clinic, now)
            leases.catch_up(tx, clinic, crosswalk.turns.last(clinic))
