"""What a message and a task are called: by what they say, and never by how much is owed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from adapter.fhir.identity import Identity
from adapter.store.deliveries import Action
from adapter.sync.clinic import Clinic
from adapter.sync.found import Found
from adapter.sync.post import Post
from adapter.sync.profile import V2Rules
from adapter.sync.push import push
from adapter.sync.receipt import Accepted, Receipt, Refused, Unknown
from adapter.sync.verify import verify
from tests.unit.render.reported import document_of
from tests.unit.sync.desk import NUMBER, REPOSITORY, STUDY, Desk

RECEIVER = V2Rules(transport="mllp", receiver=("P", "N"), pdf=False)
BY_TASK = REPOSITORY.model_copy(update={"id": "gp", "ladder": ("task",)})
BY_MESSAGE = BY_TASK.model_copy(update={"ladder": ("hl7v2",), "hl7v2": RECEIVER})


@dataclass
class Practice:
    """Answers as it is told to, and takes what it is told nothing about."""

    answers: list[Receipt] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    def send(self, control_id: str, message: bytes) -> Receipt:
        assert f"|{control_id}|".encode() in message
        self.heard.append(control_id)
        return self.answers.pop(0) if self.answers else Accepted(control_id)

    def look_up(self, control_id: str, *, is_in_doubt: bool) -> Found:
        return Found("gone") if is_in_doubt else Found("there", control_id)


def opened(folder: Path, post: Post | None = None) -> tuple[Desk, Clinic]:
    """A desk and its clinic, which takes tasks, or messages where it has a post."""
    folder.mkdir(exist_ok=True)
    desk = Desk(folder, BY_TASK if post is None else BY_MESSAGE)
    desk.identify("1", NUMBER)
    return desk, replace(desk.clinic, post=post, tasks=folder / "tasks")


def owe(desk: Desk, made: str = "2024-08-30T07:05:00+00:00", action: Action = "put") -> None:
    desk.owe({**document_of("ders-18"), "date": made}, action=action)


def tasks(folder: Path) -> set[str]:
    return {path.stem for path in (folder / "tasks").glob("*.pdf")}


@pytest.mark.parametrize("post", [None, Practice()], ids=["task", "message"])
def test_the_name_is_the_same_whatever_else_is_owed_and_held(
    tmp_path: Path, post: Practice | None
) -> None:
    names = []
    for world, held in (("one", 0), ("other", 3)):
        desk, clinic = opened(tmp_path / world, post)
        with desk:
            for number in range(held):
                telling = desk.observation(f"session-{number}")
                desk.owe(telling, form="session-attendance")
            owe(desk)
            push(clinic)
        names.append(tasks(tmp_path / world) if post is None else {post.heard.pop()})

    assert names[0] == names[1]
    assert all(names)


def test_nobody_without_the_key_can_tell_the_name(tmp_path: Path) -> None:
    names = []
    for world in ("one", "other"):
        desk, clinic = opened(tmp_path / world)
        with desk:
            owe(desk)
            push(replace(clinic, identity=Identity(STUDY, f"a key of {world}".encode() * 2)))
        names.append(tasks(tmp_path / world))

    assert names[0] != names[1]


def test_each_time_that_something_new_is_said_has_a_name_of_its_own(tmp_path: Path) -> None:
    practice = Practice()
    desk, clinic = opened(tmp_path, practice)
    with desk:
        owe(desk)
        push(clinic)
        owe(desk, made="2024-09-02T07:05:00+00:00")
        push(clinic)
        owe(desk, made="2024-09-02T07:05:00+00:00", action="retract")
        push(clinic)
        owe(desk, made="2024-09-02T07:05:00+00:00")  # the very same comes back
        push(clinic)

    assert len(set(practice.heard)) == len(practice.heard) == 4


def test_what_is_said_after_a_restored_backup_is_no_message_that_was_sent_before(
    tmp_path: Path,
) -> None:
    practice = Practice()
    for world, made in (("lost", "2024-09-02"), ("restored", "2024-09-03")):
        desk, clinic = opened(tmp_path / world, practice)
        with desk:
            owe(desk)
            push(clinic)
            owe(desk, made=f"{made}T07:05:00+00:00")
            push(clinic)

    first, lost, again, since = practice.heard
    assert first == again
    assert lost != since


def test_what_nobody_acknowledged_goes_again_under_its_name_and_is_known_by_it_after_a_restart(
    tmp_path: Path,
) -> None:
    practice = Practice([Unknown("no acknowledgement of this message")])
    desk, clinic = opened(tmp_path, practice)
    with desk:
        owe(desk)
        push(clinic)
    again, clinic = opened(tmp_path, practice)
    with again:
        for number in range(3):  # what is owed since changes nothing
            again.owe(again.observation(f"session-{number}"), form="session-attendance")
        push(clinic)
        confirmed = verify(clinic).confirmed
        (row,) = (row for row in again.rows() if row["type"] == "DocumentReference")

    assert len(practice.heard) == 2
    assert set(practice.heard) == {row["remote_version"]}
    assert confirmed == {"DocumentReference": 1}


def test_what_was_refused_goes_under_a_new_name_when_a_person_says_so(tmp_path: Path) -> None:
    practice = Practice([Refused("AE: no such patient", "v2-of-the-first-try")])
    desk, clinic = opened(tmp_path, practice)
    with desk:
        owe(desk)
        push(clinic)
        desk.retry()
        push(clinic)

    assert len(set(practice.heard)) == len(practice.heard) == 2
