"""Whether a form's declaration fits what the source says of the same fields.

The one is written by people who read the scoring manual, the other by who built the database. Where
they differ, every answer may be well formed and mean something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapter.errors import Origin, Problem
from adapter.ingest.drift import described, plain
from adapter.instruments.answer import Misfit, answer_parser, known_answers
from adapter.instruments.form import Form, Item, ItemType, Option
from adapter.instruments.study import FormPlacement, Study
from adapter.sources.source import FieldShape, FieldType, FormShape

_MEND = "Correct the form's declaration, or the source; nothing of this form is read until then."
_TYPES: dict[ItemType, frozenset[FieldType]] = {
    "choice": frozenset({"choice", "integer", "decimal", "text"}),
    "boolean": frozenset({"choice", "integer", "text"}),
    "integer": frozenset({"choice", "integer", "decimal", "text"}),
    "decimal": frozenset({"choice", "integer", "decimal", "text"}),
    "date": frozenset({"date", "text"}),
    "dateTime": frozenset({"date", "dateTime", "text"}),
    "time": frozenset({"time", "text"}),
    "string": frozenset({"choice", "integer", "decimal", "date", "dateTime", "time", "text"}),
    "text": frozenset({"choice", "integer", "decimal", "date", "dateTime", "time", "text"}),
}
"""What a source may say of a field that an item of each type reads; `text` says nothing."""
_BOXES: frozenset[FieldType] = frozenset({"choices"})


def form_misfits(
    form: Form, placement: FormPlacement, study: Study, shape: FormShape
) -> list[Problem]:
    """Where a form's items and totals and the source's fields contradict each other."""
    names = placement.fields
    fields = [(item, shape.fields.get(names.get(item.field, item.field))) for item in form.items]
    held = [*placement.compare.values(), *(scale.field or "" for scale in form.scales)]
    totals = [shape.fields.get(names.get(name, name)) for name in held if name]
    return [
        *(
            problem
            for item, field in fields
            if field is not None
            for problem in _of_item(form, item, field, study, Origin(shape.file))
        ),
        *(
            problem
            for field in totals
            if field is not None
            for problem in _of_type(field, _TYPES["decimal"], Origin(shape.file))
        ),
    ]


def fact_misfits(study: Study, shape: FormShape) -> list[Problem]:
    """Where the study reads a consent by a value that its field cannot have."""
    said = [
        told
        for rule in study.consents
        if rule.form == shape.form
        for told in (rule.given, rule.withdrawn)
        if told is not None and told.equals is not None
    ]
    return [
        Problem(
            Origin(shape.file),
            told.field,
            f"a choice {told.equals}, by which the study file knows what was said",
            described(shape.fields[told.field].choices),
            "Correct `equals` in the study file; nobody is read until then.",
        )
        for told in dict.fromkeys(said)
        if told.field in shape.fields
        and shape.fields[told.field].choices
        and told.equals not in shape.fields[told.field].choices
    ]


def _of_item(
    form: Form, item: Item, field: FieldShape, study: Study, origin: Origin
) -> Iterator[Problem]:
    offered = form.offered(item)
    wrong = list(_of_type(field, _BOXES if item.repeats and offered else _TYPES[item.type], origin))
    if wrong:
        yield from wrong
        return
    choices = {
        code: label for code, label in field.choices.items() if code not in study.missing_codes
    }
    if offered and choices:
        yield from _of_choices(field, choices, offered, origin)
        if any(item.link_id in scale.items for scale in form.scales):
            yield from _of_counted(field, choices, offered, origin)
    elif choices:
        parse, known = answer_parser(item, (), study.timezone), known_answers(item, (), study)
        unread = {
            code: label
            for code, label in choices.items()
            if code not in known and isinstance(parse(code), Misfit)
        }
        if unread:
            expected = f"choices that the form reads as {item.type}"
            yield Problem(origin, field.name, expected, described(unread), _MEND)


def _of_type(field: FieldShape, allowed: frozenset[FieldType], origin: Origin) -> Iterator[Problem]:
    if field.type not in allowed:
        expected = f"a field of type {' or '.join(sorted(allowed))}, as the form declares it"
        yield Problem(origin, field.name, expected, f"type {field.type}", _MEND)


def _of_choices(
    field: FieldShape, choices: Mapping[str, str], offered: tuple[Option, ...], origin: Origin
) -> Iterator[Problem]:
    codes = [option.value for option in offered]
    unknown = {code: label for code, label in choices.items() if code not in codes}
    if unknown:
        action = f"Add them to the form's options, or to the study's `missing_codes`. {_MEND}"
        expected = f"the form's codes {', '.join(codes)} alone"
        yield Problem(origin, field.name, expected, f"also {described(unknown)}", action)
    meant: dict[str, set[str]] = {}
    for option in offered:
        meant.setdefault(plain(option.display or "").lower(), set()).add(option.value)
    for code, label in choices.items():
        others = meant.get(plain(label).lower(), {code}) if label else {code}
        if code not in others:
            expected = (
                f"`{plain(label)}` by the code {', '.join(sorted(others))}, as the form declares it"
            )
            yield Problem(origin, field.name, expected, f"the code {code}", _MEND)


def _of_counted(
    field: FieldShape, choices: Mapping[str, str], offered: tuple[Option, ...], origin: Origin
) -> Iterator[Problem]:
    """What is counted has to be asked with every answer: with fewer it is another scale."""
    codes = [option.value for option in offered]
    lacking = [code for code in codes if code not in choices]
    if lacking:
        expected = f"all codes of the form ({', '.join(codes)}), because a scale counts them"
        yield Problem(origin, field.name, expected, f"all but {', '.join(lacking)}", _MEND)
