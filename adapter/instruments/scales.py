"""What must hold inside a scale, beyond the shape of each word, so that scoring cannot fail.

A form without findings is scored to the end, whatever was answered, and every score lies in the
range that its scale declares.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from adapter.errors import Problem
from adapter.instruments.form import Form, Item, Scale
from adapter.instruments.items import bounds_of, repeated
from adapter.instruments.mapping import Lines, Place

_ZERO = Decimal(0)


def scale_findings(form: Form, scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    """What is wrong with one scale of a form."""
    yield from _source_findings(form, scale, place, lines)
    yield from _method_findings(form, scale, place, lines)
    yield from _recode_findings(form, scale, place, lines)
    yield from _table_findings(form, scale, place, lines)
    yield from _range_findings(form, scale, place, lines)
    yield from _band_findings(scale, place, lines)
    for index, threshold in enumerate(scale.change):
        if threshold.points is None and threshold.percent is None:
            yield lines.problem(
                (*place, "change", index), "`points`, `percent` or both", "neither", "Say one."
            )


def _source_findings(form: Form, scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    if (scale.field is None) == (not scale.items):
        yield lines.problem(
            place, "either `items` or `field`", "both or neither", "Keep the one that is meant."
        )
    if (scale.method == "reported") != (scale.field is not None):
        yield lines.problem(
            (*place, "method"),
            "`reported` exactly when the scale has a `field`",
            f"`{scale.method}`",
            "Correct method or source.",
        )
    known = {item.link_id: item for item in form.items}
    for word, names in (
        ("items", scale.items),
        ("reverse", scale.reverse),
        ("recode", scale.recode),
    ):
        for name in names:
            if name not in (known if word == "items" else scale.items):
                yield lines.problem(
                    (*place, word),
                    "link ids of this form" if word == "items" else "items of this scale",
                    f"`{name}`",
                    "Correct the link id.",
                )
    for name in dict.fromkeys(scale.items):
        if scale.items.count(name) > 1:
            yield lines.problem(
                (*place, "items"), "each item once", f"`{name}` again", "Name it once."
            )
        if name in known and not _counts(form, known[name]):
            yield lines.problem(
                (*place, "items"),
                "items that count: yes or no, numbers from min to max, one choice with a weight",
                f"`{name}`, which does not",
                "Leave it out, or give it weights or bounds.",
            )


def _counts(form: Form, item: Item) -> bool:
    """Whether answers are single and count something, between two ends."""
    if item.repeats:
        return False
    if item.type == "choice" and not form.offered(item):
        return True  # the list of answers is missing, which is told of the item
    is_number = item.type in {"integer", "decimal"} or bool(form.offered(item))
    return item.type == "boolean" or (is_number and bounds_of(form, item) is not None)


def _method_findings(form: Form, scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    if scale.multiply > 1 and scale.method != "sum":
        yield lines.problem(
            (*place, "multiply"),
            "the method `sum`, which alone is multiplied",
            f"`{scale.method}`",
            "Remove it, or correct the method.",
        )
    if scale.missing is None:
        return
    if scale.missing.at_least > len(scale.items):
        yield lines.problem(
            (*place, "missing", "at_least"),
            f"at most the scale's {len(scale.items)} items",
            f"{scale.missing.at_least}",
            "Correct the number.",
        )
    if scale.method not in {"sum", "lookup"}:
        return
    if scale.missing.fill == "none":
        yield lines.problem(
            (*place, "missing", "fill"),
            "`mean`, because a sum with gaps is too low",
            "`none`",
            "Write `mean`, or leave `missing` out.",
        )
    elif len(set(_spans(form, scale))) > 1:
        yield lines.problem(
            (*place, "missing", "fill"),
            "items that all have the same lowest and highest count",
            "items that differ, so that a mean of some says nothing of the others",
            "Leave `missing` out.",
        )


def _recode_findings(form: Form, scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    """Reversal needs bounds; a recode must say what each possible value counts."""
    for item in form.items:
        values = _values(form, item)
        if item.link_id in scale.reverse and not values:
            yield lines.problem(
                (*place, "reverse"),
                "items with options, or with whole numbers from min to max",
                f"`{item.link_id}`, which has neither",
                "Give the item its bounds.",
            )
        if item.link_id in scale.recode and set(scale.recode[item.link_id]) != values:
            yield lines.problem(
                (*place, "recode"),
                f"every value that `{item.link_id}` can have, and no other",
                "some left out, or others",
                "Say what each value counts.",
            )


def _values(form: Form, item: Item) -> set[Decimal]:
    """All that an item can count, empty where there is no end to it."""
    offered = {option.score for option in form.offered(item) if option.score is not None}
    bounds = bounds_of(form, item)
    if offered or bounds is None or item.type == "decimal":
        return offered
    return {Decimal(value) for value in range(int(bounds[0]), int(bounds[1]) + 1)}


def _table_findings(form: Form, scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    if (scale.method == "lookup") != bool(scale.table):
        yield lines.problem(
            (*place, "table"), "a table exactly for `lookup`", f"`{scale.method}`", "Correct one."
        )
    if not scale.table:
        return
    raws = sorted(scale.table)
    values = [scale.table[raw] for raw in raws]
    if any(later <= earlier for earlier, later in itertools.pairwise(values)):
        yield lines.problem(
            (*place, "table"),
            "values that rise with the raw sum",
            "a step that does not rise",
            "Compare the table with its source.",
        )
    reach = _reach(form, scale)
    if reach and raws != list(range(math.floor(reach[0]), math.ceil(reach[1]) + 1)):
        yield lines.problem(
            (*place, "table"),
            f"every raw sum from {reach[0]} to {reach[1]}",
            f"{len(raws)} entries from {raws[0]} to {raws[-1]}",
            "Add or remove entries.",
        )


def _range_findings(form: Form, scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    low, high = scale.range
    if low >= high:
        yield lines.problem(
            (*place, "range"), "lowest before highest", "the other way round", "Swap them."
        )
        return
    reach = _scores(form, scale)
    if reach and not low <= reach[0] <= reach[1] <= high:
        yield lines.problem(
            (*place, "range"),
            f"every possible score, from {reach[0]} to {reach[1]}",
            f"{low} to {high}",
            "Correct the range, or the items.",
        )


def _scores(form: Form, scale: Scale) -> tuple[Decimal, Decimal] | None:
    """The lowest and highest possible score, None where there is no end to it."""
    step = Decimal(1).scaleb(-scale.places)
    match scale.method:
        case "lookup":
            values = scale.table.values()
            ends = (min(values), max(values)) if values else None
        case "mean":
            ends = _mean_reach(form, scale)
        case _:
            ends = _sum_reach(form, scale)
    return ends and (
        ends[0].quantize(step, ROUND_HALF_UP),
        ends[1].quantize(step, ROUND_HALF_UP),
    )


def _sum_reach(form: Form, scale: Scale) -> tuple[Decimal, Decimal] | None:
    """The lowest and highest sum, as it is after rounding up and multiplying."""
    reach = _reach(form, scale)
    if reach is None:
        return None
    low, high = reach
    if scale.missing and scale.missing.round == "up":
        high = high.to_integral_value(ROUND_CEILING)
    return low * scale.multiply, high * scale.multiply


def _mean_reach(form: Form, scale: Scale) -> tuple[Decimal, Decimal] | None:
    """The lowest and highest mean of as few items as must be answered."""
    spans = _spans(form, scale)
    if not spans:
        return None
    needed = min(scale.missing.at_least if scale.missing else len(spans), len(spans))
    lows = sorted(low for low, _ in spans)[:needed]
    highs = sorted(high for _, high in spans)[-needed:]
    return sum(lows, _ZERO) / needed, sum(highs, _ZERO) / needed


def _reach(form: Form, scale: Scale) -> tuple[Decimal, Decimal] | None:
    """The lowest and highest raw sum of all items, None where there is no end to it."""
    spans = _spans(form, scale)
    if not spans:
        return None
    return sum((low for low, _ in spans), _ZERO), sum((high for _, high in spans), _ZERO)


def _spans(form: Form, scale: Scale) -> list[tuple[Decimal, Decimal]]:
    """The least and the most that each item counts here; empty where one has no bounds."""
    known = {item.link_id: item for item in form.items}
    names = dict.fromkeys(scale.items)
    spans = [_span(form, scale, known[name]) for name in names if name in known]
    bounded = [span for span in spans if span is not None]
    return bounded if len(bounded) == len(names) else []


def _span(form: Form, scale: Scale, item: Item) -> tuple[Decimal, Decimal] | None:
    if recode := scale.recode.get(item.link_id):
        return min(recode.values()), max(recode.values())
    return (_ZERO, Decimal(1)) if item.type == "boolean" else bounds_of(form, item)


def _band_findings(scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    yield from repeated(lines, (*place, "bands"), "id", [band.id for band in scale.bands])
    step = Decimal(1).scaleb(-scale.places)
    expected = scale.range[0]
    for index, band in enumerate(scale.bands):
        where = (*place, "bands", index)
        if (band.high is None) == (band.below is None):
            yield lines.problem(where, "either `high` or `below`", "both or neither", "Keep one.")
            return
        if band.low != expected:
            yield lines.problem(
                (*where, "low"),
                f"{expected}, where the band before ends",
                f"{band.low}",
                "Close the gap or the overlap.",
            )
        expected = band.high + step if band.high is not None else band.below or Decimal(0)
        if expected <= band.low:
            yield lines.problem(where, "an end after its beginning", "one before", "Correct one.")
    if scale.bands and expected <= scale.range[1]:
        yield lines.problem(
            (*place, "bands"),
            f"bands up to {scale.range[1]}",
            "the last one ends before",
            "Extend it or add one.",
        )
