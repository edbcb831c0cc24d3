"""Talks FHIR over HTTP to one record system, and turns whatever happens into a value.

`exchange` sorts every answer: it came and is FHIR, the clinic was not reached, or nobody knows.
Retry-After is obeyed. Nothing of what was sent stands in a message.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import orjson

from adapter.sync.answer import Answer, reason_of
from adapter.sync.receipt import Unknown, Unreachable
from adapter.waiting import retry_after_seconds

FHIR_JSON = "application/fhir+json"
_BUSY = frozenset({429, 503})
_TIMED_OUT = 408
_BROKEN = 500


class FhirClient:
    """One record system. The HTTP client is given, with its base URL, sign-in and time-outs."""

    def __init__(self, http: httpx.Client, clock: Callable[[], datetime]) -> None:
        """`clock` gives the present moment, aware; it is asked only to read a Retry-After date."""
        self._http, self._clock = http, clock

    def exchange(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer | Unreachable | Unknown:
        """One request. `path` is relative to the base; '' is the base itself."""
        sent = {"Accept": FHIR_JSON, **(headers or {})}
        if content is not None and "Content-Type" not in sent:
            sent["Content-Type"] = FHIR_JSON
        try:
            response = self._http.request(method, path, content=content, headers=sent)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as wrong:
            return Unreachable(type(wrong).__name__)
        except httpx.HTTPError as wrong:
            # Sent, and then silence: a write may have taken effect.
            return Unknown(type(wrong).__name__)
        return self._sort(response)

    def _sort(self, response: httpx.Response) -> Answer | Unreachable | Unknown:
        status = response.status_code
        if status in _BUSY:
            asked = retry_after_seconds(response.headers.get("Retry-After", ""), self._clock())
            return Unreachable(f"HTTP {status}", asked)
        body = _json(response)
        if status == _TIMED_OUT or status >= _BROKEN:
            return Unknown(f"HTTP {status}: {reason_of(body)}")
        if body is None and response.content and response.is_success:
            return Unknown(f"HTTP {status} with a body that is not FHIR JSON")
        return Answer(status, body or {}, response.headers.get("ETag", ""))


def _json(response: httpx.Response) -> dict[str, Any] | None:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None
