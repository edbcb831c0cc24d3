"""Keys that sign in for us: private JWKs, and what of them the clinic may know.

SMART Backend Services asks for RS384 and ES384.

Source: https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt import PyJWK
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError

from adapter.errors import DeclarationError, Origin, Problem

Algorithm = Literal["RS384", "ES384"]
_LEAST_BITS = 2048
_NEW_BITS = 3072
_PUBLIC = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y")}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, and by which name and algorithm the clinic knows it."""

    kid: str
    algorithm: Algorithm
    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)


def read_key(text: str, clinic: str) -> SigningKey:
    """The key that a private JWK says; its type gives the algorithm.

    Raises:
        DeclarationError: it is none, or of another kind; without what it says.
    """
    try:
        said = orjson.loads(text)
        kid = said["kid"]
        private = PyJWK(said, {"RSA": "RS384", "EC": "ES384"}.get(said["kty"])).key
    except (ValueError, TypeError, KeyError, PyJWTError) as wrong:
        raise _no_key(clinic, "something else") from wrong
    if not isinstance(kid, str) or not kid:
        raise _no_key(clinic, "a key without `kid`")
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size >= _LEAST_BITS:
        return SigningKey(kid, "RS384", private)
    if isinstance(private, ec.EllipticCurvePrivateKey) and isinstance(private.curve, ec.SECP384R1):
        return SigningKey(kid, "ES384", private)
    raise _no_key(clinic, "a public key, a shorter one, or another curve")


def new_key(kid: str, algorithm: Algorithm) -> dict[str, Any]:
    """A new private JWK; what it holds beyond `public_jwk` must stay with its owner."""
    private = (
        rsa.generate_private_key(public_exponent=65537, key_size=_NEW_BITS)
        if algorithm == "RS384"
        else ec.generate_private_key(ec.SECP384R1())
    )
    said = (
        RSAAlgorithm.to_jwk(private, as_dict=True)
        if isinstance(private, rsa.RSAPrivateKey)
        else ECAlgorithm.to_jwk(private, as_dict=True)
    )
    return {**said, "kid": kid, "alg": algorithm, "use": "sig", "key_ops": ["sign"]}


def public_jwk(private: Mapping[str, Any]) -> dict[str, Any]:
    """What the clinic may know of a private JWK: chosen by name, so that nothing else slips in."""
    public = {name: private[name] for name in _PUBLIC[private["kty"]]}
    named = {name: private[name] for name in ("kid", "alg")}
    return {**public, **named, "use": "sig", "key_ops": ["verify"]}


def _no_key(clinic: str, found: str) -> DeclarationError:
    problem = Problem(
        Origin("adapter.toml"),
        "sign_in.key_env or sign_in.key_file",
        f"a private JWK for {clinic} with a `kid`: RSA of {_LEAST_BITS} bits or more, or EC P-384",
        found,
        "Make one with `adapter keys new`.",
    )
    return DeclarationError("A key cannot be used.", (problem,))
