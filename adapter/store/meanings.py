"""What each version of a form stood for when it was met first."""

from __future__ import annotations

from pathlib import Path

from adapter.store.database import open_present
from adapter.store.transaction import Transaction


def meanings(tx: Transaction) -> dict[tuple[str, str], str]:
    """The digest of every form (id, version) that was met."""
    rows = tx.execute("SELECT form, version, digest FROM meaning").fetchall()
    return {(row["form"], row["version"]): row["digest"] for row in rows}


def keep_meaning(tx: Transaction, form: str, version: str, digest: str) -> None:
    """Keeps what a version of a form stands for; what was kept of it before stays."""
    tx.execute(
        "INSERT INTO meaning (form, version, digest) VALUES (?, ?, ?)"
        " ON CONFLICT (form, version) DO NOTHING",
        (form, version, digest),
    )


def meanings_at(where: Path | str) -> dict[tuple[str, str], str]:
    """What a ledger holds of them, none where there is no ledger of the present schema.

    It is looked at, and neither made nor brought to the present.

    Raises:
        DeclarationError: the file is no database, or cannot be had.
        LedgerError: the database cannot be reached.
    """
    with open_present(where) as tx:
        return {} if tx is None else meanings(tx)
