"""What a clinic answered under an earlier version of a form stays, and is compared all the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.store import versions
from tests.unit.ingest.project import FORMS, correcting, mood, raised
from tests.unit.sync.ward import Ward, opened

REVERSED = FORMS["mood"].replace(
    "method: sum, range: [0, 9]", "method: sum, reverse: [mood-1], range: [0, 9]"
)
LONGER = FORMS["mood"].replace(
    "scales:\n", "  - {link_id: mood-spare, field: mood_spare, type: text}\nscales:\n"
)
MIGRATES = 'migrates: [{version: "1.0.0"}]\n'


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    with opened(tmp_path, tmp_path / "ledger.sqlite") as made:
        yield made


def raise_to(ward: Ward, text: str) -> None:
    """From now on the trial's form is this one."""
    ward.bench = ward.bench.with_form(text)
    ward.trial = ward.bench.trial


def asked_by(ward: Ward) -> str:
    """The version of the form that what stands answers."""
    said = versions.latest(ward.database.read(), "QuestionnaireResponse", ward.unit())
    assert said is not None
    return said.text.decode().partition("Questionnaire/mood|")[2][:5]


@pytest.mark.parametrize("migrates", ["", MIGRATES], ids=["no migration", "migration"])
def test_what_a_clinic_wrote_stays_what_it_was(ward: Ward, migrates: str) -> None:
    ward.admit("1")
    ward.write("a", 3, 2, 0)
    ward.pull()

    raise_to(ward, raised(REVERSED) + migrates)
    ward.ingest()
    became = ward.became(is_full=True)

    assert set(became) <= {"unchanged", "ours"}
    assert (ward.row("a").state, asked_by(ward), ward.total()) == ("taken", "1.0.0", 5)


def test_the_same_answers_written_again_stay_what_they_were(ward: Ward) -> None:
    ward.admit("1")
    ward.write("a", 3, 2, 0)
    ward.pull()
    raise_to(ward, raised(REVERSED) + MIGRATES)
    ward.ingest()

    ward.write("a", 3, 2, 0, authored="2024-02-05T09:30:00+11:00")

    assert ward.became() == {"agrees": 1}
    assert (asked_by(ward), ward.total()) == ("1.0.0", 5)


def test_what_a_version_corrects_is_read_anew_of_a_clinic_too(ward: Ward) -> None:
    ward.admit("1")
    ward.write("a", 3, 2, 0)
    ward.pull()

    raise_to(ward, correcting(REVERSED) + MIGRATES)
    ward.ingest()

    assert ward.became(is_full=True)["changed"] == 1
    assert (asked_by(ward), ward.total()) == ("2.0.0", 2)


def test_a_row_that_agrees_with_an_answer_to_an_earlier_version_goes_on_to_agree(
    ward: Ward,
) -> None:
    ward.admit("1")
    ward.write("a", 3, 2, 0)
    ward.pull()
    ward.ingest(p1=mood("3", "2", "0"))

    raise_to(ward, raised(REVERSED))
    report = ward.ingest()

    assert report.counts["mood"] == {"unchanged": 1}
    assert ward.row("a").state == "taken"


def test_an_answer_that_agreed_with_a_row_that_stays_needs_no_second_look(ward: Ward) -> None:
    ward.admit("1")
    ward.ingest(p1=mood("3", "2", "0", mood_spare="there before anybody read it"))
    ward.write("a", 3, 2, 0)
    assert ward.became() == {"agrees": 1}

    raise_to(ward, raised(LONGER))
    ward.ingest()
    ward.pull(is_full=True)

    assert (ward.row("a").state, asked_by(ward)) == ("taken", "1.0.0")


@pytest.mark.parametrize(("answers", "word"), [((3, 2, 0), "agrees"), ((0, 2, 0), "waiting")])
def test_an_answer_to_the_new_version_is_held_against_what_stays(
    ward: Ward, answers: tuple[int, ...], word: str
) -> None:
    ward.admit("1")
    ward.ingest(p1=mood("3", "2", "0"))
    raise_to(ward, raised(REVERSED))
    ward.ingest()

    ward.write("a", *answers, questionnaire=ward.response("a")["questionnaire"][:-5] + "2.0.0")

    assert ward.became() == {word: 1}
    assert (asked_by(ward), ward.total()) == ("1.0.0", 5)
