"""What has to be remembered between two requests of a browser, sealed with what it alone keeps.

A launch under way is kept ten minutes and taken once, by who brings both the `state` and the cookie
that went out together. A page that is open is kept while somebody is there, eight hours at most.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson

from adapter.errors import DeclarationError
from adapter.store import launches
from adapter.store.database import Database
from adapter.store.sealing import Sealer
from adapter.viewer.launch.authorizing import Begun, as_said, read_begun
from adapter.viewer.launch.context import NOTHING, Context
from adapter.viewer.people import IDLE_SECONDS, LONGEST_SECONDS

LAUNCH_SECONDS = 600
_SEEN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Opened:
    """A page that was granted; `page` is its name in addresses, `who` looks ('' if not told).

    `context` is what else was open in the record system.
    Times are seconds since 1970: `ends` that of the token, `until` that of the page.
    """

    page: str
    begun: Begun
    token: str = field(repr=False)
    refresh: str = field(repr=False)
    scope: str
    patient: str
    needs_banner: bool
    who: str
    ends: float
    until: float
    context: Context = NOTHING


@dataclass(frozen=True)
class Memory:
    """The ledger's database as a memory for launches and open pages."""

    database: Database
    now: Callable[[], datetime]

    def begin(self, state: str, browser: str, begun: Begun) -> None:
        """Keeps a launch until the browser comes back."""
        now = self.now().timestamp()
        self._keep(f"{state} {browser}", as_said(begun), now + LAUNCH_SECONDS, now)

    def take(self, state: str, browser: str) -> Begun | None:
        """The launch that went out with both, once; None for any other."""
        key, now = f"{state} {browser}", self.now().timestamp()
        with self.database.write() as tx:
            sealed = launches.take(tx, _hash(key), now)
        said = None if sealed is None else _open(key, sealed)
        return None if said is None else read_begun(said)

    def open(self, key: str, opened: Opened) -> None:
        """Keeps a page for who has its key."""
        now = self.now().timestamp()
        said = {**asdict(opened), "begun": as_said(opened.begun)}
        self._keep(key, said, min(opened.until, now + IDLE_SECONDS), now)

    def opened(self, key: str, page: str) -> Opened | None:
        """The page of this name that belongs to a key; None for none, or for one that has ended."""
        now = self.now().timestamp()
        found = launches.kept(self.database.read(), _hash(key), now)
        opened = None if found is None else _opened(key, found[0])
        if found is None or opened is None or opened.page != page:
            return None
        if found[1] < min(opened.until, now + IDLE_SECONDS - _SEEN_SECONDS):
            # Its end alone: another request may have kept another token meanwhile.
            with self.database.write() as tx:
                launches.extend(tx, _hash(key), min(opened.until, now + IDLE_SECONDS))
        return opened

    def close(self, key: str, tried: Opened) -> Opened | None:
        """Forgets a page whose token was tried in vain.

        Where another request has kept another token meanwhile, the page stays, and is given.
        """
        now = self.now().timestamp()
        with self.database.write() as tx:
            sealed = launches.take(tx, _hash(key), now)
            kept = None if sealed is None else _opened(key, sealed)
            if sealed is None or kept is None or kept.token == tried.token:
                return None
            launches.keep(tx, _hash(key), sealed, min(kept.until, now + IDLE_SECONDS), now)
        return kept

    def _keep(self, key: str, said: Mapping[str, Any], ends: float, now: float) -> None:
        sealed = Sealer([key]).seal(orjson.dumps(said), _hash(key))
        with self.database.write() as tx:
            launches.keep(tx, _hash(key), sealed, ends, now)


def until(now: datetime) -> float:
    """When a page that is opened now has to be opened again."""
    return now.timestamp() + LONGEST_SECONDS


def renewed(opened: Opened, token: str, refresh: str, ends: float) -> Opened:
    """A page with another token; a server that sends no new refresh token leaves the old one."""
    return replace(opened, token=token, refresh=refresh or opened.refresh, ends=ends)


def _opened(key: str, sealed: bytes) -> Opened | None:
    said = _open(key, sealed)
    if said is None:
        return None
    beside = said.get("context", {})  # a page that a former version opened has none
    context = Context(beside.get("encounter", ""), tuple(beside.get("named", ())))
    return Opened(**{**said, "begun": read_begun(said["begun"]), "context": context})


def _open(key: str, sealed: bytes) -> dict[str, Any] | None:
    try:
        said: dict[str, Any] = orjson.loads(Sealer([key]).open(sealed, _hash(key)))
    except DeclarationError:  # somebody has changed the ledger
        return None
    return said


def _hash(key: str) -> bytes:
    return hashlib.sha256(f"launch {key}".encode()).digest()
