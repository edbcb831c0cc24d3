"""How far the scores of a scale can reach, whatever is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from adapter.instruments.form import Form, Item, Scale
from adapter.instruments.items import bounds_of
from adapter.instruments.rules import Step

Ends = tuple[Decimal, Decimal]  # the least and the most
_ZERO = Decimal(0)
_PERCENT: Ends = (_ZERO, Decimal(100))
_MINUTES: Ends = (Decimal(1), Decimal(24 * 60 - 1))  # the same time twice is no stretch of time


def values_of(form: Form, item: Item) -> set[Decimal]:
    """All that an item can count by itself, empty where there is no end to it."""
    if item.type == "boolean":
        return {_ZERO, Decimal(1)}
    offered = {option.score for option in form.offered(item) if option.score is not None}
    bounds = bounds_of(form, item)
    if offered or bounds is None or item.type == "decimal":
        return offered
    return {Decimal(value) for value in range(int(bounds[0]), int(bounds[1]) + 1)}


def scores_of(form: Form, scale: Scale) -> Ends | None:
    """The lowest and highest possible score as it is told, None where there is no end to it."""
    ends = before_points(form, scale)
    if ends and scale.points:
        ends = _ends(step.counts for step in reached(scale.points, ends))
    step = Decimal(1).scaleb(-scale.places)
    return ends and (ends[0].quantize(step, ROUND_HALF_UP), ends[1].quantize(step, ROUND_HALF_UP))


def before_points(form: Form, scale: Scale) -> Ends | None:
    """The lowest and highest score before `points` turn it into steps."""
    return _ENDS.get(scale.method, _sum_ends)(form, scale)


def raw_sums(form: Form, scale: Scale) -> Ends | None:
    """The lowest and highest raw sum of all items or scores, None where there is no end to it."""
    spans = spans_of(form, scale)
    if not spans:
        return None
    return sum((low for low, _ in spans), _ZERO), sum((high for _, high in spans), _ZERO)


def spans_of(form: Form, scale: Scale) -> list[Ends]:
    """The least and the most that each item or score counts here; empty where one has no end."""
    if scale.scales:
        before = {other.id: other for other in form.scales}
        found = [scores_of(form, before[name]) for name in scale.scales if name in before]
        names = dict.fromkeys(scale.scales)
    else:
        known = {item.link_id: item for item in form.items}
        names = dict.fromkeys(scale.items)
        found = [span_of(form, scale, known[name]) for name in names if name in known]
    bounded = [span for span in found if span is not None]
    return bounded if len(bounded) == len(names) else []


def span_of(form: Form, scale: Scale, item: Item, *, with_gap: bool = True) -> Ends | None:
    """The least and the most that an item counts in this scale, None where there is no end.

    Without its gap: what it counts where it is answered, or not asked.
    """
    name = item.link_id
    if recode := scale.recode.get(name):
        counted = _ends(recode.values())
    elif steps := scale.steps.get(name):
        counted = _ends(step.counts for step in steps)
    elif item.type == "boolean":
        counted = (_ZERO, Decimal(1))
    else:
        counted = bounds_of(form, item)
    if counted is None:
        return None
    counts_nothing = item.asked_if is not None or name in scale.only_if
    also = [_ZERO] if counts_nothing else []
    if with_gap and name in scale.if_missing:
        also.append(scale.if_missing[name])
    return _ends([*counted, *also])


def reached(steps: tuple[Step, ...], ends: Ends) -> list[Step]:
    """The steps that a number between two ends can be in."""
    low, high = ends
    first = next((n for n, step in enumerate(steps) if step.holds(low)), len(steps))
    last = next((n for n, step in enumerate(steps) if step.holds(high)), len(steps) - 1)
    return list(steps[first : last + 1])


def _sum_ends(form: Form, scale: Scale) -> Ends | None:
    """The lowest and highest sum, as it is after rounding up and multiplying."""
    reach = raw_sums(form, scale)
    if reach is None:
        return None
    low, high = reach
    if scale.missing and scale.missing.round == "up":
        high = high.to_integral_value(ROUND_CEILING)
    return low * scale.multiply, high * scale.multiply


def _mean_ends(form: Form, scale: Scale) -> Ends | None:
    """The lowest and highest mean of as few items as must be answered."""
    spans = spans_of(form, scale)
    if not spans:
        return None
    needed = min(scale.missing.at_least if scale.missing else len(spans), len(spans))
    lows = sorted(low for low, _ in spans)[:needed]
    highs = sorted(high for _, high in spans)[-needed:]
    return sum(lows, _ZERO) / needed, sum(highs, _ZERO) / needed


def _highest_ends(form: Form, scale: Scale) -> Ends | None:
    spans = spans_of(form, scale)
    if not spans:
        return None
    return max(low for low, _ in spans), max(high for _, high in spans)


def _profile_ends(form: Form, scale: Scale) -> Ends | None:
    """The lowest and the highest profile, read as numbers."""
    offered = {item.link_id: form.offered(item) for item in form.items}
    codes = [sorted(option.value for option in offered.get(name, ())) for name in scale.items]
    if not codes or not all(codes) or not all(code.isdigit() for each in codes for code in each):
        return None
    lowest, highest = ("".join(of_item[end] for of_item in codes) for end in (0, -1))
    return Decimal(lowest), Decimal(highest)


def _table_ends(_: Form, scale: Scale) -> Ends | None:
    return _ends(scale.table.values())


def _ends(numbers: Iterable[Decimal]) -> Ends | None:
    listed = list(numbers)
    return (min(listed), max(listed)) if listed else None


_ENDS: dict[str, Callable[[Form, Scale], Ends | None]] = {
    "reported": lambda _, scale: scale.range,
    "lookup": _table_ends,
    "mean": _mean_ends,
    "highest": _highest_ends,
    "percent": lambda _, __: _PERCENT,
    "between": lambda _, __: _MINUTES,
    "profile": _profile_ends,
}
