"""Which safety signals a response gives: on its answers even where no total can be scored.

A signal asks a person to look; it is no diagnosis and never an adverse event by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from adapter.instruments.answer import Answer
from adapter.instruments.form import Form, Option, Scale
from adapter.instruments.glimpse import Glimpse
from adapter.instruments.response import Response, ResponseStatus
from adapter.instruments.safety import Safety, Signal
from adapter.scoring.change import change_since
from adapter.scoring.score import Score

Reason = Literal["reached", "not-answered", "worse"]
_CLOSED: frozenset[ResponseStatus] = frozenset({"completed", "amended", "stopped"})


@dataclass(frozen=True, slots=True)
class Fired:
    """A signal that fired, and why: a bound reached, a gap where an answer is due, or worse.

    `version` is that of the rules which it is one of.
    """

    signal: Signal
    reason: Reason
    version: str


def signals_of(response: Response, scores: tuple[Score, ...], safety: Safety) -> tuple[Fired, ...]:
    """The signals that the answers and the scores give by themselves, in the study's order.

    `scores` may be empty: a form that nobody sent has none, and its answers still fire.
    """
    values = {score.scale.id: score.value for score in scores}
    fired = []
    for signal in safety.signals:
        if signal.form != response.form.id or signal.is_change:
            continue
        if signal.scale is not None:
            value = values.get(signal.scale)
            reason: Reason | None = "reached" if _is_reached(signal, value) else None
        else:
            reason = _of_items(signal, response)
        if reason is not None:
            fired.append(Fired(signal, reason, safety.version))
    return tuple(fired)


@dataclass(frozen=True, slots=True)
class Watched:
    """What a response that is kept back gives: signals that fired, and those nobody can judge."""

    fired: tuple[Fired, ...]
    unjudged: tuple[str, ...]


def signals_in(
    seen: Glimpse, scores: tuple[Score, ...], baseline: Mapping[str, Decimal], safety: Safety
) -> Watched:
    """The signals that can be told of a response that is kept back.

    An item whose cell cannot be read counts as unanswered; one that nobody may read now is not
    judged. `scores` are those of what can be read, `baseline` has the values of scales at baseline.
    """
    response, hidden = seen.response, seen.unread | seen.unsure
    unasked = {name: Answer(name, is_asked=False) for name in seen.unsure}
    judged = replace(response, answers={**response.answers, **unasked})
    fired = [
        *signals_of(judged, scores, safety),
        *(
            each
            for score in scores
            if score.value is not None and score.scale.id in baseline
            for each in signals_since(
                score.scale, response.form.id, (baseline[score.scale.id], score.value), safety
            )
        ),
    ]
    known = {each.signal.id for each in fired}
    unjudged = (
        signal.id
        for signal in safety.signals
        if signal.form == response.form.id
        and signal.id not in known
        and not hidden.isdisjoint(_grounds(signal, response.form))
    )
    return Watched(tuple(fired), tuple(unjudged))


def signals_since(
    scale: Scale, form: str, values: tuple[Decimal, Decimal], safety: Safety
) -> tuple[Fired, ...]:
    """The signals that a change gives, in the study's order; `values` are baseline and later."""
    change = change_since(scale, *values)
    if change.direction != "worse":
        return ()
    points, percent = abs(change.points), change.exact_percent
    return tuple(
        Fired(signal, "worse", safety.version)
        for signal in safety.signals
        if signal.is_change
        and (signal.form, signal.scale) == (form, scale.id)
        and (signal.worse_by is None or points >= signal.worse_by)
        and (
            signal.worse_by_percent is None
            or (percent is not None and abs(percent) >= signal.worse_by_percent)
        )
    )


def _of_items(signal: Signal, response: Response) -> Reason | None:
    answers = response.answers
    partners = signal.where.items if signal.where else signal.items
    due = [
        item
        for item, partner in zip(signal.items, partners, strict=True)
        if signal.where is None or _says(answers, partner, signal.where.equals)
    ]
    asked = [item for item in due if item not in answers or answers[item].is_asked]
    counts = [answers[item].counts if item in answers else None for item in asked]
    if any(_is_reached(signal, count) for count in counts):
        return "reached"
    is_closed = response.status in _CLOSED
    if signal.unanswered and is_closed and any(count is None for count in counts):
        return "not-answered"
    return None


def _grounds(signal: Signal, form: Form) -> set[str]:
    """The items and scales, by id, whose cells decide whether a signal fires."""
    grounds = {*signal.items, *(signal.where.items if signal.where else ())}
    scales = {signal.scale}
    for scale in reversed(form.scales):  # what a scale counts stands before it
        if scale.id in scales:
            scales.update(scale.scales)
            grounds |= {scale.id, *scale.items, *(said.item for said in scale.only_if.values())}
    asked = {item.asked_if.item for item in form.items if item.asked_if and item.link_id in grounds}
    return grounds | asked


def _is_reached(signal: Signal, value: Decimal | None) -> bool:
    if value is None:
        return False
    is_high = signal.at_least is not None and value >= signal.at_least
    is_low = signal.at_most is not None and value <= signal.at_most
    return is_high or is_low


def _says(answers: Mapping[str, Answer], link_id: str, expected: str) -> bool:
    answer = answers.get(link_id)
    return answer is not None and any(
        expected == (value.value if isinstance(value, Option) else str(value).lower())
        for value in answer.values
    )
