"""What the launch answers with: who may launch, with which memory, from where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from starlette.requests import Request

from adapter.instruments.form import Form
from adapter.viewer.launch.cookies import Cookies
from adapter.viewer.launch.registered import Registered
from adapter.viewer.launch.remembered import Memory, Opened
from adapter.viewer.launch.web import Web
from adapter.viewer.record import Alike

Telling = Callable[[Request, str, Opened | None, int], None]
"""Is told of every page before it is given: what was done, which page, how many resources."""


@dataclass(frozen=True)
class Launches:
    """What the launch answers with; `unique` gives 256 bits as 43 characters.

    `origin` and `root` say where the application is for browsers, `is_secure` that they come by
    TLS. `registered` are the record systems by their `iss`; `web` opens a way to them. `alike` says
    which versions of a form score alike. Times are told as the clocks of `zone`.
    """

    registered: Mapping[str, Registered]
    web: Callable[[], Web]
    memory: Memory
    forms: Mapping[str, Form]
    study: str
    origin: str
    root: str
    is_secure: bool
    now: Callable[[], datetime]
    unique: Callable[[], str]
    look: Telling
    zone: tzinfo
    alike: Alike | None = None

    @property
    def redirect(self) -> str:
        """Where the browser comes back to: the address to register."""
        return f"{self.origin}{self.root}/callback"

    @property
    def cookies(self) -> Cookies:
        """What the browser keeps."""
        return Cookies(self.is_secure)
