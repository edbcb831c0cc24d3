"""A worker is killed at each named point of a push: everything arrives once all the same."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from tests.live.failpoints import POINTS
from tests.live.simulated import checked, simulated
from tests.live.survival import IS_FULL, Nursery, Owed, is_alive, note, wait_for

EACH = 10 if IS_FULL else 1
PEOPLE = 6
UNDER_WAY = {
    "after the end of the claim",
    "before the request",
    "with the answer unread",
    "before the end of the settling",
}


def test_a_worker_killed_at_each_named_point_loses_nothing_and_doubles_nothing(
    nursery: Nursery, where: Path | str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    values = itertools.count(100)
    with simulated() as system, Owed.opened(where, tmp_path, system.url) as owed:
        owed.fill(PEOPLE, turns=2)
        nursery.finish(owed.job)
        for point in POINTS * EACH:
            for participant in range(PEOPLE):
                owed.amend(str(participant), 0, next(values))
                owed.amend(str(participant), 1, next(values))
            pid = nursery.start(replace(owed.job, dies=point))
            wait_for(lambda: not is_alive(pid))  # noqa: B023 - at once

            counted = owed.counted()
            assert owed.left() > 0, f"nobody was killed {point}"
            assert (counted["claimed"] > 0) == (point in UNDER_WAY), point
            nursery.finish(owed.job)
        figures = checked(owed, system.url)

    note(f"named points: {request.node.callspec.id}", {"kills": len(POINTS) * EACH, **figures})
