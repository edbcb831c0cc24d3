"""A form's fields as one source names them: which column holds which item or total."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from adapter.instruments.answer import (
    Answer,
    AnswerParser,
    TotalParser,
    answer_parser,
    known_answers,
    total_parser,
)
from adapter.instruments.form import Form, Option
from adapter.instruments.study import AbsentReason, FormPlacement, Study


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Per item its column, link id, what it is known to say, and the parser of the rest.

    `checkboxes` has, by link id, a column for every option, and for every missing-data code the one
    that an export may have; `totals` has column, scale id and parser; `asks_conditionally` says
    whether some items are not asked of everybody.
    """

    items: tuple[tuple[str, str, Mapping[str, Answer], AnswerParser], ...]
    checkboxes: Mapping[str, tuple[tuple[str, Option | AbsentReason], ...]]
    totals: tuple[tuple[str, str, TotalParser], ...]
    asks_conditionally: bool


def fields_of(form: Form, placement: FormPlacement, study: Study) -> tuple[str, ...]:
    """The source columns that this form needs, in order; optional ones are read if there."""
    table = field_map(form, study, placement)
    optional = {item.link_id for item in form.items if item.optional}
    columns: list[str] = []
    for field, link_id, _, _ in table.items:
        if link_id in optional:
            continue
        boxes = table.checkboxes.get(link_id)
        options = [column for column, told in boxes or () if isinstance(told, Option)]
        columns.extend(options or [field])
    return (*columns, *(field for field, _, _ in table.totals), *placement.compare.values())


def field_names(form: Form, placement: FormPlacement) -> tuple[str, ...]:
    """The fields of the source that this form reads, in order; a checkbox field is one."""
    at = placement.completed_at
    read = (*(item.field for item in form.items), *(scale.field for scale in form.scales))
    named = (placement.fields.get(name, name) for name in read if name)
    own = (*placement.compare.values(), *([at] if at else []))
    return tuple(dict.fromkeys((*named, *own)))


@functools.cache
def columns_read(form: Form, study: Study, placement: FormPlacement) -> frozenset[str]:
    """Every column of the source that something is read from: those of checkboxes box by box."""
    boxes = field_map(form, study, placement).checkboxes.values()
    of_boxes = (column for told in boxes for column, _ in told)
    return frozenset((*field_names(form, placement), *of_boxes))


@functools.cache
def field_map(form: Form, study: Study, placement: FormPlacement) -> FieldMap:
    """The form's fields in this study, made once."""
    names = placement.fields
    items: list[tuple[str, str, Mapping[str, Answer], AnswerParser]] = []
    checkboxes: dict[str, tuple[tuple[str, Option | AbsentReason], ...]] = {}
    for item in form.items:
        field = names.get(item.field, item.field)
        offered = form.offered(item)
        known = known_answers(item, offered, study)
        items.append((field, item.link_id, known, answer_parser(item, offered, study.timezone)))
        if item.repeats and offered:
            told: dict[str, Option | AbsentReason] = {option.value: option for option in offered}
            told = {**told, **study.missing_codes, **told}
            checkboxes[item.link_id] = tuple(
                (checkbox_column(field, code), meaning) for code, meaning in told.items()
            )
    totals = tuple(
        (names.get(scale.field, scale.field), scale.id, total_parser(*scale.range))
        for scale in form.scales
        if scale.field
    )
    asks_conditionally = any(item.asked_if for item in form.items)
    return FieldMap(tuple(items), checkboxes, totals, asks_conditionally)


def checkbox_column(field: str, code: str) -> str:
    """The column of one choice of a checkbox field in a flat export: `field___code`."""
    return f"{field}___{code.lower().replace('-', '_')}"
