"""What became of deliveries: the arrows that a clinic's answer takes.

What landed is held by the clinic from then on. What did not land and has a newer one behind it is
superseded, for it must not come after that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from adapter.store.deliveries import (
    Delivery,
    Settlement,
    move_to_end,
)
from adapter.store.holdings import Holding
from adapter.store.places import file_place
from adapter.store.provenances import cancel_provenances
from adapter.store.states import State
from adapter.store.transaction import Transaction, in_parts

_LANDED: frozenset[State] = frozenset({"accepted", "awaiting"})
_NOT_LANDED: frozenset[State] = frozenset({"queued", "held", "refused", "quarantined"})


def settle(tx: Transaction, settlements: Iterable[Settlement], now: str) -> None:
    """Writes down what became of deliveries, and what the clinic now holds.

    What did not land and has a newer one behind it is superseded: it must not come after that. All
    that is alike is written at once, because each statement by itself is a way to the database and
    back.
    """
    said = list(settlements)
    landed = [each for each in said if each.state in _LANDED]
    outdated = _outdated(tx, [each.seq for each in said if each.state in _NOT_LANDED])
    _write(tx, landed, now)
    _hold(tx, landed, now)
    void: dict[tuple[str, str, str], None] = {}
    for each in said:
        if each.seq in outdated:
            _write(tx, [replace(each, state="superseded")], now)
            void.update(dict.fromkeys(_void_retraction(tx, each, now)))
            _retract_what_is_there(tx, each)
            _pass_place_on(tx, each.seq)
    others = (each for each in said if each.state not in _LANDED and each.seq not in outdated)
    _write(tx, others, now)
    for clinic, unit, reference in void:
        cancel_provenances(tx, clinic, unit, reference, now)


def _write(tx: Transaction, settlements: Iterable[Settlement], now: str) -> None:
    alike: dict[Settlement, list[int]] = {}
    for each in settlements:
        alike.setdefault(replace(each, seq=0), []).append(each.seq)
    for said, places in alike.items():
        for marks, some in in_parts(places):
            tx.execute(
                "UPDATE delivery SET state = ?, rule = ?, reason = ?, updated = ?, remote_version ="
                f" CASE WHEN ? = '' THEN remote_version ELSE ? END WHERE seq IN ({marks})",
                (
                    said.state,
                    said.rule,
                    said.reason,
                    now,
                    said.remote_version,
                    said.remote_version,
                    *some,
                ),
            )


def refuse_unsent(tx: Transaction, said: Settlement, now: str) -> bool:
    """Leaves for a person what waits in the queue and cannot be sent; gives whether it waited."""
    claimed = tx.execute(
        "UPDATE delivery SET state = 'claimed' WHERE seq = ? AND state = 'queued'", (said.seq,)
    )
    if claimed.rowcount:
        settle(tx, [said], now)
    return claimed.rowcount > 0


def hold(tx: Transaction, delivery: Delivery, there: Holding) -> None:
    """Notes that the clinic holds a version of which the ledger did not know that it left."""
    tx.execute(
        "INSERT INTO holding (clinic, type, id, version, action, unit, participant,"
        " remote_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            delivery.clinic,
            delivery.type,
            delivery.id,
            there.version,
            there.action,
            delivery.unit,
            delivery.participant,
            there.remote_version,
        ),
    )


def file(tx: Transaction, clinic: str, task: str, now: str) -> bool:
    """A person's word that a task was done: its delivery is confirmed; gives whether one was.

    It may be the page of an outcome that they filed, or what they were asked to do by hand.
    """
    if file_place(tx, clinic, task, now):
        return True
    changed = tx.execute(
        "UPDATE delivery SET state = 'confirmed', reason = '', updated = ? WHERE clinic = ?"
        " AND remote_version = ? AND state IN ('accepted', 'awaiting')",
        (now, clinic, task),
    )
    return changed.rowcount > 0


def _outdated(tx: Transaction, places: Sequence[int]) -> frozenset[int]:
    """Those of these deliveries behind which a newer version of the same resource is owed."""
    return frozenset(
        row["seq"]
        for marks, some in in_parts(places)
        for row in tx.execute(
            "SELECT older.seq FROM delivery AS older WHERE EXISTS (SELECT 1 FROM delivery AS newer"
            " WHERE newer.clinic = older.clinic AND newer.type = older.type AND newer.id = older.id"
            " AND newer.seq > older.seq AND newer.state <> 'superseded')"
            f" AND older.seq IN ({marks})",
            some,
        )
    )


def _void_retraction(tx: Transaction, said: Settlement, now: str) -> list[tuple[str, str, str]]:
    """What never arrived needs no retraction; sent, it would bring what it takes back.

    Gives clinic, unit and `Type/id` of what was to be taken back.
    """
    rows = tx.execute(
        "UPDATE delivery SET state = 'superseded', updated = ? FROM (SELECT clinic AS at,"
        " type AS kind, id AS name, seq AS place FROM delivery WHERE seq = ?) AS older"
        " WHERE clinic = older.at AND type = older.kind AND id = older.name AND seq > older.place"
        " AND action = 'retract' AND state IN ('queued', 'held') AND NOT EXISTS (SELECT 1 FROM"
        " holding AS h WHERE h.clinic = older.at AND h.type = older.kind AND h.id = older.name"
        " AND h.action = 'put') RETURNING clinic, unit, type, id",
        (now, said.seq),
    ).fetchall()
    return [(row["clinic"], row["unit"], f"{row['type']}/{row['id']}") for row in rows]


def _retract_what_is_there(tx: Transaction, said: Settlement) -> None:
    """A retraction that waits is of the version that is there: not of one that never arrived."""
    tx.execute(
        "UPDATE delivery SET version = h.version FROM delivery AS older JOIN holding AS h"
        " ON h.clinic = older.clinic AND h.type = older.type AND h.id = older.id"
        " AND h.action = 'put' WHERE older.seq = ? AND delivery.clinic = older.clinic"
        " AND delivery.type = older.type AND delivery.id = older.id AND delivery.seq > older.seq"
        " AND delivery.action = 'retract' AND delivery.state IN ('queued', 'held')",
        (said.seq,),
    )


def _pass_place_on(tx: Transaction, seq: int) -> None:
    """Gives the place in the order to what waits behind: others may refer to the resource."""
    waiting = tx.execute(
        "SELECT newer.seq FROM delivery AS newer JOIN delivery AS older USING (clinic, type, id)"
        " WHERE older.seq = ? AND newer.seq > older.seq"
        " AND newer.state IN ('queued', 'held', 'refused', 'quarantined')",
        (seq,),
    ).fetchone()
    if waiting is not None:
        move_to_end(tx, seq)
        tx.execute("UPDATE delivery SET seq = ? WHERE seq = ?", (seq, waiting["seq"]))


def _hold(tx: Transaction, landed: Iterable[Settlement], now: str) -> None:
    for marks, some in in_parts([each.seq for each in landed]):
        tx.execute(
            "UPDATE delivery AS older SET state = 'superseded', updated = ? FROM delivery AS newer"
            " WHERE older.clinic = newer.clinic AND older.type = newer.type"
            " AND older.id = newer.id AND older.seq < newer.seq"
            f" AND older.state IN ('accepted', 'awaiting', 'confirmed') AND newer.seq IN ({marks})",
            (now, *some),
        )
        tx.execute(
            "INSERT INTO holding (clinic, type, id, version, action, unit, participant,"
            " remote_version) SELECT clinic, type, id, version, action, unit, participant,"
            f" remote_version FROM delivery WHERE state <> 'superseded' AND seq IN ({marks})"
            " ON CONFLICT (clinic, type, id) DO UPDATE SET version = excluded.version,"
            " action = excluded.action, unit = excluded.unit, participant = excluded.participant,"
            " remote_version = excluded.remote_version",
            some,
        )
