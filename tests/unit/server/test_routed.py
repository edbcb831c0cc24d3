"""A path leads to one endpoint, whatever it could be read as, and what is raised there is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from adapter.server.routed import Forked, Handlers, Routed

Ask = Callable[..., httpx.Response]
PATHS = (
    ("/", "POST"),
    ("/metadata", "GET"),
    ("/Group/{id}/$export", "GET"),
    ("/bulk/{job}", "DELETE"),
    ("/{type}/$validate", "POST"),
    ("/{type}/${name}", "GET"),
    ("/{type}/_search", "POST"),
    ("/{type}/{id}/_history/{number}", "GET"),
    ("/{type}/{id}", "GET"),
    ("/{type}", "GET"),
    ("/{type}", "POST"),
)


def told(path: str) -> Callable[[Request], Response]:
    async def endpoint(request: Request) -> Response:
        if request.query_params.get("raises") == "value":
            raise ValueError
        if request.query_params.get("raises") == "key":
            raise KeyError
        named = " ".join(f"{name}={said}" for name, said in request.path_params.items())
        return PlainTextResponse(f"{request.method} {path} {named}".rstrip())

    return endpoint  # type: ignore[return-value]


async def out_of_place(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return PlainTextResponse("nothing of this form", error.status_code)


async def wrong_value(_: Request, __: Exception) -> Response:
    return PlainTextResponse("a wrong value", 400)


async def broken(_: Request, __: Exception) -> Response:
    return PlainTextResponse("broken", 500)


@pytest.fixture
def ask() -> Ask:
    """Asks an application under `/fhir`, beside another one; what is raised by it passes."""
    handlers: Handlers = {
        HTTPException: out_of_place,
        ValueError: wrong_value,
        Exception: broken,
    }
    inside = Routed([Route(path, told(path), methods=[word]) for path, word in PATHS], handlers)
    app = Forked(PlainTextResponse("elsewhere"), "/fhir", inside)

    def asked(method: str, path: str, *, raises: bool = True) -> httpx.Response:
        async def answer() -> httpx.Response:
            way = httpx.ASGITransport(app, raise_app_exceptions=raises)
            async with httpx.AsyncClient(transport=way, base_url="http://here") as client:
                return await client.request(method, path)

        return asyncio.run(answer())

    return asked


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/fhir/", "POST /"),
        ("GET", "/fhir/metadata", "GET /metadata"),
        ("GET", "/fhir/Observation", "GET /{type} type=Observation"),
        ("GET", "/fhir/Observation/", "GET /{type} type=Observation"),
        ("POST", "/fhir/Observation", "POST /{type} type=Observation"),
        ("GET", "/fhir/Observation/1", "GET /{type}/{id} type=Observation id=1"),
        ("HEAD", "/fhir/Observation/1", ""),
        ("GET", "/fhir/Group/1", "GET /{type}/{id} type=Group id=1"),
        ("GET", "/fhir/Group/1/$export", "GET /Group/{id}/$export id=1"),
        ("GET", "/fhir/bulk/1", "GET /{type}/{id} type=bulk id=1"),
        ("DELETE", "/fhir/bulk/1", "DELETE /bulk/{job} job=1"),
        ("POST", "/fhir/Patient/_search", "POST /{type}/_search type=Patient"),
        ("POST", "/fhir/Patient/$validate", "POST /{type}/$validate type=Patient"),
        ("GET", "/fhir/Patient/$validate", "GET /{type}/${name} type=Patient name=validate"),
        ("GET", "/fhir/Patient/$", "GET /{type}/{id} type=Patient id=$"),
        (
            "GET",
            "/fhir/Patient/1/_history/2",
            "GET /{type}/{id}/_history/{number} type=Patient id=1 number=2",
        ),
        ("GET", "/fhirs", "elsewhere"),
        ("GET", "/fhir", "elsewhere"),
    ],
)
def test_the_narrowest_route_that_takes_the_method_answers(
    ask: Ask, method: str, path: str, expected: str
) -> None:
    answer = ask(method, path)

    assert (answer.status_code, answer.text) == (200, expected)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/fhir//Observation", 404),
        ("GET", "/fhir/Observation//1", 404),
        ("GET", "/fhir/Observation//", 404),
        ("GET", "/fhir/Observation/1/2", 404),
        ("GET", "/fhir/a/b/c/d/e", 404),
        ("GET", "/fhir/" + "$a/" * 3_000, 404),
        ("PATCH", "/fhir/Observation/1", 405),
        ("GET", "/fhir/", 405),
    ],
)
def test_what_is_no_path_or_no_method_of_it_is_told_so(
    ask: Ask, method: str, path: str, status: int
) -> None:
    assert ask(method, path).status_code == status


def test_what_was_foreseen_is_answered_and_what_was_not_is_raised_again_for_the_log(
    ask: Ask,
) -> None:
    foreseen = ask("GET", "/fhir/metadata?raises=value")
    unforeseen = ask("GET", "/fhir/metadata?raises=key", raises=False)

    assert (foreseen.status_code, foreseen.text) == (400, "a wrong value")
    assert (unforeseen.status_code, unforeseen.text) == (500, "broken")
    with pytest.raises(KeyError):
        ask("GET", "/fhir/metadata?raises=key")
