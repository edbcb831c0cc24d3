"""What clients call the resources that they wrote: a keyed hash of each identifier.

By it a client finds again what it wrote; the identifier itself is not kept, for it could name
somebody.
"""

from __future__ import annotations

from collections.abc import Iterable

from adapter.store.transaction import Transaction


def name(
    tx: Transaction, client: str, resource_type: str, digests: Iterable[str], resource_id: str
) -> None:
    """Notes what a client calls a resource; what it called so before is called so no more."""
    tx.executemany(
        "INSERT INTO named (client, type, hash, id) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (client, type, hash) DO UPDATE SET id = excluded.id",
        [(client, resource_type, digest, resource_id) for digest in digests],
    )


def called(tx: Transaction, client: str, resource_type: str, digest: str) -> str | None:
    """The id of what a client calls so, None for nothing."""
    row = tx.execute(
        "SELECT id FROM named WHERE client = ? AND type = ? AND hash = ?",
        (client, resource_type, digest),
    ).fetchone()
    return None if row is None else str(row["id"])
