"""What was taken in from a wrong Patient is no longer the participant's, once a person says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from adapter.ingest.judge import OF_ANOTHER, RESPONSE
from adapter.ingest.whose import Whose, count_of_another, follow_link, follow_merge
from adapter.store import deliveries, inbox, versions
from tests.unit.ingest import project
from tests.unit.sync.far_side import Take
from tests.unit.sync.test_care import CONDITION, MEDICATION, STUDY
from tests.unit.sync.ward import Ward, opened

LATER = "2024-03-05T09:00:00+11:00"
RIGHT = {"subject": {"reference": "Patient/78"}}


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    with opened(tmp_path, tmp_path / "ledger.sqlite", study=STUDY) as made:
        made.ingest(p1={"agree_care": "1"})
        yield made


def follow(ward: Ward, patient: str = "78") -> dict[str, int]:
    """A person says which Patient the record is; gives what was taken back, by type."""
    ward.crosswalk.link(ward.profile.id, "1", patient, "later")
    with ward.database.write() as tx:
        whose = Whose(ward.profile.id, "1", patient)
        return dict(follow_link(tx, ward.trial, whose, ward.clinic.now()))


def standing(ward: Ward) -> set[str]:
    """The types of what stands of person 1's answers, scores and care."""
    found = versions.of_participant(ward.database.read(), "1")
    kinds = {"QuestionnaireResponse", "Observation", "Condition", "MedicationStatement"}
    return {each.type for each in found if each.type in kinds and not each.is_retracted}


def test_answers_of_a_wrong_patient_go_with_their_scores_and_change_scores(
    tmp_path: Path, where: Path | str
) -> None:
    with opened(tmp_path, where) as ward:
        ward.write("r1", 1, 2, 3)
        ward.write("r2", 3, 3, 3, authored=LATER)
        ward.pull()
        sent = len(versions.of_participant(ward.database.read(), "1"))

        became, again = follow(ward), follow(ward)

        assert sent > 6  # two responses, two totals, a change score, and where they come from
        assert (became, again) == ({RESPONSE: 2}, {})
        assert standing(ward) == set()
        assert (ward.answers(), ward.total(), ward.status()) == (None, None, "entered-in-error")
        row = ward.row("r1")
        assert (row.state, row.why, row.stands) == ("left", OF_ANOTHER, "was-held")


def test_those_of_the_right_patient_are_read_and_taken_in(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)
    ward.pull()
    follow(ward)
    ward.write("r2", 3, 3, 3, **RIGHT)

    assert ward.became() == {"taken": 1}
    assert (ward.answers(), ward.total()) == (["3", "3", "3"], 9)


def seen_as_another(ward: Ward) -> None:
    """A push saw that the Patient is somebody else, who wrote something."""
    ihi = {"system": project.study(STUDY).participant.identifiers["ihi"].system}
    other = {"resourceType": "Patient", "id": "77", "identifier": [{**ihi, "value": "80036099"}]}
    ward.far.put(other)
    ward.write("r1", 1, 2, 3)
    ward.ingest(p1=project.mood("1", "2", "0"))
    ward.push()


@pytest.mark.parametrize("then", ["a push that looks at nobody", "another consent"])
def test_somebody_else_is_not_read_until_a_push_has_looked_again(ward: Ward, then: str) -> None:
    seen_as_another(ward)

    with ward.database.write() as tx:
        if then == "another consent":
            deliveries.ask_again(tx, ward.profile.id, "1", ward.clinic.now())
        else:
            deliveries.reopen(tx, ward.profile.id, ward.clinic.now())

    assert ward.pull().asked == 0
    ward.crosswalk.link(ward.profile.id, "1", "77", "later", although_different=True)
    with ward.database.write() as tx:
        deliveries.forget_who(tx, ward.profile.id, "1", ward.clinic.now())
    assert ward.pull().asked == 1


def test_somebody_else_is_not_read_once_a_push_saw_that_they_are(ward: Ward) -> None:
    seen_as_another(ward)

    assert ward.pull().asked == 0
    ward.crosswalk.link(ward.profile.id, "1", "77", "later", although_different=True)
    ward.push()
    assert ward.pull().asked == 1


def test_who_was_no_wrong_one_after_all_gives_everything_again(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)
    ward.now += timedelta(days=1)  # longer than what one reading has in common with the next
    ward.write("r2", 3, 3, 3, authored="2031-01-01T09:00:00+11:00")
    ward.pull()
    waits = ward.row("r2").state
    follow(ward)
    left = ward.row("r2").state

    follow(ward, "77")

    assert ward.became() == {"taken": 1, "waiting": 1}
    assert (waits, left, ward.total()) == ("waiting", "left", 6)


def test_a_pull_finds_what_nobody_took_back(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)
    ward.far.put(MEDICATION)
    ward.pull()
    ward.crosswalk.link(ward.profile.id, "1", "78", "later")
    ward.far.put({**CONDITION, "id": "c2", **RIGHT})

    report = ward.pull()

    assert report.became == {"retracted": 1}
    assert report.care == {"retracted": 1, "taken": 1}
    assert standing(ward) == {"Condition"}


def test_what_was_noted_by_nobody_is_told_by_who_they_were(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)
    ward.pull()
    with ward.database.write() as tx:  # an older adapter noted no Patient
        tx.execute("DELETE FROM cursor WHERE source LIKE 'whose %'")
        counts = [
            count_of_another(tx, ward.trial, Whose(ward.profile.id, "1", "78", before))
            for before in ("", "78", "77")
        ]

    assert counts == [0, 0, 1]


def test_what_came_from_a_patient_whom_the_clinic_merged_stands(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)
    ward.pull()
    with ward.database.write() as tx:
        follow_merge(tx, ward.trial, Whose(ward.profile.id, "1", "78"), "later")

    assert follow(ward) == {}
    assert ward.total() == 6


def test_the_trials_own_row_stands_that_a_wrong_patients_answer_contradicted(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)
    ward.pull()
    ward.ingest(p1=project.mood("1", "0", "0"))
    before = ward.total(), ward.row("r1").state

    follow(ward)

    assert (before, ward.total()) == ((6, "waiting"), 1)
    assert (ward.row("r1").state, ward.status()) == ("left", "amended")
    again = ward.ingest(p1=project.mood("1", "0", "0"))
    assert again.counts["mood"]["unchanged"] == 1


def test_a_row_that_fits_its_form_no_more_brings_no_wrong_answer_back(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)
    ward.pull()
    ward.ingest(p1=project.mood("1", "0", "0"))
    ward.trial = ward.trial.with_changed(frozenset({"mood"}))

    follow(ward)

    assert (ward.total(), ward.status()) == (None, "entered-in-error")


@pytest.mark.parametrize("mends", ["link", "pull"])
def test_a_row_whose_form_is_asked_no_more_keeps_no_wrong_answer(ward: Ward, mends: str) -> None:
    ward.write("r1", 1, 2, 3)
    ward.pull()
    ward.ingest(p1=project.mood("1", "0", "0"))
    ward.trial = project.small_trial(STUDY.replace(project.MOOD_ASKED, ""))
    if mends == "link":
        follow(ward)
    else:
        ward.crosswalk.link(ward.profile.id, "1", "78", "later")
        ward.pull()

    assert (ward.total(), ward.status()) == (None, "entered-in-error")
    assert (ward.row("r1").state, ward.row("r1").why) == ("left", OF_ANOTHER)


@pytest.mark.parametrize("asked", ["QuestionnaireResponse", "Condition"])
def test_nothing_is_taken_of_who_is_linked_to_another_while_the_clinic_answers(
    ward: Ward, asked: str
) -> None:
    ward.write("r1", 1, 2, 3)
    ward.far.put(CONDITION)

    def meanwhile(request: httpx.Request, take: Take) -> httpx.Response:
        answer = take(request)
        if request.url.path.endswith(f"/{asked}/_search"):
            ward.crosswalk.link(ward.profile.id, "1", "78", "later")
        return answer

    ward.far.rule = meanwhile
    ward.pull()

    kind = asked if asked == "Condition" else RESPONSE
    assert inbox.find(ward.database.read(), ward.profile.id, kind, "c1") is None
    assert asked not in standing(ward)
