"""SMART Backend Services, the client's side: a signed assertion buys a token that soon expires.

Tokens live in memory alone. What goes wrong is told by the standard's own error codes; nothing that
a server says in words is repeated, because it may quote what it was sent.

Source: https://hl7.org/fhir/smart-app-launch/backend-services.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urljoin

import httpx
import jwt
import orjson

from adapter.errors import EhrError
from adapter.sync.auth.discovery import Endpoint, read_endpoint
from adapter.sync.auth.keys import SigningKey, read_key
from adapter.sync.auth.scopes import lacking, needed_scopes
from adapter.sync.auth.sign_in import is_token
from adapter.sync.receipt import Unreachable
from adapter.waiting import retry_after_seconds

ASSERTION_SECONDS = 240  # at most 300 are allowed; clocks differ
_UNSAID_SECONDS = 60  # how long a token is used that does not say how long it lasts
_AHEAD_SECONDS = 60  # a token is renewed so long before it ends, or in the last fifth of its life
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_BUSY = frozenset({408, 429})
_BROKEN = 500
# RFC 6749, section 5.2
_ERRORS = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
)


@dataclass(frozen=True, slots=True)
class Registration:
    """Who we are at a clinic, and what we need there.

    `key` gives the private JWK as it is now; `needs` are v2 letters by resource type; `scopes` are
    asked for in their place.
    """

    clinic: str
    client_id: str
    key: Callable[[], str] = field(repr=False)
    needs: Mapping[str, str]
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    renew_at: datetime
    ends_at: datetime


class SmartBackend:
    """Signs in at one clinic. Not to be shared by threads."""

    def __init__(
        self,
        http: httpx.Client,
        registered: Registration,
        clock: Callable[[], datetime],
        unique: Callable[[], str],
    ) -> None:
        """`http` has the FHIR base as its own; `unique` gives a text that never was before."""
        self._http, self._registered = http, registered
        self._clock, self._unique = clock, unique
        self._endpoint: Endpoint | None = None
        self._token: _Token | None = None

    def authorization(self) -> str | Unreachable:
        """`Bearer` and a token that has not ended; a new one is bought ahead of that.

        Raises:
            EhrError: the clinic does not let us in so, or not far enough.
            DeclarationError: our key is missing, or is none.
        """
        now, token = self._clock(), self._token
        if token is not None and now < token.renew_at:
            return f"Bearer {token.value}"
        bought = self._buy(now)
        if isinstance(bought, Unreachable):
            is_good = token is not None and now < token.ends_at
            return f"Bearer {token.value}" if token is not None and is_good else bought
        self._token = bought
        return f"Bearer {bought.value}"

    def renew(self, refused: str) -> bool:
        """Forgets a refused token, and where it came from: both may have changed."""
        if self._token is not None and refused == f"Bearer {self._token.value}":
            self._token = self._endpoint = None
        return True

    def _buy(self, now: datetime) -> _Token | Unreachable:
        key = read_key(self._registered.key(), self._registered.clinic)
        endpoint = self._endpoint or self._discover()
        if isinstance(endpoint, Unreachable):
            return endpoint
        if key.algorithm not in endpoint.algorithms:
            raise EhrError(
                f"expected a sign-in by {key.algorithm}; the clinic takes "
                f"{', '.join(sorted(endpoint.algorithms)) or 'nothing we know'}. "
                "Make a key of that kind with `adapter keys new`, and register it there."
            )
        self._endpoint = endpoint
        asked = self._registered.scopes or needed_scopes(
            self._registered.needs, endpoint.capabilities
        )
        form = {
            "grant_type": "client_credentials",
            "scope": " ".join(asked),
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._assertion(key, endpoint.url, now),
        }
        said = self._ask(
            "POST",
            endpoint.url,
            content=urlencode(form).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        return said if isinstance(said, Unreachable) else _token(said, asked, now)

    def _discover(self) -> Endpoint | Unreachable:
        base = f"{str(self._http.base_url).rstrip('/')}/"
        said = self._ask("GET", urljoin(base, ".well-known/smart-configuration"))
        return said if isinstance(said, Unreachable) else read_endpoint(said, base)

    def _assertion(self, key: SigningKey, audience: str, now: datetime) -> str:
        ends = now.astimezone(UTC) + timedelta(seconds=ASSERTION_SECONDS)
        us = self._registered.client_id
        claims = {
            "iss": us,
            "sub": us,
            "aud": audience,
            "exp": int(ends.timestamp()),
            "jti": self._unique(),
        }
        return jwt.encode(claims, key.private, key.algorithm, {"kid": key.kid, "typ": "JWT"})

    def _ask(
        self,
        method: str,
        url: str,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any] | Unreachable:
        """One request, which changes nothing at the clinic: any silence may be asked into again."""
        sent = {"Accept": "application/json", **(headers or {})}
        try:
            response = self._http.request(
                method, url, content=content, headers=sent, follow_redirects=False
            )
        except httpx.HTTPError as wrong:
            return Unreachable(f"no token: {type(wrong).__name__}")
        status = response.status_code
        if status in _BUSY or status >= _BROKEN:
            asked = retry_after_seconds(response.headers.get("Retry-After", ""), self._clock())
            return Unreachable(f"no token: HTTP {status}", asked)
        body = _json(response)
        if not response.is_success or body is None:
            raise EhrError(_refusal(method, status, body))
        return body


def _token(said: dict[str, Any], asked: tuple[str, ...], now: datetime) -> _Token:
    """The token that an answer gives.

    Raises:
        EhrError: it gives none, another kind, or one that opens too little.
    """
    value, kind = said.get("access_token"), said.get("token_type")
    if not isinstance(value, str) or not is_token(value):
        raise EhrError("expected an `access_token`; the answer holds none that can be sent.")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise EhrError("expected a token of type `bearer`; found another type or none.")
    granted = said.get("scope")
    missing = lacking(asked, granted) if isinstance(granted, str) else ()
    if missing:
        raise EhrError(
            f"expected the scopes that were asked for; not granted: {', '.join(missing)}. "
            "Let the clinic grant them, or name fewer in `sign_in.scopes`, and fewer types in "
            "`accepts` of its profile."
        )
    lasts = said.get("expires_in")
    is_said = isinstance(lasts, int | float) and not isinstance(lasts, bool) and lasts > 0
    seconds = float(lasts) if is_said and lasts is not None else _UNSAID_SECONDS
    ahead = min(_AHEAD_SECONDS, seconds / 5)
    ends = now + timedelta(seconds=min(seconds, timedelta(days=1).total_seconds()))
    return _Token(value, ends - timedelta(seconds=ahead), ends)


def _refusal(method: str, status: int, body: dict[str, Any] | None) -> str:
    if method == "GET":
        return (
            f"expected `.well-known/smart-configuration` below the FHIR base; found HTTP {status}. "
            "Check `url`, or ask the clinic which `sign_in` it takes."
        )
    error = (body or {}).get("error")
    known = f", {error}" if isinstance(error, str) and error in _ERRORS else ""
    return (
        f"expected a token; the authorization server answered HTTP {status}{known}. Check "
        "`client_id`, that the clinic has our public key, and this machine's clock."
    )


def _json(response: httpx.Response) -> dict[str, Any] | None:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None
