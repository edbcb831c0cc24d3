"""What stands at a clinic with a Patient who is somebody else, while it is taken back there."""

from __future__ import annotations

from adapter.store.transaction import Transaction

_LANDED = "('accepted', 'awaiting', 'confirmed')"


def is_anything_told(tx: Transaction, clinic: str, participant: str) -> bool:
    """Whether a clinic was told anything of somebody, or may have been.

    What is claimed is about to be told: what a process that died had claimed is in doubt by then.
    """
    row = tx.execute(
        "SELECT 1 FROM holding WHERE clinic = ? AND participant = ? UNION ALL SELECT 1 FROM"
        " delivery WHERE clinic = ? AND participant = ? AND (state = 'uncertain' OR EXISTS"
        " (SELECT 1 FROM begun WHERE clinic = delivery.clinic AND type = delivery.type"
        " AND id = delivery.id)) LIMIT 1",
        (clinic, participant) * 2,
    ).fetchone()
    return row is not None


def count_standing(tx: Transaction, clinic: str, participant: str) -> int:
    """How many resources of somebody stand at a clinic, beside what tells where they come from."""
    row = tx.execute(
        "SELECT count(*) AS n FROM holding WHERE clinic = ? AND participant = ?"
        " AND action = 'put' AND type <> 'Provenance'",
        (clinic, participant),
    ).fetchone()
    return int(row["n"])


def is_all_taken_back(tx: Transaction, clinic: str, participant: str) -> bool:
    """Whether all that a clinic held of somebody is gone from it, or marked, and seen to be."""
    if count_standing(tx, clinic, participant):
        return False
    row = tx.execute(
        "SELECT 1 FROM delivery WHERE clinic = ? AND participant = ?"
        " AND ((action = 'retract' AND state NOT IN ('confirmed', 'superseded'))"
        " OR state IN ('claimed', 'uncertain') OR EXISTS (SELECT 1 FROM begun WHERE"
        " clinic = delivery.clinic AND type = delivery.type AND id = delivery.id)) LIMIT 1",
        (clinic, participant),
    ).fetchone()
    return row is None


def let_go(tx: Transaction, clinic: str, participant: str, now: str) -> None:
    """Lets what was told of somebody be: from now on nothing of theirs is at the clinic.

    What still waits to be sent is cancelled; the caller owes what stands anew.
    """
    about = (clinic, participant)
    tx.execute(
        "UPDATE delivery SET state = 'superseded', updated = ? WHERE clinic = ? AND participant = ?"
        f" AND state IN ('queued', 'held', 'refused', 'quarantined', {_LANDED[1:]}",
        (now, *about),
    )
    for table in ("remote", "stood"):
        tx.execute(
            f"DELETE FROM {table} WHERE clinic = ? AND EXISTS (SELECT 1 FROM holding AS h WHERE"
            f" h.clinic = {table}.clinic AND h.type = {table}.type AND h.id = {table}.id"
            " AND h.participant = ?)",
            about,
        )
    tx.execute(
        "DELETE FROM way WHERE clinic = ? AND unit IN (SELECT unit FROM holding WHERE clinic = ?"
        " AND participant = ?)",
        (clinic, *about),
    )
    tx.execute("DELETE FROM holding WHERE clinic = ? AND participant = ?", about)
