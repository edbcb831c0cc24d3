"""Which fault meets what comes next: drawn by a seed that is given, which repeats it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


class Chance:
    """Draws at most one fault for each thing that comes."""

    def __init__(self, rates: Mapping[str, float], seed: int) -> None:
        """`rates` are the shares of what comes that meets each fault, between them at most 1."""
        self._rates = dict(rates)
        self.random = random.Random(seed)  # noqa: S311 - it has to repeat, and keeps no secret

    def draw(self) -> str | None:
        """The fault that meets what has just come, None for none."""
        point = self.random.random()
        for name, rate in self._rates.items():
            if point < rate:
                return name
            point -= rate
        return None


def parse_rates(said: Iterable[str], known: Collection[str]) -> dict[str, float]:
    """Rates as they are written, `reset:0.05`, each a share between 0 and 1.

    Raises:
        ValueError: An unknown name, something else than a share, or more than 1 in all.
    """
    rates: dict[str, float] = {}
    for each in said:
        name, _, rate = each.partition(":")
        share = float(rate or "nan")
        if name not in known or name in rates or not 0 <= share <= 1:
            raise ValueError(f"{name} is no fault, is there twice, or has no share of one whole")
        rates[name] = share
    if sum(rates.values()) > 1:
        raise ValueError("more than 1 in all")
    return rates
