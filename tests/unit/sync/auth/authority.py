"""An authorization server and a FHIR base behind it, by another library than the one that signs.

It holds a client to every rule of SMART Backend Services, and notes what it was shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

ORIGIN = "https://clinic.example.org"
BASE = f"{ORIGIN}/fhir/"
TOKEN_URL = f"{ORIGIN}/auth/token"
CONFIGURATION: dict[str, Any] = {
    "token_endpoint": TOKEN_URL,
    "token_endpoint_auth_methods_supported": ["private_key_jwt"],
    "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
    "grant_types_supported": ["client_credentials"],
    "capabilities": ["client-confidential-asymmetric", "permission-v2"],
}
CLIENT = "the-trial"
Answering = Callable[[httpx.Request], httpx.Response]


@dataclass
class Authority(httpx.BaseTransport):
    """Lets in who signs as the standard says; `faults` answer the next requests of a path first."""

    clock: Callable[[], datetime]
    jwks: list[dict[str, Any]]
    configuration: dict[str, Any] = field(default_factory=lambda: dict(CONFIGURATION))
    lasts: int | None = 300
    granted: str | None = None
    faults: dict[str, list[Answering]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    signed_by: list[str] = field(default_factory=list)
    tokens: dict[str, datetime] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        path = request.url.path
        if waiting := self.faults.get(path):
            return waiting.pop(0)(request)
        if path == "/fhir/.well-known/smart-configuration":
            assert "Authorization" not in request.headers
            return httpx.Response(200, json=self.configuration)
        if path == "/auth/token":
            return self._token(request)
        return self._resource(request)

    def _token(self, request: httpx.Request) -> httpx.Response:
        assert request.method == "POST"
        assert "Authorization" not in request.headers
        assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
        form = {name: said for name, (said,) in parse_qs(request.content.decode()).items()}
        assert form.keys() == {
            "grant_type",
            "scope",
            "client_assertion_type",
            "client_assertion",
        }
        assert form["grant_type"] == "client_credentials"
        assert (
            form["client_assertion_type"]
            == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        )
        if not self._is_ours(form["client_assertion"]):
            return httpx.Response(401, json={"error": "invalid_client"})
        self.asked.append(form)
        token = f"token-{len(self.tokens) + 1}"
        self.tokens[token] = self.clock() + timedelta(seconds=self.lasts or 3600)
        said: dict[str, Any] = {"access_token": token, "token_type": "Bearer"}
        said |= {} if self.lasts is None else {"expires_in": self.lasts}
        said["scope"] = form["scope"] if self.granted is None else self.granted
        return httpx.Response(200, json=said)

    def _is_ours(self, assertion: str) -> bool:
        """Whether an assertion is whole, ours, for us, new and short-lived."""
        header = json.loads(_decoded(assertion.split(".", maxsplit=1)[0]))
        if header.keys() - {"alg", "kid", "typ", "jku"} or header["typ"] != "JWT":
            return False
        matching = [key for key in self.jwks if key["kid"] == header["kid"]]
        if len(matching) != 1 or header["alg"] not in {"RS384", "ES384"}:
            return False
        try:
            signed = jws.deserialize_compact(
                assertion, KeySet([_key(matching[0])]), algorithms=[header["alg"]]
            )
        except JoseError:
            return False
        claims, now = json.loads(signed.payload), self.clock().timestamp()
        is_new = claims["jti"] not in self.seen
        self.seen.add(claims["jti"])
        self.signed_by.append(header["kid"])
        return bool(
            is_new
            and claims["iss"] == claims["sub"] == CLIENT
            and claims["aud"] == self.configuration["token_endpoint"]
            and now < claims["exp"] <= now + 300
        )

    def _resource(self, request: httpx.Request) -> httpx.Response:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        ends = self.tokens.get(token)
        if kind != "Bearer" or ends is None or ends <= self.clock():
            return httpx.Response(401, headers={"WWW-Authenticate": "Bearer"})
        return httpx.Response(200, json={"resourceType": "Patient", "id": "1"})

    def went_to(self, path: str) -> list[httpx.Request]:
        """The requests of one path."""
        return [request for request in self.requests if request.url.path == path]


def _key(said: dict[str, Any]) -> RSAKey | ECKey:
    return RSAKey.import_key(said) if said["kty"] == "RSA" else ECKey.import_key(said)


def _decoded(part: str) -> bytes:
    from base64 import urlsafe_b64decode  # noqa: PLC0415 - of this line alone

    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
