"""A key signs in: the assertion is what the standard says, and the token goes where it belongs."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from adapter.errors import DeclarationError, EhrError
from adapter.sync.answer import Answer
from adapter.sync.auth.keys import Algorithm, new_key, public_jwk
from adapter.sync.auth.smart_backend import Registration, SmartBackend
from adapter.sync.client import FhirClient
from adapter.sync.receipt import Unknown, Unreachable
from tests.unit.sync.auth.authority import (
    BASE,
    CLIENT,
    CONFIGURATION,
    ORIGIN,
    Answering,
    Authority,
)

CANARY = "Canary-4711"
NEEDS = {"Observation": "cruds", "Patient": "rs"}
CONFIGURED = "/fhir/.well-known/smart-configuration"


@cache
def key(kid: str, algorithm: Algorithm = "ES384") -> dict[str, Any]:
    return new_key(kid, algorithm)


@dataclass
class Door:
    """A client before an authority; `now` moves when it is told to."""

    algorithm: Algorithm = "ES384"
    scopes: tuple[str, ...] = ()
    now: datetime = datetime(2026, 3, 1, 20, 30, tzinfo=ZoneInfo("Australia/Sydney"))
    texts: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.key = key("first", self.algorithm)
        self.authority = Authority(lambda: self.now, [public_jwk(self.key)])
        http = httpx.Client(transport=self.authority, base_url=BASE, trust_env=False)
        registered = Registration("north", CLIENT, lambda: json.dumps(self.key), NEEDS, self.scopes)
        self.sign_in = SmartBackend(
            http, registered, lambda: self.now, lambda: f"unique-{next(self.texts)}"
        )
        self.client = FhirClient(http, lambda: self.now, self.sign_in)

    def ask(self, path: str = "Patient/1") -> Answer | Unreachable | Unknown:
        return self.client.exchange("GET", path)

    def status(self) -> int:
        answer = self.ask()
        assert isinstance(answer, Answer)
        return answer.status

    def pass_seconds(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def meet(self, path: str, *answers: Answering) -> None:
        self.authority.faults[path] = list(answers)


@pytest.fixture
def door() -> Door:
    return Door()


def saying(status: int, said: object = None, **headers: str) -> Answering:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: httpx.Response(status, json=said or {}, headers=named)


def silence(kind: type[httpx.TransportError]) -> Answering:
    def fails(_: httpx.Request) -> httpx.Response:
        raise kind(CANARY)

    return fails


@pytest.mark.parametrize("algorithm", ["RS384", "ES384"])
def test_a_server_of_another_library_lets_in_who_signs_by(algorithm: Algorithm) -> None:
    door = Door(algorithm)

    assert door.status() == 200

    assert door.authority.signed_by == ["first"]
    assert door.authority.asked[0]["scope"] == "system/Observation.cruds system/Patient.rs"


def test_discovery_asks_for_json_below_the_base(door: Door) -> None:
    door.ask()

    (asked,) = door.authority.went_to(CONFIGURED)
    assert asked.headers["Accept"] == "application/json"


def test_a_relative_token_endpoint_is_taken_from_the_base(door: Door) -> None:
    door.authority.configuration |= {"token_endpoint": "../auth/token"}

    with pytest.raises(EhrError, match="invalid_client"):  # the audience is the whole address
        door.ask()

    assert [str(each.url) for each in door.authority.went_to("/auth/token")] == [
        f"{ORIGIN}/auth/token"
    ]


def test_one_token_serves_until_the_last_minute_of_its_life(door: Door) -> None:
    statuses = []
    for _ in range(60):
        statuses.append(door.status())
        door.pass_seconds(10)

    assert set(statuses) == {200}
    assert len(door.authority.tokens) == 3
    assert len({form["client_assertion"] for form in door.authority.asked}) == 3
    assert len(door.authority.went_to(CONFIGURED)) == 1


@pytest.mark.parametrize(("lasts", "bought"), [(5, 2), (100, 1), (None, 1)])
def test_a_short_life_is_renewed_in_its_last_fifth(lasts: int | None, bought: int) -> None:
    door = Door()
    door.authority.lasts = lasts
    door.ask()

    door.pass_seconds(4)

    assert door.status() == 200
    assert len(door.authority.tokens) == bought


def test_a_token_that_does_not_say_how_long_it_lasts_is_used_for_a_minute(door: Door) -> None:
    door.authority.lasts = None
    door.ask()

    door.pass_seconds(60)
    door.ask()

    assert len(door.authority.tokens) == 2


def test_a_token_that_is_refused_is_renewed_and_the_request_repeated(door: Door) -> None:
    door.ask()
    door.authority.tokens["token-1"] = door.now  # taken back before its time

    assert door.status() == 200

    assert [
        each.headers["Authorization"] for each in door.authority.went_to("/fhir/Patient/1")
    ] == [
        "Bearer token-1",
        "Bearer token-1",
        "Bearer token-2",
    ]


def test_after_a_second_refusal_it_stops(door: Door) -> None:
    door.meet("/fhir/Patient/1", *[saying(401)] * 5)

    assert door.status() == 401

    assert len(door.authority.went_to("/fhir/Patient/1")) == 2
    assert len(door.authority.tokens) == 2


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example.org/fhir/Patient/1",
        "http://clinic.example.org/fhir/Patient/1",
        "https://clinic.example.org:8443/fhir/Patient/1",
    ],
    ids=["host", "scheme", "port"],
)
def test_no_token_goes_to_another_origin(door: Door, url: str) -> None:
    door.ask()

    door.ask(url)

    assert "Authorization" not in door.authority.requests[-1].headers
    assert str(door.authority.requests[-1].url) == url


def test_a_redirect_is_not_followed_with_a_token(door: Door) -> None:
    door.meet("/fhir/Patient/1", saying(307, Location="https://other.example.org/fhir/Patient/1"))

    assert door.status() == 307

    assert {each.url.host for each in door.authority.requests} == {"clinic.example.org"}


def test_a_key_that_was_exchanged_signs_the_next_assertion(door: Door) -> None:
    door.ask()
    door.key = key("second", "RS384")
    door.authority.jwks = [public_jwk(door.key)]

    door.pass_seconds(299)

    assert door.status() == 200
    assert door.authority.signed_by == ["first", "second"]


def test_a_token_that_still_lives_is_used_while_no_new_one_can_be_had(door: Door) -> None:
    door.ask()
    door.pass_seconds(250)
    door.meet("/auth/token", saying(503), saying(503))

    assert door.status() == 200

    door.pass_seconds(51)
    assert isinstance(door.ask(), Unreachable)


@pytest.mark.parametrize("path", [CONFIGURED, "/auth/token"], ids=["discovery", "token"])
@pytest.mark.parametrize(
    ("fault", "reason", "seconds"),
    [
        pytest.param(saying(503, Retry_After="21"), "HTTP 503", 21.0, id="busy"),
        pytest.param(saying(429), "HTTP 429", None, id="too many"),
        pytest.param(saying(500, {"error": CANARY}), "HTTP 500", None, id="broken"),
        pytest.param(silence(httpx.ConnectError), "ConnectError", None, id="nobody"),
        # Nothing of a patient was sent, so that this is no doubt about a write.
        pytest.param(silence(httpx.ReadTimeout), "ReadTimeout", None, id="no answer"),
    ],
)
def test_a_token_that_cannot_be_had_now_may_be_asked_for_again(
    door: Door, path: str, fault: Answering, reason: str, seconds: float | None
) -> None:
    door.meet(path, fault)

    assert door.ask() == Unreachable(f"no token: {reason}", seconds)

    assert door.authority.went_to("/fhir/Patient/1") == []
    assert door.status() == 200


def configured(**changed: object) -> tuple[str, Answering]:
    said = {name: value for name, value in {**CONFIGURATION, **changed}.items() if value != ""}
    return CONFIGURED, saying(200, said)


def granting(**changed: object) -> tuple[str, Answering]:
    said = {"access_token": "t", "token_type": "bearer", "expires_in": 300, **changed}
    return "/auth/token", saying(200, {name: value for name, value in said.items() if value != ""})


ANOTHER_TYPE = {"token_type": "mac"}
REFUSALS = {
    "no configuration": ((CONFIGURED, saying(404)), "HTTP 404"),
    "a page": ((CONFIGURED, lambda _: httpx.Response(200, text="<p>")), "smart-configuration"),
    "no token endpoint": (configured(token_endpoint=""), "`token_endpoint`"),
    "a less safe endpoint": (configured(token_endpoint=f"http://{CANARY}.org/t"), "by https"),
    "no endpoint of the web": (configured(token_endpoint=f"file:///{CANARY}"), "by https"),
    "secrets alone": (
        configured(token_endpoint_auth_methods_supported=["client_secret_basic"]),
        "`private_key_jwt`",
    ),
    "says neither": (
        configured(token_endpoint_auth_methods_supported="", capabilities=["permission-v2"]),
        "`private_key_jwt`",
    ),
    "another algorithm": (
        configured(token_endpoint_auth_signing_alg_values_supported=["RS384", "HS256"]),
        "by ES384; the clinic takes RS384",
    ),
    "an unknown client": (
        ("/auth/token", saying(401, {"error": "invalid_client", "error_description": CANARY})),
        "HTTP 401, invalid_client",
    ),
    "an error that is none": (("/auth/token", saying(400, {"error": CANARY})), "HTTP 400. Check"),
    "a redirect": (("/auth/token", saying(302, Location=f"https://{CANARY}")), "HTTP 302"),
    "no token": (granting(access_token=""), "`access_token`"),
    "a token over two lines": (granting(access_token=f"{CANARY}\r\nX: 1"), "`access_token`"),
    "another type": (granting(**ANOTHER_TYPE), "`bearer`"),
    "no type": (granting(token_type=""), "`bearer`"),
    "too little": (
        granting(scope="system/Patient.rs system/Observation.rs"),
        "not granted: system/Observation.cruds",
    ),
}


@pytest.mark.parametrize(("fault", "said"), REFUSALS.values(), ids=REFUSALS)
def test_what_is_no_sign_in_stops_with_a_word_of_ours(
    door: Door, fault: tuple[str, Answering], said: str
) -> None:
    path, answer = fault
    door.meet(path, answer)

    with pytest.raises(EhrError) as caught:
        door.ask()

    assert said in str(caught.value)
    assert CANARY not in str(caught.value)
    assert door.authority.went_to("/fhir/Patient/1") == []


def test_a_server_that_lists_nothing_but_its_kind_is_asked_as_the_standard_says(door: Door) -> None:
    for name in (
        "token_endpoint_auth_methods_supported",
        "token_endpoint_auth_signing_alg_values_supported",
    ):
        del door.authority.configuration[name]

    assert door.status() == 200


def test_a_server_before_v2_is_asked_in_words_of_v1_and_may_grant_in_either(door: Door) -> None:
    door.authority.configuration["capabilities"] = ["client-confidential-asymmetric"]
    door.authority.granted = "system/*.cruds"

    assert door.status() == 200

    (form,) = door.authority.asked
    assert form["scope"] == ("system/Observation.read system/Observation.write system/Patient.read")


def test_scopes_that_are_named_are_asked_for_in_place_of_ours() -> None:
    door = Door(scopes=("system/*.cruds",))

    assert door.status() == 200

    assert door.authority.asked[0]["scope"] == "system/*.cruds"


def test_a_key_that_is_none_is_told_without_what_it_says(door: Door) -> None:
    door.key = {"kty": "RSA", "kid": CANARY, "d": CANARY}

    with pytest.raises(DeclarationError) as caught:
        door.ask()

    assert CANARY not in str(caught.value)
    assert caught.value.problems[0].field == "sign_in.key_env or sign_in.key_file"


def test_neither_key_nor_token_stands_in_what_python_prints_of_them(door: Door) -> None:
    door.ask()

    printed = f"{vars(door.sign_in)} {vars(door.client)}"

    assert "token-1" not in printed
    assert door.key["d"] not in printed
