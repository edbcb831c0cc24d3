"""Who a participant is at a clinic stands in a file of its own, readable by its owner alone."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.instruments.participant import Participant
from adapter.store.identities import Crosswalk
from tests.unit.store.ledger import LATER, NOW


@pytest.fixture
def crosswalk(tmp_path: Path) -> Iterator[Crosswalk]:
    opened = Crosswalk(tmp_path / "apart" / "who.sqlite")
    yield opened
    opened.close()


def known(**identifiers: str) -> Participant:
    return Participant("1", identifiers=identifiers)


def test_only_its_owner_may_read_it(tmp_path: Path, crosswalk: Crosswalk) -> None:
    crosswalk.keep(known(ihi="8003600000000001"))

    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "apart").iterdir()
    }

    assert modes["who.sqlite"] == 0o600
    assert set(modes.values()) == {0o600}


def test_an_identifier_is_found_by_person_and_name(crosswalk: Crosswalk) -> None:
    crosswalk.keep(known(ihi="8003600000000001", mrn="A1"))

    assert crosswalk.identifier("1", "mrn") == "A1"
    assert crosswalk.identifier("1", "other") is None
    assert crosswalk.identifier("2", "mrn") is None


def test_a_link_is_found_by_clinic_and_person(crosswalk: Crosswalk) -> None:
    crosswalk.link("north", "1", "patient-7", NOW)

    crosswalk.link("north", "1", "patient-8", LATER)

    assert crosswalk.linked("north", "1") == "patient-8"
    assert crosswalk.linked("south", "1") is None
    assert crosswalk.linked("north", "2") is None


def test_the_same_identifiers_again_leave_the_links(crosswalk: Crosswalk) -> None:
    crosswalk.keep(known(ihi="8003600000000001"))
    crosswalk.link("north", "1", "patient-7", NOW)

    crosswalk.keep(known(ihi="8003600000000001"))

    assert crosswalk.linked("north", "1") == "patient-7"


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(known(ihi="8003600000000002"), id="another value"),
        pytest.param(known(), id="none any more"),
        pytest.param(known(ihi="8003600000000001", mrn="A1"), id="one more"),
    ],
)
def test_a_changed_identifier_undoes_the_links_of_that_person(
    crosswalk: Crosswalk, changed: Participant
) -> None:
    crosswalk.keep(known(ihi="8003600000000001"))
    crosswalk.link("north", "1", "patient-7", NOW)
    crosswalk.link("north", "2", "patient-8", NOW)

    crosswalk.keep(changed)

    assert crosswalk.linked("north", "1") is None
    assert crosswalk.linked("north", "2") == "patient-8"
    assert crosswalk.identifier("1", "ihi") == changed.identifiers.get("ihi")


def test_what_was_kept_is_there_when_it_is_opened_again(
    tmp_path: Path, crosswalk: Crosswalk
) -> None:
    crosswalk.keep(known(ihi="8003600000000001"))
    crosswalk.close()

    again = Crosswalk(tmp_path / "apart" / "who.sqlite")

    assert again.identifier("1", "ihi") == "8003600000000001"
    again.close()
