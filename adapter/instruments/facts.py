"""A person's trial facts, read from the source's rows; nothing that is unclear counts as agreed.

A cell that says a consent was withdrawn is believed, whatever else cannot be read. Anything that
neither the study's rule nor the source's choices know makes the facts unreadable.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from adapter.errors import Origin, Problem
from adapter.instruments.answer import describe
from adapter.instruments.participant import (
    DEMOGRAPHICS,
    ConsentState,
    Participant,
    ended_by_withdrawal,
)
from adapter.instruments.response import Record
from adapter.instruments.study import ConsentRule, FieldEquals, Study
from adapter.instruments.time import BadTimeError, day_of

UNTIL_THEN = "nothing new of this participant leaves until then."
_CORRECT = f"Correct it in the source; {UNTIL_THEN}"
_WITHDRAWN = "Correct it in the source; it counts as withdrawn until then."
_OTHERS = {"1": "0", "yes": "no", "y": "n", "true": "false"}
_OPPOSITES = _OTHERS | {no: yes for yes, no in _OTHERS.items()}

Choices = Mapping[str, Collection[str]]
"""The codes that a source lists for its fields, by field."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the source tells of a person, and all that does not fit.

    `is_readable`: what does not fit decides on nothing, such as the day of a withdrawal.
    """

    person: Participant
    problems: tuple[Problem, ...]
    is_readable: bool


def day_to_come(origin: Origin, field: str) -> Problem:
    """The warning of a day that has not come yet: what it stands in counts all the same."""
    return Problem(
        origin,
        field,
        "a day that has come, by `as_of` or the clock of this machine",
        "a later one",
        "Correct it in the source; or, where it is right, `as_of` or the clock. It was taken as it "
        "stands.",
        severity="warning",
    )


def read_participant(
    records: Iterable[Record], study: Study, choices: Choices | None = None, last: str = ""
) -> Facts:
    """One person from all records of their participant and consent forms, at least one.

    Where rows differ the later one counts, but a withdrawal in any of them. `last` is the last
    local day that may be said of a consent and of enrolment without a warning, '' for any.
    """
    rows = list(records)
    reading = _Reading(rows, study, choices or {}, last)
    person = study.participant
    consents = {rule.id: reading.consent(rule) for rule in study.consents}
    numbers = {name: reading.last(each.field) for name, each in person.identifiers.items()}
    who = person.demographics
    told = {
        "family": reading.last(who.family),
        "given": reading.last(who.given),
        "birth_date": reading.day(who.birth_date),
        # A sex that the study does not know is none.
        "sex": who.sexes.get(reading.last(who.sex) or ""),
    }
    demographics = {f"{DEMOGRAPHICS}{word}": value for word, value in told.items() if value}
    read = Participant(
        participant=rows[0].participant,
        enrolled=reading.past_day(person.enrolled),
        ended=reading.day(person.completed),
        consents=consents,
        identifiers={name: said for name, said in numbers.items() if said is not None}
        | demographics,
    )
    reading.check_lone_days(consents)
    problems = tuple(reading.problems.values())
    return Facts(ended_by_withdrawal(read, study), problems, is_readable=not reading.is_doubtful)


class _Reading:
    """The cells of one person, and what was found wrong with them so far."""

    def __init__(self, rows: list[Record], study: Study, choices: Choices, last: str) -> None:
        self.study, self.choices, self.last_day = study, choices, last
        self.problems: dict[tuple[Origin, str, str], Problem] = {}
        self.is_doubtful = False  # whether any of them decides on something
        # The record's own name counts as a field: a database may hold only people who agreed.
        self._cells = {study.record_id: [(rows[0].participant, rows[0])]}
        for row in rows:
            for name, value in row.values.items():
                if value not in study.missing_codes:  # it is no day, yes or number
                    self._cells.setdefault(name, []).append((value, row))

    def last(self, name: str | None) -> str | None:
        """What the last row that says anything says."""
        said = self._cells.get(name or "")
        return said[-1][0] if name and said else None

    def day(self, name: str | None, *, decides: bool = True) -> str | None:
        """The day in a column, None where none is known; `decides`: without it all is in doubt."""
        said = self._cells.get(name or "")
        if not name or not said:
            return None
        raw, row = said[-1]
        try:
            return day_of(raw, self.study.timezone).isoformat()
        except BadTimeError as wrong:
            self._refuse(row, name, str(wrong), describe(raw), decides=decides)
            return None

    def past_day(self, name: str | None, *, decides: bool = True) -> str | None:
        """As `day`, of something that has happened by now: a later one is warned of."""
        day = self.day(name, decides=decides)
        if name and day is not None and self.last_day and day > self.last_day:
            told = day_to_come(self._cells[name][-1][1].origin, name)
            self.problems.setdefault((told.origin, name, told.expected), told)
        return day

    def consent(self, rule: ConsentRule) -> ConsentState:
        """What was said of one consent."""
        is_withdrawn = self._is_withdrawn(rule)
        decides = not is_withdrawn
        self._check(rule.given, decides=decides)
        since = self.past_day(rule.date, decides=decides)
        if is_withdrawn:
            until = self.past_day(rule.withdrawn_date, decides=decides)
            return ConsentState("withdrawn", since, until)
        given = self.last(rule.given.field)
        if given is None:
            return ConsentState("unknown")
        is_given = rule.given.is_said({rule.given.field: given})
        return ConsentState("given" if is_given else "refused", since)

    def check_lone_days(self, consents: Mapping[str, ConsentState]) -> None:
        """Refuses days of withdrawal of people who did not withdraw anything that day."""
        for column in self._withdrawal_days():
            rules = [rule for rule in self.study.consents if rule.withdrawn_date == column]
            said = self._cells.get(column)
            if said and all(consents[rule.id].word != "withdrawn" for rule in rules):
                flags = [rule.withdrawn.field for rule in rules if rule.withdrawn]
                expected = f"no day of a withdrawal that {' and '.join(flags)} did not say"
                self._refuse(said[-1][1], column, expected, "a day alone")

    def _is_withdrawn(self, rule: ConsentRule) -> bool:
        told = rule.withdrawn
        if told is None:  # a study may have nothing but the day
            day = rule.withdrawn_date
            return day in self._withdrawal_days() and self.last(day) is not None
        said = self._cells.get(told.field, [])
        is_said = [bool(raw.strip()) and told.is_said({told.field: raw}) for raw, _ in said]
        self._check(told, decides=not any(is_said))
        if any(is_said) and not is_said[-1]:
            expected = "the same of a withdrawal in all rows of a record"
            found = "a withdrawal, and a later row without it"
            self._refuse(said[-1][1], told.field, expected, found, decides=False)
        return any(is_said)

    def _check(self, told: FieldEquals, *, decides: bool) -> None:
        """Refuses whatever neither the study nor the source knows as an answer."""
        known = self._known(told)
        for raw, row in self._cells.get(told.field, []):
            if raw.strip() and (known is None or raw in known):
                continue
            expected = f"one of the values {', '.join(known)}, or nothing" if known else "a value"
            self._refuse(row, told.field, expected, describe(raw), decides=decides)

    def _known(self, told: FieldEquals) -> list[str] | None:
        if told.equals is None:
            return None
        listed = self.choices.get(told.field) or _opposite(told.equals)
        return list(dict.fromkeys((told.equals, *listed)))

    def _withdrawal_days(self) -> list[str]:
        """The columns that say when somebody withdrew, and nothing else besides."""
        person = self.study.participant
        others = {person.enrolled, person.completed, *(rule.date for rule in self.study.consents)}
        days = (rule.withdrawn_date for rule in self.study.consents)
        return [day for day in dict.fromkeys(days) if day and day not in others]

    def _refuse(
        self, row: Record, name: str, expected: str, found: str, *, decides: bool = True
    ) -> None:
        about = (row.origin, name, expected)  # several consents may share a day
        self.is_doubtful = self.is_doubtful or decides
        if about not in self.problems or decides:
            self.problems[about] = Problem(*about, found, _CORRECT if decides else _WITHDRAWN)


def _opposite(said: str) -> list[str]:
    """The other answer to a yes or a no, written alike, where the source lists no choices."""
    other = _OPPOSITES.get(said.lower())
    if other is None:
        return []
    return [other.upper() if said.isupper() else other.title() if said.istitle() else other]
