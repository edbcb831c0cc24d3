"""Access tokens that somebody else gives out: a JWT of an issuer that the settings name.

It says which of the registered clients it is for, and what that client may do at most; what the
client is here for, and whose consents count, say our own settings (RFC 9068; SBS by introspection
is not offered).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapter.server.caller import Caller
from adapter.server.grants import granted
from adapter.server.signed import Issuer, UnsignedError, read_signed

ACCESS_TOKEN = "at+jwt"  # noqa: S105 - what `typ` says of one
"""RFC 9068, section 2.1."""


@dataclass(frozen=True, slots=True)
class Issuing:
    """An issuer, the claim by which it names a client, and our clients by what that says."""

    issuer: Issuer
    claim: str
    clients: Mapping[str, Caller]


def issued_caller(token: str, known: Sequence[Issuing], now: float) -> Caller | None:
    """Who a token was given to, with the scopes that both it and our settings allow.

    None for a token that does not hold, or is for nobody who is registered.
    """
    by_name = {each.issuer.name: each for each in known}

    def find(claimed: Mapping[str, Any]) -> Issuer | None:
        named = by_name.get(str(claimed.get("iss")))
        return None if named is None else named.issuer

    try:
        claims = read_signed(token, find, now)
    except UnsignedError:
        return None
    issuing = by_name[str(claims["iss"])]
    name = claims.get(issuing.claim)
    caller = issuing.clients.get(name) if isinstance(name, str) else None
    if caller is None:
        return None
    return replace(caller, scopes=tuple(granted(_scopes(claims), caller.scopes)))


def _scopes(claims: Mapping[str, Any]) -> list[str]:
    """What `scope` or `scp` says: words with blanks between them, or a list of words."""
    said = claims.get("scope", claims.get("scp", ""))
    if isinstance(said, str):
        return said.split()
    return [word for word in said if isinstance(word, str)] if isinstance(said, list) else []
