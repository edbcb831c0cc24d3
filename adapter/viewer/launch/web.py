"""Requests to a record system that may be slow, broken or hostile: bounded, and never led astray.

No redirect is followed, no proxy of the environment used, nothing that an answer says in words is
repeated. All that goes wrong is an `EhrError` whose message may stand on a page.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode

import httpx

from adapter.errors import EhrError
from adapter.fhir.text import read_text

MOST_BYTES = 16 << 20
SECONDS = 10.0
LONGEST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: its status, and its JSON object, None for anything else."""

    status: int
    body: dict[str, Any] | None = field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether it is an object that came with a success."""
        return httpx.codes.is_success(self.status) and self.body is not None


@dataclass(frozen=True)
class Web:
    """The way to record systems; `elapsed` measures how long an answer takes."""

    http: httpx.Client
    elapsed: Callable[[], float] = time.monotonic

    def __enter__(self) -> Self:
        """Gives itself, open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes its connections."""
        self.http.close()

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Said:
        """What is at an address.

        Raises:
            EhrError: nothing that can be read came in time.
        """
        return self._ask("GET", url, headers or {}, None)

    def post(self, url: str, form: Mapping[str, str]) -> Said:
        """What comes of a form.

        Raises:
            EhrError: as above.
        """
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", url, kind, urlencode(form).encode())

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> Said:
        sent = {"Accept": "application/json", **headers}
        began = self.elapsed()
        try:
            with self.http.stream(
                method, url, headers=sent, content=content, follow_redirects=False, timeout=SECONDS
            ) as response:
                body = bytearray()
                for part in response.iter_bytes():
                    body += part
                    if len(body) > MOST_BYTES:
                        raise EhrError("The record system's answer is too long to be read.")
                    if self.elapsed() - began > LONGEST_SECONDS:
                        raise EhrError("The record system did not finish its answer in time.")
        except (httpx.HTTPError, httpx.InvalidURL) as wrong:
            raise EhrError("The record system could not be reached. Try again later.") from wrong
        return Said(response.status_code, _object(bytes(body)))


def ways() -> Callable[[], Web]:
    """Opens ways that take nothing from their surroundings, all with the same authorities."""
    authorities = httpx.create_ssl_context(trust_env=False)
    return lambda: Web(httpx.Client(verify=authorities, trust_env=False))


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        said: object = read_text(body)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
