"""An outcome goes another way by a person's word: never there twice, and never lost."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from adapter.ingest.move import Moved, Moving, Order, arrive, move
from adapter.store import deliveries, moves
from adapter.sync.plan import Plan, plan
from adapter.sync.push import push
from tests.unit.ingest import project
from tests.unit.sync.far_side import BASE, answering, outcome
from tests.unit.sync.ward import PROFILE, Ward, opened

if TYPE_CHECKING:
    from tests.unit.sync.far_side import Take

ROWS = "http://site.example.org/rows"
LADDER = PROFILE.model_validate(
    {
        **PROFILE.model_dump(),
        "ladder": ("totals", "document", "task"),
        "accepts": (),
        "codes": {"mood": {"total": {"system": ROWS, "code": "mood"}}},
        "pull": None,
    }
)
BY_PAGE = Order("document", ("mood",))
REPLACED = Order("document", ("mood",), replaces=True)


class Died(BaseException):
    """The process was killed."""


@pytest.fixture
def ward(tmp_path: Path, where: Path | str) -> Iterator[Ward]:
    """Person 1 answered the mood form, whose total the clinic takes, or pages of it."""
    with opened(tmp_path, where, LADDER) as there:
        there.ingest(p1=project.mood("1", "2", "3"))
        yield there


def ordered(ward: Ward, order: Order) -> Moved:
    with ward.database.write() as tx:
        return move(_moving(ward, tx), order)


def arrived(ward: Ward) -> int:
    with ward.database.write() as tx:
        return arrive(_moving(ward, tx))


def _moving(ward: Ward, tx: Any) -> Moving:  # noqa: ANN401 - a transaction
    return Moving(tx, ward.trial, ward.trial.receivers[1], ward.clinic.now())


def refusing_totals(request: httpx.Request, take: Take) -> httpx.Response:
    is_create = request.method == "POST" and request.url.path.endswith("/Observation")
    return answering(422, outcome("not here"))(request) if is_create else take(request)


def chart(ward: Ward) -> list[str]:
    """What stands at the clinic, by type: nothing that is marked as taken back."""
    kinds = ("Observation", "DocumentReference")
    asked = (httpx.Request("GET", f"{BASE}{kind}?_count=50") for kind in kinds)
    found = [
        entry["resource"] for each in asked for entry in ward.far.take(each).json().get("entry", ())
    ]
    return [each["resourceType"] for each in found if each["status"] != "entered-in-error"]


def says(ward: Ward) -> str:
    """The number on the only page that stands at the clinic."""
    answer = ward.far.take(httpx.Request("GET", f"{BASE}DocumentReference?_count=50")).json()
    (entry,) = answer["entry"]
    return json.dumps(entry["resource"]["content"])


def planned(ward: Ward) -> Plan:
    return plan(ward.clinic)


def test_what_was_refused_goes_by_the_rung_that_somebody_names(ward: Ward) -> None:
    ward.far.rule = refusing_totals
    assert ward.push().refused == {"Observation": 1}

    told = ordered(ward, BY_PAGE)
    before = planned(ward)
    ward.push()
    ward.verify()

    assert told == Moved(moved=1)
    assert before.create == {"DocumentReference": 1}
    assert (before.routes["document"], before.routes["totals"]) == (1, 0)
    assert chart(ward) == ["DocumentReference"]
    assert "refused" not in _states(ward)


def test_what_is_moved_stays_on_its_new_way_when_it_is_corrected_and_gone(ward: Ward) -> None:
    ward.far.rule = refusing_totals
    ward.push()
    ordered(ward, BY_PAGE)

    ward.ingest(p1=project.mood("1", "2", "2"))  # before anything of it has left
    ward.push()
    first = says(ward)
    ward.ingest(p1=project.mood("1", "1", "2"))
    ward.push()

    assert chart(ward) == ["DocumentReference"]
    assert says(ward) != first
    ward.people["1"] = {**project.person("1")}
    ward.ingest()
    ward.push()
    assert chart(ward) == []
    assert ward.verify().drifted == {}


def test_new_outcomes_take_the_way_that_the_profile_says(ward: Ward) -> None:
    ward.far.rule = refusing_totals
    ward.push()
    ordered(ward, BY_PAGE)
    ward.far.rule = None

    ward.later.append({**project.at_week_4("1"), **project.mood("2", "2", "2")})
    ward.ingest()
    ward.push()

    assert sorted(chart(ward)) == ["DocumentReference", "Observation"]


def test_what_was_accepted_is_left_where_it_is(ward: Ward) -> None:
    ward.push()
    ward.verify()

    told = ordered(ward, BY_PAGE)
    ward.push()

    assert told == Moved(kept=1)
    assert chart(ward) == ["Observation"]


def test_a_second_order_of_the_same_changes_nothing(ward: Ward) -> None:
    ordered(ward, BY_PAGE)

    assert ordered(ward, BY_PAGE) == Moved()
    ward.push()
    assert chart(ward) == ["DocumentReference"]


def test_it_goes_by_the_very_rung_that_was_named(ward: Ward, tmp_path: Path) -> None:
    ordered(ward, Order("task", ("mood",)))

    push(replace(ward.clinic, tasks=tmp_path / "tasks"))

    assert len(list((tmp_path / "tasks").glob("*.pdf"))) == 1
    assert chart(ward) == []


def test_what_is_in_doubt_is_not_moved(ward: Ward) -> None:
    def rule(request: httpx.Request, take: Take) -> httpx.Response:
        answer = take(request)
        if request.method == "POST" and request.url.path.endswith("/Observation"):
            raise Died
        return answer

    ward.far.rule = rule
    with pytest.raises(Died):
        ward.push()
    ward.far.rule = None

    assert ordered(ward, BY_PAGE) == Moved(in_doubt=1)
    ward.push()
    assert chart(ward) == ["Observation"]


def test_what_nobody_sent_yet_has_no_page_and_is_not_moved_to_one(
    tmp_path: Path, where: Path | str
) -> None:
    whole = LADDER.model_copy(update={"ladder": ("single", "document"), "accepts": PROFILE.accepts})
    with opened(tmp_path, where, whole) as ward:
        ward.ingest(p1=project.mood("1", "", "", complete="0", mood_timestamp=""))

        told = ordered(ward, BY_PAGE)

        assert told == Moved(pageless=1)
        assert moves.move_of(ward.database.read(), ward.clinic.name, ward.unit()) is None


def test_what_is_replaced_is_taken_back_and_seen_to_be_before_anything_new_goes(
    ward: Ward,
) -> None:
    ward.push()
    ward.verify()

    told = ordered(ward, REPLACED)
    waits = planned(ward)
    early = arrived(ward)
    ward.push()
    between = chart(ward)
    unseen = arrived(ward)
    ward.verify()
    seen = arrived(ward)
    ward.push()

    assert told == Moved(leaving=1)
    assert (waits.moving, waits.retract) == ({"document": 1}, {"Observation": 1})
    assert (early, unseen, seen) == (0, 0, 1)
    assert between == []
    assert chart(ward) == ["DocumentReference"]
    assert planned(ward).moving == {}
    assert "refused" not in _states(ward)


def test_a_correction_while_it_is_under_way_arrives_with_it(ward: Ward) -> None:
    ward.push()
    ward.verify()
    ordered(ward, REPLACED)

    ward.ingest(p1=project.mood("3", "3", "3"))
    ward.push()
    ward.verify()
    before = chart(ward)
    arrived(ward)
    ward.push()

    assert before == []
    assert chart(ward) == ["DocumentReference"]
    assert ward.total() == 9
    owed = deliveries.in_state(ward.database.read(), ward.clinic.name, "accepted", 50)
    assert {each.type for each in owed} == {"DocumentReference"}


def test_it_may_go_back_by_the_way_it_came(ward: Ward) -> None:
    ward.push()
    ward.verify()
    for rung in ("document", "totals"):
        ordered(ward, Order(rung, ("mood",), replaces=True))
        _rounds(ward)

    assert chart(ward) == ["Observation"]
    assert ward.verify().drifted == {}


@pytest.mark.parametrize("dies", ["before", "after"])
def test_who_is_killed_at_any_request_leaves_it_there_once(ward: Ward, dies: str) -> None:
    ward.push()
    ward.verify()
    ways = itertools.cycle([REPLACED, Order("totals", ("mood",), replaces=True)])
    deaths: list[bool] = []

    while True not in deaths or any(deaths[-2:]):  # to the last request, there and back
        order = next(ways)
        assert ordered(ward, order) == Moved(leaving=1)
        ward.far.rule = killing(len(deaths) // 2, is_before=dies == "before")
        try:
            _rounds(ward)
        except Died:
            deaths.append(True)
            assert len(chart(ward)) <= 1
        else:
            deaths.append(False)
        ward.far.rule = None
        _rounds(ward)
        is_page = order is REPLACED
        assert chart(ward) == ["DocumentReference" if is_page else "Observation"]
        assert set(_states(ward)) == {"confirmed"}

    assert sum(deaths) >= 12


def killing(number: int, *, is_before: bool) -> Callable[..., httpx.Response]:
    """Lets some requests through, and dies at the next one, or behind it."""
    left = itertools.count()

    def rule(request: httpx.Request, take: Take) -> httpx.Response:
        is_it = next(left) == number
        if is_it and is_before:
            raise Died
        answer = take(request)
        if is_it:
            raise Died
        return answer

    return rule


def _rounds(ward: Ward) -> None:
    for _ in range(2):
        arrived(ward)
        ward.push()
        ward.verify()


def _states(ward: Ward) -> list[str]:
    rows = ward.database.read().execute(
        "SELECT state FROM delivery WHERE clinic = ? AND state <> 'superseded'",
        (ward.clinic.name,),
    )
    return [row["state"] for row in rows]
