"""A QuestionnaireResponse as other programs write it: the same answers, said otherwise."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from adapter.fhir.coding import ORDINAL_VALUE, own_coding
from adapter.fhir.reading.answer import ITEM_WEIGHT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from adapter.instruments.form import Form

Resource = dict[str, Any]
FOREIGN = {"url": "https://renderer.example.org/colour", "valueString": "blue"}


def answers_of(resource: Resource) -> Iterator[tuple[str, Resource]]:
    """Every answer with its link id."""
    for item in resource.get("item", []):
        for answer in item.get("answer", []):
            yield item["linkId"], answer


def with_own_codes(resource: Resource, form: Form) -> None:
    """The project's code in place of the declared one, which says nothing less."""
    for link_id, answer in answers_of(resource):
        if "valueCoding" in answer:
            item, coding = form.item(link_id), answer["valueCoding"]
            (option,) = (
                option
                for option in form.offered(item)
                if option.code is None or option.code.code == coding["code"]
                if option.code is not None or coding["code"].endswith(f"-{option.value}")
            )
            answer["valueCoding"] = own_coding("answer", f"{form.id}-{item.options}-{option.value}")


def without_weights(resource: Resource, _: Form) -> None:
    """No weight anywhere, and no display."""
    for _link_id, answer in answers_of(resource):
        for word in ("extension", "display"):
            answer.get("valueCoding", {}).pop(word, None)


def with_weights_beside(resource: Resource, _: Form) -> None:
    """SDC's itemWeight beside the value in place of ordinalValue inside it."""
    for _link_id, answer in answers_of(resource):
        for extension in answer.get("valueCoding", {}).pop("extension", []):
            answer.setdefault("extension", []).append({**extension, "url": ITEM_WEIGHT})


def with_false_weights(resource: Resource, _: Form) -> None:
    """Weights that are not the form's."""
    for _link_id, answer in answers_of(resource):
        if "valueCoding" in answer:
            answer["extension"] = [{"url": ORDINAL_VALUE, "valueDecimal": Decimal("41.5")}]
            answer["valueCoding"].pop("extension", None)


def with_decimals(resource: Resource, _: Form) -> None:
    """Whole numbers written by a program that has no integers."""
    for _link_id, answer in answers_of(resource):
        if "valueInteger" in answer:
            answer["valueDecimal"] = Decimal(answer.pop("valueInteger"))


def in_a_group(resource: Resource, _: Form) -> None:
    """All items in one group of the renderer's own."""
    if "item" in resource:
        resource["item"] = [{"linkId": "page-1", "text": "Page 1", "item": resource["item"]}]


def with_other_texts(resource: Resource, _: Form) -> None:
    """The questions in other words."""
    for item in resource.get("item", []):
        item["text"] = "The same, told to a child"


def with_empty_items(resource: Resource, form: Form) -> None:
    """The items nobody answered as items without answer."""
    there = {item["linkId"]: item for item in resource.get("item", [])}
    resource["item"] = [there.get(item.link_id, {"linkId": item.link_id}) for item in form.items]


def with_foreign_extensions(resource: Resource, _: Form) -> None:
    """Extensions that nobody here knows."""
    resource.setdefault("extension", []).append(FOREIGN)
    for item in resource.get("item", []):
        item.setdefault("extension", []).append(FOREIGN)
        for answer in item.get("answer", []):
            answer.setdefault("extension", []).append(FOREIGN)


def without_what_is_ours(resource: Resource, _: Form) -> None:
    """Neither id nor identifier, author or version of the Questionnaire."""
    for word in ("id", "identifier", "author", "source", "meta"):
        resource.pop(word, None)
    resource["questionnaire"] = resource["questionnaire"].partition("|")[0]


def with_reasons_in_answers(resource: Resource, _: Form) -> None:
    """The reason of a gap in an answer without a value, in place of the item."""
    for item in resource.get("item", []):
        if "extension" in item and "answer" not in item:
            item["answer"] = [{"extension": item.pop("extension")}]


VARIANTS: tuple[Callable[[Resource, Form], None], ...] = (
    with_own_codes,
    without_weights,
    with_weights_beside,
    with_false_weights,
    with_decimals,
    with_other_texts,
    with_empty_items,
    with_reasons_in_answers,
    with_foreign_extensions,
    without_what_is_ours,
    in_a_group,
)
"""In an order in which each can be applied after any of those before it."""


def rendered(
    resource: Resource, form: Form, variants: tuple[Callable[[Resource, Form], None], ...]
) -> Resource:
    """The resource with some of the variants applied."""
    other = copy.deepcopy(resource)
    for variant in VARIANTS:
        if variant in variants:
            variant(other, form)
    return other
