"""Who gets a token: clients that sign as SMART Backend Services asks, once with each assertion."""

from __future__ import annotations

import base64
import hmac
import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt as pyjwt
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from adapter.server.caller import Caller, read_scopes
from adapter.server.grants import ASSERTION, Client, GrantError, Grants, Token
from adapter.store.database import Database

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "https://trial.example.org/auth/token"
EC = ECKey.generate_key("P-384", {"kid": "ec", "alg": "ES384", "use": "sig"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "alg": "RS384", "use": "sig"})
STRANGER = ECKey.generate_key("P-384", {"kid": "ec"})
JWKS = {"keys": [EC.as_dict(private=False), RSA.as_dict(private=False)]}
HS256, NONE = b'{"alg":"HS256","kid":"ec"}', b'{"alg":"none","kid":"ec"}'
jtis = (f"jti-{number}" for number in itertools.count())


class Desk:
    """A token endpoint on a ledger, with a clock that can be moved."""

    def __init__(self, path: Path) -> None:
        """With one client, which signs with two keys."""
        self.now = NOW
        self.jwks: dict[str, Any] = JWKS
        self.asked = list[bool]()
        scopes = read_scopes(["system/Observation.rs", "system/Patient.r"])
        client = Client(Caller("ehr", "care", "north", scopes=scopes), self._keys)
        self.database = Database(path)
        names = (f"token-{number}" for number in itertools.count())
        self.grants = Grants(
            self.database, {"ehr": client}, URL, lambda: self.now, lambda: next(names)
        )

    def _keys(self, is_asked_again: bool) -> dict[str, Any]:  # noqa: FBT001
        self.asked.append(is_asked_again)
        return self.jwks

    def ask(self, assertion: str, scope: str = "system/*.rs", **other: str) -> Token:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION,
            "client_assertion": assertion,
            "scope": scope,
        }
        return self.grants.grant({**form, **other})

    def refusal(self, assertion: str, scope: str = "system/*.rs", **other: str) -> str:
        with pytest.raises(GrantError) as refused:
            self.ask(assertion, scope, **other)
        return refused.value.refusal


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A token endpoint."""
    made = Desk(tmp_path / "ledger.sqlite")
    yield made
    made.database.close()


def in_base64(said: bytes) -> str:
    return base64.urlsafe_b64encode(said).decode().rstrip("=")


def signed(key: ECKey | RSAKey = EC, header: dict[str, Any] | None = None, **claims: object) -> str:
    """An assertion as it should be, but for what is given."""
    algorithm = {"ec": "ES384", "rsa": "RS384"}.get(key.kid or "ec", "ES384")
    said = {"alg": algorithm, "kid": key.kid, "typ": "JWT", **(header or {})}
    named = {name: value for name, value in said.items() if value is not None}
    seconds = int(NOW.timestamp())
    told = {"iss": "ehr", "sub": "ehr", "aud": URL, "exp": seconds + 240, "jti": next(jtis)}
    kept = {name: value for name, value in {**told, **claims}.items() if value is not None}
    return jwt.encode(named, kept, key, algorithms=[named["alg"]], default_type=None)


@pytest.mark.parametrize("key", [EC, RSA], ids=["ES384", "RS384"])
def test_who_signs_as_agreed_gets_a_token_that_is_known_until_it_ends(
    desk: Desk, key: ECKey | RSAKey
) -> None:
    token = desk.ask(signed(key))

    caller = desk.grants.caller_of(token.value)
    assert caller is not None
    assert (caller.client, caller.purpose, caller.clinic) == ("ehr", "care", "north")
    assert caller.may("s", "Observation")
    assert caller.may("r", "Patient")
    assert not caller.may("s", "Patient")
    assert not caller.may("r", "AdverseEvent")
    assert token.seconds <= 300
    desk.now += timedelta(seconds=token.seconds + 1)
    assert desk.grants.caller_of(token.value) is None


def test_a_token_of_who_is_registered_no_more_is_nobodys(desk: Desk) -> None:
    token = desk.ask(signed())
    later = replace(desk.grants, clients={})

    assert later.caller_of(token.value) is None


@pytest.mark.parametrize("key", [EC, RSA], ids=["ES384", "RS384"])
def test_a_key_need_not_say_its_algorithm(desk: Desk, key: ECKey | RSAKey) -> None:
    said = key.as_dict(private=False)
    desk.jwks = {"keys": [{name: said[name] for name in said if name not in {"alg", "use"}}]}

    assert desk.ask(signed(key)).scope


def test_a_name_that_no_text_can_hold_is_no_clients(desk: Desk) -> None:
    key = pyjwt.PyJWK({**EC.as_dict(private=True), "alg": "ES384"}).key
    seconds = int(NOW.timestamp())
    claims = {"iss": "ehr", "sub": "ehr", "aud": URL, "exp": seconds + 240, "jti": "\ud800"}

    assertion = pyjwt.encode(claims, key, "ES384", {"kid": "ec"})

    assert desk.refusal(assertion) == "invalid_client"
    assert desk.ask(pyjwt.encode({**claims, "jti": "good"}, key, "ES384", {"kid": "ec"})).scope


def test_a_clock_may_be_a_little_ahead_and_a_kind_need_not_be_named(desk: Desk) -> None:
    soon = int(NOW.timestamp()) + 29

    assert desk.ask(signed(nbf=soon, iat=soon)).scope
    assert desk.ask(signed(header={"typ": None})).scope
    assert desk.ask(signed(header={"typ": "jwt"})).scope


def test_the_ledger_holds_no_token(desk: Desk, tmp_path: Path) -> None:
    token = desk.ask(signed())

    desk.database.close()
    assert token.value.encode() not in (tmp_path / "ledger.sqlite").read_bytes()
    assert token.value not in repr(token)


def test_an_assertion_is_taken_once_also_by_another_worker_and_after_a_restart(
    desk: Desk, tmp_path: Path
) -> None:
    assertion = signed()
    desk.ask(assertion)

    assert desk.refusal(assertion) == "invalid_client"
    other = Desk(tmp_path / "ledger.sqlite")
    assert other.refusal(assertion) == "invalid_client"
    other.database.close()


def test_a_refused_assertion_is_not_spent(desk: Desk) -> None:
    assert desk.refusal(signed(STRANGER, jti="the-same")) == "invalid_client"
    assert desk.ask(signed(jti="the-same")).scope


@pytest.mark.parametrize(
    "assertion",
    [
        "",
        "not.a.jwt",
        "e30.e30.",
        signed(aud="https://other.example.org/auth/token"),
        signed(aud=[URL, "https://other.example.org"]),
        signed(aud=None),
        signed(exp=int(NOW.timestamp()) - 31),
        signed(exp=int(NOW.timestamp()) + 331),
        signed(exp=None),
        signed(exp="soon"),
        signed(exp=True),
        signed(sub="another"),
        signed(iss="another", sub="another"),
        signed(iss=["ehr"]),
        signed(jti=None),
        signed(jti=""),
        signed(jti=7),
        signed(jti="x" * 256),
        signed(jti="a\0b"),
        signed(nbf=int(NOW.timestamp()) + 31),
        signed(iat=int(NOW.timestamp()) + 31),
        signed(nbf="soon"),
        signed(iat=True),
        signed(header={"typ": "at+jwt"}),
        signed(STRANGER),
        signed(header={"kid": "another"}),
        signed(header={"kid": None}),
        signed(header={"jku": "https://evil.example.org/jwks"}),
    ],
    ids=itertools.count(),  # signatures differ from process to process
)
def test_whoever_signs_otherwise_is_refused(desk: Desk, assertion: str) -> None:
    assert desk.refusal(assertion) == "invalid_client"


def test_no_secret_of_ours_and_no_signature_at_all_are_refused(desk: Desk) -> None:
    head, claims, _ = signed().split(".")
    hashed = f"{in_base64(HS256)}.{claims}"
    by_public_key = hmac.digest(EC.as_pem(private=False), hashed.encode(), "sha256")
    unsigned = f"{in_base64(NONE)}.{claims}."

    assert desk.refusal(f"{hashed}.{in_base64(by_public_key)}") == "invalid_client"
    assert desk.refusal(unsigned) == "invalid_client"
    assert desk.refusal(f"{head}.{claims}.") == "invalid_client"


def test_two_keys_of_one_name_are_none_and_an_unknown_one_is_looked_for_again(desk: Desk) -> None:
    desk.jwks = {"keys": [*JWKS["keys"], {**EC.as_dict(private=False)}]}
    assert desk.refusal(signed()) == "invalid_client"

    desk.jwks, desk.asked = {"keys": []}, []
    assert desk.refusal(signed()) == "invalid_client"
    assert desk.asked == [False, True]


@pytest.mark.parametrize(
    ("form", "refusal"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_assertion_type": "other"}, "invalid_request"),
    ],
)
def test_another_kind_of_request_is_refused_as_the_standard_says(
    desk: Desk, form: dict[str, str], refusal: str
) -> None:
    assert desk.refusal(signed(), **form) == refusal


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        ("system/*.rs", "system/Observation.rs system/Patient.r"),
        ("system/*.read", "system/Observation.rs system/Patient.r"),
        ("system/Observation.cruds", "system/Observation.rs"),
        ("system/Observation.s system/Observation.r", "system/Observation.rs"),
        ("system/Patient.read", "system/Patient.r"),
    ],
)
def test_scopes_are_granted_as_far_as_they_are_registered(
    desk: Desk, asked: str, granted: str
) -> None:
    assert desk.ask(signed(), asked).scope == granted


@pytest.mark.parametrize(
    "asked",
    ["", "system/AdverseEvent.rs", "system/Observation.sr", "system/Observation.dus",
     "patient/Observation.rs", "system/Observation", "system/Observation.write", "*"],
)  # fmt: skip
def test_other_scopes_are_refused(desk: Desk, asked: str) -> None:
    assert desk.refusal(signed(), asked) == "invalid_scope"
