"""The public keys of clients and issuers, as they have them now: in a file, or at an address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import orjson

from adapter.service.clock import now
from adapter.settings import stamp_of

JWKS_SECONDS = 10.0
LARGEST_JWKS = 1 << 20
PAUSE_SECONDS = 5.0
"""So often a server is asked again for a key that is not known: whoever likes may invent some."""
_NO_KEYS: Mapping[str, Any] = {"keys": []}


def keys_of(file: Path | None, url: str | None) -> Callable[[bool], Mapping[str, Any]]:
    """What gives the keys that settings name; with True, as the server has them now."""
    return KeysInFile(file) if file is not None else KeysAtAddress(url or "")


class KeysInFile:
    """A JWKS in a file, read again when it has changed."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self._path = path
        self._last: tuple[tuple[int, ...], Mapping[str, Any]] | None = None

    def __call__(self, is_asked_again: bool) -> Mapping[str, Any]:  # noqa: FBT001 - the seam's one word
        """The keys."""
        del is_asked_again  # a file is looked at each time
        stamp = stamp_of(self._path)
        if self._last is None or self._last[0] != stamp:
            self._last = stamp, _read(self._path.read_bytes() if self._path.is_file() else b"")
        return self._last[1]


class KeysAtAddress:
    """A JWKS where its owner serves it; never kept longer than its server says.

    https://www.rfc-editor.org/rfc/rfc9111
    """

    def __init__(self, url: str) -> None:
        """Nothing is asked for yet."""
        self._url = url
        self._last, self._until, self._again = _NO_KEYS, 0.0, 0.0

    def __call__(self, is_asked_again: bool) -> Mapping[str, Any]:  # noqa: FBT001 - the seam's one word
        """The keys; no redirect is followed."""
        moment = now().timestamp()
        is_kept = moment < self._until
        if is_asked_again and moment < self._again:
            return self._last if is_kept else _NO_KEYS
        if is_kept and not is_asked_again:
            return self._last
        if is_asked_again:
            self._again = moment + PAUSE_SECONDS
        try:
            answer = httpx.get(
                self._url, timeout=JWKS_SECONDS, follow_redirects=False, trust_env=False
            )
        except httpx.HTTPError:
            return _NO_KEYS
        if not answer.is_success or len(answer.content) > LARGEST_JWKS:
            return _NO_KEYS
        self._last, self._until = _read(answer.content), moment + _seconds(answer.headers)
        return self._last


def _read(content: bytes) -> Mapping[str, Any]:
    try:
        said = orjson.loads(content)
    except orjson.JSONDecodeError:
        return _NO_KEYS
    return said if isinstance(said, dict) else _NO_KEYS


def _seconds(headers: Mapping[str, str]) -> float:
    """How long an answer may be kept: as long as it says, not at all where it says nothing."""
    for word in headers.get("cache-control", "").lower().split(","):
        name, _, value = word.strip().partition("=")
        if name in {"no-store", "no-cache"}:
            return 0.0
        if name == "max-age" and value.isdecimal():
            return float(min(int(value), 86_400))
    return 0.0
