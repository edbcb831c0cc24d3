"""How far a score moved since baseline, and which declared thresholds that reaches.

A threshold counts in either direction, for worse matters as much as better; only a responder is
somebody who got better. Sources of the thresholds stand in the forms.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from adapter.instruments.form import Scale, Threshold
from adapter.scoring.score import band_of

Direction = Literal["better", "worse", "same", "unknown"]
_ONE_PLACE = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Change:
    """A scale's move from `baseline` to `value`, both in the scale's unit.

    `reached` are the thresholds that the move is as large as, in the form's order.
    """

    scale: Scale
    baseline: Decimal
    value: Decimal
    reached: tuple[Threshold, ...]

    @property
    def points(self) -> Decimal:
        """The later score less the earlier one."""
        return self.value - self.baseline

    @property
    def percent(self) -> Decimal | None:
        """The move in per cent of the baseline, to one place; None where the baseline is 0."""
        exact = self.exact_percent
        return None if exact is None else exact.quantize(_ONE_PLACE, ROUND_HALF_UP)

    @property
    def exact_percent(self) -> Decimal | None:
        """The same, before it is rounded: thresholds are compared with this one."""
        if self.baseline == 0:
            return None
        return self.points * 100 / abs(self.baseline)

    @property
    def is_in_new_band(self) -> bool:
        """Whether both scores lie in different bands of the scale."""
        return band_of(self.scale, self.baseline) != band_of(self.scale, self.value)

    @property
    def direction(self) -> Direction:
        """What the move means to the person; `unknown` where neither direction is the better."""
        if self.points == 0:
            return "same"
        if self.scale.better is None:
            return "unknown"
        return "better" if (self.points > 0) == (self.scale.better == "higher") else "worse"


def change_since(scale: Scale, baseline: Decimal, value: Decimal) -> Change:
    """The change between two scores of a scale."""
    change = Change(scale, baseline, value, ())
    reached = tuple(threshold for threshold in scale.change if _is_reached(threshold, change))
    return Change(scale, baseline, value, reached)


def _is_reached(threshold: Threshold, change: Change) -> bool:
    """Whether either of the threshold's two sizes is reached, and a new band where it asks so."""
    if threshold.kind == "responder" and change.direction != "better":
        return False
    if threshold.new_band and not change.is_in_new_band:
        return False
    sizes = ((threshold.points, change.points), (threshold.percent, change.exact_percent))
    return any(
        least is not None and moved is not None and abs(moved) >= least for least, moved in sizes
    )
