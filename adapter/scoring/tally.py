"""What the items of a scale count: reversed, recoded, in steps, on a condition, or in their gap.

A scale whose items are asked of everybody and count by themselves is tallied by the shortest way;
every other word costs only the scales that use it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from adapter.instruments.answer import Answer
from adapter.instruments.asking import holds
from adapter.instruments.form import Form, Scale
from adapter.instruments.items import bounds_of
from adapter.instruments.reach import span_of
from adapter.instruments.rules import Step

Answers = Mapping[str, Answer]
Recode = Mapping[Decimal, Decimal]
Tally = tuple[Decimal, int, int]
"""What the items count together, how many count, and how many of these were answered.

An item that was not asked was answered by another; one that counts although it is missing was not.
"""
_ZERO = Decimal(0)


def item_tally(form: Form, scale: Scale) -> Callable[[Answers], Tally]:
    """What the items of a scale come to together."""
    if _is_plain(form, scale):
        return _plain_tally(form, scale)
    together = highest if scale.method == "highest" else total
    counters = [
        (_counter(form, scale, link_id), scale.if_missing.get(link_id)) for link_id in scale.items
    ]

    def tally(answers: Answers) -> Tally:
        counted = [(counter(answers), gap) for counter, gap in counters]
        answered = [count for count, _ in counted if count is not None]
        gaps = [gap for count, gap in counted if count is None and gap is not None]
        return together(answered + gaps), len(answered) + len(gaps), len(answered)

    return tally


def settled_tallies(form: Form, scale: Scale) -> Callable[[Answers], tuple[Decimal, Decimal, int]]:
    """What the items come to if every gap counted the least and the most; how many are answered."""
    together = highest if scale.method == "highest" else total
    counters = [
        (_counter(form, scale, link_id), _gap_span(form, scale, link_id)) for link_id in scale.items
    ]

    def tallies(answers: Answers) -> tuple[Decimal, Decimal, int]:
        counted = [(counter(answers), span) for counter, span in counters]
        answered = [count for count, _ in counted if count is not None]
        gaps = [span for count, span in counted if count is None]
        least = together(answered + [low for low, _ in gaps])
        most = together(answered + [high for _, high in gaps])
        return least, most, len(answered)

    return tallies


def item_gaps(form: Form, scale: Scale) -> Callable[[Answers], list[str]]:
    """The items that are missing, without those that count all the same."""
    counters = [
        (link_id, _counter(form, scale, link_id))
        for link_id in scale.items
        if link_id not in scale.if_missing
    ]
    return lambda answers: [link_id for link_id, count in counters if count(answers) is None]


def total(known: list[Decimal]) -> Decimal:
    """The sum, 0 of nothing."""
    return sum(known, _ZERO)


def highest(known: list[Decimal]) -> Decimal:
    """The greatest, 0 of nothing."""
    return max(known, default=_ZERO)


def in_steps(steps: tuple[Step, ...], number: Decimal) -> Decimal:
    """What the step that holds a number counts; the last step holds whatever is left."""
    return next(step.counts for step in steps if step.holds(number))


def _is_plain(form: Form, scale: Scale) -> bool:
    """Whether items are added that count by their own answers alone and are asked of everybody."""
    is_asked_always = all(form.item(link_id).asked_if is None for link_id in scale.items)
    has_words = scale.steps or scale.only_if or scale.if_missing or scale.method == "highest"
    return is_asked_always and not has_words


def _plain_tally(form: Form, scale: Scale) -> Callable[[Answers], Tally]:
    link_ids = scale.items
    of = len(link_ids)
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
        return total(known), len(known), len(known)

    def tally_complete(answers: Answers) -> Tally:
        try:
            counted = [answers[link_id].counts for link_id in link_ids]
            for place, recode in recodes:
                counted[place] = recode[counted[place]]  # type: ignore[index] # None: KeyError
            # A None among them is a TypeError, caught below: cheaper than looking at each.
            return sum(counted, _ZERO), of, of  # type: ignore[type-var,return-value]
        except (KeyError, TypeError):  # something is missing
            return tally(answers)

    return tally_complete


def _counter(form: Form, scale: Scale, link_id: str) -> Callable[[Answers], Decimal | None]:
    """What one item counts, with every word that may change it; None where it is missing."""
    condition = scale.only_if.get(link_id)
    steps = scale.steps.get(link_id)
    recode = _recode(form, scale, link_id)

    def count(answers: Answers) -> Decimal | None:
        applies = condition is None or holds(answers, condition)
        if applies is False:
            return _ZERO
        answer = answers.get(link_id)
        if not applies or answer is None or answer.counts is None:
            return None
        if not answer.is_asked:
            return _ZERO
        if steps is not None:
            return in_steps(steps, answer.counts)
        return answer.counts if recode is None else recode[answer.counts]

    return count


def _gap_span(form: Form, scale: Scale, link_id: str) -> tuple[Decimal, Decimal]:
    """The least and the most that a gap can stand for."""
    if link_id in scale.if_missing:
        return scale.if_missing[link_id], scale.if_missing[link_id]
    return span_of(form, scale, form.item(link_id)) or (_ZERO, _ZERO)  # coherence: there is a span


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
