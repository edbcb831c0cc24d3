"""No request is longer, slower or more frequent than it may be, whatever door it goes to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from adapter.server.app import HANDLERS
from adapter.server.bounds import (
    MOST_BODY_BYTES,
    MOST_REMEMBERED,
    TOKEN_PATH,
    Bounded,
    Bounds,
    Buckets,
    network_of,
)

QUICK = 0.2


class Clock:
    """Seconds that go on when they are told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ask(clock: Clock) -> Callable[..., httpx.Response]:
    """Asks an application that answers well, late, never, or in parts."""

    async def read(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    async def slow(_: Request) -> Response:
        await asyncio.sleep(10)
        return PlainTextResponse("late")

    async def parts(_: Request) -> Response:
        async def each() -> AsyncIterator[bytes]:
            for _ in range(3):
                await asyncio.sleep(QUICK)
                yield b"part"

        return StreamingResponse(each())

    routes = [
        Route("/read", read, methods=["GET", "POST"]),
        Route(TOKEN_PATH, read, methods=["POST"]),
        Route("/slow", slow),
        Route("/parts", parts),
    ]
    inside = Starlette(routes=routes, exception_handlers=HANDLERS)
    app = Bounded(inside, Bounds(QUICK, Buckets(1.0, 3, clock)))

    def asked(method: str, path: str, **more: object) -> httpx.Response:
        async def answer() -> httpx.Response:
            way = httpx.ASGITransport(app, client=("192.0.2.7", 1))
            async with httpx.AsyncClient(transport=way, base_url="http://here") as client:
                return await client.request(method, path, **more)  # type: ignore[arg-type]

        return asyncio.run(answer())

    return asked


def test_what_is_within_the_bounds_passes(ask: Callable[..., httpx.Response]) -> None:
    assert ask("POST", "/read", content=b"x" * 100_000).text == "100000"
    assert ask("GET", "/parts").text == "part" * 3  # it has begun in time, and may go on


@pytest.mark.parametrize(
    ("path", "more", "status", "code"),
    [
        ("/read?" + "x" * 9_000, {}, 414, "too-long"),
        ("/read", {"headers": {"a": "x" * 40_000}}, 431, "too-long"),
        ("/read", {"headers": {"content-length": str(MOST_BODY_BYTES + 1)}}, 413, "too-long"),
        ("/slow", {}, 504, "timeout"),
    ],
)
def test_what_is_too_long_or_too_slow_is_told_so(
    ask: Callable[..., httpx.Response], path: str, more: dict[str, object], status: int, code: str
) -> None:
    answer = ask("GET", path, **more)

    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (status, code)
    assert answer.headers["connection"] == "close"


def test_what_runs_in_a_thread_is_not_waited_for() -> None:
    async def in_thread(_: Request) -> Response:
        await run_in_threadpool(time.sleep, 5 * QUICK)
        return PlainTextResponse("late")

    async def seconds() -> tuple[int, float]:
        app = Bounded(Starlette(routes=[Route("/", in_thread)]), bounds)
        way = httpx.ASGITransport(app)
        began = time.monotonic()
        async with httpx.AsyncClient(transport=way, base_url="http://here") as client:
            status = (await client.get("/")).status_code
        return status, time.monotonic() - began

    bounds = Bounds(QUICK, Buckets(1.0, 3, Clock()))

    status, waited = asyncio.run(seconds())

    assert status == 504
    assert QUICK <= waited < 4 * QUICK


def test_a_time_out_of_what_is_asked_is_none_of_the_bounds() -> None:
    async def impatient(*_: object) -> None:
        raise TimeoutError

    async def answer() -> None:
        app = Bounded(impatient, Bounds(QUICK, Buckets(1.0, 3, Clock())))
        way = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=way, base_url="http://here") as client:
            await client.get("/")

    with pytest.raises(TimeoutError):
        asyncio.run(answer())


def test_a_body_that_says_no_length_is_counted(ask: Callable[..., httpx.Response]) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(MOST_BODY_BYTES // 1_000_000 + 2):
            yield b"x" * 1_000_000

    assert ask("POST", "/read", content=endless()).status_code == 413


def test_a_body_that_does_not_come_is_not_waited_for(ask: Callable[..., httpx.Response]) -> None:
    async def stuck() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(10)

    assert ask("POST", "/read", content=stuck()).status_code == 408


def test_who_signs_in_too_often_waits(ask: Callable[..., httpx.Response], clock: Clock) -> None:
    told = [ask("POST", TOKEN_PATH) for _ in range(4)]
    clock.seconds += 1

    assert [each.status_code for each in told] == [200, 200, 200, 429]
    assert told[-1].headers["retry-after"] == "1"
    assert ask("POST", "/read").status_code == 200
    assert ask("POST", TOKEN_PATH).status_code == 200


def test_each_name_has_its_own_bucket_and_its_own_rate(clock: Clock) -> None:
    buckets = Buckets(2.0, 4, clock)

    taken = [buckets.take("one") for _ in range(5)]
    others = [buckets.take("two", 1.0) for _ in range(3)]
    clock.seconds += 1.0

    assert taken == [0, 0, 0, 0, 1]
    assert others == [0, 0, 1]
    assert [buckets.take("one") for _ in range(3)] == [0, 0, 1]


def test_no_more_names_are_remembered_than_there_is_room_for(clock: Clock) -> None:
    buckets = Buckets(1.0, 1, clock)

    for number in range(MOST_REMEMBERED + 10):
        buckets.take(str(number))

    assert len(buckets._known) == MOST_REMEMBERED  # noqa: SLF001 - what the law is about


def test_addresses_of_one_network_count_as_one() -> None:
    first, second = (network_of({"client": (f"2001:db8::{end}", 1)}) for end in (1, 2))

    assert first == second
    assert network_of({"client": ("192.0.2.1", 1)}) != network_of({"client": ("192.0.2.2", 1)})
    assert network_of({"client": None}) == ""
