"""A record system that an application is launched from: an authorization server, a FHIR base.

It holds the application to every rule of SMART App Launch, with another library than the one that
signs and checks, and notes what it was asked. It approves at once, as a browser's user would.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

import httpx
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request

Answering = Callable[[httpx.Request], httpx.Response]
CLIENT = "the-page"
KEY = RSAKey.generate_key(2048, {"kid": "theirs", "alg": "RS256", "use": "sig"})


@dataclass
class LaunchedFrom(httpx.BaseTransport):
    """Lets in who asks as the standard says; `fhir` answers what the token opens.

    `jwks` are the keys of a confidential client, None for a public one. `context` is what is said
    beside the token, `claims` what the id token says otherwise, `refusal` what comes in place of a
    code. `faults` answer the next requests of a path first. `least` is how long a state has to be,
    `token` makes an access token for the scopes that were asked for.
    """

    origin: str
    redirect: str
    clock: Callable[[], datetime]
    fhir: Answering
    jwks: list[dict[str, Any]] | None = None
    context: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    configuration: dict[str, Any] = field(default_factory=dict)
    granted: str | None = None
    refusal: dict[str, str] = field(default_factory=dict)
    faults: dict[str, list[Answering]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    bought: list[dict[str, str]] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    refreshing: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)
    launch: str = "opaque-launch"
    least: int = 43
    token: Callable[[str], str] = lambda _: secrets.token_urlsafe(16)

    @property
    def iss(self) -> str:
        """The FHIR base."""
        return f"{self.origin}/fhir"

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answers one request, of the application or of the browser."""
        request.read()
        self.requests.append(request)
        path = request.url.path
        if waiting := self.faults.get(path):
            return waiting.pop(0)(request)
        doors: dict[str, Answering] = {
            "/fhir/.well-known/smart-configuration": lambda _: httpx.Response(
                200, json=self._says()
            ),
            "/jwks": lambda _: httpx.Response(200, json={"keys": [KEY.as_dict(private=False)]}),
            "/authorize": self._authorize,
            "/token": self._token,
        }
        if path in doors:
            return doors[path](request)
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return httpx.Response(401)
        return self.fhir(request)

    def _authorize(self, request: httpx.Request) -> httpx.Response:
        said = {name: one for name, (one,) in parse_qs(request.url.query.decode()).items()}
        return httpx.Response(302, headers={"Location": self.approve(said)})

    def approve(self, said: dict[str, str]) -> str:
        """Where the browser is sent with a code, for what it asked."""
        self.asked.append(said)
        is_launched = "launch" in said["scope"].split()
        assert said["response_type"] == "code"
        assert (said["client_id"], said["redirect_uri"]) == (CLIENT, self.redirect)
        assert (said["aud"], said["code_challenge_method"]) == (self.iss, "S256")
        assert said.get("launch") == (self.launch if is_launched else None)
        assert is_launched or "launch/patient" in said["scope"].split()
        assert ("nonce" in said) == ("openid" in said["scope"].split())
        assert min(len(said["state"]), len(said["code_challenge"])) >= self.least
        if self.refusal:
            return f"{self.redirect}?{urlencode({**self.refusal, 'state': said['state']})}"
        code = secrets.token_urlsafe(16)
        self.codes[code] = said
        answer = {"code": code, "state": said["state"], "iss": self.origin}
        return f"{self.redirect}?{urlencode(answer)}"

    def _says(self) -> dict[str, Any]:
        return {
            "issuer": self.origin,
            "jwks_uri": f"{self.origin}/jwks",
            "authorization_endpoint": f"{self.origin}/authorize",
            "token_endpoint": f"{self.origin}/token",
            "code_challenge_methods_supported": ["S256"],
            "capabilities": ["launch-ehr", "launch-standalone", "permission-v2"],
            **self.configuration,
        }

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {name: one for name, (one,) in parse_qs(request.content.decode()).items()}
        assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
        if not self._is_ours(form):
            return httpx.Response(401, json={"error": "invalid_client"})
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] not in self.refreshing:
                return httpx.Response(400, json={"error": "invalid_grant"})
            return self._grant(form, {})
        begun = self.codes.pop(form["code"], None)
        verified = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verified).rstrip(b"=").decode()
        if begun is None or challenge != begun["code_challenge"]:
            return httpx.Response(400, json={"error": "invalid_grant"})
        assert form["redirect_uri"] == self.redirect
        return self._grant(form, begun)

    def _grant(self, form: dict[str, str], begun: dict[str, str]) -> httpx.Response:
        self.bought.append(form)
        asked = begun.get("scope", "")
        token = self.token(asked)
        self.tokens.add(token)
        said = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
        said |= {"scope": asked} if self.granted is None else {"scope": self.granted}
        if "openid" in asked.split():
            said["id_token"] = self._id_token(begun["nonce"])
        return httpx.Response(200, json={**said, **self.context})

    def _id_token(self, nonce: str) -> str:
        now = int(self.clock().timestamp())
        claims = {
            "iss": self.origin,
            "sub": "somebody",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "fhirUser": f"{self.iss}/Practitioner/7",
            **self.claims,
        }
        return jwt.encode({"alg": "RS256", "kid": "theirs"}, claims, KEY)

    def _is_ours(self, form: dict[str, str]) -> bool:
        """A public client says its name, a confidential one signs; neither does both."""
        if self.jwks is None:
            return form.get("client_id") == CLIENT and "client_assertion" not in form
        assert "client_id" not in form
        keys = KeySet.import_key_set({"keys": self.jwks})
        try:
            signed = jws.deserialize_compact(
                form["client_assertion"], keys, algorithms=["RS384", "ES384"]
            )
        except JoseError:
            return False
        claims, now = json.loads(signed.payload), self.clock().timestamp()
        is_for_us = (
            claims["iss"] == claims["sub"] == CLIENT
            and claims["aud"] == self._says()["token_endpoint"]
        )
        return bool(is_for_us and now < claims["exp"] <= now + 300)


def launched_from_app(system: LaunchedFrom) -> Starlette:
    """The same over HTTP, for a browser."""

    async def answer(request: Request) -> Response:
        asked = httpx.Request(
            request.method,
            f"{system.origin}{request.url.path}?{request.url.query}".rstrip("?"),
            headers=dict(request.headers),
            content=await request.body(),
        )
        said = await run_in_threadpool(system.handle_request, asked)
        kept = {name: said.headers[name] for name in ("location",) if name in said.headers}
        kind = said.headers.get("content-type", "text/plain")
        return Response(said.content, said.status_code, kept, kind)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])


def forwarding(upstream: str, system_base: Callable[[], str]) -> Answering:
    """A FHIR base that is another's, under its own address."""

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("/fhir")[2]
        kind = {"Accept": "application/fhir+json"}
        said = httpx.get(f"{upstream}{path}", headers=kind, timeout=60)
        text = said.text.replace(upstream, system_base())
        kind = {"Content-Type": said.headers.get("Content-Type", "")}
        return httpx.Response(said.status_code, text=text, headers=kind)

    return answer
