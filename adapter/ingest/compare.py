"""Our scores beside the totals that the source has calculated itself.

A database's own calculation may be stale, or wrong: counting one item twice and another never has
been seen. Ours is taken, and the difference is told to a person; neither replaces the other in
silence. No message holds a score.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from adapter.errors import Problem
from adapter.instruments.answer import Misfit, total_parser
from adapter.instruments.response import Record
from adapter.instruments.study import FormPlacement, Study
from adapter.scoring import Score
from adapter.scoring.value import rounded

_LOOK = "Look at the source's calculation, and at the scale's rule in the form. Ours was taken."


def find_differences(record: Record, scores: Iterable[Score], study: Study) -> list[Problem]:
    """The source's own totals that are not what the form's rules give; blank ones are not told."""
    placement = study.placement_of(record.form)
    return [
        Problem(
            record.origin,
            field,
            f"`{score.scale.id}` as its rule gives it",
            found,
            _LOOK,
            "warning",
        )
        for score in scores
        for field in _compared(placement, score)
        for found in _found(record.values.get(field, ""), score, study)
    ]


def _compared(placement: FormPlacement | None, score: Score) -> list[str]:
    field = placement.compare.get(score.scale.id) if placement else None
    return [] if field is None else [field]


def _found(raw: str, score: Score, study: Study) -> Iterable[str]:
    if not raw or raw in study.missing_codes:
        return
    held = total_parser(*score.scale.range)(raw)
    if isinstance(held, Misfit):
        yield "no score of this scale"
    elif score.value is None:
        yield "a score, where the rule gives none"
    elif not _is_same(held, score.value, score.scale.places):
        yield "another score"


def _is_same(held: Decimal, ours: Decimal, places: int) -> bool:
    return rounded(held, places) == rounded(ours, places)
