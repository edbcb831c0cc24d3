"""Who may knock at the trigger's door, and what is believed of what they say: one name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from starlette.applications import Starlette

from adapter.server.triggers import MOST_BYTES, Trigger, trigger_route
from adapter.simulate import serving

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
SECRET, OTHER = "s" * 32, "t" * 32
HERE, THERE = "redcap.example.org, project 42", "redcap.example.org, project 7"
SAID = {
    "project_id": "42",
    "redcap_url": "https://redcap.example.org/",
    "project_url": "https://redcap.example.org/redcap_v14.5.5/index.php?pid=42",
    "username": "somebody",
    "record": "1015",
    "instrument": "mood",
    "mood_complete": "2",
    "redcap_event_name": "week_0_arm_1",
}
FORM = "application/x-www-form-urlencoded"
CANARY = "Canary-4711"
Knock = Callable[..., httpx.Response]


@pytest.fixture
def heard() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def knock(heard: list[tuple[str, str]]) -> Any:  # noqa: ANN401 - yields
    """Posts to the door."""
    known = [
        Trigger(HERE, "42", "https://redcap.example.org", lambda: SECRET),
        Trigger(THERE, "7", "https://redcap.example.org/", lambda: OTHER),
    ]
    app = Starlette(routes=[trigger_route(known, lambda *said: heard.append(said))])
    with serving(app) as port:

        def post(content: bytes | str, secret: str = SECRET, kind: str = FORM) -> httpx.Response:
            url = f"http://127.0.0.1:{port}/redcap/trigger/{secret}"
            return httpx.post(url, content=content, headers={"Content-Type": kind})

        yield post


def test_a_save_is_heard_and_nothing_of_it_but_the_record_s_name(
    knock: Knock, heard: list[tuple[str, str]]
) -> None:
    answers = [knock(urlencode(SAID)), knock(urlencode({**SAID, "project_id": "7"}), OTHER)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(202, b"")] * 2
    assert heard == [(HERE, "1015"), (THERE, "1015")]


@pytest.mark.parametrize("secret", ["", "x", SECRET[:-1], SECRET + "s", "S" * 32, "%00", "%ff" * 9])
def test_a_wrong_secret_is_answered_like_any_path_that_leads_nowhere(
    knock: Knock, heard: list[tuple[str, str]], secret: str
) -> None:
    answer = knock(urlencode(SAID), secret)

    assert answer.status_code == 404
    assert heard == []


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        pytest.param({"project_id": "7"}, 400, id="another project's, by this one's secret"),
        pytest.param({"project_id": None}, 400, id="of no project"),
        pytest.param({"redcap_url": "https://elsewhere.example.org/"}, 400, id="another server's"),
        pytest.param({"redcap_url": None}, 400, id="of no server"),
        pytest.param({"record": None}, 400, id="of no record"),
        pytest.param({"record": "  "}, 400, id="a blank name"),
        pytest.param({"record": "1,2"}, 400, id="two names"),
        pytest.param({"record": "1\n2"}, 400, id="a name with a line break"),
        pytest.param({"record": "1\u202e2"}, 400, id="a name that is no print"),
        pytest.param({"record": CANARY * 10}, 400, id="a name that is too long"),
    ],
)
def test_a_form_that_is_none_of_the_project_s_is_refused_and_not_repeated(
    knock: Knock, heard: list[tuple[str, str]], changed: dict[str, str | None], status: int
) -> None:
    said = {name: text for name, text in {**SAID, **changed}.items() if text is not None}

    answer = knock(urlencode(said))

    assert (answer.status_code, heard) == (status, [])
    assert CANARY not in answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        pytest.param(b"{}", "application/json", 415, id="JSON"),
        pytest.param(urlencode(SAID).encode() + b"&record=2", FORM, 400, id="a field twice"),
        pytest.param(urlencode(SAID).encode() + b"&x=%ff", FORM, 400, id="bytes that are no UTF-8"),
        pytest.param(urlencode(SAID).encode() + b"&x=\xc3\xa4", FORM, 400, id="bare bytes"),
        pytest.param(b"&".join(b"a%d=1" % n for n in range(300)), FORM, 400, id="many fields"),
        pytest.param(b"a=" + b"x" * MOST_BYTES, FORM, 413, id="more than it may be"),
    ],
)
def test_what_is_no_form_is_refused(
    knock: Knock, heard: list[tuple[str, str]], content: bytes, kind: str, status: int
) -> None:
    answer = knock(content, SECRET, kind)

    assert (answer.status_code, heard) == (status, [])
