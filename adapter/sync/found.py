"""What is at a clinic, told by looking: one word for each delivery that was looked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Word = Literal["there", "gone", "changed", "awaiting"]


@dataclass(frozen=True, slots=True)
class Found:
    """Just what we wrote is `there`, nothing is (`gone`), or something else is (`changed`).

    Where the clinic would not have it, that is `changed`, too, and `reason` is what it said.
    `awaiting`: the clinic has it, and it is not in the chart before a person there did what
    `reason` says. `remote_version` is the clinic's own version, '' where it told none.
    """

    word: Word
    remote_version: str = ""
    reason: str = ""
