"""What the application answers with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from starlette.requests import Request

from adapter.ingest.trial import Trial
from adapter.server.bulk import Desk
from adapter.server.caller import Caller
from adapter.server.ledger import Ledger

Authenticate = Callable[[Request], Awaitable[Caller]]


@dataclass(frozen=True)
class Api:
    """What the application answers with. `base` is its own address as clients know it.

    By `trial` goes in what clients write. `desk` is where exports are asked for, None where there
    are none. `oauth_uris` are where clients sign in (`token`), by the word of SMART. `audit` is the
    audit log, beside which those of accesses stand; None where no client is an auditor.
    `has_origins`: pages of other origins may ask.
    """

    ledger: Ledger
    base: str
    software: str
    authenticate: Authenticate
    trial: Trial
    desk: Desk | None = None
    oauth_uris: Mapping[str, str] = field(default_factory=dict)
    audit: Path | None = None
    has_origins: bool = False

    def moment(self) -> str:
        """The present moment as the ledger writes it."""
        return self.ledger.now().isoformat(timespec="seconds")
