"""A correction that stands beside what it corrects: nothing wrong stays in a chart unnoticed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from adapter.fhir.succession import CORRECTS, REPLACES
from adapter.simulate import FULL, Site
from adapter.simulate.desk import sign
from adapter.simulate.personalities.create_only import create_only
from adapter.simulate.personalities.unsigned_queue import unsigned_queue
from adapter.store import settling
from adapter.sync.capability import Capability
from adapter.sync.profile import ClinicProfile, DocumentRules
from tests.unit.render.reported import document_of
from tests.unit.sync.desk import CLINIC, Desk
from tests.unit.sync.far_side import answering

if TYPE_CHECKING:
    from tests.unit.sync.far_side import Take

Resource = dict[str, Any]
Opening = Callable[..., Desk]
NUMBERS = "https://trial-fhir-adapter.example.org/NamingSystem/observation"
TYPES = ("Observation", "DocumentReference", "AdverseEvent")
CREATES = Capability(dict.fromkeys(TYPES, frozenset({"create"})), frozenset())
WRITES = Capability(dict.fromkeys(TYPES, frozenset({"create", "update"})), frozenset())
SINGLE = CLINIC.model_copy(
    update={
        "ladder": ("single",),
        "accepts": ("Observation", "AdverseEvent"),
        "only_final": True,
        "document": DocumentRules(formats=("text",)),
    }
)
DOCUMENTS = SINGLE.model_copy(update={"ladder": ("document",)})
BESIDE = SINGLE.model_copy(update={"corrections": "new-and-retire"})


class Died(BaseException):
    """The process was killed."""


def creating(folder: Path, profile: ClinicProfile = SINGLE) -> Desk:
    """A desk before a record system that only ever creates."""
    desk = Desk(folder, profile)
    desk.far.system.personality = create_only(Site())
    desk.clinic = replace(desk.clinic, capability=CREATES, tasks=folder / "tasks")
    return desk


def writing(folder: Path, profile: ClinicProfile = BESIDE) -> Desk:
    """A desk before one that updates, too, and whose site wants each correction as a new one."""
    desk = Desk(folder, profile)
    desk.far.system.personality = replace(FULL, bundles=False, creates_by_update=False)
    desk.clinic = replace(desk.clinic, capability=WRITES, tasks=folder / "tasks")
    return desk


def queueing(folder: Path, profile: ClinicProfile = SINGLE) -> Desk:
    """A desk before one in which what is signed is closed."""
    desk = writing(folder, profile)
    desk.far.system.personality = unsigned_queue(Site())
    return desk


@pytest.fixture
def opening(tmp_path: Path) -> Iterator[Opening]:
    """Opens desks, each in a folder of its own."""
    with ExitStack() as stack:

        def open_one(kind: Callable[..., Desk], name: str = "desk", **how: object) -> Desk:
            folder = tmp_path / name
            folder.mkdir()
            return stack.enter_context(kind(folder, **how))

        yield open_one


def result(desk: Desk, value: int = 14, status: str = "final") -> Resource:
    identifier = {"system": NUMBERS, "value": "1"}
    coding = {"system": "http://site.example.org/rows", "code": "phq-9"}
    code = {"coding": [coding], "text": "PHQ-9 total"}
    said = {"status": status, "identifier": [identifier], "code": code}
    return {**desk.observation("o1", value), **said}


def chart(desk: Desk, kind: str = "Observation") -> dict[str, Resource]:
    """What is there, by id; what waits for a signature as well."""
    known = sorted(desk.far.system.resources.live(kind), key=lambda id_: id_.zfill(3))
    held = ((id_, desk.far.holds(f"{kind}/{id_}")) for id_ in known)
    return {id_: each for id_, each in held if each is not None}


def said(desk: Desk) -> list[tuple[int, str]]:
    """Value and status of each Observation there, in the order in which they came."""
    return [(each["valueInteger"], each["status"]) for each in chart(desk).values()]


def tasks(desk: Desk) -> list[str]:
    """The tasks that wait for a person, as the ledger names them."""
    rows = desk.database.read().execute("SELECT task FROM stood WHERE standing = 'left'")
    return sorted(row["task"] for row in rows)


def file(desk: Desk, task: str) -> bool:
    with desk.database.write() as tx:
        return settling.file(tx, desk.clinic.name, task, desk.clinic.now())


def awaited(desk: Desk) -> list[str]:
    return [row["reason"] for row in desk.rows() if row["state"] == "awaiting"]


def corrected(desk: Desk) -> Desk:
    """The same desk, when a result was delivered, confirmed, and corrected."""
    desk.owe(result(desk))
    desk.push()
    desk.verify()
    desk.owe(result(desk, 9, "amended"))
    desk.push()
    return desk


def test_a_correction_is_a_new_result_that_says_so_and_a_person_is_asked_to_mark_the_old(
    opening: Opening,
) -> None:
    desk = corrected(opening(creating))

    old, new = (chart(desk)[id_] for id_ in sorted(chart(desk)))
    assert (old["valueInteger"], new["valueInteger"]) == (14, 9)
    assert new["identifier"][0]["value"] == "1-1"
    replaced = {"reference": f"Observation/{old['id']}"}
    assert new["extension"] == [{"url": REPLACES, "valueReference": replaced}]
    assert new["note"] == [{"text": CORRECTS}]
    (task,) = tasks(desk)
    asked = f"{task}: mark Observation/{old['id']} as entered in error, it was replaced"
    assert awaited(desk) == [asked]
    page = (desk.folder / "tasks" / f"{task}.txt").read_text("utf-8")
    assert f"Observation/{old['id']}, PHQ-9 total" in page
    assert "14" not in page
    assert desk.verify().awaiting == {"Observation": 1}

    assert file(desk, task)

    assert desk.states() == {"o1": "confirmed"}
    assert desk.verify().confirmed == {"Observation": 1}
    assert not file(desk, task)


def test_what_a_person_marked_without_telling_is_seen_when_it_is_read_back(
    opening: Opening,
) -> None:
    desk = corrected(opening(creating))
    old = chart(desk)[min(chart(desk))]
    desk.far.system.personality = replace(FULL, bundles=False)
    desk.far.put({**old, "status": "entered-in-error"})

    assert desk.verify().confirmed == {"Observation": 1}

    assert tasks(desk) == []


def test_the_old_one_is_marked_by_us_where_the_record_system_lets_us(opening: Opening) -> None:
    desk = corrected(opening(writing))

    assert said(desk) == [(14, "entered-in-error"), (9, "final")]
    assert desk.states() == {"o1": "accepted"}
    assert desk.verify().confirmed == {"Observation": 1}


def test_what_is_signed_is_closed_and_gets_a_new_one_beside_it(opening: Opening) -> None:
    desk = opening(queueing)
    desk.owe(result(desk))
    desk.push()
    sign(desk.far.system)
    desk.owe(result(desk, 9, "amended"))  # nobody read back: the ledger knows an older version

    desk.push()

    assert said(desk) == [(14, "final"), (9, "final")]
    (task,) = tasks(desk)
    assert awaited(desk)[0].startswith("not in the chart before somebody there signs it; task-")
    sign(desk.far.system)
    assert desk.verify().awaiting == {"Observation": 1}
    assert file(desk, task)
    assert desk.verify().confirmed == {"Observation": 1}


def test_a_task_that_is_done_does_not_confirm_what_nobody_signed(opening: Opening) -> None:
    desk = opening(queueing)
    desk.owe(result(desk))
    desk.push()
    sign(desk.far.system)
    desk.owe(result(desk, 9, "amended"))
    desk.push()

    assert file(desk, *tasks(desk))

    assert desk.states() == {"o1": "awaiting"}
    assert desk.verify().awaiting == {"Observation": 1}


def test_what_is_not_signed_yet_is_corrected_in_its_place(opening: Opening) -> None:
    desk = opening(queueing)
    desk.owe(result(desk))
    desk.push()
    desk.owe(result(desk, 9, "amended"))

    desk.push()

    assert said(desk) == [(9, "final")]


def test_a_profile_that_says_update_gets_no_second_one(opening: Opening) -> None:
    desk = opening(queueing, profile=SINGLE.model_copy(update={"corrections": "update"}))
    desk.owe(result(desk))
    desk.push()
    sign(desk.far.system)
    desk.owe(result(desk, 9, "amended"))

    desk.push()

    assert said(desk) == [(14, "final")]
    assert desk.reasons() == {"o1": "What is signed is closed; send a new one"}


def test_each_further_correction_stands_beside_the_last(opening: Opening) -> None:
    desk = corrected(opening(creating))
    desk.verify()
    desk.owe(result(desk, 11, "amended"))

    desk.push()

    assert [value for value, _ in said(desk)] == [14, 9, 11]
    assert [each["identifier"][0]["value"] for each in chart(desk).values()] == ["1", "1-1", "1-2"]
    first, second = tasks(desk)
    assert file(desk, first)
    assert desk.states() == {"o1": "awaiting"}
    assert file(desk, second)
    assert desk.states() == {"o1": "confirmed"}


def test_what_a_person_changed_there_gets_no_second_one_beside_it(opening: Opening) -> None:
    desk = opening(creating)
    desk.owe(result(desk))
    desk.push()
    (held,) = chart(desk).values()
    desk.far.system.personality = replace(FULL, bundles=False)
    desk.far.put({**held, "valueInteger": 3})
    desk.far.system.personality = create_only(Site())
    desk.owe(result(desk, 9, "amended"))

    desk.push()

    assert desk.reasons() == {"o1": "it was changed at the clinic since we wrote it"}
    assert said(desk) == [(3, "final")]
    desk.retry()  # a person looked, and wants it all the same
    desk.push()
    assert said(desk) == [(3, "final"), (9, "final")]


def test_what_is_taken_back_where_nothing_says_so_is_a_task(opening: Opening) -> None:
    desk = opening(creating)
    desk.owe(result(desk))
    desk.push()
    desk.owe(result(desk), action="retract")

    assert desk.push().retracted == {"Observation": 1}

    assert said(desk) == [(14, "final")]
    (task,) = tasks(desk)
    assert "it was taken back" in awaited(desk)[0]
    assert desk.verify().awaiting == {"Observation": 1}
    assert file(desk, task)
    assert desk.verify().confirmed == {"Observation": 1}


def test_what_was_taken_back_and_comes_again_is_a_new_one(opening: Opening) -> None:
    desk = opening(creating)
    desk.owe(result(desk))
    desk.push()
    desk.owe(result(desk), action="retract")
    desk.push()
    assert file(desk, *tasks(desk))
    desk.owe(result(desk))

    desk.push()

    assert [each["identifier"][0]["value"] for each in chart(desk).values()] == ["1", "1-1"]
    assert desk.verify().confirmed == {"Observation": 1}


def test_an_event_that_cannot_be_deleted_is_left_to_a_person(opening: Opening) -> None:
    desk = opening(creating)
    desk.far.system.personality = replace(
        FULL, bundles=False, offers={"AdverseEvent": frozenset({"read", "search-type", "create"})}
    )
    identifier = {"system": NUMBERS, "value": "2"}
    event = {**desk.event("e1"), "identifier": identifier}
    desk.owe(event)
    desk.push()
    desk.owe({**event, "event": {"text": "a fall, downstairs"}})
    desk.push()
    assert len(chart(desk, "AdverseEvent")) == 2
    desk.owe(event, action="retract")

    desk.push()

    assert len(tasks(desk)) == 2
    assert all(file(desk, task) for task in tasks(desk))
    assert desk.verify().confirmed == {"AdverseEvent": 1}


def outcome(desk: Desk, *, is_amended: bool = False) -> Resource:
    patient = {"reference": f"Patient/{desk.identity.patient('1')}"}
    return {**document_of("ders-18", is_amended=is_amended), "subject": patient}


def test_a_document_is_replaced_by_one_that_names_it(opening: Opening) -> None:
    profile = SINGLE.model_copy(update={"corrections": "replace-document", "ladder": ("document",)})
    desk = opening(writing, profile=profile)
    desk.owe(outcome(desk))
    desk.push()
    desk.owe(outcome(desk, is_amended=True))

    desk.push()

    old, new = (chart(desk, "DocumentReference")[id_] for id_ in "12")
    assert old["status"] == "superseded"
    target = {"reference": "DocumentReference/1"}
    assert new["relatesTo"] == [{"code": "replaces", "target": target}]
    assert (new["status"], new["docStatus"]) == ("current", "amended")
    assert new["masterIdentifier"]["value"] == f"{old['masterIdentifier']['value']}-1"
    assert desk.verify().confirmed == {"DocumentReference": 1}


def test_a_document_that_is_taken_back_is_followed_by_one_that_says_so(opening: Opening) -> None:
    desk = opening(creating, profile=DOCUMENTS)
    desk.owe(outcome(desk))
    desk.push()
    desk.owe(outcome(desk), action="retract")

    desk.push()

    assert len(chart(desk, "DocumentReference")) == 2
    notice = chart(desk, "DocumentReference")["2"]
    assert (notice["status"], notice["docStatus"]) == ("current", "entered-in-error")
    assert desk.verify().awaiting == {"DocumentReference": 1}
    assert file(desk, *tasks(desk))
    assert desk.verify().confirmed == {"DocumentReference": 1}
    assert len(chart(desk, "DocumentReference")) == 2


def test_where_corrections_are_tasks_nothing_is_sent_and_the_page_says_the_number(
    opening: Opening,
) -> None:
    desk = corrected(opening(writing, profile=SINGLE.model_copy(update={"corrections": "task"})))

    assert said(desk) == [(14, "final")]
    (task,) = tasks(desk)
    page = (desk.folder / "tasks" / f"{task}.txt").read_text("utf-8")
    assert "PHQ-9 total: 9" in page
    assert desk.verify().awaiting == {"Observation": 1}
    assert file(desk, task)
    assert desk.verify().confirmed == {"Observation": 1}
    desk.owe(result(desk, 11, "amended"))
    desk.push()
    (another,) = tasks(desk)
    assert another != task
    assert file(desk, another)
    desk.owe(result(desk, 11, "amended"), action="retract")
    desk.push()
    assert "it was taken back" in awaited(desk)[0]


def test_what_nobody_did_yet_is_no_task_any_more_once_another_takes_its_place(
    opening: Opening,
) -> None:
    desk = corrected(opening(writing, profile=SINGLE.model_copy(update={"corrections": "task"})))
    folder = desk.folder / "tasks"

    desk.owe(result(desk, 11, "amended"))
    desk.push()

    assert [page.stem for page in folder.iterdir()] == tasks(desk)
    assert "PHQ-9 total: 11" in (folder / f"{tasks(desk)[0]}.txt").read_text("utf-8")
    desk.owe(result(desk, 11, "amended"), action="retract")
    desk.push()
    assert [page.stem for page in folder.iterdir()] == tasks(desk)
    assert "it was taken back" in awaited(desk)[0]


@contextmanager
def dying_at(desk: Desk, number: int, *, is_behind: bool) -> Iterator[list[int]]:
    """Kills the process at one request, before it has an effect or behind that."""
    asked: list[int] = []

    def rule(request: httpx.Request, take: Take) -> httpx.Response:
        asked.append(1)
        if len(asked) != number:
            return take(request)
        if is_behind:
            take(request)
        raise Died

    desk.far.rule = rule
    yield asked
    desk.far.rule = None


@pytest.mark.parametrize("is_behind", [False, True], ids=["before", "behind"])
@pytest.mark.parametrize("kind", [creating, writing], ids=["it creates alone", "it updates"])
def test_killed_at_any_request_a_correction_is_there_once_and_the_old_one_is_out(
    opening: Opening, kind: Callable[..., Desk], *, is_behind: bool
) -> None:
    is_through, number = False, 0
    while not is_through:
        number += 1
        desk = opening(kind, f"{number}")
        desk.owe(result(desk))
        desk.push()
        desk.owe(result(desk, 9, "amended"))
        with dying_at(desk, number, is_behind=is_behind):
            try:
                desk.push()
                is_through = True
            except Died:
                desk.here = desk.here.replace(minute=59)

        desk.push()
        desk.verify()

        values = [value for value, _ in said(desk)]
        assert values == [14, 9], number
        if kind is creating:
            assert len(tasks(desk)) == 1, number
            assert desk.states() == {"o1": "awaiting"}, number
        else:
            assert said(desk)[0] == (14, "entered-in-error"), number
            assert desk.states() == {"o1": "confirmed"}, number
    assert number > 5


def test_killed_between_two_corrections_neither_of_both_old_ones_stays(opening: Opening) -> None:
    desk = opening(writing)
    desk.owe(result(desk))
    desk.push()
    desk.owe(result(desk, 9, "amended"))

    def rule(request: httpx.Request, take: Take) -> httpx.Response:
        answer = take(request)
        if request.method == "POST" and request.url.path.endswith("/Observation"):
            raise Died
        return answer

    desk.far.rule = rule
    with pytest.raises(Died):
        desk.push()
    desk.far.rule = None
    desk.owe(result(desk, 11, "amended"))  # the trial corrects it again, meanwhile

    desk.push()

    standing = [value for value, status in said(desk) if status != "entered-in-error"]
    assert standing == [11]
    assert desk.verify().confirmed == {"Observation": 1}


def test_what_was_begun_is_finished_also_where_the_next_correction_is_refused(
    opening: Opening,
) -> None:
    desk = opening(writing)
    desk.owe(result(desk))
    desk.push()
    desk.owe(result(desk, 9, "amended"))
    with dying_at(desk, 4, is_behind=True), pytest.raises(Died):
        desk.push()
    desk.owe(result(desk, 11, "amended"))

    def rule(request: httpx.Request, take: Take) -> httpx.Response:
        return answering(422, {})(request) if b":11" in request.content else take(request)

    desk.far.rule = rule
    desk.push()

    assert desk.reasons() == {"o1": "no OperationOutcome"}
    assert said(desk) == [(14, "entered-in-error"), (9, "final")]


def test_killed_at_any_request_a_document_is_taken_back_by_one_notice(opening: Opening) -> None:
    is_through, number = False, 0
    while not is_through:
        number += 1
        desk = opening(creating, f"{number}", profile=DOCUMENTS)
        desk.owe(outcome(desk))
        desk.push()
        desk.owe(outcome(desk), action="retract")
        with dying_at(desk, number, is_behind=True):
            try:
                desk.push()
                is_through = True
            except Died:
                pass

        desk.push()
        desk.verify()

        assert len(chart(desk, "DocumentReference")) == 2, number
        assert desk.states() == {desk.rows()[0]["id"]: "awaiting"}, number
    assert number > 3


def test_a_restored_record_system_gets_the_correction_again_and_loses_the_old_one_again(
    opening: Opening,
) -> None:
    desk = opening(writing)
    desk.owe(result(desk))
    desk.push()
    backup = json.loads(json.dumps(chart(desk)["1"]))
    desk.owe(result(desk, 9, "amended"))
    desk.push()
    desk.verify()
    desk.far.put(backup)  # as an older backup has it
    desk.far.delete("Observation/2")

    assert desk.verify().missing == {"Observation": 1}
    desk.push()

    assert said(desk) == [(14, "entered-in-error"), (9, "final")]
    assert desk.verify().confirmed == {"Observation": 1}


def test_an_old_one_that_came_back_alone_is_marked_again(opening: Opening) -> None:
    desk = corrected(opening(writing))
    desk.verify()
    desk.far.put({**chart(desk)["1"], "status": "final"})

    assert desk.verify().missing == {"Observation": 1}
    desk.push()

    assert said(desk) == [(14, "entered-in-error"), (9, "final")]
    assert desk.verify().confirmed == {"Observation": 1}
