"""The release gate: one word per resource and receiver, with the rule that said so.

It is asked at send time, not when something is queued, because consent may change in between. What
cannot be shown to be allowed is held.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from adapter.instruments.participant import ConsentWord
from adapter.instruments.study import Purpose, Study
from adapter.release.blinding import reveals_allocation
from adapter.release.consent import ConsentHold, held_by_consent

Rule = (
    Literal["released", "retraction", "withdrawal-notice", "blinding", "safety-signal"]
    | ConsentHold
)
PARTICIPATION: Final = "participation"
"""Stands in `Subject.form` for what says that and how a person takes part."""
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
class Decision:
    """Released, or held by the named rule."""

    is_released: bool
    rule: Rule


def decide(
    subject: Subject,
    study: Study,
    purpose: Purpose,
    consents: Mapping[str, ConsentWord],
    *,
    is_unblinded: bool = False,
) -> Decision:
    """May this leave for a receiver of this purpose, who may or may not know the arm?

    A retraction always leaves, for it takes back what is already there; so does the notice that a
    person has withdrawn, to a receiver that knows of them. `consents` holds the participant's word
    by consent id.
    """
    if is_unblinded or subject.is_retraction or not _tells_arm(subject, study):
        rule = _rule(subject, study, purpose, consents)
    else:
        rule = "blinding"
    return Decision(rule in _RELEASING, rule)


def _rule(
    subject: Subject, study: Study, purpose: Purpose, consents: Mapping[str, ConsentWord]
) -> Rule:
    if subject.is_retraction:
        return "retraction"
    if subject.form.startswith(SAFETY) and not _may_be_told(study, purpose):
        return "safety-signal"
    hold = held_by_consent(study, purpose, consents) if subject.participant else None
    is_notice = subject.form == PARTICIPATION and subject.is_known_there
    if hold == "consent-withdrawn" and is_notice:
        return "withdrawal-notice"
    return hold or "released"


def _tells_arm(subject: Subject, study: Study) -> bool:
    return reveals_allocation(study, subject.form.removeprefix(SAFETY))


def _may_be_told(study: Study, purpose: Purpose) -> bool:
    """Whether the study's rules send safety signals to receivers of this purpose."""
    return study.safety is not None and purpose in study.safety.send_to
