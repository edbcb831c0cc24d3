"""One item of a QuestionnaireResponse: what was answered, whoever wrote it down.

A choice is found by its declared code, by one that the form accepts for it besides, or by the
project's own; the weight that an answer may carry is compared and never counted; of two that differ
nobody knows which was meant, and the answer is refused. A whole number may come as a decimal and
the other way round, because programs without an integer type write it so.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, get_args

from adapter.fhir.coding import DATA_ABSENT_REASON, ORDINAL_VALUE, own_coding
from adapter.fhir.reading.findings import Findings
from adapter.instruments.answer import Answer, Misfit, Value, answer_of, number_reader
from adapter.instruments.form import Form, Item, ItemType, Option
from adapter.instruments.study import AbsentReason

Node = dict[str, Any]
ITEM_WEIGHT = "http://hl7.org/fhir/StructureDefinition/itemWeight"
_WEIGHTS = (ORDINAL_VALUE, ITEM_WEIGHT)
_REASONS: tuple[AbsentReason, ...] = get_args(AbsentReason)
_NUMBERS = ("valueInteger", "valueDecimal")
_WORDS: dict[ItemType, tuple[str, ...]] = {  # the expected word first, then those taken for it
    "choice": ("valueCoding",),
    "boolean": ("valueBoolean",),
    "integer": _NUMBERS,
    "decimal": _NUMBERS[::-1],
    "date": ("valueDate",),
    "dateTime": ("valueDateTime",),
    "time": ("valueTime",),
    "string": ("valueString",),
    "text": ("valueString",),
}


def objects(value: object) -> list[tuple[int, Node]]:
    """The JSON objects of a list with their indexes; whatever else stands there R4 refuses."""
    listed = value if isinstance(value, list) else []
    return [(index, node) for index, node in enumerate(listed) if isinstance(node, dict)]


def read_answer(form: Form, item: Item, node: Node, where: str, found: Findings) -> Answer | None:
    """What an item says, None where it says nothing; `where` is its place.

    Where something does not fit, that is told, and the answer holds what does.
    """
    values: list[Value] = []
    given = 0
    for index, answer in objects(node.get("answer")):
        place = f"{where}.answer[{index}].value"
        given += bool(_value_words(answer))
        values.extend(_read_value(form, item, answer, place, found))
    reason = _absent_reason(node, where, found)
    if given > 1 and not item.repeats:
        found.error("structure", f"{where}.answer", "one answer at most", f"{given} of them")
    if given and reason is not None:
        found.error(
            "invariant", f"{where}.extension", "an answer or a reason for its absence", "both"
        )
    if given:
        return answer_of(item, tuple(values))
    return None if reason is None else Answer(item.link_id, absent=reason)


def read_total(
    node: Node, where: str, found: Findings, *, is_profile: bool
) -> Decimal | str | None:
    """The one score that an item holds which a form filler computes; a profile is text."""
    answers = objects(node.get("answer"))
    if len(answers) > 1:
        found.error("structure", f"{where}.answer", "one answer at most", f"{len(answers)} of them")
    expected = ("valueString",) if is_profile else _WORDS["decimal"]
    totals: list[Decimal | str] = []
    for index, answer in answers:
        place = f"{where}.answer[{index}].value"
        for word in () if place in found.broken else _value_words(answer):
            if word not in expected:
                found.error("structure", place, f"`{expected[0]}`", f"`{word}`")
            else:
                totals.append(answer[word] if is_profile else Decimal(str(answer[word])))
    return totals[0] if totals else None


def _value_words(answer: Node) -> list[str]:
    return [word for word in answer if word.startswith("value")]


def _read_value(
    form: Form, item: Item, answer: Node, place: str, found: Findings
) -> Iterator[Value]:
    expected = _WORDS[item.type]
    for word in () if place in found.broken else _value_words(answer):
        if word not in expected:
            found.error("structure", place, f"`{expected[0]}`", f"`{word}`")
        elif word == "valueCoding":
            yield from _read_option(form, item, answer, place, found)
        elif word in _NUMBERS:
            yield from _read_number(item, answer, word, place, found)
        else:
            yield answer[word]


def _read_number(
    item: Item, answer: Node, word: str, place: str, found: Findings
) -> Iterator[Value]:
    read = number_reader(item)(Decimal(str(answer[word])))
    expected = _WORDS[item.type][0]
    if isinstance(read, Misfit):
        found.error("value", place, read.expected, "a number that does not fit")
    elif word != expected:
        found.warning("structure", place, f"`{expected}`", f"`{word}`")
    yield from read.values if isinstance(read, Answer) else ()


def _read_option(
    form: Form, item: Item, answer: Node, place: str, found: Findings
) -> Iterator[Option]:
    coding = answer["valueCoding"]
    option = options_of(form, item.link_id).get((coding.get("system"), coding.get("code")))
    if option is None:
        offered = len(form.offered(item))
        found.error(
            "code-invalid", place, f"one of the {offered} codings offered", "another coding"
        )
        return
    weights = dict.fromkeys(_weights(answer, coding))
    if len(weights) > 1:  # which of them whoever wrote it counted, nobody can tell
        found.error("business-rule", place, "one weight of the answer", "several that differ")
    for weight in weights:
        if len(weights) == 1 and weight != option.score:
            expected = "the weight that the form gives this option"
            found.warning("business-rule", place, expected, "another weight, which is not counted")
    yield option


@functools.cache
def options_of(form: Form, link_id: str) -> dict[tuple[str, str], Option]:
    """The options of an item by system and code; a code that two of them share names none."""
    item = form.item(link_id)
    own: dict[tuple[str, str], Option] = {}
    declared: dict[tuple[str, str], list[Option]] = {}
    for option in form.offered(item):
        coding = own_coding("answer", f"{form.id}-{item.options}-{option.value}")
        own[coding["system"], coding["code"]] = option
        codes = (*([option.code] if option.code else ()), *option.accepts)
        for code in codes:
            declared.setdefault((code.url, code.code), []).append(option)
    return own | {key: options[0] for key, options in declared.items() if len(options) == 1}


def _weights(*nodes: Node) -> Iterator[Decimal]:
    """Every weight that an answer carries, beside its value and inside it."""
    for node in nodes:
        for _, extension in objects(node.get("extension")):
            if extension.get("url") in _WEIGHTS and "valueDecimal" in extension:
                yield Decimal(str(extension["valueDecimal"]))


def _absent_reason(node: Node, where: str, found: Findings) -> AbsentReason | None:
    """Why there is no answer: said by the item, by an empty answer, or in place of its value."""
    reasons = list(_reasons_of(node, where))
    for index, answer in objects(node.get("answer")):
        place = f"{where}.answer[{index}]"
        reasons += _reasons_of(answer, place)
        for word, sibling in answer.items():
            if word.startswith("_value") and isinstance(sibling, dict):
                reasons += _reasons_of(sibling, f"{place}.value")
    for code, place in reasons:
        if code not in _REASONS:
            found.error("code-invalid", place, "a reason of data-absent-reason", "another code")
    said = {code for code, _ in reasons}
    return next((reason for reason in _REASONS if reason in said), None)


def _reasons_of(node: Node, where: str) -> Iterator[tuple[str, str]]:
    for index, extension in objects(node.get("extension")):
        if extension.get("url") == DATA_ABSENT_REASON:
            yield str(extension.get("valueCode")), f"{where}.extension[{index}]"
