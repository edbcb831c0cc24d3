"""What holds for every page: what the browser keeps to, and which forms are taken.

https://www.w3.org/TR/CSP3/, https://www.w3.org/TR/fetch-metadata/
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

MOST_BYTES = 4096
_OURS = frozenset({"", "same-origin", "none"})


def guarded(answer: Response, ancestors: Sequence[str]) -> Response:
    """The answer with what the browser has to keep to; `ancestors` may frame it."""
    framing = " ".join(ancestors) or "'none'"
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self';"
        f" base-uri 'none'; frame-ancestors {framing}"
    )
    answer.headers.update(
        {
            "Cache-Control": "no-store",
            "Content-Security-Policy": policy,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            **({} if ancestors else {"X-Frame-Options": "DENY"}),
        }
    )
    return answer


async def read_form(request: Request) -> dict[str, str]:
    """A form that a page of ours has sent.

    Raises:
        HTTPException: 403 for one of another site, 413 for one that is too long.
    """
    if request.headers.get("sec-fetch-site", "") not in _OURS:
        raise HTTPException(403)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise HTTPException(413)
    return dict(parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True))
