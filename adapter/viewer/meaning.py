"""What a change since baseline means, in words that a clinician can act on, and how sure that is.

A published threshold says what is meaningful for a group of patients; for one person it is a guide.
Where nobody published one, that is said, and no colour stands in for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from adapter.fhir.coding import number
from adapter.instruments.form import Scale, Threshold
from adapter.scoring.change import Change

Verdict = Literal["worse", "improved", "unchanged", "not-judged", "first"]
VERDICTS: dict[Verdict, str] = {
    "worse": "Worse",
    "improved": "Improved",
    "unchanged": "Unchanged",
    "not-judged": "Not judged",
    "first": "One score so far",
}
"""What a clinician reads, what matters most first."""
_KINDS = {
    "minimal": "smallest change that matters",
    "moderate": "moderate change",
    "substantial": "substantial change",
    "reliable": "more than measurement error",
    "responder": "responder",
}
NO_THRESHOLD = "No published threshold is known here: how much this change means cannot be said."
NO_ERROR = (
    "No published measurement error is known here: how much of a change is chance cannot be said."
)
ANOTHER_VERSION = "Scored by another version of the rules than the earlier score: not compared."
NO_BASELINE = (
    "The trial has computed no change since baseline here: how much this change means is not said."
)
UNKNOWN_RULES = "Scored by a version of the rules that is not known here: not judged."


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a change means.

    `short` is for the row, a few words; `because` names the thresholds and their sources, and
    `certainty` says what may be chance, a sentence each.
    """

    verdict: Verdict
    short: str = ""
    because: tuple[str, ...] = ()
    certainty: str = ""

    @property
    def word(self) -> str:
        """The verdict as it is read."""
        return VERDICTS[self.verdict]


def meaning_of(change: Change) -> Meaning:
    """What a change between two scores by the same rules means."""
    usable = _usable(change)
    if change.scale.better is None:
        return Meaning(
            "not-judged", "neither direction is the better one", _sources(change, usable)
        )
    if not usable:
        too = ", but another band" if change.is_in_new_band else ""
        return Meaning("not-judged", f"no published threshold{too}", (NO_THRESHOLD,), NO_ERROR)
    reached = [each for each in change.reached if each in usable]
    because = _sources(change, usable)
    if not reached or change.direction not in {"better", "worse"}:
        short = "less than any published threshold" if change.points else "the same score"
        return Meaning("unchanged", short, because, _certainty(change, usable))
    verdict: Verdict = "improved" if change.direction == "better" else "worse"
    return Meaning(verdict, _KINDS[_most(reached).kind], because, _certainty(change, usable))


def _usable(change: Change) -> tuple[Threshold, ...]:
    """The thresholds that can speak of this direction: a responder is only somebody better."""
    return tuple(
        each
        for each in change.scale.change
        if each.kind != "responder" or change.direction == "better"
    )


_ORDER = ("substantial", "moderate", "responder", "minimal", "reliable")


def _most(reached: list[Threshold]) -> Threshold:
    return min(reached, key=lambda each: _ORDER.index(each.kind))


def _sources(change: Change, usable: tuple[Threshold, ...]) -> tuple[str, ...]:
    return tuple(
        f"{_KINDS[each.kind].capitalize()}, {size(each, change.scale)}: "
        f"{'reached' if each in change.reached else 'not reached'} ({each.source})."
        for each in usable
    )


def size(threshold: Threshold, scale: Scale) -> str:
    """How large a change has to be, as people say it."""
    sizes = list[str]()
    if threshold.points is not None:
        kind = "T-score point" if scale.unit == "{T-score}" else "point"
        sizes.append(f"{number(threshold.points)} {kind}{'' if threshold.points == 1 else 's'}")
    if threshold.percent is not None:
        sizes.append(f"{number(threshold.percent)} %")
    too = ", and into another band" if threshold.new_band else ""
    return f"at least {' or '.join(sizes)}{too}"


def _certainty(change: Change, usable: tuple[Threshold, ...]) -> str:
    reliable = [each for each in usable if each.kind == "reliable"]
    if not reliable:
        return NO_ERROR
    if any(each in change.reached for each in reliable):
        return "A change this large is hardly measurement error alone."
    return "A change this small may be measurement error alone."
