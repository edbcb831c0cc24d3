"""What a record system lets us in by: nothing, a token, a user and password, or what they buy.

The client asks before each request, so that a secret that was exchanged meanwhile counts at once.
This is no `httpx.Auth`: a flow of that kind is not told when its own request for a token fails, and
a token that was not had would look like a write that nobody knows the outcome of.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from adapter.errors import DeclarationError, Origin, Problem
from adapter.sync.receipt import Unreachable

# RFC 6750, section 2.1: b64token.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


class SignIn(Protocol):
    """One way in."""

    def authorization(self) -> str | Unreachable:
        """The value of `Authorization`, '' for none; Unreachable where it cannot be had now.

        Raises:
            EhrError: it will not be had, however often it is asked for.
            DeclarationError: a secret is missing, or is none.
        """
        ...

    def renew(self, refused: str) -> bool:
        """Whether, after a 401, another value than the refused one may be had."""
        ...


@dataclass(frozen=True, slots=True)
class NoSignIn:
    """Everybody may come in, or the client's certificate says enough."""

    def authorization(self) -> str:
        """Nothing."""
        return ""

    def renew(self, refused: str) -> bool:
        """Nothing else: what was refused was nothing."""
        return refused != self.authorization()


@dataclass(frozen=True, slots=True)
class StaticToken:
    """A token that somebody handed out; `token` gives it as it is now."""

    token: Callable[[], str] = field(repr=False)
    clinic: str

    def authorization(self) -> str:
        """`Bearer` and the token."""
        return bearer(self.token(), self.clinic)

    def renew(self, refused: str) -> bool:
        """Whether somebody has exchanged it meanwhile."""
        return self.authorization() != refused


@dataclass(frozen=True, slots=True)
class Basic:
    """A user and a password (RFC 7617, in UTF-8); `password` gives it as it is now."""

    username: str
    password: Callable[[], str] = field(repr=False)

    def authorization(self) -> str:
        """`Basic` and both, encoded."""
        both = f"{self.username}:{self.password()}"
        return f"Basic {b64encode(both.encode()).decode()}"

    def renew(self, refused: str) -> bool:
        """Whether somebody has exchanged the password meanwhile."""
        return self.authorization() != refused


NO_SIGN_IN: Final = NoSignIn()


def bearer(token: str, clinic: str) -> str:
    """The value of `Authorization` for a token.

    Raises:
        DeclarationError: it has characters that no token has.
    """
    if not is_token(token):
        problem = Problem(
            Origin("adapter.toml"),
            "token_env or token_file",
            f"a token of {clinic}: letters, digits and -._~+/=, in one line",
            "other characters",
            "Write the token there, and nothing else.",
        )
        raise DeclarationError("A token cannot be used.", (problem,))
    return f"Bearer {token}"


def is_token(text: str) -> bool:
    """Whether a text may stand in `Authorization` after `Bearer`."""
    return _TOKEN.fullmatch(text) is not None
