"""The right to be the only one at some work: a row with a holder, an end and a fencing token.

The token grows whenever the right passes on. Whoever writes under a lease has its token looked at
in the same transaction: what a process does that was frozen, or cut off, past its lease comes to
nothing. Ends are told by the database's own clock, what is left of them by a clock that never goes
back.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from adapter.errors import ConflictError
from adapter.store.transaction import Transaction

LEASE_SECONDS = 60.0
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Lease:
    """A right that is held. `fresh_until` is by this machine's monotonic clock."""

    name: str
    token: int
    seconds: float
    fresh_until: float

    def is_ageing(self) -> bool:
        """Whether half of it is over: time to renew it, before anything is sent under it."""
        return time.monotonic() >= self.fresh_until


def take(tx: Transaction, name: str, seconds: float) -> Lease | None:
    """Takes the right to a work, which nobody holds, or somebody who is dead or silent too long.

    None where somebody holds it.
    """
    now = tx.moment()
    row = tx.execute("SELECT * FROM lease WHERE name = ?", (name,)).fetchone()
    if row is not None and row["holder"]:
        if row["expires"] > now + row["seconds"]:  # the clock went back: one lease's time, no more
            tx.execute("UPDATE lease SET expires = ? WHERE name = ?", (now + row["seconds"], name))
        if row["expires"] > now and not is_dead(row["holder"]):
            return None
    token = 1 if row is None else row["token"] + 1
    tx.execute(
        "INSERT INTO lease (name, holder, token, seconds, expires) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, token = excluded.token,"
        " seconds = excluded.seconds, expires = excluded.expires",
        (name, this_process(), token, seconds, now + seconds),
    )
    return Lease(name, token, seconds, time.monotonic() + seconds / 2)


def keep(tx: Transaction, lease: Lease, ahead_seconds: float = 0.0) -> Lease:
    """Makes sure, inside a transaction, that a right is still held; renews it when it ages.

    `ahead_seconds`: it is to last for so long, and a lease's time after that.

    Raises:
        ConflictError: it has passed to somebody else.
    """
    row = tx.execute("SELECT token FROM lease WHERE name = ?", (lease.name,)).fetchone()
    if row is None or row["token"] != lease.token:
        raise ConflictError(
            f"Expected to be alone with `{lease.name}` still; this process was silent for longer "
            "than its lease, and another one went on. Nothing of this was written; run it again."
        )
    if not (ahead_seconds or lease.is_ageing()):
        return lease
    lasts = ahead_seconds + lease.seconds
    tx.execute(
        "UPDATE lease SET expires = ?, seconds = ? WHERE name = ?",
        (tx.moment() + lasts, lasts, lease.name),
    )
    return replace(lease, fresh_until=time.monotonic() + ahead_seconds + lease.seconds / 2)


def release(tx: Transaction, lease: Lease) -> None:
    """Gives a right up; one that has passed on stays where it is."""
    tx.execute(
        "UPDATE lease SET holder = '', expires = 0 WHERE name = ? AND token = ?",
        (lease.name, lease.token),
    )


def token_of(tx: Transaction, name: str) -> int:
    """The token under which a right was held last, 0 where nobody ever held it."""
    row = tx.execute("SELECT token FROM lease WHERE name = ?", (name,)).fetchone()
    return 0 if row is None else int(row["token"])


def catch_up(tx: Transaction, name: str, token: int) -> None:
    """Goes on behind a token that was given before the ledger was set back."""
    tx.execute(
        "INSERT INTO lease (name, holder, token, seconds, expires) VALUES (?, '', ?, 0, 0)"
        " ON CONFLICT (name) DO UPDATE SET holder = '', token = excluded.token, expires = 0"
        " WHERE lease.token < excluded.token",
        (name, token),
    )


def this_process() -> str:
    """Who holds: the machine, the process, and when it began."""
    return f"{_machine()}/{os.getpid()}/{_started(os.getpid())}"


def is_dead(holder: str) -> bool:
    """Whether a holder is known to have ended: it ran on this machine, and runs no more."""
    machine, pid, started = holder.rsplit("/", 2)
    return bool(started) and machine == _machine() and _started(int(pid)) != started


@cache
def _machine() -> str:
    """This machine since it was started, and whose processes are seen; '' where it is not told."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}:{(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process began, in the kernel's ticks; '' for one that has ended, or is not told of."""
    try:
        said = (_PROC / str(pid) / "stat").read_text("ascii", "replace")
    except OSError:
        return ""
    state, *rest = said.rpartition(")")[2].split()
    return "" if state in {"Z", "X"} else rest[18]
