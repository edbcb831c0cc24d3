"""What changed in a form of the source since its mapping was last looked at.

A mapping stands on what the source said of each field: its type, its choices and what they mean.
Where that changes under it, answers may be taken for something else; so the form waits until a
person has looked, and has said so by raising a version.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping

from adapter.errors import Origin, Problem
from adapter.sources.source import FieldShape, FormShape

_TAG = re.compile(r"<[^>]*>")


def drift(before: FormShape, now: FormShape, fields: Iterable[str], versions: str) -> list[Problem]:
    """What changed in these fields of a form, old to new; `versions` are those to raise."""
    return [
        problem
        for name in fields
        if name in before.fields
        for problem in _of_field(before, now, before.fields[name], versions)
    ]


def plain(label: str) -> str:
    """A label's words: without markup and with single spaces."""
    return " ".join(html.unescape(_TAG.sub(" ", label)).split())


def described(choices: Mapping[str, str]) -> str:
    """Choices as a person reads them: `0 Never | 1 Often`."""
    return " | ".join(f"{code} {plain(label)}".strip() for code, label in choices.items())


def _of_field(
    before: FormShape, now: FormShape, old: FieldShape, versions: str
) -> Iterator[Problem]:
    new = now.fields.get(old.name)
    look = (
        f"Nothing of form `{now.form}` was read. Look at the mapping, correct it where needed, and "
        f"raise {versions}; that accepts the change."
    )
    origin = Origin(now.file)
    if new is None:
        alike = _alike(before, now, old)
        found = f"none; `{alike}` is new, and like it" if alike else "none"
        rename = f" If it was renamed, write `fields: {{{old.name}: {alike}}}`." if alike else ""
        yield Problem(origin, old.name, f"the field, {_told(old)}", found, look + rename)
        return
    if new.type != old.type:
        yield Problem(origin, old.name, f"type {old.type}", f"type {new.type}", look)
    changes = list(_choice_changes(old.choices, new.choices))
    if changes:
        expected = f"the choices as they were, {described(old.choices) or 'none'}"
        yield Problem(origin, old.name, expected, "; ".join(changes), look)


def _told(field: FieldShape) -> str:
    choices = described(field.choices)
    return f"of type {field.type} ({choices})" if choices else f"of type {field.type}"


def _choice_changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """Every choice that was recoded, relabelled, removed or added, old to new."""
    old = {code: plain(label) for code, label in before.items()}
    new = {code: plain(label) for code, label in after.items()}
    moved = dict(_recoded(old, new))
    for code, other in moved.items():
        yield f"recoded: `{old[code]}`, {code} -> {other}"
    for code, label in old.items():
        now = new.get(code)
        if now is None and code not in moved:
            yield f"removed: {code} `{label}`"
        elif now not in {None, label} and code not in moved:
            yield f"relabelled: {code}, `{label}` -> `{now}`"
    for code, label in new.items():
        if code not in old and code not in moved.values():
            yield f"added: {code} `{label}`"


def _recoded(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The codes whose label now stands by another code, and by that one alone."""
    for code, label in old.items():
        now = [other for other, told in new.items() if told == label]
        is_one = list(old.values()).count(label) == 1
        if label and is_one and len(now) == 1 and now[0] != code:
            yield code, now[0]


def _alike(before: FormShape, now: FormShape, gone: FieldShape) -> str | None:
    """The field that a vanished one was probably renamed to: new, of its type and choices."""
    candidates = [
        field
        for field in now.fields.values()
        if field.name not in before.fields
        and field.type == gone.type
        and dict(field.choices) == dict(gone.choices)
    ]
    by_label = [field for field in candidates if plain(field.label) == plain(gone.label)]
    place = list(before.fields).index(gone.name)
    in_place = [field for field in candidates if list(now.fields).index(field.name) == place]
    for listed in (by_label, in_place, candidates):
        if len(listed) == 1:
            return listed[0].name
    return None
