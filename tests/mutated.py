"""Responses with one fault each, seeded: what a validator has to refuse, whoever built it."""

from __future__ import annotations

import copy
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

from adapter.fhir.coding import DATA_ABSENT_REASON
from adapter.fhir.questionnaire_response import build_questionnaire_response
from adapter.instruments.fields import checkbox_column
from adapter.instruments.response import parse_response
from tests.answered import IDENTITY, MISSING, STUDY, as_asked
from tests.forms import record_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from adapter.instruments.form import Form, Item
    from adapter.instruments.response import Response

Resource = dict[str, Any]
RAW = {
    "boolean": ("0", "1"),
    "date": ("2024-02-29",),
    "dateTime": ("2024-02-29 12:30:00",),
    "time": ("23:30",),
    "string": ("some words",),
    "text": ("some words\nand more",),
}


def seeded_response(form: Form, chance: Random, gaps: float = 0) -> Response:
    """A response to a form; `gaps` is how probably an item is blank or a missing-data code."""
    response = None
    while response is None:  # nobody may have answered anything
        values = as_asked(form, dict(_values(form, chance, gaps)))
        record = replace(record_of(form.id, values), completed_at="2024-03-15 10:30:00")
        response = parse_response(record, form, STUDY, "completed")
    return response


def _values(form: Form, chance: Random, gaps: float) -> Iterator[tuple[str, str]]:
    for item in form.items:
        if item.repeats:
            chosen = chance.choice(form.offered(item))
            yield checkbox_column(item.field, chosen.value), "1"
        elif chance.random() < gaps:
            yield item.field, chance.choice(["", *MISSING])
        else:
            yield item.field, _raw(form, item, chance)


def _raw(form: Form, item: Item, chance: Random) -> str:
    if offered := form.offered(item):
        return chance.choice(offered).value
    if item.type in {"integer", "decimal"}:
        low = int(item.min or 0)
        return str(chance.randint(low, low + 9 if item.max is None else int(item.max)))
    return chance.choice(RAW[item.type])


def chance_of(*words: object) -> Random:
    """Chance that is the same for the same words."""
    return Random(" ".join(map(str, words)))  # noqa: S311 - no secret hangs on it


def build(response: Response) -> Resource:
    """The QuestionnaireResponse of a response, to be changed at will."""
    return copy.deepcopy(build_questionnaire_response(response, IDENTITY))


def _answered(resource: Resource, *words: str) -> list[Resource]:
    """The items with one answer of one of these kinds."""
    return [
        item
        for item in resource["item"]
        if len(item.get("answer", ())) == 1 and (not words or set(words) & item["answer"][0].keys())
    ]


def _one(items: list[Resource], chance: Random) -> list[Resource]:
    return [chance.choice(items)] if items else []


def unknown_link_id(resource: Resource, _: Form, chance: Random) -> bool:
    """An item that nobody asked."""
    for item in _one(_answered(resource), chance):
        item["linkId"] += "-other"
    return True


def option_not_offered(resource: Resource, _: Form, chance: Random) -> bool:
    """Another code of the same code system."""
    chosen = _one(_answered(resource, "valueCoding"), chance)
    for item in chosen:
        item["answer"][0]["valueCoding"]["code"] = "LA9999-1"
    return bool(chosen)


def option_of_another_system(resource: Resource, _: Form, chance: Random) -> bool:
    """The right code of the wrong code system."""
    chosen = _one(_answered(resource, "valueCoding"), chance)
    for item in chosen:
        item["answer"][0]["valueCoding"]["system"] = "https://elsewhere.example.org/codes"
    return bool(chosen)


def option_without_system(resource: Resource, _: Form, chance: Random) -> bool:
    """A code that says not whose it is."""
    chosen = _one(_answered(resource, "valueCoding"), chance)
    for item in chosen:
        del item["answer"][0]["valueCoding"]["system"]
    return bool(chosen)


def above_the_highest(resource: Resource, form: Form, chance: Random) -> bool:
    """A number above the item's `max`."""
    bounded = {item.link_id: item.max for item in form.items if item.max is not None}
    numbers = _answered(resource, "valueInteger", "valueDecimal")
    chosen = _one([item for item in numbers if item["linkId"] in bounded], chance)
    for item in chosen:
        (word,) = item["answer"][0]
        item["answer"][0][word] = int(bounded[item["linkId"]]) + chance.randint(1, 9)
    return bool(chosen)


def below_the_lowest(resource: Resource, form: Form, chance: Random) -> bool:
    """A number below the item's `min`."""
    bounded = {item.link_id: item.min for item in form.items if item.min is not None}
    numbers = _answered(resource, "valueInteger", "valueDecimal")
    chosen = _one([item for item in numbers if item["linkId"] in bounded], chance)
    for item in chosen:
        (word,) = item["answer"][0]
        item["answer"][0][word] = int(bounded[item["linkId"]]) - chance.randint(1, 9)
    return bool(chosen)


def text_in_place_of_the_type(resource: Resource, _: Form, chance: Random) -> bool:
    """An answer in words to what is no question for words."""
    kinds = ("valueCoding", "valueInteger", "valueDecimal", "valueBoolean", "valueDate")
    chosen = _one(_answered(resource, *kinds), chance)
    for item in chosen:
        item["answer"] = [{"valueString": "some words"}]
    return bool(chosen)


def number_in_place_of_the_type(resource: Resource, _: Form, chance: Random) -> bool:
    """A number where a choice, a yes or no, or words are asked for."""
    chosen = _one(_answered(resource, "valueCoding", "valueBoolean", "valueString"), chance)
    for item in chosen:
        item["answer"] = [{"valueInteger": 1}]
    return bool(chosen)


def decimal_for_a_whole_number(resource: Resource, _: Form, chance: Random) -> bool:
    """A whole number written as a decimal."""
    chosen = _one(_answered(resource, "valueInteger"), chance)
    for item in chosen:
        item["answer"] = [{"valueDecimal": Decimal(item["answer"][0]["valueInteger"])}]
    return bool(chosen)


def second_answer(resource: Resource, form: Form, chance: Random) -> bool:
    """Two answers to an item that takes one."""
    single = {item.link_id for item in form.items if not item.repeats}
    chosen = _one([item for item in _answered(resource) if item["linkId"] in single], chance)
    for item in chosen:
        item["answer"] *= 2
    return bool(chosen)


def item_twice(resource: Resource, form: Form, chance: Random) -> bool:
    """An item that stands a second time, though its question does not repeat."""
    repeating = {item.link_id for item in form.items if item.repeats}
    items = resource["item"]
    places = [place for place, item in enumerate(items) if item["linkId"] not in repeating]
    if not places:
        return False
    place = chance.choice(places)
    items.insert(place, items[place])
    return True


def item_too_late(resource: Resource, _: Form, chance: Random) -> bool:
    """Two items that have changed places."""
    items = resource["item"]
    if len(items) < 2:
        return False
    place = chance.randrange(len(items) - 1)
    items[place], items[place + 1] = items[place + 1], items[place]
    return True


def item_below_a_question(resource: Resource, _: Form, chance: Random) -> bool:
    """An item below another one, which has no such."""
    items = resource["item"]
    if len(items) < 2:
        return False
    place = chance.randrange(len(items) - 1)
    below = items.pop(place + 1)
    items[place].pop("answer", None)
    items[place].pop("extension", None)
    items[place]["item"] = [below]
    return True


def item_below_an_answer(resource: Resource, _: Form, chance: Random) -> bool:
    """An item below the answer to another one, which has no such."""
    items = resource["item"]
    places = [place for place, item in enumerate(items[:-1]) if "answer" in item]
    if not places:
        return False
    place = chance.choice(places)
    items[place]["answer"][0]["item"] = [items.pop(place + 1)]
    return True


def items_below_both(resource: Resource, _: Form, chance: Random) -> bool:
    """Items below an item and below its answer."""
    item = chance.choice(_answered(resource))
    item["item"] = [{"linkId": item["linkId"]}]
    item["answer"][0]["item"] = [{"linkId": item["linkId"]}]
    return True


def group_of_the_renderer(resource: Resource, _: Form, __: Random) -> bool:
    """All items in a group that the Questionnaire does not have."""
    resource["item"] = [{"linkId": "page", "item": resource["item"]}]
    return True


def another_text(resource: Resource, form: Form, chance: Random) -> bool:
    """A question in other words."""
    worded = {item.link_id for item in form.items if item.text is not None}
    chosen = _one([item for item in resource["item"] if item["linkId"] in worded], chance)
    for item in chosen:
        item["text"] = "Something else?"
    return bool(chosen)


def answer_and_reason_for_none(resource: Resource, _: Form, chance: Random) -> bool:
    """An answer, and why there is none."""
    item = chance.choice(_answered(resource))
    item["extension"] = [{"url": DATA_ABSENT_REASON, "valueCode": "asked-declined"}]
    return True


def answer_to_what_was_not_asked(resource: Resource, form: Form, chance: Random) -> bool:
    """An answer to an item that another's answer spares, because that one is gone."""
    asked_if = {item.link_id: item.asked_if.item for item in form.items if item.asked_if}
    chosen = _one([item for item in _answered(resource) if item["linkId"] in asked_if], chance)
    for item in chosen:
        spared_by = asked_if[item["linkId"]]
        resource["item"] = [each for each in resource["item"] if each["linkId"] != spared_by]
    return bool(chosen)


def unknown_reason(resource: Resource, _: Form, chance: Random) -> bool:
    """A reason for no answer that R4 does not have."""
    item = chance.choice(_answered(resource))
    del item["answer"]
    item["extension"] = [{"url": DATA_ABSENT_REASON, "valueCode": "bored"}]
    return True


def total_in_words(resource: Resource, form: Form, _: Random) -> bool:
    """A computed total that is no number."""
    computed = [scale for scale in form.scales if scale.method not in {"reported", "profile"}]
    for scale in computed[:1]:
        total = {"linkId": f"score-{scale.id}", "answer": [{"valueString": "many"}]}
        resource["item"].append(total)
    return bool(computed)


def unknown_status(resource: Resource, _: Form, __: Random) -> bool:
    """A status that R4 does not have."""
    resource["status"] = "sent"
    return True


def another_version(resource: Resource, _: Form, __: Random) -> bool:
    """A version of the Questionnaire that nobody has."""
    resource["questionnaire"] = resource["questionnaire"].partition("|")[0] + "|0.0.1"
    return True


def no_questionnaire(resource: Resource, _: Form, __: Random) -> bool:
    """An answer to nothing."""
    del resource["questionnaire"]
    return True


def no_subject(resource: Resource, _: Form, __: Random) -> bool:
    """An answer about nobody."""
    del resource["subject"]
    return True


def unknown_element(resource: Resource, _: Form, chance: Random) -> bool:
    """An element that R4 does not have."""
    chance.choice(resource["item"])["mood"] = "bad"
    return True


MUTATIONS: dict[str, Callable[[Resource, Form, Random], bool]] = {
    mutation.__name__.replace("_", " "): mutation
    for mutation in (
        unknown_link_id,
        option_not_offered,
        option_of_another_system,
        option_without_system,
        above_the_highest,
        below_the_lowest,
        text_in_place_of_the_type,
        number_in_place_of_the_type,
        decimal_for_a_whole_number,
        second_answer,
        item_twice,
        item_too_late,
        item_below_a_question,
        item_below_an_answer,
        items_below_both,
        group_of_the_renderer,
        another_text,
        answer_and_reason_for_none,
        answer_to_what_was_not_asked,
        unknown_reason,
        total_in_words,
        unknown_status,
        another_version,
        no_questionnaire,
        no_subject,
        unknown_element,
    )
}


def mutated(form: Form, mutation: str) -> Resource | None:
    """A complete response with one fault, None where the form has no place for it."""
    chance = chance_of(form.id, mutation)
    resource = build(seeded_response(form, chance))
    return resource if MUTATIONS[mutation](resource, form, chance) else None
