"""Whose signature is believed, and of the many that are not, each for its own reason."""

from __future__ import annotations

import base64
import hmac
import json
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from adapter.instruments.study import Purpose
from adapter.server.caller import Caller, read_scopes
from adapter.server.issued import Issuing, issued_caller
from adapter.server.signed import ALGORITHMS, Issuer, UnsignedError, read_signed

NOW = 1_795_000_000
US, THEM = "https://trial.example.org", "https://login.example.org"
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
EC = {name: ECKey.generate_key(curve, {"kid": name}) for name, curve in CURVES.items()}
STRANGER = ECKey.generate_key("P-384", {"kid": "ES384"})
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it is what nobody should sign with
    SHORT = RSAKey.generate_key(1024, {"kid": "short"})
EDWARDS = OKPKey.generate_key("Ed25519", {"kid": "edwards"})
KEYS: list[Any] = [RSA, *EC.values(), SHORT, EDWARDS]
JWKS: dict[str, Any] = {"keys": [key.as_dict(private=False) for key in KEYS]}
TOLD: dict[str, Any] = {"iss": THEM, "aud": US, "exp": NOW + 300, "client_id": "ehr"}


class Keys:
    """An issuer's keys, and how often it was asked again."""

    def __init__(self) -> None:
        self.jwks, self.again = JWKS, 0

    def __call__(self, is_asked_again: bool) -> Mapping[str, Any]:  # noqa: FBT001
        self.again += is_asked_again
        return self.jwks


def signed(
    algorithm: str = "ES384",
    key: Any = None,  # noqa: ANN401 - a key of any kind
    header: dict[str, Any] | None = None,
    **claims: object,
) -> str:
    """A token as it should be, but for what is given."""
    by = key or EC.get(algorithm, RSA)
    said = {"alg": algorithm, "kid": by.kid, **(header or {})}
    kept = {name: value for name, value in {**TOLD, **claims}.items() if value is not None}
    named = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(named, kept, by, algorithms=[algorithm], default_type=None)


def by_hand(header: Mapping[str, Any], secret: bytes | None = None) -> str:
    """A token that no library would make."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()) for part in (header, TOLD)]
    text = b".".join(part.rstrip(b"=") for part in parts)
    mark = hmac.digest(secret, text, "sha256") if secret else b""
    return (text + b"." + base64.urlsafe_b64encode(mark).rstrip(b"=")).decode()


def read(token: str, keys: Keys | None = None) -> dict[str, Any]:
    issuer = Issuer(THEM, US, keys or Keys(), 3600)
    return read_signed(token, lambda said: issuer if said.get("iss") == THEM else None, NOW)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_with_a_key_of_its_kind_is_believed(algorithm: str) -> None:
    assert read(signed(algorithm))["client_id"] == "ehr"


def test_several_audiences_may_be_named_if_we_are_among_them() -> None:
    assert read(signed(aud=["https://other.example.org", US]))["client_id"] == "ehr"


REFUSED: dict[str, Callable[[], str]] = {
    "no algorithm": lambda: by_hand({"alg": "none", "kid": "ES384"}),
    "an empty one": lambda: by_hand({"alg": "", "kid": "ES384"}),
    "a public key as a secret": lambda: by_hand(
        {"alg": "HS256", "kid": "rsa"}, RSA.as_pem(private=False)
    ),
    "a blank secret": lambda: by_hand({"alg": "HS256", "kid": "rsa"}, b" "),
    "RSA by the name of a curve": lambda: signed("RS256", header={"kid": "ES384"}),
    "a curve by the name of RSA": lambda: signed("ES256", header={"kid": "rsa"}),
    "another curve's algorithm": lambda: signed("ES256", header={"kid": "ES384"}),
    "a short key": lambda: signed("RS256", SHORT),
    "an algorithm that nobody agreed on": lambda: signed("Ed25519", EDWARDS),
    "somebody else's key by a known name": lambda: signed(key=STRANGER),
    "an unknown key": lambda: signed(header={"kid": "unknown"}),
    "no key named": lambda: signed(header={"kid": None}),
    "another issuer": lambda: signed(iss="https://elsewhere.example.org"),
    "an issuer that is nearly ours": lambda: signed(iss=THEM + "/"),
    "an issuer that is a list": lambda: signed(iss=[THEM]),
    "another audience": lambda: signed(aud="https://other.example.org"),
    "a longer audience": lambda: signed(aud=US + "/fhir"),
    "no audience": lambda: signed(aud=None),
    "no end": lambda: signed(exp=None),
    "the end over": lambda: signed(exp=NOW - 31),
    "an end too far away": lambda: signed(exp=NOW + 3600 + 61),
    "an end that is no number": lambda: signed(exp=str(NOW + 300)),
    "an end that is true": lambda: signed(exp=True),
    "not yet": lambda: signed(nbf=NOW + 31),
    "from the future": lambda: signed(iat=NOW + 31),
    "a start that is no number": lambda: signed(nbf="soon"),
    "spoilt": lambda: signed()[:-8] + "AAAAAAAA",
    "half": lambda: signed().rpartition(".")[0],
    "no token": lambda: "a.b.c",
    "nothing": lambda: "",
    "too long": lambda: signed(more="x" * 9000),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_token_is_refused_for_any_one_fault(name: str) -> None:
    token = REFUSED[name]()

    with pytest.raises(UnsignedError):
        read(token)


def test_a_key_that_a_token_brings_along_or_leads_to_is_not_used() -> None:
    public = STRANGER.as_dict(private=False)
    for header in (
        {"jwk": public},
        {"jku": "https://attacker.example.org/keys"},
        {"x5u": "https://attacker.example.org/chain"},
    ):
        with pytest.raises(UnsignedError):
            read(signed(key=STRANGER, header=header))


def test_for_an_unknown_key_its_owner_is_asked_again_and_once() -> None:
    keys = Keys()
    with pytest.raises(UnsignedError):
        read(signed(header={"kid": "unknown"}), keys)

    assert keys.again == 1


@pytest.mark.parametrize(
    "jwks",
    [
        {},
        {"keys": None},
        {"keys": ["x"]},
        {"keys": [{"kid": "ES384"}]},
        {"keys": [EC["ES384"].as_dict(private=False)] * 2},
        {"keys": [{**EC["ES384"].as_dict(private=False), "use": "enc"}]},
    ],
    ids=["nothing", "null", "a word", "half a key", "the same name twice", "one to encrypt with"],
)
def test_keys_that_are_none_check_nothing(jwks: dict[str, Any]) -> None:
    keys = Keys()
    keys.jwks = jwks

    with pytest.raises(UnsignedError):
        read(signed(), keys)


def caller_of(token: str, purpose: Purpose = "care") -> Caller | None:
    registered = Caller("ehr", purpose, "north", scopes=read_scopes(["system/Observation.rs"]))
    issuing = Issuing(Issuer(THEM, US, Keys(), 3600), "client_id", {"ehr": registered})
    return issued_caller(token, [issuing], NOW)


@pytest.mark.parametrize(
    "said",
    [
        {"scope": "openid system/*.rs"},
        {"scp": ["openid", "system/*.read"]},
        {"scp": "system/Observation.rs"},
    ],
    ids=["scope", "scp as a list", "scp as words"],
)
def test_who_is_named_gets_what_both_the_token_and_the_settings_allow(said: Any) -> None:  # noqa: ANN401
    caller = caller_of(signed(**said))

    assert caller is not None
    assert (caller.client, caller.purpose, caller.clinic) == ("ehr", "care", "north")
    assert caller.may("s", "Observation")
    assert not caller.may("r", "Patient")


@pytest.mark.parametrize("scope", [None, "openid", 7, {"system/*.rs": 1}])
def test_a_token_without_a_scope_of_ours_allows_nothing(scope: object) -> None:
    caller = caller_of(signed(scope=scope))

    assert caller is not None
    assert caller.scopes == ()


@pytest.mark.parametrize("name", [None, "somebody", 7, ["ehr"]])
def test_a_token_for_nobody_who_is_registered_lets_nobody_in(name: object) -> None:
    assert caller_of(signed(client_id=name, scope="system/*.rs")) is None


def test_a_token_that_does_not_hold_lets_nobody_in() -> None:
    assert caller_of(signed(key=STRANGER, scope="system/*.rs")) is None
