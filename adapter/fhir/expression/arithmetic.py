"""Exact arithmetic in FHIRPath: quotients of whole numbers, rounded, looked up or in steps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from adapter.instruments.rules import Step


@dataclass(frozen=True, slots=True)
class Quotient:
    """A whole number in FHIRPath, times a constant, by another whole number if there is one.

    `whole` and `by` are Integers, for which `div` is exact: a Decimal, be it 4.0, is none.
    """

    whole: str
    times: Fraction = Fraction(1)
    by: str = ""

    @classmethod
    def of(cls, number: str, decimals: int) -> Quotient:
        """A number in FHIRPath that has so many decimals at most; what is beyond is rounded."""
        if decimals == 0:
            return cls(f"{number}.truncate()")
        unit = 10**decimals
        return cls(f"({number} * {unit} + 0.5).floor()", Fraction(1, unit))

    @property
    def is_whole(self) -> bool:
        """Whether there is nothing to divide."""
        return not self.by and self.times.denominator == 1

    def scaled(self, times: Fraction | int) -> Quotient:
        """The same times a constant."""
        return replace(self, times=self.times * times)

    def divided(self, by: str) -> Quotient:
        """The same by a constant, or by a whole number in FHIRPath."""
        return self.scaled(Fraction(1, int(by))) if by.isdigit() else replace(self, by=by)

    def rounded(self, places: int) -> str:
        """As FHIRPath, halves rounded up at so many places."""
        if self.is_whole:
            return self.numerator()
        units = self.scaled(10**places)
        value = units.numerator()
        if not units.is_whole:
            value = f"({units.numerator(2)} + {units.denominator()}) div {units.denominator(2)}"
        return f"{value} / {10**places}" if places else value

    def rounded_up(self) -> Quotient:
        """The next whole number."""
        return Quotient(f"({self.ceiling()})")

    def in_steps(self, steps: tuple[Step, ...]) -> str | None:
        """What the step that holds the number counts, as FHIRPath.

        None where it is divided by FHIRPath, and some steps end at their end, some before it.
        """
        *ending, _ = steps
        if not self.by:  # the whole number, by limits that are whole too
            return _select(self.whole, "<=", [_last(step, self.times) for step in ending], steps)
        digits = max((decimals_of(_end(step)) for step in ending), default=0)
        units = self.scaled(10**digits)
        limits = [int(_end(step).scaleb(digits)) for step in ending]
        if all(step.high is None for step in ending):
            floor = f"({units.numerator()} div {units.denominator()})"
            return _select(floor, "<", limits, steps)
        if all(step.below is None for step in ending):
            return _select(f"({units.ceiling()})", "<=", limits, steps)
        return None

    def numerator(self, times: int = 1) -> str:
        """What is divided, times a constant."""
        return _product(self.whole, self.times.numerator * times)

    def denominator(self, times: int = 1) -> str:
        """What it is divided by, times a constant."""
        below = _product(self.by, self.times.denominator * times)
        return f"({below})" if " * " in below else below

    def ceiling(self) -> str:
        """The next whole number, as FHIRPath."""
        return f"({self.numerator()} + {self.denominator()} - 1) div {self.denominator()}"


def looked_up(index: str, table: Mapping[int, Decimal], places: int) -> str:
    """The value of a whole number in a table, as FHIRPath: cut from a text of all values.

    All of them are made as long as the longest by zeros at their ends.
    """
    step = Decimal(1).scaleb(-places)
    raws = sorted(table)
    texts = [str(table[raw].quantize(step, ROUND_HALF_UP)) for raw in raws]
    if places == 0 and len({len(text) for text in texts}) > 1:
        texts = [f"{text}.0" for text in texts]
    width = max(map(len, texts))
    values = " ".join(text.ljust(width, "0") for text in texts)
    return f"'{values}'.substring(({index} - {raws[0]}) * {width + 1}, {width}).toDecimal()"


def chosen(cases: Iterable[tuple[str, Decimal]], other: Decimal) -> str:
    """The number of the first case that holds, else the other one, as FHIRPath."""
    text = str(other)
    for test, number in reversed(list(cases)):
        text = f"iif({test}, {number}, {text})"
    return text


def steps_of(steps: tuple[Step, ...]) -> str:
    """What the step that holds `$this` counts, as FHIRPath."""
    cases = [
        (f"$this <= {step.high}" if step.high is not None else f"$this < {step.below}", step.counts)
        for step in steps[:-1]
    ]
    return chosen(cases, steps[-1].counts)


def decimals_of(number: Decimal) -> int:
    """How many decimals a number has, without zeros at its end."""
    return max(0, -int(number.normalize().as_tuple().exponent))


def _select(number: str, sign: str, limits: list[int], steps: tuple[Step, ...]) -> str:
    cases = [
        (f"$this {sign} {limit}", step.counts) for limit, step in zip(limits, steps, strict=False)
    ]
    return f"{number}.select({chosen(cases, steps[-1].counts)})"


def _product(text: str, times: int) -> str:
    """A FHIRPath times a constant; the constant alone where there is no FHIRPath."""
    if not text:
        return str(times)
    return text if times == 1 else f"{text} * {times}"


def _end(step: Step) -> Decimal:
    end = step.high if step.high is not None else step.below
    return end or Decimal(0)  # coherence: all but the last step end


def _last(step: Step, times: Fraction) -> int:
    """The last whole number that, times this, is in the step."""
    limit = Fraction(_end(step)) / times
    return math.floor(limit) if step.high is not None else math.ceil(limit) - 1
