"""What an earlier ingest met and this one did not: people, and form instances of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from adapter.store.instances import OF_SOURCE, Instance, of_participant, participant_run
from adapter.store.paging import AT_ONCE, paged
from adapter.store.transaction import Transaction

_MISSED = (
    "FROM participant WHERE run <> ? AND is_missing = 0",
    f"FROM instance WHERE run <> ? AND {OF_SOURCE}",
)
# Each table in the order of its own index: neither is read as a whole for one page.
_PAGE = " UNION ".join(
    f"SELECT participant FROM (SELECT DISTINCT participant {each} AND participant > ?"
    " ORDER BY participant LIMIT ?) AS page"
    for each in _MISSED
)
_ALL = " UNION ".join(f"SELECT participant {each}" for each in _MISSED)


def unseen(tx: Transaction, run: int, participant: str) -> list[Instance]:
    """A person's instances that this ingest did not meet, by their units.

    Left out are retracted ones, and those that a clinic wrote.
    """
    return [each for each in of_participant(tx, participant) if each.run != run]


def rejected_events(tx: Transaction, run: int, record: str, form: str) -> frozenset[str]:
    """The events of a record's rows of a form that an ingest could not take in."""
    rows = tx.execute(
        "SELECT DISTINCT event FROM rejection WHERE run = ? AND record = ? AND form = ?"
        " AND severity = 'error'",
        (run, record, form),
    )
    return frozenset(row["event"] for row in rows)


def is_missed(tx: Transaction, run: int, name: str) -> bool:
    """Whether this ingest did not meet a person, whatever forms of them it met."""
    return participant_run(tx, name) not in {None, run}


def names(tx: Transaction, run: int, scope: Collection[str] | None = None) -> Iterator[str]:
    """Whom this ingest did not meet, or not all forms of them, in the order of their numbers.

    Whoever goes through them may write. `scope` is whom the ingest told everything of, None for
    everybody.
    """
    if scope is None:
        return paged(lambda name: _behind(tx, run, name))
    return (name for name in sorted(scope) if is_missed(tx, run, name) or unseen(tx, run, name))


def count(tx: Transaction, run: int, scope: Collection[str] | None = None) -> int:
    """How many records this ingest did not meet, or not all forms of them."""
    if scope is not None:
        return sum(1 for _ in names(tx, run, scope))
    row = tx.execute(f"SELECT count(*) FROM ({_ALL}) AS known", (run, run)).fetchone()
    return int(row[0])


def _behind(tx: Transaction, run: int, name: str) -> list[str]:
    query = f"{_PAGE} ORDER BY participant LIMIT ?"
    rows = tx.execute(query, (run, name, AT_ONCE, run, name, AT_ONCE, AT_ONCE))
    return [row["participant"] for row in rows]
