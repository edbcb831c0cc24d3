"""What a person's consents say about a receiver: every consent about it must be given."""

from __future__ import annotations

from typing import Literal

from adapter.instruments.participant import ConsentWord, Participant
from adapter.instruments.study import Purpose, Study

ConsentHold = Literal[
    "consent-withdrawn", "consent-unreadable", "consent-refused", "consent-unknown"
]

_HOLDS: tuple[tuple[ConsentWord, ConsentHold], ...] = (
    ("withdrawn", "consent-withdrawn"),
    ("refused", "consent-refused"),
    ("unknown", "consent-unknown"),
)


def held_by_consent(
    study: Study, purpose: Purpose, clinic: str, person: Participant | None
) -> ConsentHold | None:
    """The rule that holds a person's data back from a receiver, None when none does.

    A receiver that no consent of the study is about is never permitted; neither is any while a
    person's facts cannot be read, for they may have withdrawn. None is somebody unknown.
    """
    words = [
        _word(person, rule.id) for rule in study.consents if rule.concerns(purpose, clinic)
    ] or ["unknown"]
    if person is not None and person.is_unreadable and "withdrawn" not in words:
        return "consent-unreadable"
    return next((rule for word, rule in _HOLDS if word in words), None)


def held_as_care(
    study: Study, resource_type: str, purpose: Purpose, person: Participant | None
) -> ConsentHold | Literal["standard-care"] | None:
    """The rule that holds back what was fetched from standard care, None when none does.

    It is for research alone, of whom agreed to the consent that the study names for it.
    """
    rule = study.care_rule(resource_type)
    if rule is None or purpose != "research":
        return "standard-care"
    word = _word(person, rule.consent)
    return next((hold for said, hold in _HOLDS if said == word), None)


def _word(person: Participant | None, consent: str) -> ConsentWord:
    return "unknown" if person is None else person.word(consent)
