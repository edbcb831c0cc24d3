"""The release gate: one word per resource and receiver, with the rule that said so.

It is asked at send time, not when something is queued, because consent may change in between. What
cannot be shown to be allowed is held.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from adapter.instruments.participant import Participant
from adapter.instruments.study import Purpose, Study
from adapter.release.blinding import CARE, CONCEALED, PARTICIPATION, reveals_allocation
from adapter.release.consent import ConsentHold, held_as_care, held_by_consent
from adapter.release.embargo import is_embargoed

Rule = (
    Literal[
        "released",
        "retraction",
        "withdrawal-notice",
        "blinding",
        "safety-signal",
        "embargo",
        "standard-care",
    ]
    | ConsentHold
)
SAFETY: Final = "safety/"
"""Stands in `Subject.form` before the form whose answers gave a safety signal."""

_RELEASING: frozenset[Rule] = frozenset({"released", "retraction", "withdrawal-notice"})


@dataclass(frozen=True, slots=True)
class Subject:
    """What the gate must know of a resource: whose it is, from which form, and whether it retracts.

    `participant` is empty for what belongs to nobody (the study, its questionnaires);
    `is_known_there` says that the receiver already holds something of the participant.
    """

    participant: str
    form: str
    is_retraction: bool = False
    is_known_there: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """Who would read it: why, at which clinic ('': a file), and whether they may know the arm."""

    purpose: Purpose
    clinic: str = ""
    is_unblinded: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Released, or held by the named rule."""

    is_released: bool
    rule: Rule


def decide(
    subject: Subject, study: Study, reader: Reader, person: Participant | None, today: str
) -> Decision:
    """May this leave for a reader, on a local day?

    A retraction always leaves, for it takes back what is already there; so does the notice that a
    person has withdrawn, to a receiver that knows of them. `person` is whose it is, None for
    somebody the ledger does not know.
    """
    if reader.is_unblinded or subject.is_retraction or not _tells_arm(subject, study):
        rule = _rule(subject, study, reader, person, today)
    else:
        rule = "blinding"
    return Decision(rule in _RELEASING, rule)


def _rule(
    subject: Subject, study: Study, reader: Reader, person: Participant | None, today: str
) -> Rule:
    if subject.is_retraction:
        return "retraction"
    if subject.form.startswith(SAFETY) and not _may_be_told(study, reader.purpose):
        return "safety-signal"
    return (
        _rule_of_person(subject, study, reader, person, today)
        if subject.participant
        else ("released")
    )


def _rule_of_person(
    subject: Subject, study: Study, reader: Reader, person: Participant | None, today: str
) -> Rule:
    hold: Rule | None = held_by_consent(study, reader.purpose, reader.clinic, person)
    is_notice = subject.form == PARTICIPATION and subject.is_known_there
    if hold == "consent-withdrawn" and is_notice:
        return "withdrawal-notice"
    if hold is None and subject.form.startswith(CARE):
        hold = held_as_care(study, subject.form.removeprefix(CARE), reader.purpose, person)
    if hold is not None:
        return hold
    form = subject.form.removeprefix(SAFETY).removeprefix(CONCEALED)
    is_early = is_embargoed(study, form, reader.purpose, reader.clinic, person, today)
    return "embargo" if is_early else "released"


def _tells_arm(subject: Subject, study: Study) -> bool:
    return reveals_allocation(study, subject.form.removeprefix(SAFETY))


def _may_be_told(study: Study, purpose: Purpose) -> bool:
    """Whether the study's rules send safety signals to receivers of this purpose."""
    return study.safety is not None and purpose in study.safety.send_to
