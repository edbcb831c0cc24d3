"""What a version of a form stands for: what it asks, what may be answered, and how it is scored.

Two forms of one name and version that differ in this are two forms. What is not part of it may
change under the same version: titles, words and languages, bands, codes of questions and scores,
further codes by which an answer is taken, and what is extracted as an Observation or filled in
ahead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

from adapter.instruments.declared import Declared
from adapter.instruments.form import Code, Form, Item, Option, Scale
from adapter.instruments.rules import Condition, Missing, Step

# Named one by one: a word that a later adapter knows must not change what was said without it.
_WORDS: Mapping[type[Declared], tuple[str, ...]] = {
    Item: ("link_id", "type", "repeats", "required", "min", "max", "unit", "asked_if", "element"),
    Scale: (
        *("id", "items", "scales", "method", "multiply", "reverse", "recode", "steps", "only_if"),
        *("if_missing", "table", "points", "missing", "range", "places", "unit"),
    ),
    Condition: ("item", "equals"),
    Step: ("high", "below", "counts"),
    Missing: ("at_least", "fill", "round"),
}


def meaning_of(form: Form) -> str:
    """A digest of it: the same for the same, whatever words an adapter has besides."""
    items = [_with_options(form, item) for item in form.items]
    scales = sorted((_said(scale) for scale in form.scales), key=lambda said: str(said["id"]))
    said = {"kind": form.kind, "items": items, "scales": scales}
    return _digest(said)


def meaning_of_scale(form: Form, scale: Scale) -> str:
    """A digest of all that one score's number follows from: equal ones may be compared."""
    return _digest(_followed(form, scale))


def _followed(form: Form, scale: Scale) -> dict[str, Any]:
    counted = {*scale.items, *(each.item for each in scale.only_if.values())}
    for item in reversed(form.items):  # what is asked on a condition stands behind it
        if item.link_id in counted and item.asked_if is not None:
            counted.add(item.asked_if.item)
    items = [_with_options(form, item) for item in form.items if item.link_id in counted]
    members = [_followed(form, each) for each in form.scales if each.id in scale.scales]
    return {"scale": _said(scale), "items": items, "scales": members}


def _with_options(form: Form, item: Item) -> dict[str, Any]:
    return {**_said(item), "options": _plain(form.offered(item))}


def _digest(said: object) -> str:
    text = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _said(declared: Declared) -> dict[str, Any]:
    """What it says beyond what would hold if it said nothing."""
    fields = type(declared).model_fields
    told = {name: getattr(declared, name) for name in _WORDS[type(declared)]}
    return {
        name: _plain(value)
        for name, value in told.items()
        if value != fields[name].default and value not in ((), {})
    }


def _plain(value: object) -> object:
    """It as JSON has it, numbers by their value: 1.0 is 1."""
    plain = value
    match value:
        case Decimal():
            plain = f"{value.normalize():f}"
        case Code():
            plain = f"{value.url}|{value.code}"
        case Option():
            plain = [value.value, _plain(value.score), _plain(value.code)]
        case Declared():
            plain = _said(value)
        case Mapping():
            plain = {str(_plain(key)): _plain(each) for key, each in value.items()}
        case tuple():
            plain = [_plain(each) for each in value]
    return plain
