"""Answers to a form, drawn by a seeded die: the same on every machine and in every run.

A hundred of them are complete, the lowest and the highest possible ones first. A hundred or more
have gaps: for each scale one gap more each time, until nothing of it is answered, so that every
rule for missing items is met on both sides of its limit; then any gaps.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapter.instruments.form import Form, Item

Answers = dict[str, str]
HALF = 100
GAPS = ("", "-97", "-99")  # left blank, or with a code for why


def draw_answers(form: Form) -> list[Answers]:
    """Sets of raw answers by field, two hundred or more; none is blank all over."""
    die = Random(f"answers to {form.id}")  # noqa: S311 - chance for tests, not for secrets
    offered = {item.field: _possible(form, item) for item in form.items}

    def draw() -> Answers:
        return {field: _one_of(die, texts) for field, texts in offered.items()}

    drawn = [
        {field: texts[0] for field, texts in offered.items()},
        {field: texts[-1] for field, texts in offered.items()},
        *(draw() for _ in range(HALF - 2)),
    ]
    for scale in form.scales:
        fields = [form.item(link_id).field for link_id in scale.items]
        drawn += [_with_gaps(die, draw(), fields, gaps) for gaps in range(1, len(fields) + 1)]
    while len(drawn) < 2 * HALF:
        gaps = 1 + int(die.random() * min(4, len(offered)))
        drawn.append(_with_gaps(die, draw(), list(offered), gaps))
    return [_as_asked(form, answers) for answers in drawn]


def _with_gaps(die: Random, answers: Answers, fields: list[str], gaps: int) -> Answers:
    """The answers without so many of these fields."""
    order = sorted(fields, key=lambda _: die.random())
    missing = {field: _one_of(die, GAPS) for field in order[:gaps]}
    if not any((answers | missing).values()):  # which would be no response
        missing[order[0]] = GAPS[-1]
    return answers | missing


def _as_asked(form: Form, answers: Answers) -> Answers:
    """The answers without those to what is not asked after the others."""
    asked = dict(answers)
    for item in form.items:
        if item.asked_if is None:
            continue
        text = asked[form.item(item.asked_if.item).field]
        is_told = text not in GAPS and item.asked_if.equals in {None, text}
        asked[item.field] = asked[item.field] if is_told else ""
    return asked


def _possible(form: Form, item: Item) -> list[str]:
    """What may be answered, from one end to the other; of decimals the tenths."""
    if offered := form.offered(item):
        return [option.value for option in offered]
    low, high = item.min or Decimal(0), item.max or Decimal(0)
    match item.type:
        case "boolean":
            return ["0", "1"]
        case "integer":
            return [str(number) for number in range(int(low), int(high) + 1)]
        case "decimal":
            return [str(low + Decimal(number) / 10) for number in range(int((high - low) * 10) + 1)]
        case "time":
            return [f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(0, 60, 5)]
        case _:
            return ["as it was said"]


def _one_of(die: Random, texts: Sequence[str]) -> str:
    """One of them; by `random()` alone, whose numbers Python promises to keep."""
    return texts[int(die.random() * len(texts))]
