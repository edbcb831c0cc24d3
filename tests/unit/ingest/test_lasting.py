"""Ids of the study file last as long as what was read by them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from adapter.errors import DeclarationError
from adapter.store.database import Database
from adapter.store.identities import Crosswalk
from tests.keys import CROSSWALK_KEYS
from tests.unit.ingest.project import STUDY, Bench, mood, people, person, small_trial

RENAMED = STUDY.replace("week-0", "baseline")
OTHER_CONSENT = STUDY.replace("id: share", "id: share-clinic")
WITHOUT_WEEK_4 = STUDY.replace(
    "  - {id: week-4, title: End, week: 4, event: week_4_arm_1, closes_days: 7}\n", ""
).replace("at: [week-0, week-4]", "at: [week-0]")


@pytest.mark.parametrize("limit", [None, 0], ids=["part", "whole"])
def test_a_timepoint_under_another_id_is_refused_before_anything_is_taken(
    tmp_path: Path, where: Path | str, limit: int | None
) -> None:
    with (
        closing(Database(where)) as database,
        closing(Crosswalk(tmp_path / "who.sqlite", CROSSWALK_KEYS)) as crosswalk,
    ):
        bench = Bench(tmp_path, database, crosswalk, small_trial())
        bench.ingest(*people(1))
        before = bench.versions()

        with pytest.raises(DeclarationError) as raised:
            bench.with_study(RENAMED).ingest(*people(1), missing_limit=limit)

        (problem,) = raised.value.problems
        assert problem.expected == "`week-0`, of which the ledger holds answers"
        assert bench.versions() == before


def test_a_consent_under_another_id_is_refused(bench: Bench) -> None:
    bench.ingest(*people(1))

    with pytest.raises(DeclarationError) as raised:
        bench.with_study(OTHER_CONSENT).ingest(*people(1))

    assert [problem.field for problem in raised.value.problems] == ["consents"]


def test_a_timepoint_of_which_nothing_is_held_may_go(bench: Bench) -> None:
    rows = {**person("1"), **mood("1", "2", "0")}
    bench.ingest(rows)

    report = bench.with_study(WITHOUT_WEEK_4).ingest(rows, missing_limit=0)

    assert bench.problems(report) == []


def test_a_timepoint_may_go_once_its_rows_are_gone_from_the_source(bench: Bench) -> None:
    first, second = people(1)
    bench.ingest(first, second)
    bench.ingest(first, missing_limit=5)

    report = bench.with_study(WITHOUT_WEEK_4).ingest(first, missing_limit=0)

    assert bench.problems(report) == []


def test_a_consent_that_nobody_was_asked_for_may_go(bench: Bench) -> None:
    bench.ingest(missing_limit=0)

    report = bench.with_study(OTHER_CONSENT).ingest(*people(1), missing_limit=0)

    assert bench.problems(report) == []
