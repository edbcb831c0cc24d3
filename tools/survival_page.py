"""Writes docs/survival.md: what the tests of survival measured when they were run last.

They keep their figures in `.cache/survival.json`, the long form (`make soak`) and the short one
(`make test`) apart. What was not run in a form has no figure in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / ".cache" / "survival.json"
PAGE = ROOT / "docs" / "survival.md"
OPENING = """\
# What the delivery survives

Each row of figures is a test of `tests/live` (`test_survival.py`, `test_survival_elsewhere.py`,
`test_failpoints.py`, `test_recovery.py`, `test_soak.py`), with what it measured when it was run
last in its long form (`make soak`) and in its short one (`make test`); "not run" stands where it
was not. Where resources are counted, each was looked up at the record system in the end, with its
whole history there where it has one: how many were lost and how many are there twice is counted,
and each person's came in their order.

| test | long form | short form |
|---|---|---|
"""
CLOSING = """
## What is asked of a delivery, and what shows it

- **killed at random points**: the rows `killed`: one worker after the other, to the full
  simulator and HAPI FHIR JPA on both databases, to every other simulator on SQLite;
  `tests/live/test_kill.py` does it to real `adapter push` processes
- **killed at named points**: the rows `named points`: before and after the end of each
  transaction of a push, before a request, with its answer unread; a migration is one
  transaction, and a quarantine is settled like any receipt
- **faults of all kinds at once**: the rows `faults`; each kind alone, sign-ins that expire and
  silences in `tests/live/test_faulty_record_systems.py`; waits of Retry-After, 401, 409, 412,
  413 and odd transaction-responses in `tests/unit/sync`
- **requests within what the clinic allows**: the rows `budget`, counted at the record system; a
  fault costs one request more, or two where nobody knew and nothing had happened
- **one poison among many**: the rows `poison`; any number of them in
  `tests/unit/sync/test_poison.py`
- **four workers, one of them frozen past its lease**: the rows `frozen`
- **the same export again, in another order**: `fed three times`
- **amended, withdrawn and late, in any order**: `tests/properties/test_delivery.py`: generated
  histories against a model, two hundred in each `make test`, new ones in `make soak`
- **clocks set back, an hour twice, an hour left out**: the rows `clock`
- **a full disk, a ledger that somebody locks, a database that is away**: `disk full`, `ledger
  locked`, `database away`
- **a server restored from an older copy, changed by hand**: the rows `server restored`
- **a ledger restored from an older copy**: `ledger restored`; without an ingest nothing leaves;
  `tests/unit/sync/test_set_back.py`
- **more workers at one clinic are faster**: not claimed: a clinic has one writer at a time, so
  that order is kept; workers are for more clinics
- **a million messages in one process**: `very many in one process`: one worker, one push, to a
  record system on loopback that takes each bundle at once and counts; how much its memory grew
  after the first 50,000, how large the ledger's WAL became, and how long claiming and settling a
  bundle took at the 99th percentile over the median; that memory stays flat while rows grow is
  measured of an ingest and a plan, too (`make bench`)
- **power loss**: no power was cut. `tests/live/test_power_loss.py` lists the system calls of a real
  `adapter push` with a ledger on SQLite: when a request leaves, nothing of the ledger, of the
  audit log or of the crosswalk is written and not synced, names of new files included; the ledger
  is synced before the audit log, and once more behind the last answer. A message or a task that
  is laid into a folder has its content synced before its name, and that before it counts as
  taken. Not shown: that a disk keeps what it says it kept. PostgreSQL syncs as its owner set it,
  and no connection of ours asks for less (`synchronous_commit`)

Where something was left to a person, the record system overlooks our identifiers, or hides what
nobody has signed: it cannot be asked whether it took what was under way when the process died. So
that is not sent again before somebody has looked: at most one resource for each death.
"""
Figures = Mapping[str, object]


def page(long: Mapping[str, Figures], short: Mapping[str, Figures]) -> str:
    """The page, a row for each test, by name."""
    names = sorted({*long, *short})
    rows = [f"| {name} | {_said(long.get(name))} | {_said(short.get(name))} |\n" for name in names]
    return OPENING + "".join(rows) + CLOSING


def _said(figures: Figures | None) -> str:
    if figures is None:
        return "not run"
    return ", ".join(f"{word}: {value}" for word, value in figures.items())


def main() -> None:
    """Writes the page."""
    said = json.loads(FIGURES.read_text("utf-8"))
    PAGE.write_text(page(said["long"], said["short"]), "utf-8")


if __name__ == "__main__":
    main()
