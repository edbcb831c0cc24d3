"""A browser without a window: asks an application in this process, and keeps its cookies."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp

_TOKEN = re.compile(r'name="token" value="([0-9a-f]+)"')


@dataclass
class Visitor:
    """Somebody at the pages of an application."""

    app: ASGIApp
    origin: str = "http://127.0.0.1:8000"
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def get(self, path: str) -> httpx.Response:
        """A page."""
        return self._ask("GET", path, None, {})

    def post(
        self, path: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """What comes of a form, not followed further."""
        return self._ask("POST", path, form, headers or {})

    def token(self, path: str = "/app/") -> str:
        """What the forms of a page carry."""
        found = _TOKEN.search(self.get(path).text)
        assert found is not None
        return found[1]

    def _ask(
        self, method: str, path: str, form: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url=self.origin, cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, data=form, headers=headers)
                self.cookies.update(answer.cookies)
                return answer

        return asyncio.run(ask())


def without_token(page: str) -> str:
    """A page but for what tells its session."""
    return _TOKEN.sub('name="token" value=""', page)
