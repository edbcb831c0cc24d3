"""A report's words, as every rendering says them: headings, and each line in columns."""

from __future__ import annotations

from adapter.render.person import Person
from adapter.render.report import WITHDRAWN, Line, Report

_SEXES = {"male": "male", "female": "female", "other": "other", "unknown": "not known"}

_PRINTED = " Do not file an earlier page of this report that you have printed;"
_TAKE_OUT = f"{_PRINTED} if one was filed, take it out of the record."
_FILE_THIS = f"{_PRINTED} if one was filed, file this page in its place."


def heading(report: Report, person: Person | None) -> list[tuple[str, str]]:
    """What stands above the numbers: whose, which, when, by whom; None leaves out whose."""
    told = [] if person is None else _who(person)
    told += [
        ("Questionnaire", f"{report.form}, version {report.version}" if report.version else ""),
        ("Answered", moment(report.answered) or "at a time that is not known"),
        ("Answered by", report.by),
        ("This report made", moment(report.made)),
        ("Report", report.id),
    ]
    return [(name, said) for name, said in told if said]


def whose(person: Person) -> list[tuple[str, str]]:
    """Whose it is, as far as the clinic knows them."""
    return [(name, said) for name, said in _who(person) if said]


def standing(report: Report) -> str:
    """What a reader must see first: that it was taken back, or reported otherwise before."""
    if report.is_withdrawn:
        told = "WITHDRAWN: what this report said before is taken back. Disregard it."
        return f"{told}{_TAKE_OUT}" if report.is_on_paper else told
    if report.is_amended:
        told = "CORRECTED: this replaces what was reported before."
        return f"{told}{_FILE_THIS}" if report.is_on_paper else told
    return ""


def value(line: Line) -> str:
    """The number with its unit, the words, or why there is neither."""
    if line.absent:
        return line.absent if line.absent == WITHDRAWN else f"not scored: {line.absent}"
    unit = "" if line.unit in {"", "1", "{score}"} else line.unit.strip("{}")
    return f"{line.value} {unit}" if unit else line.value


def remarks(line: Line) -> list[str]:
    """Range, band, change and notes of a line, in that order."""
    told = []
    if line.low:
        told.append(f"possible {line.low} to {line.high}")
    if line.band:
        told.append(line.band)
    if line.change:
        told.append(f"change since baseline {line.change} ({line.meaning})")
    return [*told, line.note] if line.note else told


def moment(said: str) -> str:
    """An instant or a day as people read it: `2024-03-02 09:30 (UTC+11:00)`."""
    day, _, clock = said.partition("T")
    if not clock:
        return day
    offset = clock[-6:] if clock[-6:-5] in {"+", "-"} else ""
    return f"{day} {clock[:5]} (UTC{offset})" if offset else f"{day} {clock[:5]} (UTC)"


def _who(person: Person) -> list[tuple[str, str]]:
    numbers = ", ".join(number for _, number in person.identifiers)
    return [
        ("Patient", person.name),
        ("Born", person.birth_date),
        ("Sex", _SEXES.get(person.sex, "")),
        ("Patient number", numbers),
    ]
