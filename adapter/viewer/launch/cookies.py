"""What the browser keeps of a launch: out of reach of scripts, and in a frame of that frame alone.

Source: https://datatracker.ietf.org/doc/draft-ietf-httpbis-rfc6265bis/ (prefixes, SameSite) and
https://developer.mozilla.org/docs/Web/Privacy/Guides/Privacy_sandbox/Partitioned_cookies
"""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie, for so many seconds below a path."""

    name: str
    value: str = field(repr=False)
    seconds: int
    path: str


@dataclass(frozen=True, slots=True)
class Cookies:
    """How cookies are called and given, over TLS or on this machine."""

    is_secure: bool

    @property
    def browser(self) -> str:
        """Ties launches under way to a browser."""
        return "__Host-adapter-launch" if self.is_secure else "adapter-launch"

    @property
    def session(self) -> str:
        """Opens one page; its path is that page's, so that every page has its own."""
        return "__Secure-adapter-launched" if self.is_secure else "adapter-launched"

    def give(self, answer: Response, cookie: Cookie, *, is_framed: bool) -> None:
        """Lays a cookie into an answer."""
        # Starlette can write `Partitioned` only where Python's own module knows it, from 3.14 on.
        words = (
            f"{cookie.name}={cookie.value}",
            f"Max-Age={cookie.seconds}",
            f"Path={cookie.path}",
            "HttpOnly",
            *(("Secure",) if self.is_secure else ()),
            *(("SameSite=None", "Partitioned") if is_framed else ("SameSite=Lax",)),
        )
        answer.headers.append("Set-Cookie", "; ".join(words))
