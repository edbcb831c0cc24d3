"""What can be read of a response that does not fit its form: enough to watch it, not to take it.

It is no response that anybody may rely on, and nothing of it is ever kept or sent: whoever watches
for safety signals must not be blind to an answer because the one beside it cannot be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adapter.errors import Problem
from adapter.instruments.answer import Answer
from adapter.instruments.asking import mark_unasked
from adapter.instruments.fields import FieldMap, field_map
from adapter.instruments.form import Form
from adapter.instruments.response import (
    Record,
    Response,
    ResponseStatus,
    read_authored,
    read_cells,
)
from adapter.instruments.study import Study


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A response as far as it can be read, and what of it cannot.

    `unread` are the items and scales, by id, whose own cells hold something that does not fit.
    `unsure` are those that nobody may read now, whatever they hold, because the source changed.
    """

    response: Response
    unread: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()


def glimpse(
    record: Record,
    form: Form,
    study: Study,
    status: ResponseStatus,
    changed: frozenset[str] = frozenset(),
) -> Glimpse:
    """What a record says as far as it can be read, in a form that the study places.

    `changed` are the fields of the source that are not, or not surely, what the form takes them
    for. The timepoint is '' where the study does not ask the form at the record's event.
    """
    placement = study.placement_of(record.form)
    assert placement is not None  # noqa: S101 - only forms that are placed are read
    table, problems = field_map(form, study, placement), list[Problem]()
    answers, totals = read_cells(record, table, study, problems)
    authored = read_authored(record, study, placement, problems)
    unsure = _named(table, changed)
    point = study.timepoint_of(record.event)
    response = Response(
        form=form,
        participant=record.participant,
        timepoint=point.id if point is not None and point.id in placement.at else "",
        repeat=record.repeat,
        status=status,
        authored=authored,
        answers=as_asked(
            form, {name: said for name, said in answers.items() if name not in unsure}
        ),
        totals={scale: total for scale, total in totals.items() if scale not in unsure},
        origin=record.origin,
    )
    wrong = frozenset(problem.field for problem in problems)
    return Glimpse(response, _named(table, wrong) - unsure, unsure)


def as_asked(form: Form, answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """The answers with a mark for what was not asked; what was answered all the same stays."""
    marked, _ = mark_unasked(form, answers)
    said = {name: answer for name, answer in answers.items() if answer.values}
    return {**marked, **said} if answers else {}


def _named(table: FieldMap, fields: frozenset[str]) -> frozenset[str]:
    """The items and scales that stand in these fields; a box of a field is named `field___code`."""
    names = {field.partition("___")[0] for field in fields} | fields
    items = {link_id for field, link_id, _, _ in table.items if field in names}
    return frozenset(items | {scale for field, scale, _ in table.totals if field in names})
