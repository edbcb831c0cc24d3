"""Which answers a page of another origin may read, and what it may send."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from adapter.server.audited import told
from adapter.server.origins import EXPOSED, HEADERS, OpenToOrigins, Origins
from tests.in_process import ask_app

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

NORTH, SOUTH, ELSEWHERE = (f"https://{name}.example.org" for name in ("north", "south", "else"))
ORIGINS = Origins({"a": frozenset({NORTH}), "b": frozenset({SOUTH, NORTH}), "c": frozenset()})
ALLOWED = "access-control-allow-origin"


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    """A service that knows the client by a header, and tells some things to everybody."""
    request = Request(scope, receive)
    told(request).client = request.headers.get("x-client", "")
    is_open = request.url.path.endswith("well-known")
    more = {ALLOWED: "*"} if is_open else {"Vary": "Accept-Encoding"}
    response: Response = JSONResponse(request.method, headers=more)
    await response(scope, receive, send)


def ask(path: str = "/fhir/Patient", method: str = "GET", /, **headers: str) -> httpx.Response:
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    request = httpx.Request(method, f"https://trial.example.org{path}", headers=said)
    return ask_app(OpenToOrigins(inside, ORIGINS), request)


@pytest.mark.parametrize(
    ("client", "origin", "may"),
    [
        ("a", NORTH, True),
        ("a", SOUTH, False),
        ("b", SOUTH, True),
        ("c", NORTH, False),
        ("unknown", NORTH, False),
        ("", SOUTH, True),  # a refusal before anybody was known
        ("", ELSEWHERE, False),
        ("a", "null", False),
        ("a", NORTH.upper(), False),
        ("a", f"{NORTH}.evil.example", False),
    ],
)
def test_an_answer_is_for_pages_of_the_client_that_got_it(
    client: str, origin: str, *, may: bool
) -> None:
    answer = ask(origin=origin, x_client=client)

    assert answer.headers.get(ALLOWED) == (origin if may else None)
    assert answer.headers.get_list("vary") == ["Accept-Encoding", "Origin"]
    exposed = answer.headers.get("access-control-expose-headers")
    assert exposed == (", ".join(EXPOSED) if may else None)
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.json() == "GET"


@pytest.mark.parametrize("path", ["/fhir", "/fhir/bulk/x/0001.ndjson", "/auth/token"])
def test_a_preflight_of_a_named_origin_is_told_what_may_be_sent(path: str) -> None:
    answer = ask(path, "OPTIONS", origin=SOUTH, access_control_request_method="PUT")

    assert answer.status_code == 204
    assert answer.headers[ALLOWED] == SOUTH
    assert answer.headers["vary"] == "Origin"
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, POST, PUT, PATCH, DELETE"
    assert answer.headers["access-control-allow-headers"].split(", ") == list(HEADERS)
    assert {"Authorization", "If-Match", "Prefer", "Content-Type"} <= set(HEADERS)
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/fhir/Patient", {"origin": ELSEWHERE, "access_control_request_method": "GET"}),
        ("/fhir/Patient", {"access_control_request_method": "GET"}),
        ("/fhir/Patient", {"origin": NORTH}),  # no preflight
        ("/app/", {"origin": NORTH, "access_control_request_method": "GET"}),
        ("/auth/token-of-another", {"origin": NORTH, "access_control_request_method": "POST"}),
    ],
)
def test_any_other_is_answered_by_the_service_itself(path: str, headers: dict[str, str]) -> None:
    answer = ask(path, "OPTIONS", **headers)

    assert answer.json() == "OPTIONS"
    assert "access-control-allow-methods" not in answer.headers


def test_what_is_for_everybody_stays_so_and_pages_of_people_are_for_nobody_else() -> None:
    assert ask("/fhir/.well-known", origin=ELSEWHERE).headers.get_list(ALLOWED) == ["*"]
    assert ask("/fhir/.well-known", origin=NORTH).headers.get_list(ALLOWED) == ["*"]
    for path in ("/app/", "/docs", "/metrics", "/fhirless"):
        answer = ask(path, origin=NORTH)
        assert ALLOWED not in answer.headers
        assert answer.headers.get_list("vary") == ["Accept-Encoding"]
    assert ALLOWED not in ask(x_client="a").headers  # no page at all
