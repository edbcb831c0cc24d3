"""The items of a QuestionnaireResponse, read by the form in the order in which they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from adapter.fhir.check import find_faults
from adapter.fhir.questionnaire import score_link_id
from adapter.fhir.reading.answer import Node, objects, read_answer, read_total
from adapter.fhir.reading.findings import Findings
from adapter.instruments.answer import Answer
from adapter.instruments.asking import left_out, mark_unasked
from adapter.instruments.form import Form, Item

ROOT = "QuestionnaireResponse"


@dataclass(frozen=True, slots=True)
class Total:
    """A score as the form's renderer computed it, and the FHIRPath of where it stands.

    A profile is a row of answers' codes and no number.
    """

    value: Decimal | str
    expression: str


@dataclass(slots=True)
class Items:
    """What the items say: answers by link id, totals by scale id."""

    answers: dict[str, Answer] = field(default_factory=dict)
    totals: dict[str, Total] = field(default_factory=dict)


def read_items(resource: Node, form: Form, found: Findings) -> Items:
    """Every answer in the form's order, and every total; what is wrong is told."""
    questions = {item.link_id: item for item in form.items}
    scales = {score_link_id(scale): scale for scale in form.scales if scale.field is None}
    order = (*questions, *scales)
    items = Items()
    places: dict[str, str] = {}
    for link_id, node, where in _in_place(_nodes(resource, ROOT, order, found), order, found):
        if link_id in scales:
            scale = scales[link_id]
            total = read_total(node, where, found, is_profile=scale.method == "profile")
            if total is not None:
                items.totals[scale.id] = Total(total, where)
            continue
        item = questions[link_id]
        places[link_id] = where
        _compare_text(item, node, where, found)
        answer = read_answer(form, item, node, where, found)
        if answer is not None:
            items.answers[link_id] = answer
    items.answers = _with_unasked(form, items.answers, places, found)
    return items


def _with_unasked(
    form: Form, answers: Mapping[str, Answer], places: Mapping[str, str], found: Findings
) -> dict[str, Answer]:
    """The answers in the form's order; one to an item that was not asked (enableWhen) is told."""
    marked, contradicting = mark_unasked(form, answers)
    for item in contradicting:
        if item.asked_if is not None:
            expected = f"no answer, unless `{item.asked_if.item}` says that it is asked"
            found.error("structure", places[item.link_id], expected, "an answer")
    return marked if answers else {}


def glimpse_items(resource: Node, form: Form) -> tuple[dict[str, Answer], frozenset[str]]:
    """The answers that can be read of a response that does not fit, and the items that cannot.

    Nothing is marked as not asked. An item that stands twice, or holds what is no answer to it,
    cannot be read.
    """
    found, questions = Findings(), {item.link_id: item for item in form.items}
    found.add_faults(find_faults(resource))
    answers: dict[str, Answer] = {}
    unread: set[str] = set()
    for node, where in _nodes(resource, ROOT, tuple(questions), found):
        item = questions.get(str(node.get("linkId")))
        answer = None if item is None else read_answer(form, item, node, where, found)
        if item is None or answer is None:
            continue
        if item.link_id in answers or not (answer.values or answer.absent):
            unread.add(item.link_id)
        answers.setdefault(item.link_id, answer)
    return answers, frozenset(unread)


def require_answers(form: Form, answers: Mapping[str, Answer], found: Findings) -> None:
    """Tells the required items that were asked and have no answer; a reason is none."""
    for item in left_out(form, answers):
        found.error("required", ROOT, f"an answer to `{item.link_id}`", "none")


def _nodes(
    parent: Node, where: str, known: tuple[str, ...], found: Findings
) -> Iterator[tuple[Node, str]]:
    """Every item with its place, those below other items included."""
    for index, node in objects(parent.get("item")):
        place = f"{where}.item[{index}]"
        below = objects(node.get("item"))
        if node.get("linkId") in known:
            if below and place not in found.broken:  # R4 has a rule on items below an answered one
                _tell_nested(place, found)
        elif below and "answer" not in node:
            expected = "a link id of the Questionnaire"
            found.warning("structure", place, expected, "a group that it does not have")
        elif "linkId" in node:
            expected = "a link id of the Questionnaire"
            found.error("structure", f"{place}.linkId", expected, "another link id")
        yield node, place
        yield from _nodes(node, place, known, found)
        for number, answer in objects(node.get("answer")):
            if objects(answer.get("item")):
                _tell_nested(f"{place}.answer[{number}]", found)
                yield from _nodes(answer, f"{place}.answer[{number}]", known, found)


def _tell_nested(place: str, found: Findings) -> None:
    found.error("structure", f"{place}.item", "no items below a question", "some")


def _in_place(
    nodes: Iterator[tuple[Node, str]], order: tuple[str, ...], found: Findings
) -> Iterator[tuple[str, Node, str]]:
    """The known items, each once; one that stands too late is told and read all the same."""
    seen: set[str] = set()
    furthest = -1
    for node, where in nodes:
        link_id = node.get("linkId")
        if link_id not in order:
            continue
        if link_id in seen:
            expected = "each item once, with all its answers"
            found.error("structure", where, expected, "it a second time")
            continue
        seen.add(link_id)
        place = order.index(link_id)
        if place < furthest:
            found.error("structure", where, "the order of the Questionnaire", "it too late")
        furthest = max(furthest, place)
        yield link_id, node, where


def _compare_text(item: Item, node: Node, where: str, found: Findings) -> None:
    known = (item.text, *item.translations.values())
    if item.text is not None and node.get("text", item.text) not in known:
        expected = "the text that the Questionnaire has"
        found.warning("business-rule", f"{where}.text", expected, "another text")
