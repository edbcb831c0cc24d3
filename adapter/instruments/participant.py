"""Who takes part: the trial's facts about a person that decide what may be sent, and to whom.

Read from the source's participant and consent forms before everything else. Names and birth dates
are not among them: nothing here needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from adapter.errors import AnswerError, Problem
from adapter.instruments.answer import describe
from adapter.instruments.response import Record
from adapter.instruments.study import ConsentRule, Demographics, Study
from adapter.instruments.time import BadTimeError, day_of

DEMOGRAPHICS: Final = "demographics/"
"""Stands among a person's identifiers before the words of who they are: it goes where they go."""
ConsentWord = Literal["given", "refused", "withdrawn", "unknown"]


@dataclass(frozen=True, slots=True)
class ConsentState:
    """One consent of one person; `since` and `until` are local days, None where not known."""

    word: ConsentWord
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Participant:
    """One person in the study.

    `enrolled` and `ended` are local days; `consents` is by consent id; `identifiers` is by the
    study file's name and is kept apart from the data.
    """

    participant: str
    enrolled: str | None = None
    ended: str | None = None
    consents: dict[str, ConsentState] = field(default_factory=dict)
    identifiers: dict[str, str] = field(default_factory=dict, repr=False)


def participant_forms(study: Study) -> frozenset[str]:
    """The source forms that hold a person's trial facts."""
    return frozenset({study.participant.form, *(rule.form for rule in study.consents)})


def fact_fields(study: Study) -> tuple[tuple[str, str], ...]:
    """Every (form, field) of the source that a person's trial facts are read from, each once."""
    person = study.participant
    numbers = (identifier.field for identifier in person.identifiers.values())
    who = person.demographics
    told = (who.family, who.given, who.birth_date, who.sex)
    read = [(person.form, name) for name in (person.enrolled, person.completed, *numbers, *told)]
    for rule in study.consents:
        withdrawn = rule.withdrawn.field if rule.withdrawn else None
        names = (rule.given.field, rule.date, withdrawn, rule.withdrawn_date)
        read.extend((rule.form, name) for name in names)
    return tuple(dict.fromkeys((form, name) for form, name in read if name))


def parse_participant(records: Iterable[Record], study: Study) -> Participant:
    """One person from all records of their participant and consent forms.

    Raises:
        AnswerError: dates that are none, with every problem found.
    """
    rows = list(records)
    problems: list[Problem] = []
    # The record's own name counts as a field: a database may hold only people who agreed.
    said: dict[str, str] = {study.record_id: rows[0].participant}
    where: dict[str, Record] = {}
    for row in rows:
        for name, value in row.values.items():
            if value not in study.missing_codes:  # a code for missing is no day, yes or number
                said[name], where[name] = value, row

    def day(name: str | None) -> str | None:
        raw = said.get(name or "")
        if name is None or raw is None:
            return None
        try:
            return day_of(raw).isoformat()
        except BadTimeError as wrong:
            problems.append(_bad_day(where[name], name, str(wrong), raw))
            return None

    consents = {rule.id: _consent_state(rule, said, day) for rule in study.consents}
    person = Participant(
        participant=rows[0].participant,
        enrolled=day(study.participant.enrolled),
        ended=day(study.participant.completed),
        consents=consents,
        identifiers={
            name: said[identifier.field]
            for name, identifier in study.participant.identifiers.items()
            if identifier.field in said
        }
        | _demographics(study.participant.demographics, said, day),
    )
    if problems:
        found = tuple(dict.fromkeys(problems))  # several consents may share a day
        raise AnswerError("The participant's facts cannot be read.", found)
    return ended_by_withdrawal(person, study)


def _demographics(
    columns: Demographics, said: dict[str, str], day: Callable[[str | None], str | None]
) -> dict[str, str]:
    """Who the person is, as far as the source tells; a sex that the study does not know is none."""
    told = {
        "family": said.get(columns.family or ""),
        "given": said.get(columns.given or ""),
        "birth_date": day(columns.birth_date),
        "sex": columns.sexes.get(said.get(columns.sex or "", "")),
    }
    return {f"{DEMOGRAPHICS}{word}": value for word, value in told.items() if value}


def ended_by_withdrawal(person: Participant, study: Study) -> Participant:
    """The person, whose time in the study ends on the day they withdrew from the research.

    Where nobody knows that day, none is told; `has_left` says that it is over all the same.
    """
    days = (said.until for said in _withdrawals(person, study))
    return replace(person, ended=person.ended or next(filter(None, days), None))


def has_left(person: Participant, study: Study) -> bool:
    """Whether a person's time in the study has an end, on a day that is known or on none."""
    return person.ended is not None or bool(_withdrawals(person, study))


def left_by_withdrawal(person: Participant, study: Study) -> bool:
    """Whether it ended because they withdrew from the research, not before they did so."""
    return any(
        None in {said.until, person.ended} or str(said.until) <= str(person.ended)
        for said in _withdrawals(person, study)
    )


def _withdrawals(person: Participant, study: Study) -> list[ConsentState]:
    """What a person withdrew of the consents to the research."""
    said = (person.consents.get(rule.id) for rule in study.consents if rule.purpose == "research")
    return [each for each in said if each is not None and each.word == "withdrawn"]


def _consent_state(
    rule: ConsentRule, said: dict[str, str], day: Callable[[str | None], str | None]
) -> ConsentState:
    since = day(rule.date)
    if rule.withdrawn and rule.withdrawn.is_said(said):
        return ConsentState("withdrawn", since, day(rule.withdrawn_date))
    if said.get(rule.given.field) is None:
        return ConsentState("unknown")
    return ConsentState("given" if rule.given.is_said(said) else "refused", since)


def _bad_day(record: Record, name: str, expected: str, raw: str) -> Problem:
    return Problem(
        origin=record.origin,
        field=name,
        expected=expected,
        found=describe(raw),
        action="Correct it in the source; nothing of this participant is taken in until then.",
    )
