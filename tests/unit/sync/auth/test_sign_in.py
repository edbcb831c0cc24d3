"""A token or a password is what its file says now, and goes to the clinic alone."""

from __future__ import annotations

from base64 import b64encode

import httpx
import pytest

from adapter.errors import DeclarationError
from adapter.sync.answer import Answer
from adapter.sync.auth import NO_SIGN_IN, Basic, SignIn, StaticToken
from adapter.sync.client import FhirClient
from tests.unit.sync.auth.test_smart_backend import Door

BASE = "https://clinic.example.org/fhir/"


class Guard(httpx.BaseTransport):
    """Lets in who shows what it wants to see, and notes what it was shown."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        self.shown: list[str | None] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.shown.append(request.headers.get("Authorization"))
        return httpx.Response(200 if self.shown[-1] == self.wanted else 401, json={})


def status(guard: Guard, sign_in: SignIn, url: str = "Patient/1") -> int:
    http = httpx.Client(transport=guard, base_url=BASE, trust_env=False)
    answer = FhirClient(http, lambda: Door().now, sign_in).exchange("GET", url)
    assert isinstance(answer, Answer)
    return answer.status


def test_without_a_sign_in_nothing_is_shown_and_nothing_repeated() -> None:
    guard = Guard("anything")

    assert status(guard, NO_SIGN_IN) == 401

    assert guard.shown == [None]


def test_a_token_is_shown_as_bearer() -> None:
    guard = Guard("Bearer abc.DEF-1~+/==")

    assert status(guard, StaticToken(lambda: "abc.DEF-1~+/==", "north")) == 200


def test_a_user_and_a_password_are_shown_as_basic() -> None:
    guard = Guard(f"Basic {b64encode('trial:pässword:1'.encode()).decode()}")

    assert status(guard, Basic("trial", lambda: "pässword:1")) == 200


@pytest.mark.parametrize("kind", ["token", "password"])
def test_a_secret_that_was_exchanged_while_it_was_shown_is_tried_once(kind: str) -> None:
    secrets = ["old", "new", "new", "new"]

    def secret() -> str:
        return secrets.pop(0)

    sign_in = StaticToken(secret, "north") if kind == "token" else Basic("trial", secret)
    new = b64encode(b"trial:new").decode()
    guard = Guard("Bearer new" if kind == "token" else f"Basic {new}")

    assert status(guard, sign_in) == 200

    assert len(guard.shown) == 2


def test_a_secret_that_is_refused_and_the_same_is_not_tried_again() -> None:
    guard = Guard("Bearer other")

    assert status(guard, StaticToken(lambda: "mine", "north")) == 401

    assert guard.shown == ["Bearer mine"]


def test_no_secret_goes_to_another_origin() -> None:
    guard = Guard("Bearer mine")

    status(guard, StaticToken(lambda: "mine", "north"), "https://other.example.org/fhir/Patient/1")

    assert guard.shown == [None]


@pytest.mark.parametrize("text", ["", "two words", "line\nbreak", "ümlaut", "a=b"])
def test_what_cannot_be_a_token_is_refused_without_it(text: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        StaticToken(lambda: text, "north").authorization()

    assert "a token of north" in str(caught.value)
    assert not text or text not in str(caught.value)
