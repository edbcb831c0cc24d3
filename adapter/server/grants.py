"""The token endpoint of SMART Backend Services: a signed assertion buys a token that soon expires.

Assertions and tokens are remembered in the ledger's database, so that nothing is taken twice,
whichever worker it reaches, also after a restart; of a token only a hash is kept.

Source: https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html, RFC 7523
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

import jwt
from jwt import PyJWK, PyJWKSet, PyJWTError

from adapter.server.caller import Caller, Scope, read_scopes
from adapter.store import access
from adapter.store.database import Database

ALGORITHMS = ("RS384", "ES384")
TOKEN_SECONDS = 300
LONGEST_ASSERTION_SECONDS = 300
SKEW_SECONDS = 30
MOST_BYTES = 16_384
GRANT = "client_credentials"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_KEY_TYPES = {"RS384": "RSA", "ES384": "EC"}
_NAMED = 255  # characters that a jti may have

Refusal = Literal["invalid_request", "invalid_client", "unsupported_grant_type", "invalid_scope"]


class GrantError(Exception):
    """A request for a token that was refused, in the standard's own word; nothing else is told."""

    def __init__(self, refusal: Refusal) -> None:
        """Keeps the word."""
        super().__init__(refusal)
        self.refusal = refusal

    @property
    def status(self) -> int:
        """401 for who is not known, else 400 (RFC 6749, section 5.2)."""
        return 401 if self.refusal == "invalid_client" else 400


@dataclass(frozen=True)
class Client:
    """A registered client: its keys, and what it may do at most.

    `keys` gives its JWKS; with True, as its server has it now.
    """

    caller: Caller
    keys: Callable[[bool], Mapping[str, Any]] = field(repr=False)
    jwks_url: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """What a client gets."""

    value: str = field(repr=False)
    scope: str
    client: str
    seconds: int = TOKEN_SECONDS


@dataclass(frozen=True)
class Grants:
    """Gives tokens to registered clients, and knows them again.

    `url` is the token endpoint as clients know it; `unique` gives a text that nobody can guess.
    """

    database: Database
    clients: Mapping[str, Client]
    url: str
    now: Callable[[], datetime]
    unique: Callable[[], str]

    def grant(self, form: Mapping[str, str]) -> Token:
        """A token for who signed.

        Raises:
            GrantError: it is not to be had.
        """
        if "grant_type" not in form:
            raise GrantError("invalid_request")
        if form["grant_type"] != GRANT:
            raise GrantError("unsupported_grant_type")
        if form.get("client_assertion_type") != ASSERTION:
            raise GrantError("invalid_request")
        client = self._client(form.get("client_assertion", ""))
        scopes = granted(form.get("scope", "").split(), client.caller.scopes)
        if not scopes:
            raise GrantError("invalid_scope")
        token = Token(self.unique(), " ".join(map(as_text, scopes)), client.caller.client)
        ends = self.now().timestamp() + TOKEN_SECONDS
        with self.database.write() as tx:
            access.forget_tokens(tx, self.now().timestamp())
            access.keep_token(tx, _hash(token.value), client.caller.client, token.scope, ends)
        return token

    def caller_of(self, token: str) -> Caller | None:
        """Who a token was given to, with the scopes that it has; None for none that is good."""
        known = access.token(self.database.read(), _hash(token), self.now().timestamp())
        if known is None or known.client not in self.clients:
            return None
        return _narrowed(self.clients[known.client].caller, known.scope)

    def _client(self, assertion: str) -> Client:
        try:
            header = jwt.get_unverified_header(assertion)
            claimed = jwt.decode(assertion, options={"verify_signature": False})
        except PyJWTError:
            raise GrantError("invalid_client") from None
        client = self.clients.get(str(claimed.get("iss")))
        if client is None or header.get("alg") not in ALGORITHMS:
            raise GrantError("invalid_client")
        kind = header.get("typ", "JWT")  # RFC 7515, section 4.1.9: of any case of letters
        if not isinstance(kind, str) or kind.casefold() != "jwt":
            raise GrantError("invalid_client")
        if header.get("jku", client.jwks_url) != client.jwks_url:
            raise GrantError("invalid_client")
        key = self._key(client, header)
        try:
            claims = jwt.decode(
                assertion,
                key.key,
                algorithms=[header["alg"]],
                audience=self.url,
                # Times are held against the clock that was given in.
                options={
                    "require": ["iss", "sub", "aud", "exp", "jti"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "strict_aud": True,
                },
            )
        except PyJWTError:
            raise GrantError("invalid_client") from None
        self._check(claims)
        return client

    def _check(self, claims: Mapping[str, Any]) -> None:
        """That the claims hold now, and were not used before."""
        now, ends, jti = self.now().timestamp(), claims["exp"], claims["jti"]
        begins = [claims[name] for name in ("nbf", "iat") if name in claims]
        is_time = all(
            isinstance(at, int | float) and not isinstance(at, bool) for at in (ends, *begins)
        )
        is_named = isinstance(jti, str) and 0 < len(jti) <= _NAMED and jti.isprintable()
        if claims["sub"] != claims["iss"] or not is_time or not is_named:
            raise GrantError("invalid_client")
        if not now - SKEW_SECONDS < ends <= now + LONGEST_ASSERTION_SECONDS + SKEW_SECONDS:
            raise GrantError("invalid_client")
        if not all(at <= now + SKEW_SECONDS for at in begins):  # RFC 7523, section 3
            raise GrantError("invalid_client")
        with self.database.write() as tx:
            if not access.spend(tx, claims["iss"], jti, ends + SKEW_SECONDS, now):
                raise GrantError("invalid_client")

    def _key(self, client: Client, header: Mapping[str, Any]) -> PyJWK:
        """The one key that the header names; a server is asked again for one that is not known."""
        for is_asked_again in (False, True):
            keys = [
                key
                for key in _read(client.keys(is_asked_again))
                if key.key_id == header.get("kid")
                and key.key_type == _KEY_TYPES[str(header["alg"])]
            ]
            if len(keys) == 1 and header.get("kid"):
                return keys[0]
        raise GrantError("invalid_client")


def granted(asked: Iterable[str], registered: Sequence[Scope]) -> list[Scope]:
    """What of the scopes that are asked for a client was registered for."""
    scopes = dict[str, frozenset[str]]()
    for want in read_scopes(asked):
        for have in registered:
            both = want.letters & have.letters
            if not both or ("*" not in {want.type, have.type} and want.type != have.type):
                continue
            name = have.type if want.type == "*" else want.type
            scopes[name] = scopes.get(name, frozenset()) | both
    return [Scope(name, letters) for name, letters in scopes.items()]


@lru_cache(maxsize=1024)
def _narrowed(caller: Caller, scope: str) -> Caller:
    """A client with the scopes of a token, as far as it may have them by now."""
    return replace(caller, scopes=tuple(granted(scope.split(), caller.scopes)))


def as_text(scope: Scope) -> str:
    """A scope in the words of SMART 2."""
    letters = "".join(letter for letter in "cruds" if letter in scope.letters)
    return f"system/{scope.type}.{letters}"


def _read(said: Mapping[str, Any]) -> list[PyJWK]:
    try:
        return PyJWKSet.from_dict(dict(said)).keys
    except PyJWTError:
        return []


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
