"""By which version of its form an instance was read, out of which columns; by what it was scored.

An instance names its reading by `mapping`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import orjson

from adapter.store.transaction import Transaction

Columns = Mapping[str, frozenset[str]]
"""Columns of the source, by its form."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How instances were read: `columns` are those whose cells their hash is of."""

    mapping: str
    form: str
    version: str
    columns: Columns


def keep_reading(tx: Transaction, said: Reading) -> None:
    """Keeps a reading; one that is known stays."""
    tx.execute(
        "INSERT INTO reading (mapping, form, version, columns) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (mapping) DO NOTHING",
        (said.mapping, said.form, said.version, columns_text(said.columns)),
    )


def reading(tx: Transaction, mapping: str) -> Reading | None:
    """The reading of this name; None for one of an earlier adapter."""
    row = tx.execute("SELECT * FROM reading WHERE mapping = ?", (mapping,)).fetchone()
    if row is None:
        return None
    return Reading(row["mapping"], row["form"], row["version"], _columns(row["columns"]))


def keep_counting(tx: Transaction, form: str, version: str, scale: str, digest: str) -> None:
    """Keeps by what a version of a form gives a score; what was kept of it before stays."""
    tx.execute(
        "INSERT INTO counting (form, version, scale, digest) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (form, version, scale) DO NOTHING",
        (form, version, scale, digest),
    )


def counts_alike(tx: Transaction, form: str, scale: str, versions: tuple[str, str]) -> bool:
    """Whether two versions of a form give a score by the same; where one is not known, they do not.

    Versions of which the ledger knows only the whole meaning count alike where that is the same.
    """
    one, other = versions
    if one == other:
        return True
    asked: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("SELECT digest FROM counting WHERE form = ? AND version = ? AND scale = ?", (scale,)),
        ("SELECT digest FROM meaning WHERE form = ? AND version = ?", ()),
    )
    for query, more in asked:
        found = [tx.execute(query, (form, each, *more)).fetchone() for each in versions]
        digests = [row["digest"] for row in found if row is not None]
        if len(digests) == len(versions):
            return bool(digests[0] == digests[1])
    return False


def columns_text(columns: Columns) -> str:
    """The columns as the ledger keeps them: the same text for the same columns."""
    told = {form: sorted(names) for form, names in columns.items()}
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS).decode()


@lru_cache(maxsize=256)
def _columns(text: str) -> Columns:
    return {form: frozenset(names) for form, names in orjson.loads(text).items()}
