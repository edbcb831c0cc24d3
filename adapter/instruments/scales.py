"""What must hold inside a scale, beyond the shape of each word, so that scoring cannot fail.

A form without findings is scored to the end, whatever was answered, and every score lies in the
range that its scale declares.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from decimal import Decimal

from adapter.errors import Problem
from adapter.instruments.counting import counting_findings, step_findings
from adapter.instruments.form import Form, Scale
from adapter.instruments.items import repeated
from adapter.instruments.mapping import Lines, Place
from adapter.instruments.members import member_findings
from adapter.instruments.reach import before_points, raw_sums, reached, scores_of, spans_of
from adapter.instruments.rules import Missing

_UNITS = {"between": "min", "percent": "%"}


def scale_findings(form: Form, scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    """What is wrong with one scale of a form."""
    yield from member_findings(form, scale, place, lines)
    yield from _method_findings(form, scale, place, lines)
    yield from counting_findings(form, scale, place, lines)
    yield from _table_findings(form, scale, place, lines)
    yield from _point_findings(form, scale, place, lines)
    yield from _range_findings(form, scale, place, lines)
    yield from _band_findings(scale, place, lines)
    yield from _change_findings(scale, place, lines)
    for index, threshold in enumerate(scale.change):
        if threshold.points is None and threshold.percent is None:
            yield lines.problem(
                (*place, "change", index), "`points`, `percent` or both", "neither", "Say one."
            )


def _method_findings(form: Form, scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    if scale.multiply > 1 and scale.method != "sum":
        yield lines.problem(
            (*place, "multiply"),
            "the method `sum`, which alone is multiplied",
            f"`{scale.method}`",
            "Remove it, or correct the method.",
        )
    unit = _UNITS.get(scale.method) if not scale.points else None
    if unit is not None and scale.unit != unit:
        yield lines.problem(
            (*place, "unit"),
            f"`{unit}`, the unit of the method `{scale.method}`",
            f"`{scale.unit}`",
            "Correct the unit.",
        )
    if scale.method == "profile" and (scale.bands or scale.change):
        yield lines.problem(
            place,
            "neither `bands` nor `change` for a profile, which is no number",
            "one of them",
            "Remove it.",
        )
    if scale.missing is not None:
        yield from _missing_findings(form, scale, scale.missing, place, lines)


def _missing_findings(
    form: Form, scale: Scale, missing: Missing, place: Place, lines: Lines
) -> Iterator[Problem]:
    if not scale.items or scale.method not in {"sum", "mean", "lookup", "highest"}:
        yield lines.problem(
            (*place, "missing"),
            "a sum, mean, lookup or highest of items, whose gaps alone can be filled",
            f"`{scale.method}` of something else" if not scale.items else f"`{scale.method}`",
            "Remove it.",
        )
        return
    if missing.at_least > len(scale.items):
        yield lines.problem(
            (*place, "missing", "at_least"),
            f"at most the scale's {len(scale.items)} items",
            f"{missing.at_least}",
            "Correct the number.",
        )
    if missing.fill == "settled" or scale.method == "highest":
        yield from _settled_findings(scale, missing, place, lines)
    elif scale.method in {"sum", "lookup"}:
        yield from _filled_findings(form, scale, missing, place, lines)


def _settled_findings(
    scale: Scale, missing: Missing, place: Place, lines: Lines
) -> Iterator[Problem]:
    """Only what comes in steps can be the same whatever the gaps are."""
    comes_in_steps = scale.method == "highest" or (scale.method == "sum" and scale.points)
    if not comes_in_steps:
        yield lines.problem(
            (*place, "missing", "fill"),
            "`settled` for `highest`, or for a sum with `points`",
            f"it for `{scale.method}`",
            "Write `mean` or `none`, or add `points`.",
        )
    elif missing.fill != "settled":
        yield lines.problem(
            (*place, "missing", "fill"),
            "`settled`, because the highest of some may not be the highest of all",
            f"`{missing.fill}`",
            "Write `settled`, or leave `missing` out.",
        )


def _filled_findings(
    form: Form, scale: Scale, missing: Missing, place: Place, lines: Lines
) -> Iterator[Problem]:
    if missing.fill == "none":
        yield lines.problem(
            (*place, "missing", "fill"),
            "`mean`, because a sum with gaps is too low",
            "`none`",
            "Write `mean`, or leave `missing` out.",
        )
    elif len(set(spans_of(form, scale))) > 1:
        yield lines.problem(
            (*place, "missing", "fill"),
            "items that all have the same lowest and highest count",
            "items that differ, so that a mean of some says nothing of the others",
            "Leave `missing` out.",
        )


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
    reach = raw_sums(form, scale)
    if reach and raws != list(range(math.floor(reach[0]), math.ceil(reach[1]) + 1)):
        yield lines.problem(
            (*place, "table"),
            f"every raw sum from {reach[0]} to {reach[1]}",
            f"{len(raws)} entries from {raws[0]} to {raws[-1]}",
            "Add or remove entries.",
        )


def _point_findings(form: Form, scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    if not scale.points:
        return
    place = (*place, "points")
    if scale.method not in {"sum", "mean", "highest", "percent"}:
        yield lines.problem(
            place,
            "the method `sum`, `mean`, `highest` or `percent`, whose result is turned into points",
            f"`{scale.method}`",
            "Remove it, or correct the method.",
        )
        return
    yield from step_findings(scale.points, place, lines)
    ends = before_points(form, scale)
    in_reach = reached(scale.points, ends) if ends else list(scale.points)
    for index, step in enumerate(scale.points):
        if ends and step not in in_reach:
            yield lines.problem(
                (*place, index),
                f"a step that something from {ends[0]} to {ends[1]} is in",
                "one that nothing can be in",
                "Correct its end, or the items.",
            )


def _range_findings(form: Form, scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    low, high = scale.range
    if low >= high:
        yield lines.problem(
            (*place, "range"), "lowest before highest", "the other way round", "Swap them."
        )
        return
    reach = scores_of(form, scale)
    if reach and not low <= reach[0] <= reach[1] <= high:
        yield lines.problem(
            (*place, "range"),
            f"every possible score, from {reach[0]} to {reach[1]}",
            f"{low} to {high}",
            "Correct the range, or the items.",
        )


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


def _change_findings(scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    for index, threshold in enumerate(scale.change):
        if threshold.new_band and not scale.bands:
            yield lines.problem(
                (*place, "change", index, "new_band"),
                "a scale with `bands`",
                "a scale without",
                "Add the bands, or leave the word out.",
            )
