"""Lists that may have a million rows are never held as a whole, on neither database."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from adapter.store import inbox, instances, missed, runs
from adapter.store.database import Database, Transaction
from adapter.store.differences import differences
from tests.unit.store.ledger import CLINIC

ROWS = 20_000
LONG = "x" * 1000
"""Twenty megabytes, where all of it is read at once."""
MOST_MIB = 5.0
NUMBERS = (
    "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)"
)
FILL = {
    "rejections": (
        "INSERT INTO rejection (file, line, record, event, form, field, expected, found, action,"
        " severity, run) {numbers} SELECT 'f', n, '1', '', 'mood', 'q', '{long}', '', '', 'error',"
        " 1 FROM numbers"
    ),
    "differences": (
        "INSERT INTO difference (unit, field, file, line, record, event, expected, found, action)"
        " {numbers} SELECT 'u' || n, 'q', 'f', n, '1', '', '{long}', '', '' FROM numbers"
    ),
    "inbox": (
        "INSERT INTO inbox (clinic, type, remote_id, remote_version, participant, text, state, why,"
        " received, form, timepoint, unit, stands, trial_row, row_hash) {numbers} SELECT 'north',"
        " 'QuestionnaireResponse', 'r' || n, '', '1', CAST('{long}' AS {bytes}), 'waiting',"
        " '{long}', '', 'mood', '', 'u' || n, 'apart', '{long}', '' FROM numbers"
    ),
    "people": (
        "INSERT INTO participant (participant, facts, run) {numbers}"
        " SELECT n || '{long}', '{long}', 1 FROM numbers"
    ),
    "instances": (
        "INSERT INTO instance (unit, participant, form, source_hash, mapping, status, place, run)"
        " {numbers} SELECT n || '{long}', n || '{long}', 'mood', 'h', 'm', 'completed', '[]', 1"
        " FROM numbers"
    ),
}
FILL |= {"units": FILL["instances"], "missed people": FILL["people"]}
READ: dict[str, Callable[[Transaction], Iterable[object]]] = {
    "rejections": lambda tx: runs.rejections(tx, 1),
    "differences": differences,
    "inbox": lambda tx: inbox.of_clinic(tx, CLINIC, waiting_first=True),
    "people": instances.names,
    "instances": lambda tx: missed.names(tx, 2),
    "units": lambda tx: instances.units_of(tx, "mood"),
    "missed people": lambda tx: missed.names(tx, 2),
}


def peak_mib() -> float:
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


@pytest.mark.parametrize("what", FILL)
def test_however_many_there_are_few_are_held_at_a_time(database: Database, what: str) -> None:
    dialect = database.engine.dialect
    kind = "BYTEA" if dialect == "postgresql" else "BLOB"
    with database.write() as tx:
        tx.execute(FILL[what].format(numbers=NUMBERS, long=LONG, bytes=kind))
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # the peak counts from here on
    before = peak_mib()
    tracemalloc.start()

    count = sum(1 for _ in READ[what](database.read()))

    _, traced = tracemalloc.get_traced_memory()  # what a driver holds is not traced, and resident
    tracemalloc.stop()
    assert count == ROWS
    assert traced / 2**20 < MOST_MIB
    assert peak_mib() - before < MOST_MIB


def test_who_goes_through_people_may_write_meanwhile(database: Database) -> None:
    with database.write() as tx:
        tx.execute(FILL["people"].format(numbers=NUMBERS, long=""))
    other = Database(database.path if database.engine.dialect == "sqlite" else _url(database))

    met = list[str]()
    for name in instances.names(database.read()):
        if len(met) % 1000 == 0:
            for each in (other, database):
                with each.write() as tx:
                    instances.see_participant_again(tx, name, 2)
        met.append(name)

    other.close()
    assert met == sorted(map(str, range(1, ROWS + 1)))


def _url(database: Database) -> str:
    url: str = database.engine.url  # type: ignore[attr-defined]
    return url
