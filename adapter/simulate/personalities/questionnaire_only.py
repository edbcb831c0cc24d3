"""A record system that takes QuestionnaireResponses, and lets the rest only be read.

After MEDITECH Expanse, whose CapabilityStatement lets clients create and update Communication and
QuestionnaireResponse alone, without a key that would make a create safe to repeat (third-hand
harvest of 2026-08, unverified).
"""

from __future__ import annotations

from adapter.simulate.personality import READING, WRITING, Personality, Site


def questionnaire_only(_: Site) -> Personality:
    """QuestionnaireResponses, one at a time, with ids that the server gives."""
    return Personality(
        "questionnaire-only",
        "QuestionnaireResponses, created and updated one at a time; Observations only to be read",
        {"QuestionnaireResponse": WRITING, "Observation": READING, "Patient": READING},
    )
