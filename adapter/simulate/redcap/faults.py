"""What goes wrong between a client and a REDCap server: asked for by a test, or by a developer.

A fault meets one request, and the project does not see it. Source of the cases: the issues of
PyCap, REDCapR and redcap-etl (rate limits, sign-in pages with status 200, memory that ran out in
the middle of an answer).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal, get_args

FaultName = Literal[
    "busy",  # 429, with Retry-After
    "away",  # 503, with Retry-After
    "broken",  # 500, without a word
    "silent",  # no answer until the client gives up
    "cut",  # the connection ends in the middle of the answer
    "short",  # half of the answer, as if it were whole
    "sign-in",  # 200, and a page in HTML
    "out-of-memory",  # 200, and PHP's complaint in HTML before an error in JSON
    "empty",  # 200, and nothing at all
]
FAULTS: tuple[FaultName, ...] = get_args(FaultName)
SIGN_IN = "<!DOCTYPE html>\n<html><head><title>REDCap</title></head><body>Log In</body></html>"
OUT_OF_MEMORY = (
    "<br />\n<b>Fatal error</b>:  Allowed memory size exhausted in <b>Records.php</b><br />\n"
    '{"error":"REDCap ran out of server memory. The request cannot be processed. Please try '
    'importing\\/exporting a smaller amount of data."}'
)


@dataclass
class Faults:
    """What meets the next requests, one each, None letting one through; then `rule` meets all."""

    following: deque[FaultName | None] = field(default_factory=deque)
    rule: FaultName | None = None
    retry_after_seconds: str = "1"
    silent_seconds: float = 120.0

    def next(self) -> FaultName | None:
        """What meets the request that has just come."""
        return self.following.popleft() if self.following else self.rule
