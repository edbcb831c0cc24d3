"""What others sign: a JSON Web Token, believed because of its issuer's key and for nothing else.

Keys come from where the settings say. No address in a token is ever followed (`jku`, `x5u`, `iss`),
and no key in it is used (`jwk`, `x5c`). Only asymmetric algorithms are known, each with its kind of
key, so that no public key can be taken for a secret.

Source: RFC 7519; RFC 8725, best current practices; RFC 7518, section 3.1
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK, PyJWKSet, PyJWTError

ALGORITHMS = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    "ES256": "secp256r1",
    "ES384": "secp384r1",
    "ES512": "secp521r1",
}
"""The algorithms that are believed, each with what its key is: RSA, or of which curve."""
JWT = "jwt"
SKEW_SECONDS = 30
LONGEST_TOKEN = 8192
_SMALLEST_RSA_BITS = 2048


class UnsignedError(Exception):
    """Not signed by who it says, or not for us, or not now; which of them is not told."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """Somebody whose signature is believed.

    `name` is its `iss`, `audience` what of `aud` means us; both are compared letter by letter.
    `keys` gives its JWKS; with True, as its server has it now. What it signs ends within
    `longest_seconds`. `requires` are the claims that must be there; `types` are what `typ` may say
    in small letters, '' where it says nothing.
    """

    name: str
    audience: str
    keys: Callable[[bool], Mapping[str, Any]] = field(repr=False)
    longest_seconds: float
    requires: tuple[str, ...] = ("iss", "aud", "exp")
    types: frozenset[str] = frozenset({"", JWT})


def read_signed(
    token: str, find: Callable[[Mapping[str, Any]], Issuer | None], now: float
) -> dict[str, Any]:
    """The claims of a token that holds now.

    `find` says by claims that nobody has checked yet whose token it would be, None for a stranger;
    `now` is in seconds since 1970.

    Raises:
        UnsignedError: it does not hold.
    """
    if len(token) > LONGEST_TOKEN:
        raise UnsignedError
    try:
        header = jwt.get_unverified_header(token)
        claimed = jwt.decode(token, options={"verify_signature": False})
    except (PyJWTError, ValueError, RecursionError):
        raise UnsignedError from None
    issuer = find(claimed)
    if issuer is None or header.get("alg") not in ALGORITHMS:
        raise UnsignedError
    if str(header.get("typ", "")).lower().removeprefix("application/") not in issuer.types:
        raise UnsignedError
    try:
        claims = jwt.decode(
            token,
            _key(issuer, header),
            algorithms=[header["alg"]],
            audience=issuer.audience,
            issuer=issuer.name,
            # Times are held against the clock that was given in.
            options={
                "require": [*issuer.requires],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except (PyJWTError, ValueError, TypeError):
        raise UnsignedError from None
    _check_times(claims, issuer, now)
    return dict(claims)


def _check_times(claims: Mapping[str, Any], issuer: Issuer, now: float) -> None:
    times = {name: claims[name] for name in ("exp", "nbf", "iat") if name in claims}
    if any(isinstance(at, bool) or not isinstance(at, int | float) for at in times.values()):
        raise UnsignedError
    ends, latest = times["exp"], now + SKEW_SECONDS
    if not now - SKEW_SECONDS < ends <= latest + issuer.longest_seconds:
        raise UnsignedError
    if not all(times.get(name, now) <= latest for name in ("nbf", "iat")):
        raise UnsignedError


def _key(issuer: Issuer, header: Mapping[str, Any]) -> RSAPublicKey | EllipticCurvePublicKey:
    """The one key that the header names; a server is asked again for one that is not known."""
    if header.get("kid"):
        for is_asked_again in (False, True):
            named = [
                key for key in _read(issuer.keys(is_asked_again)) if key.key_id == header["kid"]
            ]
            fitting = [key.key for key in named if _fits(key.key, str(header["alg"]))]
            if len(named) == 1 and fitting:
                found: RSAPublicKey | EllipticCurvePublicKey = fitting[0]
                return found
    raise UnsignedError


def _fits(key: object, algorithm: str) -> bool:
    """Whether a key is of the kind that an algorithm wants, and long enough."""
    if isinstance(key, RSAPublicKey):
        return ALGORITHMS[algorithm] == "RSA" and key.key_size >= _SMALLEST_RSA_BITS
    return isinstance(key, EllipticCurvePublicKey) and ALGORITHMS[algorithm] == key.curve.name


def _read(said: Mapping[str, Any]) -> list[PyJWK]:
    """The keys to check signatures with; those to encrypt with are none."""
    try:
        keys = [key for key in said.get("keys", ()) if key.get("use", "sig") == "sig"]
        return PyJWKSet.from_dict({"keys": keys}).keys
    except (PyJWTError, AttributeError, TypeError, ValueError):
        return []
