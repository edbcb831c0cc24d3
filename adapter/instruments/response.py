"""What a person answered: raw text becomes typed answers, or a list of what does not fit.

A `Record` is one form instance as the source holds it; `parse_response` reads it by its `Form`.
Nothing is guessed: text that does not fit is a `Problem` that names field and expectation, never
the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from adapter.errors import AnswerError, Origin, Problem
from adapter.instruments.adverse_event import contradictions
from adapter.instruments.answer import Answer, Misfit, Value, describe
from adapter.instruments.asking import left_out, mark_unasked
from adapter.instruments.fields import FieldMap, field_map
from adapter.instruments.form import Form, Option
from adapter.instruments.study import AbsentReason, FormPlacement, Study
from adapter.instruments.time import BadTimeError, local_datetime

ResponseStatus = Literal["in-progress", "completed", "amended", "entered-in-error", "stopped"]
SCORED: frozenset[ResponseStatus] = frozenset({"completed", "amended"})
"""A form that nobody sent gives no score: nobody said that its answers stand."""
MARKED = frozenset({"1", "2"})
"""What a source says of a form that somebody marked as complete, verified or not."""


@dataclass(frozen=True, slots=True)
class Record:
    """One form instance as the source holds it: raw text by field name, blank fields left out.

    One without any value is a form that was marked as complete and holds nothing.
    """

    participant: str
    event: str
    form: str
    repeat: int | None
    values: Mapping[str, str]
    origin: Origin
    complete: str = ""
    completed_at: str = ""
    event_field: str = "redcap_event_name"


@dataclass(frozen=True, slots=True)
class Response:
    """One person's answers to one form at one timepoint; what a QuestionnaireResponse says.

    `authored` is a FHIR dateTime with the study's offset, or a date, or None where the source holds
    no time. `answers` is by link id, in the form's order, without the items nobody answered, but
    with a mark for those that were not asked (`is_asked`). `totals` is by scale id, a reason
    standing where the source says why there is none.
    """

    form: Form
    participant: str
    timepoint: str
    repeat: int | None
    status: ResponseStatus
    authored: str | None
    answers: Mapping[str, Answer]
    totals: Mapping[str, Decimal | AbsentReason]
    origin: Origin
    is_verified: bool = True


def parse_response(
    record: Record, form: Form, study: Study, status: ResponseStatus
) -> Response | None:
    """Reads a record by its form; None when it holds no answer at all.

    Raises:
        AnswerError: when anything in it does not fit, with every problem found.
    """
    placement = study.placement_of(record.form)
    timepoint = study.timepoint_of(record.event)
    problems: list[Problem] = []
    if placement is None or timepoint is None or timepoint.id not in placement.at:
        raise AnswerError("The record has no place in the study.", (_misplaced(record, study),))
    answers, totals = read_cells(record, field_map(form, study, placement), study, problems)
    if field_map(form, study, placement).asks_conditionally and answers:
        # Without an answer nobody was there, and nothing was told.
        answers = _with_unasked(record, form, placement, answers, problems)
    authored = read_authored(record, study, placement, problems)
    if form.kind == "adverse-event" and not problems:
        problems.extend(contradictions(form, answers, _columns(form, placement), record.origin))
    # An event that nobody described is an event all the same, and must not be kept back.
    is_sent = status in SCORED and form.kind != "adverse-event"
    if is_sent and not problems and (answers or totals):
        problems.extend(_left_out(record, form, placement, answers))
    if problems:
        raise AnswerError("The record does not fit its form.", tuple(problems))
    if not answers and not totals:
        return None
    return Response(
        form=form,
        participant=record.participant,
        timepoint=timepoint.id,
        repeat=record.repeat,
        status=status,
        authored=authored,
        answers=answers,
        totals=totals,
        origin=record.origin,
        is_verified=record.complete != "1",
    )


def read_cells(
    record: Record, table: FieldMap, study: Study, problems: list[Problem]
) -> tuple[dict[str, Answer], dict[str, Decimal | AbsentReason]]:
    """What the cells say: answers by link id, totals by scale id; what does not fit is a problem.

    Nothing is said of items that were not asked.
    """
    values = record.values
    answers: dict[str, Answer] = {}
    for field, link_id, known, parse in table.items:
        raw = values.get(field)
        if raw is None:
            if link_id in table.checkboxes:
                _read_checkboxes(record, link_id, table, answers, problems)
            continue
        answer = known.get(raw)
        if answer is None:
            said = parse(raw)
            if isinstance(said, Misfit):
                problems.append(_misfit(record, field, said.expected, raw))
                continue
            answer = said
        answers[link_id] = answer
    totals: dict[str, Decimal | AbsentReason] = {}
    for field, scale_id, parse_total in table.totals:
        if (raw := values.get(field)) is None:
            continue
        total = study.missing_codes.get(raw) or parse_total(raw)
        if isinstance(total, Misfit):
            problems.append(_misfit(record, field, total.expected, raw))
        else:
            totals[scale_id] = total
    return answers, totals


def _with_unasked(
    record: Record,
    form: Form,
    placement: FormPlacement,
    answers: dict[str, Answer],
    problems: list[Problem],
) -> dict[str, Answer]:
    """The answers with a mark for what was not asked; what was answered all the same is told."""
    marked, contradicting = mark_unasked(form, answers)
    wrong = {problem.field for problem in problems}  # what hangs on such an item is not its own
    fields = _columns(form, placement)
    problems.extend(
        Problem(
            origin=record.origin,
            field=fields[item.link_id],
            expected=f"nothing, unless `{fields[item.asked_if.item]}` says that it is asked",
            found="an answer",
            action="Correct one of the two in the source and export again; "
            "this form is kept back until then.",
        )
        for item in contradicting
        if item.asked_if is not None and fields[item.asked_if.item] not in wrong
    )
    return marked


def _left_out(
    record: Record, form: Form, placement: FormPlacement, answers: dict[str, Answer]
) -> Iterator[Problem]:
    for item in left_out(form, answers):
        yield Problem(
            origin=record.origin,
            field=_columns(form, placement)[item.link_id],
            expected="an answer, for the form requires one",
            found="a missing-data code" if item.link_id in answers else "nothing",
            action="Complete it in the source and export again; this form is kept back until then.",
        )


def _columns(form: Form, placement: FormPlacement) -> dict[str, str]:
    return {item.link_id: placement.fields.get(item.field, item.field) for item in form.items}


def _read_checkboxes(
    record: Record,
    link_id: str,
    table: FieldMap,
    answers: dict[str, Answer],
    problems: list[Problem],
) -> None:
    ticked: list[Value] = []
    absent: AbsentReason | None = None
    column = ""
    for column, told in table.checkboxes[link_id]:
        raw = record.values.get(column, "0")
        if raw not in {"0", "1"}:
            problems.append(_misfit(record, column, "0 or 1", raw))
        elif raw == "0":
            continue
        elif isinstance(told, Option):
            ticked.append(told)
        else:
            absent = told
    if ticked and absent:
        expected = "boxes that are ticked, or a missing-data code"
        problems.append(replace(_misfit(record, column, expected, ""), found="both"))
    elif ticked or absent:
        answers[link_id] = Answer(link_id, tuple(ticked), absent)


def read_authored(
    record: Record, study: Study, placement: FormPlacement, problems: list[Problem]
) -> str | None:
    """When it was answered; None where the source does not say so, or nothing that fits.

    A code that says why there is no moment is none, and keeps no answer back.
    """
    if not record.completed_at or record.completed_at in study.missing_codes:
        return None
    try:
        return local_datetime(record.completed_at, study.timezone)
    except BadTimeError as wrong:
        field = placement.completed_at or f"{record.form}_timestamp"
        problems.append(_misfit(record, field, str(wrong), record.completed_at))
        return None


def _misfit(record: Record, field: str, expected: str, raw: str) -> Problem:
    return Problem(
        origin=record.origin,
        field=field,
        expected=expected,
        found=describe(raw),
        action="Correct it in the source and export again; this form is kept back until then.",
    )


def _misplaced(record: Record, study: Study) -> Problem:
    placement = study.placement_of(record.form)
    points = [point for point in study.timepoints if placement and point.id in placement.at]
    events = [event for point in points for event in point.events]
    return Problem(
        origin=record.origin,
        field=record.event_field if placement else record.form,
        expected=f"one of the events {', '.join(events)}" if placement else "a form of the study",
        found="another event" if placement else "a form that the study file does not map",
        action="Add it to `at` or `forms` in the study file, or correct the source.",
    )
