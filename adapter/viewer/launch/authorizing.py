"""The words of the launch: where to ask for leave, what to ask, and what was granted.

Sources: https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html, RFC 6749, RFC 7636 (PKCE),
RFC 9207 (who answered).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from adapter.errors import EhrError
from adapter.fhir.ids import IS_ID
from adapter.sync.auth.sign_in import is_token
from adapter.viewer.launch.context import Context, read_context
from adapter.viewer.launch.registered import Registered
from adapter.viewer.launch.web import Web

ASSERTION_SECONDS = 240  # at most 300 are allowed; clocks differ
_UNSAID_SECONDS = 300
_LONGEST_SECONDS = 86_400
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Server:
    """What an authorization server says of itself; '' where it does not say it."""

    authorize: str
    token: str
    issuer: str
    jwks: str
    capabilities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Begun:
    """A launch that waits for the browser to come back."""

    registered: str
    server: Server
    scope: str
    verifier: str = field(repr=False)
    nonce: str = field(repr=False)
    is_launched: bool

    @property
    def is_signed_in(self) -> bool:
        """Whether it was asked who looks."""
        return "openid" in self.scope.split()


@dataclass(frozen=True, slots=True)
class Grant:
    """What was granted; `ends` in seconds since 1970, `patient` '' where none was said.

    `context` is what else is open there.
    """

    token: str = field(repr=False)
    refresh: str = field(repr=False)
    scope: str
    ends: float
    patient: str
    needs_banner: bool
    context: Context
    id_token: str = field(repr=False)


def discover(web: Web, iss: str) -> Server:
    """What stands in the smart-configuration of a record system that is registered.

    Raises:
        EhrError: nothing does, or nothing that a launch can be done with.
    """
    said = web.get(f"{iss.rstrip('/')}/.well-known/smart-configuration")
    if not said.is_success or said.body is None:
        raise EhrError("The record system does not say how an application is launched from it.")
    body = said.body
    methods = body.get("code_challenge_methods_supported")
    if isinstance(methods, list) and "S256" not in methods:
        raise EhrError("The record system does not protect a launch as SMART asks (PKCE, S256).")
    listed = body.get("capabilities")
    return Server(
        _address(body, "authorization_endpoint", iss),
        _address(body, "token_endpoint", iss),
        _text(body, "issuer"),
        _address(body, "jwks_uri", iss) if _text(body, "jwks_uri") else "",
        tuple(each for each in listed if isinstance(each, str)) if isinstance(listed, list) else (),
    )


def authorize_url(  # noqa: PLR0913 - all that one request says
    server: Server, registered: Registered, begun: Begun, *, state: str, redirect: str, launch: str
) -> str:
    """Where the browser asks for leave."""
    said = {
        "response_type": "code",
        "client_id": registered.client_id,
        "redirect_uri": redirect,
        "scope": begun.scope,
        "state": state,
        "aud": registered.iss,
        "code_challenge": _challenge(begun.verifier),
        "code_challenge_method": "S256",
        **({"launch": launch} if begun.is_launched else {}),
        **({"nonce": begun.nonce} if begun.is_signed_in else {}),
    }
    mark = "&" if urlsplit(server.authorize).query else "?"
    return f"{server.authorize}{mark}{urlencode(said)}"


def exchange(web: Web, begun: Begun, sent: Mapping[str, str], now: datetime) -> Grant:
    """What the token endpoint grants for a code, or for a refresh token.

    `sent` is the form with who we are. An answer that names no scopes grants those asked for.

    Raises:
        EhrError: nothing that can be used.
    """
    said = web.post(begun.server.token, sent)
    if not said.is_success or said.body is None:
        raise EhrError(
            "The record system did not grant what this page needs. Open it again from there; if "
            "that does not help, its staff should check how the application is registered."
        )
    body = said.body
    token, kind = _text(body, "access_token"), _text(body, "token_type")
    if not is_token(token) or kind.lower() != "bearer":
        raise EhrError("The record system granted something that this page cannot use.")
    lasts = body.get("expires_in")
    is_number = isinstance(lasts, int) and not isinstance(lasts, bool) and lasts > 0
    seconds = min(lasts if is_number and lasts else _UNSAID_SECONDS, _LONGEST_SECONDS)
    patient, refresh = _text(body, "patient"), _text(body, "refresh_token")
    return Grant(
        token=token,
        refresh=refresh,
        scope=_text(body, "scope") or begun.scope,
        ends=(now + timedelta(seconds=seconds)).timestamp(),
        patient=patient if IS_ID(patient) else "",
        needs_banner=body.get("need_patient_banner") is not False,
        context=read_context(body),
        id_token=_text(body, "id_token"),
    )


def code_form(begun: Begun, code: str, redirect: str) -> dict[str, str]:
    """What buys a token for a code."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect,
        "code_verifier": begun.verifier,
    }


def refresh_form(refresh: str) -> dict[str, str]:
    """What buys a token for one that has ended."""
    return {"grant_type": "refresh_token", "refresh_token": refresh}


def who_we_are(
    registered: Registered, server: Server, now: datetime, unique: str
) -> dict[str, str]:
    """A public client's name, or a confidential one's signed assertion."""
    if registered.key is None:
        return {"client_id": registered.client_id}
    import jwt  # noqa: PLC0415 - only a confidential client pays for cryptography

    from adapter.sync.auth.keys import read_key  # noqa: PLC0415 - as above

    key = read_key(registered.key(), registered.iss)
    claims = {
        "iss": registered.client_id,
        "sub": registered.client_id,
        "aud": server.token,
        "exp": int(now.timestamp()) + ASSERTION_SECONDS,
        "jti": unique,
    }
    headers = {"kid": key.kid, "typ": "JWT"}
    return {
        "client_assertion_type": _ASSERTION_TYPE,
        "client_assertion": jwt.encode(claims, key.private, key.algorithm, headers),
    }


def as_said(begun: Begun) -> dict[str, Any]:
    """A launch as JSON holds it."""
    return asdict(begun)


def read_begun(said: Mapping[str, Any]) -> Begun:
    """A launch out of what `as_said` gave."""
    server = {**said["server"], "capabilities": tuple(said["server"]["capabilities"])}
    return Begun(**{**said, "server": Server(**server)})


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _address(body: Mapping[str, Any], name: str, iss: str) -> str:
    """An absolute address, no less safe than the record system's own."""
    url = _text(body, name)
    try:
        parts = urlsplit(url)
        is_plain = bool(parts.hostname) and parts.username is None and not parts.fragment
        is_good = is_plain and parts.scheme in {"https", urlsplit(iss).scheme}
    except ValueError:
        is_good = False
    if not is_good:
        raise EhrError(f"The record system does not name a `{name}` that can be used.")
    return url


def _text(body: Mapping[str, Any], name: str) -> str:
    said = body.get(name)
    return said if isinstance(said, str) else ""
