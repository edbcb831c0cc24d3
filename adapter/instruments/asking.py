"""Items that are asked only if another was answered so: what was asked, and what was not.

An item that was not asked is not missing: it was told, by the other, that there is nothing to tell.
FHIR knows the same as `Questionnaire.item.enableWhen`
(https://hl7.org/fhir/R4/questionnaire-definitions.html#Questionnaire.item.enableWhen), by which an
item that was not asked has no answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from adapter.instruments.answer import Answer, Value
from adapter.instruments.form import Form, Item, Option
from adapter.instruments.rules import Condition

_NOTHING = Decimal(0)


def holds(answers: Mapping[str, Answer], condition: Condition) -> bool | None:
    """Whether another item said so; None where that is not known, because it is missing."""
    answer = answers.get(condition.item)
    if answer is not None and answer.values:
        return condition.equals is None or code_of(answer.values[0]) == condition.equals
    return None if answer is None or answer.is_asked else False


def mark_unasked(
    form: Form, answers: Mapping[str, Answer]
) -> tuple[dict[str, Answer], tuple[Item, ...]]:
    """The answers in the form's order, with a mark for each item that was not asked.

    Such an item counts 0, whatever the scale. The second part of the result are the items that hold
    an answer although they were not asked: one of two answers must be wrong.
    """
    marked: dict[str, Answer] = {}
    contradicting: list[Item] = []
    for item in form.items:
        answer = answers.get(item.link_id)
        asked = True if item.asked_if is None else holds(marked, item.asked_if)
        if asked is not True and answer is not None and answer.values:
            contradicting.append(item)
        if asked is False:
            marked[item.link_id] = _unasked(item.link_id)
        elif answer is not None:
            marked[item.link_id] = answer
    return marked, tuple(contradicting)


def left_out(form: Form, answers: Mapping[str, Answer]) -> tuple[Item, ...]:
    """The required items that were surely asked and have no answer; a reason why is none."""
    return tuple(
        item
        for item in form.items
        if item.required
        and (item.asked_if is None or holds(answers, item.asked_if))
        and (item.link_id not in answers or answers[item.link_id].absent is not None)
    )


def _unasked(link_id: str) -> Answer:
    return Answer(link_id, absent="not-applicable", counts=_NOTHING, is_asked=False)


def code_of(value: Value) -> str:
    """The source's own code of a choice, or of yes and no."""
    if isinstance(value, Option):
        return value.value
    return str(int(value)) if isinstance(value, bool) else str(value)
