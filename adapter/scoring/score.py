"""Scores a response by the rules its form declares: reversal, sums, means, tables, missing items.

Each form's rules are compiled once to small closures over (link id, what the answer counts). A
score that its rule forbids has no value and says why; it is never 0 and never a guess.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from adapter.instruments.answer import Answer
from adapter.instruments.form import Band, Form, Scale
from adapter.instruments.items import bounds_of
from adapter.instruments.response import Response
from adapter.instruments.study import AbsentReason

Answers = Mapping[str, Answer]
Totals = Mapping[str, Decimal | AbsentReason]
Recode = Mapping[Decimal, Decimal]
_ZERO = Decimal(0)
Tally = tuple[Decimal, int]  # what the answered items count together, and how many they are


@dataclass(frozen=True, slots=True)
class Score:
    """One scale's score: `value` in the scale's unit, or None and `absent` says why.

    `answered` of `of` items counted; `is_prorated` when the rule filled gaps with the person's
    mean.
    """

    scale: Scale
    value: Decimal | None
    answered: int
    of: int
    is_prorated: bool = False
    absent: AbsentReason | None = None


def score_response(response: Response) -> tuple[Score, ...]:
    """Every scale of the response's form, in the form's order."""
    answers, totals = response.answers, response.totals
    return tuple(score(answers, totals) for score in _scorers(response.form))


def band_of(scale: Scale, value: Decimal) -> Band | None:
    """The band that holds a value, None for a scale without bands."""
    for band in scale.bands:
        ends_later = value <= band.high if band.high is not None else _is_less(value, band.below)
        if value >= band.low and ends_later:
            return band
    return None


def _is_less(value: Decimal, end: Decimal | None) -> bool:
    return end is not None and value < end


@functools.cache
def _scorers(form: Form) -> tuple[Callable[[Answers, Totals], Score], ...]:
    return tuple(
        _reported_scorer(scale) if scale.method == "reported" else _scorer(form, scale)
        for scale in form.scales
    )


def _reported_scorer(scale: Scale) -> Callable[[Answers, Totals], Score]:
    step = Decimal(1).scaleb(-scale.places)

    def score(_: Answers, totals: Totals) -> Score:
        total = totals.get(scale.id)
        if not isinstance(total, Decimal):
            return Score(scale, None, 0, 1, absent=total or "unknown")
        return Score(scale, total.quantize(step, ROUND_HALF_UP), 1, 1)

    return score


def _scorer(form: Form, scale: Scale) -> Callable[[Answers, Totals], Score]:
    tally = _tally(form, scale)
    of = len(scale.items)
    needed = scale.missing.at_least if scale.missing else of
    fills_gaps = scale.missing is not None and scale.missing.fill == "mean"
    value_of = _value_rule(scale, of)

    known: dict[Tally, Score] = {}  # a scale has few totals; the same one is the same Score

    def score(answers: Answers, _: Totals) -> Score:
        tallied = tally(answers)
        if tallied in known:
            return known[tallied]
        total, answered = tallied
        if answered < needed:
            return Score(scale, None, answered, of, absent=_why_absent(scale, answers))
        prorated = fills_gaps and answered < of
        known[tallied] = Score(scale, value_of(total, answered), answered, of, prorated)
        return known[tallied]

    return score


def _tally(form: Form, scale: Scale) -> Callable[[Answers], Tally]:
    link_ids = scale.items
    recodes = tuple(
        (place, recode)
        for place, link_id in enumerate(link_ids)
        if (recode := _recode(form, scale, link_id)) is not None
    )

    def tally(answers: Answers) -> Tally:
        counted = [_counts(answers, link_id) for link_id in link_ids]
        for place, recode in recodes:
            count = counted[place]
            counted[place] = None if count is None else recode[count]
        known = [count for count in counted if count is not None]
        return sum(known, _ZERO), len(known)

    def tally_complete(answers: Answers) -> Tally:
        try:
            counted = [answers[link_id].counts for link_id in link_ids]
            for place, recode in recodes:
                counted[place] = recode[counted[place]]  # type: ignore[index] # None: KeyError
            # A None among them is a TypeError, caught below: cheaper than looking at each.
            return sum(counted, _ZERO), len(counted)  # type: ignore[type-var,return-value]
        except (KeyError, TypeError):  # something is missing
            return tally(answers)

    return tally_complete


def _counts(answers: Answers, link_id: str) -> Decimal | None:
    answer = answers.get(link_id)
    return None if answer is None else answer.counts


def _recode(form: Form, scale: Scale, link_id: str) -> Recode | None:
    """What each value of an item counts in this scale; None where it counts as itself."""
    item = form.item(link_id)
    if link_id in scale.recode:
        return scale.recode[link_id]
    if link_id not in scale.reverse:
        return None
    low, high = bounds_of(form, item) or (Decimal(0), Decimal(0))  # coherence: there are bounds
    offered = [option.score for option in form.offered(item) if option.score is not None]
    values = offered or [Decimal(value) for value in range(int(low), int(high) + 1)]
    return {value: low + high - value for value in values}


def _value_rule(scale: Scale, of: int) -> Callable[[Decimal, int], Decimal]:
    step = Decimal(1).scaleb(-scale.places)
    rounds_up = scale.missing is not None and scale.missing.round == "up"
    multiply, table, is_mean = scale.multiply, scale.table, scale.method == "mean"

    def value_of(total: Decimal, answered: int) -> Decimal:
        if is_mean:
            return (total / answered).quantize(step, ROUND_HALF_UP)
        if answered < of:
            total = total * of / answered
            if rounds_up:
                total = total.to_integral_value(ROUND_CEILING)
        if table:
            total = table[int(total.to_integral_value(ROUND_HALF_UP))]
        return (total * multiply if multiply > 1 else total).quantize(step, ROUND_HALF_UP)

    return value_of


def _why_absent(scale: Scale, answers: Answers) -> AbsentReason:
    """The reason the source gives for every gap, or `unknown` when it gives none or several."""
    gaps: set[AbsentReason | None] = set()
    for link_id in scale.items:
        answer = answers.get(link_id)
        if answer is None:
            gaps.add(None)
        elif answer.counts is None:
            gaps.add(answer.absent)
    reason = gaps.pop() if len(gaps) == 1 else None
    return reason or "unknown"
