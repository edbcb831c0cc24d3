"""One answer: raw text becomes typed values, or says what was expected instead.

Nothing is guessed, and no message holds what was read.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from adapter.instruments.form import Item, Option
from adapter.instruments.study import AbsentReason, Study
from adapter.instruments.time import BadTimeError, local_datetime

Value = Option | Decimal | int | bool | str
AnswerParser = Callable[[str], "Answer | Misfit"]
TotalParser = Callable[[str], "Decimal | Misfit"]
NumberReader = Callable[[Decimal], "Answer | Misfit"]
LARGEST_INTEGER = 2**31 - 1
"""FHIR's integer has 32 bits: https://hl7.org/fhir/R4/datatypes.html#integer"""
_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said to one item: typed values, or the reason why there is none.

    `counts` is what scoring counts: an option's weight or the number itself, None where there is
    none. An item that was not asked, because another's answer spared it, has no value and counts 0.
    """

    link_id: str
    values: tuple[Value, ...] = ()
    absent: AbsentReason | None = None
    counts: Decimal | None = None
    is_asked: bool = True


@dataclass(frozen=True, slots=True)
class Misfit:
    """Text that does not fit, told by what was expected."""

    expected: str


def known_answers(item: Item, offered: tuple[Option, ...], study: Study) -> dict[str, Answer]:
    """What is known to be an answer without reading it: options, yes and no, missing-data codes."""
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


def answer_of(item: Item, values: tuple[Value, ...]) -> Answer:
    """The answer that typed values make; what may be several options counts nothing."""
    counts: Decimal | None
    match values:
        case (Option() as option,):
            counts = None if item.repeats else option.score
        case (bool() | int() | Decimal() as number,):
            counts = Decimal(number)
        case _:
            counts = None
    return Answer(item.link_id, values, counts=counts)


def answer_parser(item: Item, offered: tuple[Option, ...], zone: str) -> AnswerParser:
    """What reads a raw value that is no known answer, or says what was expected."""
    if offered:
        codes = ", ".join(option.value for option in offered)
        return lambda _: Misfit(f"one of the codes {codes}")
    match item.type:
        case "integer" | "decimal":
            return _number_parser(item)
        case "dateTime":
            return functools.partial(_parse_datetime, item.link_id, zone)
        case other:
            return functools.partial(_PARSERS[other], item.link_id)


def _number_parser(item: Item) -> AnswerParser:
    shape = _WHOLE if item.type == "integer" else _NUMBER
    expected = Misfit(_expected_in(item))
    read = number_reader(item)

    def parse(raw: str) -> Answer | Misfit:
        text = raw.strip()
        return read(Decimal(text)) if shape.fullmatch(text) else expected

    return parse


def number_reader(item: Item) -> NumberReader:
    """What takes a number as the answer to an item, if it is within the item's bounds."""
    expected = Misfit(_expected_in(item))
    low, high, is_whole = item.min, item.max, item.type == "integer"

    def read(number: Decimal) -> Answer | Misfit:
        if not _is_between(number, low, high):
            return expected
        if not is_whole:
            return Answer(item.link_id, (number,), counts=number)
        # The size first: to write 1E999999 out as a whole number would take for ever.
        if abs(number) > LARGEST_INTEGER or number != int(number):
            return expected
        return Answer(item.link_id, (int(number),), counts=number)

    return read


def _expected_in(item: Item) -> str:
    kind = "a whole number" if item.type == "integer" else "a number"
    return _expected_number(kind, item.min, item.max)


def total_parser(low: Decimal, high: Decimal) -> TotalParser:
    """What reads a total within its range."""
    expected = _expected_number("a number", low, high)

    def parse(raw: str) -> Decimal | Misfit:
        text = raw.strip()
        if not _NUMBER.fullmatch(text):
            return Misfit(expected)
        number = Decimal(text)
        return number if _is_between(number, low, high) else Misfit(expected)

    return parse


def _expected_number(kind: str, low: Decimal | None, high: Decimal | None) -> str:
    if low is not None and high is not None:
        return f"{kind} from {low} to {high}"
    if low is not None:
        return f"{kind} of at least {low}"
    return f"{kind} of at most {high}" if high is not None else kind


def _is_between(number: Decimal, low: Decimal | None, high: Decimal | None) -> bool:
    return (low is None or number >= low) and (high is None or number <= high)


def _parse_date(link_id: str, raw: str) -> Answer | Misfit:
    try:
        is_day = date.fromisoformat(raw).isoformat() == raw  # it reads other ISO shapes as well
    except ValueError:
        is_day = False
    return Answer(link_id, (raw,)) if is_day else Misfit("a calendar date YYYY-MM-DD")


def _parse_datetime(link_id: str, zone: str, raw: str) -> Answer | Misfit:
    try:
        return Answer(link_id, (local_datetime(raw, zone),))
    except BadTimeError as wrong:
        return Misfit(str(wrong))


def _parse_time(link_id: str, raw: str) -> Answer | Misfit:
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?", raw):
        return Misfit("a time of day HH:MM, with or without seconds")
    return Answer(link_id, (raw if raw.count(":") > 1 else f"{raw}:00",))


def _parse_text(link_id: str, raw: str) -> Answer | Misfit:
    text = raw.strip()
    if _CONTROL.search(text):  # R4 allows none but tabs and line breaks
        return Misfit("text without control characters")
    return Answer(link_id, (text,)) if text else Misfit("text that is not blank")


def _parse_boolean(_: str, __: str) -> Answer | Misfit:
    return Misfit("1 (yes) or 0 (no)")  # both are known answers already


_PARSERS: dict[str, Callable[[str, str], Answer | Misfit]] = {
    "boolean": _parse_boolean,
    "date": _parse_date,
    "time": _parse_time,
    "string": _parse_text,
    "text": _parse_text,
}


def describe(raw: str) -> str:
    """What kind of text it is, for a message that must not hold the answer itself."""
    if not raw.strip():
        return "blank text"
    if re.fullmatch(r"[+-]?\d+", raw.strip()):
        return "a whole number that does not fit"
    if re.fullmatch(r"[+-]?\d*[.,]\d+", raw.strip()):
        return "a decimal number that does not fit"
    return f"text of {len(raw)} characters"
