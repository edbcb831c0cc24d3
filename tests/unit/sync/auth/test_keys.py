"""What signs is a private JWK of two kinds, and the clinic sees its public half alone."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.jwk import ECKey, RSAKey
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from adapter.errors import DeclarationError
from adapter.sync.auth.keys import Algorithm, new_key, public_jwk, read_key


@cache
def key(algorithm: Algorithm) -> dict[str, Any]:
    return new_key("k", algorithm)


def small_rsa() -> dict[str, Any]:
    private = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - refused
    return {**RSAAlgorithm.to_jwk(private, as_dict=True), "kid": "k"}


def other_curve() -> dict[str, Any]:
    return {
        **ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True),
        "kid": "k",
    }


@pytest.mark.parametrize("algorithm", ["RS384", "ES384"])
def test_a_new_key_is_read_back_with_its_name_and_algorithm(algorithm: Algorithm) -> None:
    read = read_key(json.dumps(key(algorithm)), "north")

    assert (read.kid, read.algorithm) == ("k", algorithm)
    assert "private" not in repr(read).replace("private=", "")


@pytest.mark.parametrize(
    ("algorithm", "members"),
    [("RS384", {"kty", "n", "e"}), ("ES384", {"kty", "crv", "x", "y"})],
)
def test_the_public_half_holds_no_private_member(algorithm: Algorithm, members: set[str]) -> None:
    public = public_jwk(key(algorithm))

    kind = RSAKey if algorithm == "RS384" else ECKey
    assert public.keys() == members | {"kid", "alg", "use", "key_ops"}
    assert not kind.import_key(public).is_private


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("-----BEGIN PRIVATE KEY-----", id="PEM"),
        pytest.param("[1]", id="a list"),
        pytest.param('{"kty": "oct", "kid": "k", "k": "AAAA"}', id="a shared secret"),
        pytest.param(json.dumps({**key("ES384"), "kid": None}), id="a name that is none"),
        pytest.param(json.dumps({**key("ES384"), "kid": ""}), id="an empty name"),
        pytest.param(json.dumps(public_jwk(key("ES384"))), id="the public half"),
        pytest.param(json.dumps(public_jwk(key("RS384"))), id="the public half of RSA"),
        pytest.param(
            json.dumps({k: v for k, v in key("ES384").items() if k != "kid"}), id="no kid"
        ),
        pytest.param(json.dumps(small_rsa()), id="too short"),
        pytest.param(json.dumps(other_curve()), id="another curve"),
    ],
)
def test_what_is_no_key_of_ours_is_refused_without_what_it_says(text: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        read_key(text, "north")

    assert "a private JWK for north" in str(caught.value)
    assert "AAAA" not in str(caught.value)
