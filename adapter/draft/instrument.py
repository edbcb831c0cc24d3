"""A first draft of a form file: its structure, without a word of its wording.

Whose form it is and how it is scored, no database knows; the draft says what to fill in. What holds
who somebody is, free text and files are left out, and the draft says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from adapter.draft.project import ProjectField, ProjectForm, slug
from adapter.draft.words import comment, quoted, scalar

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_TYPES = {
    "choice": "choice",
    "choices": "choice",
    "integer": "integer",
    "decimal": "decimal",
    "date": "date",
    "dateTime": "dateTime",
    "time": "time",
    "text": "string",
}


@dataclass(slots=True)
class _Parts:
    """What is collected for one file: lists of answers by their content, and lines of items."""

    options: dict[tuple[str, ...], str] = field(default_factory=dict)
    items: list[str] = field(default_factory=list)
    link_ids: set[str] = field(default_factory=set)


def is_draftable(form: ProjectForm, without: frozenset[str] = frozenset()) -> bool:
    """Whether anything of a form would stand in a draft."""
    return any(not _left_out(each) for each in form.fields if each.name not in without)


def draft_form(
    form: ProjectForm, form_id: str, file: str, without: frozenset[str], missing: Mapping[str, str]
) -> str:
    """The text of a form file; `without` are fields that others read, `missing` codes for blanks.

    It lacks one word, the status of the licence, so that it is not used before a person looked.
    """
    parts = _Parts()
    for each in form.fields:
        if each.name not in without:
            _add(parts, each, missing)
    options = [
        f"  {scalar(name)}: [{', '.join(f'{{value: {quoted(code)}}}' for code in codes)}]"
        for codes, name in parts.options.items()
    ]
    lines = [
        comment(f"Drafted from {file}: the structure that it gives, to be checked by a person."),
        "# Whose the form is decides whether its wording may stand here: see the licence table in",
        "# mappings/README.md. Until then it is withheld.",
        "kind: outcome",
        f"id: {scalar(form_id)}",
        'version: "0.1.0"',
        f"title: {scalar(form.title or form.name)}",
        f"source: {quoted(f'the structure in {file}; to be checked')}",
        "licence:",
        "  # status: fill in whose form it is, and under which terms",
        "  wording: withheld",
        *(["options:", *options] if options else []),
        "items:",
        *parts.items,
        "# skip scales: fill in how it is scored, from its manual; without them it has no score",
    ]
    return "\n".join(lines) + "\n"


def _left_out(each: ProjectField) -> str:
    """Why a field has no place in a draft, empty where it has one."""
    if each.is_personal:
        return "is marked as an identifier, or looks like one"
    if each.type == "file":
        return "holds a file"
    if each.is_notes:
        return "holds free text, which would leave as it was written"
    if each.is_derived:
        return "is computed by the database; declare it as the `field` of a scale, or its rule"
    if each.type in {"choice", "choices"} and not each.choices and not each.is_yes_or_no:
        return "is a choice without choices"
    return ""


def _add(parts: _Parts, each: ProjectField, missing: Mapping[str, str]) -> None:
    why = _left_out(each)
    if why:
        parts.items.append(f"  {comment(f'skip {each.name}: it {why}')}")
        return
    link_id = slug(each.name, parts.link_ids)
    parts.link_ids.add(link_id)
    said = [
        f"link_id: {scalar(link_id)}",
        f"field: {scalar(each.name)}",
        *_typed(parts, each, missing),
    ]
    if each.loinc:
        codes = ", ".join(f"{{system: loinc, code: {quoted(code)}}}" for code in each.loinc)
        said.append(f"codes: [{codes}]")
    note = f"   {comment(f'told in {each.unit}: add its unit by UCUM')}" if each.unit else ""
    parts.items.append(f"  - {{{', '.join(said)}}}{note}")


def _typed(parts: _Parts, each: ProjectField, missing: Mapping[str, str]) -> list[str]:
    if each.is_yes_or_no:
        return ["type: boolean"]
    said = [f"type: {_TYPES[each.type]}"]
    if each.type in {"choice", "choices"}:
        codes = tuple(code for code in each.choices if code not in missing)
        name = parts.options.setdefault(codes, slug(f"{each.name}-codes", parts.options.values()))
        said.append(f"options: {scalar(name)}")
        if each.type == "choices":
            said.append("repeats: true")
    elif each.type in {"integer", "decimal"}:
        bounds = (("min", each.low), ("max", each.high))
        said += [f"{word}: {text}" for word, text in bounds if _NUMBER.fullmatch(text)]
    return said
