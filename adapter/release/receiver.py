"""For whom: what the ledger must know of a clinic to owe it anything."""

from __future__ import annotations

from dataclasses import dataclass

from adapter.instruments.study import Purpose


@dataclass(frozen=True, slots=True)
class Receiver:
    """A clinic or repository: its name, why it may know, and which resource types it takes."""

    name: str
    purpose: Purpose
    accepts: frozenset[str]
