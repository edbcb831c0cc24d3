"""What must hold of the words that change what an item counts: reversal, recodes, steps, gaps."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from adapter.errors import Problem
from adapter.instruments.form import Form, Item, Scale
from adapter.instruments.items import condition_findings
from adapter.instruments.mapping import Lines, Place
from adapter.instruments.reach import span_of, values_of
from adapter.instruments.rules import Step

_COUNTED = {"sum", "mean", "highest", "lookup"}


def counting_findings(form: Form, scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    """What is wrong with the words about single items of a scale."""
    words = {
        "reverse": scale.reverse,
        "recode": tuple(scale.recode),
        "steps": tuple(scale.steps),
        "only_if": tuple(scale.only_if),
        "if_missing": tuple(scale.if_missing),
    }
    for word, names in words.items():
        if names and scale.method not in _COUNTED:
            yield lines.problem(
                (*place, word),
                "a method that counts items: sum, mean, highest or lookup",
                f"`{scale.method}`",
                "Remove the word, or correct the method.",
            )
        for name in names:
            if name not in scale.items:
                yield lines.problem(
                    (*place, word), "items of this scale", f"`{name}`", "Correct the link id."
                )
    for item in form.items:
        yield from _value_findings(form, scale, item, place, lines)
        yield from _gap_findings(form, scale, item, place, lines)


def step_findings(steps: tuple[Step, ...], place: Place, lines: Lines) -> Iterator[Problem]:
    """Steps rise, each but the last one ends, and where one ends the next begins."""
    ends = [step.high if step.high is not None else step.below for step in steps]
    for index, step in enumerate(steps[:-1]):
        if (step.high is None) == (step.below is None):
            yield lines.problem(
                (*place, index), "either `high` or `below`", "both or neither", "Keep one."
            )
    if ends[-1:] != [None]:
        yield lines.problem(
            (*place, len(steps) - 1),
            "a last step without an end",
            "an end, or no step at all",
            "Add the step that takes the rest, or leave its end out.",
        )
    for index, (end, later) in enumerate(itertools.pairwise(ends), 1):
        is_point = steps[index - 1].below is not None and steps[index].high is not None
        rises = end is None or later is None or later > end or (is_point and later == end)
        if not rises:
            yield lines.problem(
                (*place, index), f"an end after {end}", f"{later}", "Correct the order."
            )


def _value_findings(
    form: Form, scale: Scale, item: Item, place: Place, lines: Lines
) -> Iterator[Problem]:
    """Reversal needs bounds; a recode must say what each possible value counts."""
    name, values = item.link_id, values_of(form, item)
    if name in scale.reverse and (not values or item.type == "boolean"):
        yield lines.problem(
            (*place, "reverse"),
            "items with options, or with whole numbers from min to max",
            f"`{name}`, which has neither",
            "Give the item its bounds.",
        )
    if name in scale.recode and set(scale.recode[name]) != values:
        yield lines.problem(
            (*place, "recode"),
            f"every value that `{name}` can have, and no other",
            "some left out, or others",
            "Say what each value counts.",
        )
    if name not in scale.steps:
        return
    yield from step_findings(scale.steps[name], (*place, "steps", name), lines)
    if item.type not in {"integer", "decimal"}:
        yield lines.problem(
            (*place, "steps", name),
            "an item that is a number",
            f"`{name}`, which is none",
            "Write `recode` for the answers of a choice.",
        )
    if name in scale.recode or name in scale.reverse:
        yield lines.problem(
            (*place, "steps", name),
            "one word that says what the item counts",
            "`reverse` or `recode` as well",
            "Keep one of them.",
        )


def _gap_findings(
    form: Form, scale: Scale, item: Item, place: Place, lines: Lines
) -> Iterator[Problem]:
    """A condition must be one that can hold; a gap counts what an answer could count."""
    name = item.link_id
    if name in scale.only_if:
        others = [other.link_id for other in form.items if other is not item]
        where = (*place, "only_if", name)
        yield from condition_findings(form, scale.only_if[name], others, where, lines)
    if name not in scale.if_missing:
        return
    span, amount = span_of(form, scale, item, with_gap=False), scale.if_missing[name]
    if span and not span[0] <= amount <= span[1]:
        yield lines.problem(
            (*place, "if_missing", name),
            f"a number that `{name}` can count, from {span[0]} to {span[1]}",
            f"{amount}",
            "Correct the number.",
        )
