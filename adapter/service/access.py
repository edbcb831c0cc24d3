"""What opening a source may need from its surroundings."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
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

    `goes_on` is None where nothing is to be taken in; `is_full` asks for everything. `sleep` waits
    for some seconds, before a server is asked again.
    """

    now: datetime
    environment: Mapping[str, str]
    closing: ExitStack
    goes_on: GoesOn | None = None
    is_full: bool = False
    sleep: Callable[[float], object] = time.sleep
