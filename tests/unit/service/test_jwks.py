"""Keys are kept as long as their owner says, and come from where the settings say alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapter.service.jwks import LARGEST_JWKS, keys_of
from adapter.simulate import serving

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
AS_KEPT, AS_THEY_ARE = False, True
ONE, TWO = {"keys": [{"kid": "1"}]}, {"keys": [{"kid": "2"}]}


@dataclass
class Owner:
    """A server of keys: what it says, and the paths at which it was asked."""

    answer: Response = field(default_factory=Response)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def says(self, content: object, status: int = 200, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = Response(json.dumps(content), status, named)


@pytest.fixture
def owner() -> Iterator[Owner]:
    made = Owner()

    async def tell(request: Request) -> Response:
        made.asked.append(request.url.path)
        return made.answer

    with serving(Starlette(routes=[Route("/{path:path}", tell)])) as port:
        made.url = f"http://127.0.0.1:{port}/keys"
        yield made


@pytest.mark.parametrize(
    ("says", "times"),
    [("max-age=600", 1), ("max-age=0", 3), ("no-store, max-age=600", 3), ("no-cache", 3), ("", 3)],
    ids=["kept", "over at once", "not to be stored", "not to be kept", "nothing said"],
)
def test_keys_are_kept_no_longer_than_their_owner_says(owner: Owner, says: str, times: int) -> None:
    owner.says(ONE, cache_control=says)
    keys = keys_of(None, owner.url)

    assert [keys(AS_KEPT) for _ in range(3)] == [ONE] * 3
    assert len(owner.asked) == times


def test_a_key_that_is_not_known_is_asked_for_again_but_not_by_whoever_invents_some(
    owner: Owner,
) -> None:
    owner.says(ONE, cache_control="max-age=600")
    keys = keys_of(None, owner.url)
    assert keys(AS_KEPT) == ONE
    owner.says(TWO, cache_control="max-age=600")

    assert [keys(AS_THEY_ARE) for _ in range(5)] == [TWO] * 5
    assert len(owner.asked) == 2


def test_a_key_whose_time_is_over_is_not_believed_where_its_owner_gives_it_no_more(
    owner: Owner,
) -> None:
    owner.says(ONE, cache_control="max-age=0")
    keys = keys_of(None, owner.url)
    before = keys(AS_KEPT)
    owner.says(ONE, 404)

    after = [keys(how) for how in (AS_KEPT, AS_THEY_ARE, AS_KEPT, AS_THEY_ARE)]

    assert before == ONE
    assert after == [{"keys": []}] * 4


def test_no_redirect_is_followed(owner: Owner) -> None:
    owner.says(ONE, 302, location="/elsewhere")

    assert keys_of(None, owner.url)(AS_KEPT) == {"keys": []}
    assert owner.asked == ["/keys"]


@pytest.mark.parametrize(
    "content",
    [["x"], "x", {"keys": ["x" * LARGEST_JWKS]}],
    ids=["a list", "a word", "more than keys are"],
)
def test_what_is_no_set_of_keys_is_none(owner: Owner, content: object) -> None:
    owner.says(content)

    assert keys_of(None, owner.url)(AS_KEPT) == {"keys": []}


def test_keys_in_a_file_are_those_that_it_holds_now(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    keys = keys_of(file, None)

    before = keys(AS_KEPT)
    file.write_text(json.dumps(ONE), "utf-8")
    first = keys(AS_KEPT)
    file.write_text(json.dumps({**TWO, "more": "to tell the size apart"}), "utf-8")

    assert (before, first) == ({"keys": []}, ONE)
    assert keys(AS_KEPT)["keys"] == TWO["keys"]
