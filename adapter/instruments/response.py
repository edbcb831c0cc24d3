"""What a person answered: raw text becomes typed answers, or a list of what does not fit.

A `Record` is one form instance as the source holds it; `parse_response` reads it by its `Form`.
Nothing is guessed: text that does not fit is a `Problem` that names field and expectation, never
the answer.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from adapter.errors import AnswerError, Origin, Problem
from adapter.instruments.form import Form, Item, Option
from adapter.instruments.study import AbsentReason, FormPlacement, Study
from adapter.instruments.time import BadTimeError, local_datetime

ResponseStatus = Literal["in-progress", "completed", "amended", "entered-in-error", "stopped"]
Value = Option | Decimal | int | bool | str
FieldParser = Callable[[str], "Answer | Problematic"]


@dataclass(frozen=True, slots=True)
class Record:
    """One form instance as the source holds it: raw text by field name, blank fields left out."""

    participant: str
    event: str
    form: str
    repeat: int | None
    values: Mapping[str, str]
    origin: Origin
    complete: str = ""
    completed_at: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said to one item: typed values, or the reason why there is none.

    `counts` is what scoring counts: an option's weight or the number itself, None where there is
    none.
    """

    link_id: str
    values: tuple[Value, ...] = ()
    absent: AbsentReason | None = None
    counts: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """One person's answers to one form at one timepoint; what a QuestionnaireResponse says.

    `authored` is a FHIR dateTime with the study's offset, or a date, or None where the source holds
    no time. `answers` is by link id, in the form's order, without the items nobody answered;
    `totals` is by scale id, a reason standing where the source says why there is none.
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
    answers, totals = _read_answers(record, form, study, placement, problems)
    authored = _read_authored(record, study, placement, problems)
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


@dataclass(frozen=True, slots=True)
class Problematic:
    """Text that does not fit, told by what was expected."""

    expected: str


@dataclass(frozen=True, slots=True)
class FieldMap:
    """A form's fields as one source names them, each with what it is known to
    say and the parser of what is not known.
    """

    items: tuple[tuple[str, str, Mapping[str, Answer], FieldParser], ...]
    checkboxes: Mapping[str, tuple[tuple[str, Option], ...]]
    totals: tuple[tuple[str, str, Callable[[str], Decimal | Problematic]], ...]


def fields_of(form: Form, placement: FormPlacement, study: Study) -> tuple[str, ...]:
    """The source columns that this form reads, in order."""
    table = _field_map(form, study, placement)
    columns: list[str] = []
    for field, link_id, _, _ in table.items:
        boxes = table.checkboxes.get(link_id)
        columns.extend([column for column, _ in boxes] if boxes else [field])
    return (*columns, *(field for field, _, _ in table.totals))


def _read_answers(
    record: Record, form: Form, study: Study, placement: FormPlacement, problems: list[Problem]
) -> tuple[dict[str, Answer], dict[str, Decimal | AbsentReason]]:
    table = _field_map(form, study, placement)
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
            if isinstance(said, Problematic):
                problems.append(_misfit(record, field, said.expected, raw))
                continue
            answer = said
        answers[link_id] = answer
    totals: dict[str, Decimal | AbsentReason] = {}
    for field, scale_id, parse_total in table.totals:
        if (raw := values.get(field)) is None:
            continue
        total = study.missing_codes.get(raw) or parse_total(raw)
        if isinstance(total, Problematic):
            problems.append(_misfit(record, field, total.expected, raw))
        else:
            totals[scale_id] = total
    return answers, totals


def _read_checkboxes(
    record: Record,
    link_id: str,
    table: FieldMap,
    answers: dict[str, Answer],
    problems: list[Problem],
) -> None:
    ticked: list[Value] = []
    for column, option in table.checkboxes[link_id]:
        raw = record.values.get(column, "0")
        if raw == "1":
            ticked.append(option)
        elif raw != "0":
            problems.append(_misfit(record, column, "0 or 1", raw))
    if ticked:
        answers[link_id] = Answer(link_id, tuple(ticked))


def _read_authored(
    record: Record, study: Study, placement: FormPlacement, problems: list[Problem]
) -> str | None:
    if not record.completed_at:
        return None
    try:
        return local_datetime(record.completed_at, study.timezone)
    except BadTimeError as wrong:
        field = placement.completed_at or f"{record.form}_timestamp"
        problems.append(_misfit(record, field, str(wrong), record.completed_at))
        return None


@functools.cache
def _field_map(form: Form, study: Study, placement: FormPlacement) -> FieldMap:
    names = placement.fields
    items: list[tuple[str, str, Mapping[str, Answer], FieldParser]] = []
    checkboxes: dict[str, tuple[tuple[str, Option], ...]] = {}
    for item in form.items:
        field = names.get(item.field, item.field)
        offered = form.offered(item)
        known = _known_answers(item, offered, study)
        items.append((field, item.link_id, known, _parser(item, offered, study.timezone)))
        if item.repeats and offered:
            checkboxes[item.link_id] = tuple(
                (checkbox_column(field, option.value), option) for option in offered
            )
    totals = tuple(
        (names.get(scale.field, scale.field), scale.id, _total_parser(*scale.range))
        for scale in form.scales
        if scale.field
    )
    return FieldMap(tuple(items), checkboxes, totals)


def checkbox_column(field: str, code: str) -> str:
    """The column of one choice of a checkbox field in a flat export: `field___code`."""
    return f"{field}___{code.lower().replace('-', '_')}"


def _known_answers(item: Item, offered: tuple[Option, ...], study: Study) -> dict[str, Answer]:
    known = {
        code: Answer(item.link_id, absent=reason) for code, reason in study.missing_codes.items()
    }
    known.update(
        {option.value: Answer(item.link_id, (option,), counts=option.score) for option in offered}
    )
    if item.type == "boolean":
        known["1"] = Answer(item.link_id, (True,), counts=Decimal(1))
        known["0"] = Answer(item.link_id, (False,), counts=Decimal(0))
    return known


def _parser(item: Item, offered: tuple[Option, ...], zone: str) -> FieldParser:
    """What reads a raw value that is no known answer, or says what was expected."""
    if offered:
        codes = ", ".join(option.value for option in offered)
        return lambda _: Problematic(f"one of the codes {codes}")
    match item.type:
        case "integer" | "decimal":
            return _number_parser(item)
        case "dateTime":
            return functools.partial(_parse_datetime, item.link_id, zone)
        case other:
            return functools.partial(_PARSERS[other], item.link_id)


def _number_parser(item: Item) -> FieldParser:
    whole = item.type == "integer"
    shape = re.compile(r"[+-]?\d+" if whole else r"[+-]?(\d+(\.\d*)?|\.\d+)")
    expected = _expected_number("a whole number" if whole else "a number", item.min, item.max)

    def parse(raw: str) -> Answer | Problematic:
        text = raw.strip()
        if not shape.fullmatch(text):
            return Problematic(expected)
        number = Decimal(text)
        if not _is_between(number, item.min, item.max):
            return Problematic(expected)
        return Answer(item.link_id, (int(number) if whole else number,), counts=number)

    return parse


def _total_parser(low: Decimal, high: Decimal) -> Callable[[str], Decimal | Problematic]:
    expected = _expected_number("a number", low, high)

    def parse(raw: str) -> Decimal | Problematic:
        text = raw.strip()
        if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", text):
            return Problematic(expected)
        number = Decimal(text)
        return number if _is_between(number, low, high) else Problematic(expected)

    return parse


def _expected_number(kind: str, low: Decimal | None, high: Decimal | None) -> str:
    if low is not None and high is not None:
        return f"{kind} from {low} to {high}"
    if low is not None:
        return f"{kind} of at least {low}"
    return f"{kind} of at most {high}" if high is not None else kind


def _is_between(number: Decimal, low: Decimal | None, high: Decimal | None) -> bool:
    return (low is None or number >= low) and (high is None or number <= high)


def _parse_date(link_id: str, raw: str) -> Answer | Problematic:
    try:
        is_day = date.fromisoformat(raw).isoformat() == raw  # it reads other ISO shapes as well
    except ValueError:
        is_day = False
    return Answer(link_id, (raw,)) if is_day else Problematic("a calendar date YYYY-MM-DD")


def _parse_datetime(link_id: str, zone: str, raw: str) -> Answer | Problematic:
    try:
        return Answer(link_id, (local_datetime(raw, zone),))
    except BadTimeError as wrong:
        return Problematic(str(wrong))


def _parse_time(link_id: str, raw: str) -> Answer | Problematic:
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", raw):
        return Problematic("a time of day HH:MM")
    return Answer(link_id, (f"{raw}:00",))


def _parse_text(link_id: str, raw: str) -> Answer | Problematic:
    text = raw.strip()
    return Answer(link_id, (text,)) if text else Problematic("text that is not blank")


def _parse_boolean(_: str, __: str) -> Answer | Problematic:
    return Problematic("1 (yes) or 0 (no)")  # both are known answers already


_PARSERS: dict[str, Callable[[str, str], Answer | Problematic]] = {
    "boolean": _parse_boolean,
    "date": _parse_date,
    "time": _parse_time,
    "string": _parse_text,
    "text": _parse_text,
}


def _misfit(record: Record, field: str, expected: str, raw: str) -> Problem:
    return Problem(
        origin=record.origin,
        field=field,
        expected=expected,
        found=describe(raw),
        action="Correct it in the source and export again; this form is kept back until then.",
    )


def describe(raw: str) -> str:
    """What kind of text it is, for a message that must not hold the answer itself."""
    if not raw.strip():
        return "blank text"
    if re.fullmatch(r"[+-]?\d+", raw.strip()):
        return "a whole number that does not fit"
    if re.fullmatch(r"[+-]?\d*[.,]\d+", raw.strip()):
        return "a decimal number that does not fit"
    return f"text of {len(raw)} characters"


def _misplaced(record: Record, study: Study) -> Problem:
    placement = study.placement_of(record.form)
    events = [point.event for point in study.timepoints if placement and point.id in placement.at]
    return Problem(
        origin=record.origin,
        field="redcap_event_name" if placement else record.form,
        expected=f"one of the events {', '.join(events)}" if placement else "a form of the study",
        found="another event" if placement else "a form that the study file does not map",
        action="Add it to `at` or `forms` in the study file, or correct the source.",
    )
