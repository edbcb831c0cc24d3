"""One REDCap project's API: asks, waits, asks again, and takes nothing for an answer that is none.

Only exports are asked for, which may be asked any number of times. They are asked for in JSON,
because half of it is never whole; half of a CSV file looks like a smaller project. The token stands
in the body of each request and nowhere else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import httpx

from adapter.errors import Origin, Problem, SourceError
from adapter.sources.objects import Objects, objects_in_text
from adapter.sources.redcap.api.trouble import LATER, Trouble, trouble_of
from adapter.waiting import moment_of, retry_after_seconds, wait_seconds

ATTEMPTS = 6
LONGEST_WAIT_SECONDS = 300.0
"""A server that asks for more is asked again by the next run."""
_WHERE = "Check `url` of this source, or ask REDCap's administrator."
Read = TypeVar("Read")
Said = str | Sequence[str]


@dataclass(frozen=True, slots=True)
class Clockwork:
    """The present moment, aware, and a way to wait for some seconds."""

    now: Callable[[], datetime]
    sleep: Callable[[float], object]


class Connection:
    """The API of one project. The HTTP client is given, with its address and time-outs."""

    def __init__(self, http: httpx.Client, token: str, clockwork: Clockwork) -> None:
        """`http` has the API's address as its base; `token` lets in."""
        self.host = http.base_url.host
        self.server_time: datetime | None = None
        """What the server's clock said with its newest answer, in UTC; None if it never did."""
        self._http, self._token, self._clockwork = http, token, clockwork

    def rows(self, content: str, **said: Said) -> Objects:
        """The rows of a content; lists among the parameters are sent as REDCap wants them.

        Raises:
            SourceError: no answer was to be had.
        """
        form = {"format": "json", **_flat(said)}
        return self._ask(content, form, lambda text: objects_in_text(self.host, text))

    def row(self, content: str) -> dict[str, str]:
        """A content that is one object, such as the project's settings.

        Raises:
            SourceError: no answer was to be had.
        """
        return self._ask(content, {"format": "json"}, _object)

    def word(self, content: str, pattern: re.Pattern[str]) -> str:
        """A content that is one word, such as the version.

        Raises:
            SourceError: no answer was to be had, or it is another word.
        """

        def read(text: str) -> str:
            if not pattern.fullmatch(text.strip()):
                raise ValueError("another word")
            return text.strip()

        return self._ask(content, {}, read)

    def _ask(self, content: str, form: Mapping[str, str], read: Callable[[str], Read]) -> Read:
        form = {"content": content, "returnFormat": "json", **form}
        attempt = 0
        while True:
            attempt += 1
            answer, asked_seconds = self._once(form, read)
            if not isinstance(answer, Trouble):
                return answer
            wait = wait_seconds(attempt, asked_seconds)
            if answer.is_lasting or attempt == ATTEMPTS or wait > LONGEST_WAIT_SECONDS:
                raise self._failure(content, answer, attempt)
            self._clockwork.sleep(wait)

    def _once(
        self, form: Mapping[str, str], read: Callable[[str], Read]
    ) -> tuple[Read | Trouble, float | None]:
        """One answer as it is read, or why there is none; and the seconds that it asks to wait."""
        try:
            # Streamed, because httpx's response lives on for a while, and would keep its content.
            data = {"token": self._token, **form}
            with self._http.stream("POST", "", data=data) as response:
                content = b"".join(response.iter_bytes())
        except (httpx.HTTPError, httpx.InvalidURL) as wrong:
            return Trouble(type(wrong).__name__, LATER), None
        self.server_time = moment_of(response.headers.get("Date", "")) or self.server_time
        asked = response.headers.get("Retry-After", "")
        asked_seconds = retry_after_seconds(asked, self._clockwork.now())
        try:
            text = content.decode("utf-8-sig")
            # A server that repeats the token in its words must not bring it into ours.
            said = text.replace(self._token, "[token]")
            trouble = trouble_of(response.status_code, said, set(form.values()))
            return trouble or read(text), asked_seconds
        except (SourceError, ValueError, TypeError, RecursionError):
            found = "something else" if content.strip() else "nothing"
            return Trouble(found, _WHERE), asked_seconds

    def _failure(self, content: str, trouble: Trouble, attempts: int) -> SourceError:
        times = f"{attempts} times in a row: " if attempts > 1 else ""
        expected, found = "an answer of REDCap's API", f"{times}{trouble.found}"
        problem = Problem(Origin(self.host), f"content={content}", expected, found, trouble.action)
        return trouble.kind(f"{self.host} cannot be read.", (problem,))


def _flat(said: Mapping[str, Said]) -> dict[str, str]:
    """Parameters as the form has them: `records[0]`, `records[1]` for a list."""
    form: dict[str, str] = {}
    for name, value in said.items():
        if isinstance(value, str):
            form[name] = value
        else:
            form.update({f"{name}[{place}]": each for place, each in enumerate(value)})
    return form


def _object(text: str) -> dict[str, str]:
    said = json.loads(text, parse_int=str, parse_float=str)
    if not isinstance(said, dict):
        raise TypeError("another value")
    return {name: "" if value is None else str(value) for name, value in said.items()}
