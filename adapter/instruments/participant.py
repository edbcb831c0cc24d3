"""Who takes part: the trial's facts about a person that decide what may be sent, and to whom.

Read from the source's participant and consent forms before everything else. Names and birth dates
are not among them: nothing here needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from adapter.errors import AnswerError, Problem
from adapter.instruments.response import Record, describe
from adapter.instruments.study import ConsentRule, Study
from adapter.instruments.time import BadTimeError, day_of

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


def parse_participant(records: Iterable[Record], study: Study) -> Participant:
    """One person from all records of their participant and consent forms.

    Raises:
        AnswerError: dates that are none, with every problem found.
    """
    rows = list(records)
    problems: list[Problem] = []
    said: dict[str, str] = {}
    where: dict[str, Record] = {}
    for row in rows:
        for name, value in row.values.items():
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
    ended = day(study.participant.completed)
    for rule in study.consents:
        state = consents[rule.id]
        if rule.purpose == "research" and state.word == "withdrawn":
            ended = ended or state.until
    person = Participant(
        participant=rows[0].participant,
        enrolled=day(study.participant.enrolled),
        ended=ended,
        consents=consents,
        identifiers={
            name: said[identifier.field]
            for name, identifier in study.participant.identifiers.items()
            if identifier.field in said
        },
    )
    if problems:
        raise AnswerError("The participant's facts cannot be read.", tuple(problems))
    return person


def _consent_state(
    rule: ConsentRule, said: dict[str, str], day: Callable[[str | None], str | None]
) -> ConsentState:
    since = day(rule.date)
    if rule.withdrawn and said.get(rule.withdrawn.field) == rule.withdrawn.equals:
        return ConsentState("withdrawn", since, day(rule.withdrawn_date))
    answer = said.get(rule.given.field)
    if answer is None:
        return ConsentState("unknown")
    return ConsentState("given" if answer == rule.given.equals else "refused", since)


def _bad_day(record: Record, name: str, expected: str, raw: str) -> Problem:
    return Problem(
        origin=record.origin,
        field=name,
        expected=expected,
        found=describe(raw),
        action="Correct it in the source; nothing of this participant is taken in until then.",
    )
