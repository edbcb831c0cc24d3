"""The words that rules are made of: conditions between items, steps, and what a gap comes to."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from adapter.instruments.declared import Declared, Id, Number, SourceCode

Prefill = Literal["previous", "patient-gender", "patient-birth-date", "patient-birth-year"]
"""From what an item may be answered ahead: the person's last answer, or their Patient."""


class Condition(Declared, frozen=True):
    """What another item of the form has to say: one answer, or without `equals` any at all."""

    item: Id
    equals: SourceCode | None = None


class Step(Declared, frozen=True):
    """What a stretch of numbers counts.

    It ends at `high`, included, or before `below`, or, with neither, nowhere; it begins where the
    step before it ends. So steps have neither gaps nor overlaps.
    """

    high: Number | None = None
    below: Number | None = None
    counts: Number

    def holds(self, number: Number) -> bool:
        """Whether a number that is in no earlier step is in this one."""
        if self.high is not None:
            return number <= self.high
        return self.below is None or number < self.below


class Missing(Declared, frozen=True):
    """When a scale may be scored although items are missing, and how the gap is filled.

    `fill: mean` puts the person's own mean of the answered items (after reversal) in the gaps;
    `fill: none` leaves them out (a mean over what was answered); `fill: settled` fills nothing, the
    score is given where no answer to the gaps could change it. `round: up` rounds the filled sum up
    to a whole number.
    """

    at_least: int = Field(ge=1)
    fill: Literal["mean", "none", "settled"]
    round: Literal["up", "none"] = "none"
