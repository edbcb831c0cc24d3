"""Scores as FHIRPath, by the method of their scale."""

from __future__ import annotations

from decimal import Decimal

from adapter.fhir.expression.arithmetic import Quotient, looked_up
from adapter.fhir.expression.counting import (
    WEIGHT,
    can_be_said,
    counted_of,
    total_of,
    values_of,
)
from adapter.instruments.form import Form, Scale
from adapter.instruments.reach import span_of
from adapter.instruments.rules import Missing


def score_expression(form: Form, scale: Scale) -> str | None:
    """The FHIRPath of a scale over a QuestionnaireResponse, None where it cannot be said.

    It gives one number with the scale's places (of a profile, one text), or nothing where the score
    may not be given. It cannot be said for a total that is reported; where a quotient may lie below
    0, for `div` cuts towards 0; for the highest of other scores; and where an item hangs on two.
    """
    match scale.method:
        case "reported":
            return None
        case "profile":
            return _profile(form, scale)
        case "between":
            return _between(scale)
        case "percent":
            said = _percent(form, scale)
        case _ if scale.scales:
            said = _of_scores(form, scale)
        case _:
            said = _of_items(form, scale)
    may_be_cut = said is not None and " div " in said and scale.range[0] < 0
    return None if may_be_cut else said


def _of_items(form: Form, scale: Scale) -> str | None:
    if not can_be_said(form, scale):
        return None
    if scale.missing and scale.missing.fill == "settled":
        return _settled(form, scale, scale.missing)
    of, told_anyway = len(scale.items), len(scale.if_missing)
    needed = scale.missing.at_least if scale.missing else of
    counted = counted_of(
        form, scale, [name for name in scale.items if name not in scale.if_missing]
    )
    counting = f"({counted} + {told_anyway})" if told_anyway else counted
    total = total_of(form, scale, scale.if_missing)
    value = _value(scale, total, of, counting if needed < of else str(of))
    if value is None:
        return None
    # The rule comes first: where too much is missing, some engines fail on what the rest comes to.
    return f"%resource.where({counted} >= {needed - told_anyway}).select({value})"


def _settled(form: Form, scale: Scale, missing: Missing) -> str | None:
    """The score with every gap at its least, where it is the same with every gap at its most."""
    of, ends = len(scale.items), (Decimal(0), Decimal(0))  # coherence: every item has its span
    spans = {name: span_of(form, scale, form.item(name)) or ends for name in scale.items}
    filled = [
        {name: span[end] for name, span in spans.items()} | scale.if_missing for end in (0, 1)
    ]
    values = [_value(scale, total_of(form, scale, gaps), of, str(of)) for gaps in filled]
    least, most = (value or "" for value in values)
    if not least or not most:
        return None
    counted = counted_of(form, scale, scale.items)
    rule = f"{counted} >= {missing.at_least}"
    return f"%resource.where({rule}).select(({least}).where($this = ({most})))"


def _of_scores(form: Form, scale: Scale) -> str | None:
    """The sum of what the scores come to, each by its own expression; of nothing, nothing."""
    members = [_scale(form, name) for name in scale.scales]
    said = [score_expression(form, member) for member in members]
    known = [expression for expression in said if expression is not None]
    if len(known) < len(said) or scale.method == "highest":
        return None
    total = Quotient.of("$this", max(member.places for member in members))
    value = _value(scale, total, len(members), str(len(members)))
    return value and f"({' + '.join(known)}).select({value})"


def _value(scale: Scale, total: Quotient, of: int, counting: str) -> str | None:
    """The score of a total of so many items, some of which count; how many, may be FHIRPath."""
    if scale.method == "mean":
        total = total.divided(counting)
    elif not counting.isdigit():  # there may be gaps, which get the others' mean
        total = total.scaled(of).divided(counting)
        if scale.missing and scale.missing.round == "up":
            total = total.rounded_up()
    if scale.method == "lookup":
        value = looked_up(total.rounded(0), scale.table, scale.places)
        return None if scale.points else value
    total = total.scaled(scale.multiply)
    return total.in_steps(scale.points) if scale.points else total.rounded(scale.places)


def _percent(form: Form, scale: Scale) -> str | None:
    """The first of two scores by the second, which `$this` is."""
    part, whole = (_scale(form, name) for name in scale.scales)
    said, base = score_expression(form, part), score_expression(form, whole)
    if said is None or base is None:
        return None
    above, below = Quotient.of(said, part.places), Quotient.of("$this", whole.places)
    share = Quotient(above.whole, 100 * above.times / below.times, below.whole)
    value = share.in_steps(scale.points) if scale.points else share.rounded(scale.places)
    return value and f"{base}.where($this > 0 and {said} <= $this).select({value})"


def _between(scale: Scale) -> str:
    """The minutes from one time of day to another; none where both are the same."""
    start, end = (
        f"{values_of([name])}.select({_part(0)} * 60 + {_part(3)})" for name in scale.items
    )
    return f"(({end} + 1440 - {start}) mod 1440).where($this > 0)"


def _part(place: int) -> str:
    return f"$this.toString().substring({place}, 2).toInteger()"


def _profile(form: Form, scale: Scale) -> str | None:
    """The answers' codes in a row, where each is its own weight."""
    for name in scale.items:
        if any(str(option.score) != option.value for option in form.offered(form.item(name))):
            return None
    digit = f"{WEIGHT}.select($this.truncate().toString())"
    return " + ".join(f"{values_of([name])}{digit}" for name in scale.items)


def _scale(form: Form, name: str) -> Scale:
    return next(scale for scale in form.scales if scale.id == name)
