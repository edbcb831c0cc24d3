"""The kinds of FHIR record systems that are simulated: each a small declaration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapter.simulate.personalities.create_only import create_only
from adapter.simulate.personalities.questionnaire_only import questionnaire_only
from adapter.simulate.personalities.racing import racing
from adapter.simulate.personalities.unsigned_queue import unsigned_queue
from adapter.simulate.personalities.vitals_only import vitals_only
from adapter.simulate.personality import FULL, Personality, Site

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "PERSONALITIES",
    "create_only",
    "questionnaire_only",
    "racing",
    "unsigned_queue",
    "vitals_only",
]

PERSONALITIES: Mapping[str, Callable[[Site], Personality]] = {
    "full": lambda _: FULL,
    "vitals-only": vitals_only,
    "unsigned-queue": unsigned_queue,
    "create-only": create_only,
    "questionnaire-only": questionnaire_only,
    "racing": racing,
}
