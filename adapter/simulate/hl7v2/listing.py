"""What a practice has filed, over HTTP, for tests and people to count: `GET /filed`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from adapter.simulate.hl7v2.practice import Practice


def practice_app(practice: Practice) -> Starlette:
    """The ASGI application that shows what `practice` has filed."""

    async def show(_: Request) -> Response:
        return JSONResponse({"filed": practice.shown()})

    return Starlette(routes=[Route("/filed", show)])
