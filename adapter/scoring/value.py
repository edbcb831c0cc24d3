"""From what the items or scores of a scale come to together, to the score that is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from adapter.instruments.asking import code_of
from adapter.instruments.form import Scale
from adapter.scoring.tally import Answers, in_steps

_MINUTES_OF_A_DAY = 24 * 60
_WHOLE = Decimal(100)


def value_rule(scale: Scale, of: int) -> Callable[[Decimal, int], Decimal]:
    """What a scale makes of (what is counted together, how many count), with all its places."""
    rounds_up = scale.missing is not None and scale.missing.round == "up"
    multiply, table, points = scale.multiply, scale.table, scale.points
    is_mean, is_highest = scale.method == "mean", scale.method == "highest"
    step = Decimal(1).scaleb(-scale.places)

    def value_of(counted: Decimal, answered: int) -> Decimal:
        if is_mean:
            counted /= answered
        elif answered < of and not is_highest:
            counted = counted * of / answered
            if rounds_up:
                counted = counted.to_integral_value(ROUND_CEILING)
        if table:
            counted = table[int(counted.to_integral_value(ROUND_HALF_UP))]
        if multiply > 1:
            counted *= multiply
        if points:
            counted = in_steps(points, counted)
        return counted.quantize(step, ROUND_HALF_UP)

    return value_of


def rounded(number: Decimal, places: int) -> Decimal:
    """A number with so many decimals; a half goes up."""
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def percent(parts: list[Decimal]) -> Decimal | None:
    """The first of two as a share of the second; None where the part is more than the whole.

    A share of nothing is none either.
    """
    part, whole = parts
    return None if whole <= 0 or part > whole else part * _WHOLE / whole


def minutes_between(start: str, end: str) -> Decimal | None:
    """The minutes from one time of day to another (HH:MM:SS), over midnight if need be.

    None where both are the same: that is no time at all, or a whole day.
    """
    minutes = (_minutes(end) - _minutes(start)) % _MINUTES_OF_A_DAY
    return Decimal(minutes) if minutes else None


def profile(link_ids: Iterable[str], answers: Answers) -> str:
    """The codes of the answers in a row: `21345`."""
    return "".join(code_of(answers[link_id].values[0]) for link_id in link_ids)


def _minutes(time: str) -> int:
    hours, minutes = time.split(":")[:2]
    return 60 * int(hours) + int(minutes)
