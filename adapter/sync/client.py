"""Talks FHIR over HTTP to one record system, and turns whatever happens into a value.

`exchange` sorts every answer: it came and is FHIR, the clinic was not reached, or nobody knows.
Retry-After is obeyed. Nothing of what was sent stands in a message. What signs us in goes to the
clinic's own origin and to no other (SMART App Launch 2.2, backend services), whatever an answer
refers to.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import orjson

from adapter.sync.answer import Answer
from adapter.sync.auth.sign_in import NO_SIGN_IN, SignIn
from adapter.sync.receipt import Unknown, Unreachable
from adapter.waiting import retry_after_seconds

FHIR_JSON = "application/fhir+json"
_BUSY = frozenset({429, 503})
_NOT_LET_IN = 401
_TIMED_OUT = 408
_BROKEN = 500


class FhirClient:
    """One record system. The HTTP client is given, with its base URL, sign-in and time-outs."""

    def __init__(
        self, http: httpx.Client, clock: Callable[[], datetime], sign_in: SignIn = NO_SIGN_IN
    ) -> None:
        """`clock` gives the present moment, aware; it is asked only to read a Retry-After date."""
        self._http, self._clock, self._sign_in = http, clock, sign_in

    def exchange(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer | Unreachable | Unknown:
        """One request. `path` is relative to the base; '' is the base itself.

        After a 401 the sign-in is renewed once, and the request repeated: it took no effect.

        Raises:
            EhrError: the clinic will not let us in.
            DeclarationError: what lets us in is missing.
        """
        sent = {"Accept": FHIR_JSON, **(headers or {})}
        if content is not None and "Content-Type" not in sent:
            sent["Content-Type"] = FHIR_JSON

        def ask(authorization: str) -> Answer | Unreachable | Unknown:
            shown = {"Authorization": authorization} if authorization else {}
            return self._send(
                self._http.build_request(method, path, content=content, headers=sent | shown)
            )

        if not self.is_at_home(path):
            return ask("")
        authorization = self._sign_in.authorization()
        if isinstance(authorization, Unreachable):
            return authorization
        answer = ask(authorization)
        is_refused = isinstance(answer, Answer) and answer.status == _NOT_LET_IN
        if not is_refused or not self._sign_in.renew(authorization):
            return answer
        again = self._sign_in.authorization()
        return again if isinstance(again, Unreachable) else ask(again)

    def is_at_home(self, path: str) -> bool:
        """Whether an address is of the clinic's own origin: scheme, host and port."""
        base = self._http.base_url
        url = self._http.build_request("GET", path).url
        return (url.scheme, url.host, url.port) == (base.scheme, base.host, base.port)

    def _send(self, request: httpx.Request) -> Answer | Unreachable | Unknown:
        try:
            response = self._http.send(request, follow_redirects=False)
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
            return Unknown(f"HTTP {status}")  # its words are about nobody in particular
        if body is None and response.content and response.is_success:
            return Unknown(f"HTTP {status} with a body that is not FHIR JSON")
        return Answer(status, body or {}, response.headers.get("ETag", ""))


def _json(response: httpx.Response) -> dict[str, Any] | None:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None
