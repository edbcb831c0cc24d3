"""Who takes part: the trial's facts about a person that decide what may be sent, and to whom.

`facts` reads them from the source's participant and consent forms, before everything else. Names
and birth dates are not among them: nothing here needs them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Literal

from adapter.instruments.study import Study

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
    study file's name and is kept apart from the data. `is_unreadable`: the newest reading of these
    facts failed, so that they are older ones, but for withdrawals.
    """

    participant: str
    enrolled: str | None = None
    ended: str | None = None
    consents: dict[str, ConsentState] = field(default_factory=dict)
    identifiers: dict[str, str] = field(default_factory=dict, repr=False)
    is_unreadable: bool = False

    def word(self, consent: str) -> ConsentWord:
        """What they said of a consent; one that was added to the study since is `unknown`."""
        said = self.consents.get(consent)
        return "unknown" if said is None else said.word


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


def held_as_unreadable(said: Participant, before: Participant | None) -> Participant:
    """Somebody whose facts cannot be read whole: as `before`, and withdrawn where a cell says so.

    Of somebody new the rest is what was read.
    """
    kept = said if before is None else before
    withdrawn = {
        name: state
        for name, state in said.consents.items()
        if state.word == "withdrawn" and kept.word(name) != "withdrawn"
    }
    consents = {**kept.consents, **withdrawn}
    return replace(kept, consents=consents, is_unreadable=True)
