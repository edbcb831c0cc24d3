"""`/health/live` and `/health/ready`: whether the process answers, and whether it can do its work.

Open to everybody, for they tell nothing but the names of checks. A check that hangs, as on a
database that is away, is told as failing after a moment, and not begun again while it hangs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CHECK_SECONDS = 2.0
Check = Callable[[], bool]
_UNKEPT = {"Cache-Control": "no-store"}


def health_routes(
    checks: Mapping[str, Check], failed: Callable[[str, BaseException], None]
) -> list[Route]:
    """Both pages. `failed` is told of a check that raised; the page says only that it failed."""
    running: dict[str, asyncio.Future[bool]] = {}

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers=_UNKEPT)

    async def ready(_: Request) -> Response:
        loop = asyncio.get_running_loop()
        for name, check in checks.items():
            if name not in running or running[name].done():
                running[name] = loop.run_in_executor(None, _told, name, check, failed)
        await asyncio.wait(running.values(), timeout=CHECK_SECONDS)
        said = {
            name: "ok" if one.done() and one.result() else "failing"
            for name, one in running.items()
        }
        is_ready = set(said.values()) <= {"ok"}
        status = {"status": "ok" if is_ready else "failing", "checks": said}
        return JSONResponse(status, 200 if is_ready else 503, _UNKEPT)

    return [
        Route("/health/live", live, methods=["GET"]),
        Route("/health/ready", ready, methods=["GET"]),
    ]


def _told(name: str, check: Check, failed: Callable[[str, BaseException], None]) -> bool:
    try:
        return check()
    except Exception as wrong:  # noqa: BLE001 - whatever it is, it is not ready
        failed(name, wrong)
        return False
