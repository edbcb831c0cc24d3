"""Scores a response by the rules its form declares: from items, from other scores, or as held.

Each form's rules are compiled once to small closures over (link id, what the answer counts). A
score that its rule forbids has no value and says why; it is never 0 and never a guess.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from adapter.instruments.form import Band, Form, Scale
from adapter.instruments.response import Response
from adapter.instruments.rules import Missing
from adapter.instruments.study import AbsentReason
from adapter.scoring.tally import (
    Answers,
    Tally,
    highest,
    item_gaps,
    item_tally,
    settled_tallies,
    total,
)
from adapter.scoring.value import minutes_between, percent, profile, rounded, value_rule

Totals = Mapping[str, Decimal | AbsentReason]
CONTRADICTION: AbsentReason = "error"
"""Why there is no score where the answers cannot all be true: more sleep than time in bed."""


@dataclass(frozen=True, slots=True)
class Score:
    """One scale's score: `value` in the scale's unit, or None and `absent` says why.

    A profile has its answers' codes in a row as `profile`, and no value: it is no number.
    `answered` of `of` items (or scores) counted; `is_prorated` when the rule filled gaps with the
    person's mean.
    """

    scale: Scale
    value: Decimal | None
    answered: int
    of: int
    is_prorated: bool = False
    absent: AbsentReason | None = None
    profile: str | None = None


Scorer = Callable[[Answers, Totals], Score]


def score_response(response: Response) -> tuple[Score, ...]:
    """Every scale of the response's form, in the form's order."""
    answers, totals = response.answers, response.totals
    return tuple(score(answers, totals) for score in _scorers(response.form).values())


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
def _scorers(form: Form) -> dict[str, Scorer]:
    """The scorer of each scale by its id; a scale that counts others stands after them."""
    scorers: dict[str, Scorer] = {}
    for scale in form.scales:
        scorers[scale.id] = _scorer(form, scale, scorers)
    return scorers


def _scorer(form: Form, scale: Scale, before: Mapping[str, Scorer]) -> Scorer:
    match scale.method:
        case "reported":
            return _reported_scorer(scale)
        case "profile":
            return _profile_scorer(scale)
        case "between":
            return _between_scorer(scale)
        case _ if scale.missing and scale.missing.fill == "settled":
            return _settled_scorer(form, scale, scale.missing)
        case _ if scale.scales:
            return _scorer_of_scores(scale, [before[name] for name in scale.scales])
        case _:
            return _item_scorer(form, scale)


def _reported_scorer(scale: Scale) -> Scorer:
    def score(_: Answers, totals: Totals) -> Score:
        held = totals.get(scale.id)
        if not isinstance(held, Decimal):
            return Score(scale, None, 0, 1, absent=held or "unknown")
        return Score(scale, rounded(held, scale.places), 1, 1)

    return score


def _item_scorer(form: Form, scale: Scale) -> Scorer:
    tally, gaps_of = item_tally(form, scale), item_gaps(form, scale)
    of = len(scale.items)
    needed = scale.missing.at_least if scale.missing else of
    fills_gaps = scale.missing is not None and scale.missing.fill == "mean"
    value_of = value_rule(scale, of)

    known: dict[Tally, Score] = {}  # a scale has few totals; the same one is the same Score

    def score(answers: Answers, _: Totals) -> Score:
        tallied = tally(answers)
        if tallied in known:
            return known[tallied]
        together, counting, answered = tallied
        if counting < needed:
            reason = _why_absent(gaps_of(answers), answers)
            return Score(scale, None, answered, of, absent=reason)
        prorated = fills_gaps and counting < of
        known[tallied] = Score(scale, value_of(together, counting), answered, of, prorated)
        return known[tallied]

    return score


def _settled_scorer(form: Form, scale: Scale, missing: Missing) -> Scorer:
    """The score where every answer to the gaps would give the same."""
    tallies, gaps_of = settled_tallies(form, scale), item_gaps(form, scale)
    of = len(scale.items)
    value_of = value_rule(scale, of)

    def score(answers: Answers, _: Totals) -> Score:
        least, most, answered = tallies(answers)
        value = value_of(least, of)
        if answered < missing.at_least or value_of(most, of) != value:
            reason = _why_absent(gaps_of(answers), answers)
            return Score(scale, None, answered, of, absent=reason)
        return Score(scale, value, answered, of)

    return score


def _scorer_of_scores(scale: Scale, members: list[Scorer]) -> Scorer:
    """A score of scores, each as it is told; where one has no value, this one has none."""
    of = len(members)
    value_of = value_rule(scale, of)
    together = highest if scale.method == "highest" else total

    def score(answers: Answers, totals: Totals) -> Score:
        scores = [member(answers, totals) for member in members]
        values = [member.value for member in scores if member.value is not None]
        prorated = any(member.is_prorated for member in scores)
        if len(values) < of:
            reason = _common(member.absent for member in scores if member.value is None)
            return Score(scale, None, len(values), of, absent=reason)
        counted = percent(values) if scale.method == "percent" else together(values)
        if counted is None:
            return Score(scale, None, of, of, absent=CONTRADICTION)
        return Score(scale, value_of(counted, of), of, of, prorated)

    return score


def _profile_scorer(scale: Scale) -> Scorer:
    of = len(scale.items)

    def score(answers: Answers, _: Totals) -> Score:
        if gaps := _unanswered(scale, answers):
            return Score(scale, None, of - len(gaps), of, absent=_why_absent(gaps, answers))
        return Score(scale, None, of, of, profile=profile(scale.items, answers))

    return score


def _between_scorer(scale: Scale) -> Scorer:
    of = len(scale.items)

    def score(answers: Answers, _: Totals) -> Score:
        if gaps := _unanswered(scale, answers):
            return Score(scale, None, of - len(gaps), of, absent=_why_absent(gaps, answers))
        start, end = (str(answers[link_id].values[0]) for link_id in scale.items)
        minutes = minutes_between(start, end)
        if minutes is None:
            return Score(scale, None, of, of, absent=CONTRADICTION)
        return Score(scale, rounded(minutes, scale.places), of, of)

    return score


def _why_absent(gaps: Iterable[str], answers: Answers) -> AbsentReason:
    """The reason the source gives for every gap, or `unknown` when it gives none or several."""
    missing = [answers.get(link_id) for link_id in gaps]
    return _common(None if answer is None else answer.absent for answer in missing)


def _unanswered(scale: Scale, answers: Answers) -> list[str]:
    return [
        link_id
        for link_id in scale.items
        if (answer := answers.get(link_id)) is None or not answer.values
    ]


def _common(reasons: Iterable[AbsentReason | None]) -> AbsentReason:
    said = set(reasons)
    reason = said.pop() if len(said) == 1 else None
    return reason or "unknown"
