"""Which answers of a server are none, why, and whether it helps to ask again.

Source: the API's list of HTTP statuses; the issues of REDCapR and redcap-etl for what comes with
status 200 and is no answer (pages to sign in, PHP's complaint that its memory ran out).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass

from adapter.errors import SourceError, without_quotations

LATER = "Nothing is lost; run it again later."
_MOST_WORDS = 200
_OUT_OF_MEMORY = re.compile(r"out of server memory|Allowed memory size", re.IGNORECASE)
_SIGN_IN = frozenset({401, 403})
_ELSEWHERE = frozenset({*range(300, 400), 404, 405, 410})
_TRANSIENT = frozenset({408, 425, 429, 500, *range(502, 600)})
_FINE = range(200, 300)


class TooMuchError(SourceError):
    """The server had not enough memory for an answer: ask for less."""


class RefusedError(SourceError):
    """The server understood, and will not: asking again does not help."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no answer; `kind` is what it is when it stays so."""

    found: str
    action: str = LATER
    kind: type[SourceError] = SourceError

    @property
    def is_lasting(self) -> bool:
        """Whether asking the same again would give the same."""
        return self.kind is not SourceError


def trouble_of(status: int, text: str, known: Collection[str] = ()) -> Trouble | None:
    """Why an answer is none; None for one whose text may be read.

    Of what REDCap says, a quotation is told only where it is `known`: what we asked for.
    """
    is_list = text.lstrip().startswith("[")
    if not is_list and _OUT_OF_MEMORY.search(text):
        action = "Lower `batch_records` of this source in adapter.toml."
        return Trouble("a server without memory for so much", action, TooMuchError)
    words = complaint_of(text, known)
    told = f"HTTP {status}: {words}" if words else f"HTTP {status}"
    if status in _SIGN_IN:
        action = "Check the token of this source, and the rights of its user in REDCap."
    elif status in _ELSEWHERE:
        action = "Check `url` of this source in adapter.toml; it ends in /api/."
    elif status in _TRANSIENT:
        return Trouble(f"HTTP {status}")
    elif status not in _FINE or words:
        action = "Ask REDCap's administrator; the adapter asked for what is not given."
    elif text.lstrip().startswith("<"):
        action = "Check `url`; a page to sign in, or of maintenance, stands in front of the API."
        return Trouble("a page in HTML", action)
    else:
        return None
    return Trouble(told, action, RefusedError)


def complaint_of(text: str, known: Collection[str]) -> str:
    """REDCap's own words about what is wrong, shortened; '' where it says none."""
    if not text.lstrip().startswith("{"):
        return ""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    if "error" not in said:
        return ""
    return without_quotations(str(said["error"]), known)[:_MOST_WORDS] or "an error without words"
