"""A site's licensed wording, laid over a form whose own file may not hold it.

Read from the site's text files, `kind: wording`, or from the labels of its REDCap dictionary; the
words are defined in `mappings/README.md`. Where the form has no words yet, the first overlay gives
them; every other language is a translation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from adapter.errors import Problem
from adapter.instruments.declared import Declared, Id, Text
from adapter.instruments.form import Form, Item, Option
from adapter.instruments.mapping import Lines


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""A BCP 47 language tag, such as `en` or `de-CH`."""


class Wording(Declared, frozen=True):
    """The words of one form in one language: of items by link id, of options by list and value."""

    kind: Literal["wording"]
    form: Id
    language: Language
    source: Text
    items: dict[str, Text] = Field(default_factory=dict)
    options: dict[str, dict[Annotated[str, BeforeValidator(_as_text)], Text]] = Field(
        default_factory=dict
    )


def with_wording(form: Form, wordings: Sequence[Wording]) -> Form:
    """The form with these words, the first of which are the main ones where it has none."""
    for wording in wordings:
        is_main = not form.is_worded or wording.language == form.main_language
        items = tuple(_item(item, wording, is_main=is_main) for item in form.items)
        options = {
            name: tuple(
                _option(option, wording.options.get(name, {}), wording.language, is_main=is_main)
                for option in offered
            )
            for name, offered in form.options.items()
        }
        language = wording.language if is_main else form.language
        words = {"items": items, "options": options, "language": language}
        form = form.worded(words, _tag(form.overlay, wording))
    return form


def wording_findings(wording: Wording, form: Form | None, lines: Lines) -> Iterator[Problem]:
    """What is wrong with an overlay, given the form that it speaks of."""
    if form is None:
        yield lines.problem(
            ("form",),
            "the id of a form in mappings/instruments",
            f"`{wording.form}`, which no file declares",
            "Correct the id or add the file.",
        )
        return
    link_ids = {item.link_id for item in form.items}
    for link_id in wording.items:
        if link_id not in link_ids:
            yield lines.problem(
                ("items", link_id), "a link id of the form", f"`{link_id}`", "Correct the link id."
            )
    for name, words in wording.options.items():
        values = {option.value for option in form.options.get(name, ())}
        for value in words:
            if value not in values:
                yield lines.problem(
                    ("options", name, value),
                    "a list of answers of the form, and a value in it",
                    f"`{name}`, `{value}`",
                    "Correct the name of the list, or the value.",
                )


def _item(item: Item, wording: Wording, *, is_main: bool) -> Item:
    text = wording.items.get(item.link_id)
    if text is None:
        return item
    if is_main:
        return item.model_copy(update={"text": text})
    return item.model_copy(update={"translations": {**item.translations, wording.language: text}})


def _option(option: Option, words: Mapping[str, str], language: str, *, is_main: bool) -> Option:
    text = words.get(option.value)
    if text is None:
        return option
    if is_main:
        return option.model_copy(update={"display": text})
    return option.model_copy(update={"translations": {**option.translations, language: text}})


def _tag(before: str, wording: Wording) -> str:
    """What tells this wording from any other: another wording is another Questionnaire."""
    said = f"{before}\n{wording.model_dump_json()}"
    return hashlib.blake2b(said.encode(), digest_size=4).hexdigest()
