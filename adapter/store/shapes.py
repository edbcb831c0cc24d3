"""What a source said of each of its forms when a mapping was last looked at and stood."""

from __future__ import annotations

from dataclasses import dataclass

from adapter.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class AcceptedShape:
    """A form of the source: by which versions of the mappings it was read, its shape as JSON."""

    versions: str
    shape: str


def accepted_shape(tx: Transaction, source_form: str) -> AcceptedShape | None:
    """The shape of a form that was accepted last, None for a form that nobody read yet."""
    row = tx.execute(
        "SELECT versions, shape FROM shape WHERE source_form = ?", (source_form,)
    ).fetchone()
    return None if row is None else AcceptedShape(row["versions"], row["shape"])


def accept_shape(tx: Transaction, source_form: str, accepted: AcceptedShape, run: int) -> None:
    """Keeps a form's shape as the one that the mappings were made for."""
    tx.execute(
        "INSERT INTO shape (source_form, versions, shape, run) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (source_form) DO UPDATE SET versions = excluded.versions,"
        " shape = excluded.shape, run = excluded.run",
        (source_form, accepted.versions, accepted.shape, run),
    )
