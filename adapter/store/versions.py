"""Every version of every resource: written once, hashed as written, never changed.

Putting the same text again does nothing, so that everything may run twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from adapter.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one resource. `text` is what was written; `participant` is '' for nobody's."""

    type: str
    id: str
    version: int
    unit: str
    participant: str
    form: str
    is_retracted: bool
    text: bytes


@dataclass(frozen=True, slots=True)
class Belonging:
    """What a resource belongs to: its unit (sent together), its participant and its form.

    `is_retracted`: this version says that the resource should not have been.
    """

    unit: str
    participant: str
    form: str
    is_retracted: bool = False


def put(
    tx: Transaction,
    name: tuple[str, str],
    text: bytes,
    belonging: Belonging,
    now: str,
) -> Version | None:
    """Keeps a new version of the resource `name` (type, id); None when nothing changed."""
    digest = hashlib.blake2b(text, digest_size=16).digest()
    last = tx.execute(
        "SELECT place, version, hash, is_retracted FROM version WHERE type = ? AND id = ?"
        " ORDER BY version DESC LIMIT 1",
        name,
    ).fetchone()
    if (
        last is not None
        and last["hash"] == digest
        and last["is_retracted"] == belonging.is_retracted
    ):
        return None
    number = 1 if last is None else last["version"] + 1
    version = Version(
        *name,
        number,
        belonging.unit,
        belonging.participant,
        belonging.form,
        belonging.is_retracted,
        text,
    )
    tx.execute(
        "INSERT INTO version (type, id, version, unit, participant, form, is_retracted, hash,"
        " text, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *name,
            number,
            version.unit,
            version.participant,
            version.form,
            version.is_retracted,
            digest,
            text,
            now,
        ),
    )
    if last is not None:
        tx.execute(
            "INSERT INTO replaced (place, newer) SELECT ?, place FROM version"
            " WHERE type = ? AND id = ? AND version = ?",
            (last["place"], *name, number),
        )
    return version


_LATEST = (
    "SELECT type, id, version, unit, participant, form, is_retracted, text FROM version AS v"
    " WHERE version = (SELECT max(version) FROM version WHERE type = v.type AND id = v.id)"
)
_FIRST_PUT = "(SELECT place FROM version WHERE type = v.type AND id = v.id AND version = 1)"


def latest(tx: Transaction, resource_type: str, resource_id: str) -> Version | None:
    """The newest version of one resource, None where there is none."""
    row = tx.execute(
        "SELECT type, id, version, unit, participant, form, is_retracted, text FROM version"
        " WHERE type = ? AND id = ? ORDER BY version DESC LIMIT 1",
        (resource_type, resource_id),
    ).fetchone()
    return None if row is None else _version(row)


def of_unit(tx: Transaction, unit: str) -> list[Version]:
    """The newest version of everything in a unit, in the order it was first put."""
    rows = tx.execute(f"{_LATEST} AND unit = ? ORDER BY {_FIRST_PUT}", (unit,))
    return [_version(row) for row in rows]


def of_participant(tx: Transaction, participant: str) -> list[Version]:
    """The newest version of everything of one person, in the order it was first put."""
    rows = tx.execute(f"{_LATEST} AND participant = ? ORDER BY {_FIRST_PUT}", (participant,))
    return [_version(row) for row in rows]


def of_type(tx: Transaction, resource_type: str) -> Iterator[Version]:
    """The newest version of every resource of a type, a row at a time."""
    rows = tx.stream(f"{_LATEST} AND type = ? ORDER BY v.type, v.id", (resource_type,))
    return (_version(row) for row in rows)


def types(tx: Transaction) -> list[str]:
    """The resource types that the ledger holds."""
    return [row["type"] for row in tx.execute("SELECT DISTINCT type FROM version ORDER BY type")]


def study_of(tx: Transaction) -> str | None:
    """The id of the study that the ledger is of, None before the first ingest."""
    row = tx.execute(
        "SELECT id FROM version WHERE type = 'ResearchStudy' ORDER BY place LIMIT 1"
    ).fetchone()
    return None if row is None else str(row["id"])


def numbered(tx: Transaction, resource_type: str, resource_id: str, version: int) -> Version:
    """One version of one resource."""
    row = tx.execute(
        "SELECT type, id, version, unit, participant, form, is_retracted, text FROM version"
        " WHERE type = ? AND id = ? AND version = ?",
        (resource_type, resource_id, version),
    ).fetchone()
    return _version(row)


def text_of(tx: Transaction, resource_type: str, resource_id: str, version: int) -> bytes:
    """The text of one version, as it was written."""
    row = tx.execute(
        "SELECT text FROM version WHERE type = ? AND id = ? AND version = ?",
        (resource_type, resource_id, version),
    ).fetchone()
    return bytes(row["text"])


def _version(row: dict[str, object]) -> Version:
    return Version(*(row[name] for name in Version.__slots__))  # type: ignore[arg-type]
