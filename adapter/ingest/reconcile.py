"""What becomes of a response that a clinic wrote, beside what the trial already holds: one word.

Pure, and blind to who is right: where both sides say something else, a person decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from adapter.instruments.answer import Answer, Value

Reconciled = Literal["new", "same", "theirs-newer", "conflict"]
Answers = Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class Ours:
    """What the ledger says of a form instance; `is_theirs`: it came from this very response."""

    answers: Answers
    is_theirs: bool


def reconcile(ours: Ours | None, theirs: Answers) -> Reconciled:
    """`ours` is None where nothing stands."""
    if ours is None:
        return "new"
    if said(ours.answers) == said(theirs):
        return "same"
    return "theirs-newer" if ours.is_theirs else "conflict"


def said(answers: Answers) -> dict[str, tuple[Value, ...]]:
    """What was answered, by link id; why something was not is no answer, and contradicts none."""
    return {link_id: each.values for link_id, each in answers.items() if each.values}
