"""What opening a source may need from its surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from adapter.store.database import Transaction


@dataclass(frozen=True, slots=True)
class GoesOn:
    """Where a source may be gone on with: the ledger, and a digest of what reads it."""

    ledger: Transaction
    basis: str


@dataclass(frozen=True, slots=True)
class Access:
    """The present moment, where secrets stand, and what closes in the end all that was opened.

    `goes_on` is None where nothing is to be taken in; `is_full` asks for everything.
    """

    now: datetime
    environment: Mapping[str, str]
    closing: ExitStack
    goes_on: GoesOn | None = None
    is_full: bool = False
