"""What a clinic missed while it stood out of the settings, or was told of by other rules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from adapter.ingest.overdue import basis_of
from adapter.release.receiver import Taking
from adapter.store import receivers
from tests.unit.ingest import project
from tests.unit.sync import ward
from tests.unit.sync.ward import Ward

KEEPS = project.STUDY.replace("on_withdrawal: retract", "on_withdrawal: keep")
ELSEWHERE = project.STUDY.replace(
    "  - id: share\n    purpose: care", "  - id: share\n    purpose: care\n    clinics: [other]"
)
WITHDRAWN = {"stop_share": "1", "stop_date": "2024-03-10"}
TOOK_NOTHING = {"mood_timestamp": "", "mood_complete": ""}


@contextmanager
def opened_at(folder: Path, where: Path | str) -> Iterator[Ward]:
    """Two people, whose mood the clinic holds."""
    with ward.opened(folder, where) as opened:
        opened.admit("2")
        opened.ingest(p1=project.mood("1", "2", "0"), p2=project.mood("1", "1", "1"))
        opened.push()
        opened.verify()
        yield opened


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Ward]:
    with opened_at(tmp_path, tmp_path / "ledger.sqlite") as opened:
        yield opened


def stands(here: Ward, record: str = "1") -> object:
    """The status and value of the mood's total at the clinic, None where it never was."""
    name = here.trial.identity.part(here.unit(record), "total")
    found = here.far.holds(f"Observation/{name}")
    return None if found is None else (found["status"], found.get("valueQuantity", {}).get("value"))


def owed(here: Ward) -> list[tuple[object, ...]]:
    rows = here.database.read().execute("SELECT * FROM delivery ORDER BY seq")
    return [tuple(row) for row in rows]


def without_the_clinic(here: Ward, **cells: dict[str, str]) -> None:
    """An ingest while the clinic stands out of the settings; then it stands in them again."""
    everybody = here.trial
    here.trial = replace(everybody, receivers=everybody.receivers[:1])
    here.bench = replace(here.bench, trial=here.trial)
    here.ingest(**cells)
    here.trial = everybody
    here.bench = replace(here.bench, trial=everybody)


def with_study(here: Ward, text: str) -> None:
    here.bench = here.bench.with_study(text)
    here.trial = here.bench.trial


def test_who_withdrew_while_a_clinic_was_away_is_taken_back_there(
    tmp_path: Path, where: Path | str
) -> None:
    with opened_at(tmp_path, where) as here:
        without_the_clinic(here, p1=WITHDRAWN)

        here.ingest()
        here.push()

        assert stands(here) == ("entered-in-error", 3)
        assert stands(here, "2") == ("final", 3)


def test_what_was_corrected_while_a_clinic_was_away_is_corrected_there(here: Ward) -> None:
    without_the_clinic(here, p1=project.mood("3", "3", "3"))

    here.ingest()
    here.push()

    assert stands(here) == ("amended", 9)


def test_what_was_cleared_while_a_clinic_was_away_is_taken_back_there(here: Ward) -> None:
    without_the_clinic(here, p1={**project.mood("", "", "", complete=""), **TOOK_NOTHING})

    here.ingest()
    here.push()

    assert stands(here) == ("entered-in-error", 3)


def test_who_joined_while_a_clinic_was_away_is_owed_there(here: Ward) -> None:
    here.people["3"] = {**project.person("3"), **project.mood("2", "2", "2")}
    here.crosswalk.link(here.profile.id, "3", "79", "now")
    without_the_clinic(here)

    here.ingest()
    here.push()

    assert stands(here, "3") == ("final", 6)


def test_a_consent_that_is_to_be_retracted_now_takes_back_who_withdrew_before(here: Ward) -> None:
    with_study(here, KEEPS)
    here.ingest(p1=WITHDRAWN)
    here.push()
    before = stands(here)
    with_study(here, project.STUDY)

    here.ingest()
    here.push()

    assert before == ("final", 3)
    assert stands(here) == ("entered-in-error", 3)


def test_a_consent_that_is_about_the_clinic_no_more_takes_back_who_withdraws_it(
    here: Ward,
) -> None:
    with_study(here, ELSEWHERE)

    here.ingest(p1=WITHDRAWN)
    here.push()

    assert stands(here) == ("entered-in-error", 3)


def test_a_clinic_that_was_always_there_is_owed_nothing_when_all_is_compared(here: Ward) -> None:
    here.ingest(p1=project.mood("3", "3", "3"), p2=WITHDRAWN)
    here.push()
    before = owed(here)
    with here.database.write() as tx:
        tx.execute("DELETE FROM owed_until")

    here.ingest()

    assert owed(here) == before


def test_nothing_is_compared_where_nothing_was_put_since(here: Ward) -> None:
    here.ingest()
    tx = here.database.read()
    mine = here.trial.receivers[1]

    after = receivers.owed_until(tx, mine.name, basis_of(here.trial, mine))

    assert list(receivers.people_behind(tx, after)) == []
    assert receivers.nobodys_behind(tx, after) == []


def test_other_codes_of_a_form_are_another_basis(here: Ward) -> None:
    totals = Taking(frozenset({"Observation"}), frozenset({"totals"}), frozenset({"mood-total"}))
    mine = replace(here.trial.receivers[1], forms={"mood": totals})
    others = replace(mine, forms={"mood": replace(totals, codes=frozenset({"mood-first"}))})

    assert basis_of(here.trial, mine) != basis_of(here.trial, others)
