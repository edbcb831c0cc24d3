"""What has changed is asked of the server, in its own time; what is unclear is read whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from adapter.simulate.redcap import Place, contents
from adapter.sources.redcap.api import ApiSource, Since
from adapter.sources.redcap.api.changes import before
from tests.unit.ingest.project import WEEK_0, WEEK_4, mood, person
from tests.unit.sources.redcap_api.wire import Entries, Wire, since, small_wire

PEOPLE = ("1", "2", "3", "4")
Log = list[dict[str, str]]


@pytest.fixture
def wire() -> Wire:
    return small_wire([{**person(name), **mood("1")} for name in PEOPLE])


def read_on(wire: Wire, source: ApiSource, **later: float) -> ApiSource:
    """The source some time later, from where it was read to."""
    wire.server.wall.wait(**later)
    wire.asked.clear()
    return wire.open(since(source))


def participants(source: ApiSource) -> list[str]:
    return [name.participant for name in source.records(frozenset({"mood"}))]  # type: ignore[union-attr]  # no problems here


def test_a_first_reading_is_of_everything_and_says_where_to_go_on(wire: Wire) -> None:
    source = wire.open()

    assert source.scope is None
    assert source.has_log
    assert participants(source) == [*PEOPLE]
    assert source.position == "2024-04-07 01:30"  # of the newest entry in the log


def test_before_anything_was_logged_the_server_s_clock_says_where_to_go_on(wire: Wire) -> None:
    wire.server.wall.wait(days=3)

    source = wire.open()

    # Three days later it is 01:30 in Sydney, 15:30 the day before in Greenwich, and a quarter past
    # two at the earliest anywhere: what is logged from now on is logged behind that.
    assert source.position == "2024-04-09 02:30"


def test_the_log_is_asked_for_what_may_be_new_alone(wire: Wire) -> None:
    read_on(wire, wire.open(), hours=3)

    logs = [form for form in wire.asked if form["content"] == "log"]
    assert [form["beginTime"] for form in logs] == ["2024-04-07 00:15"] * 2
    assert [form.get("logtype") for form in logs] == [None, "record_delete"]


def test_only_what_changed_since_is_read(wire: Wire) -> None:
    wire.server.wall.wait(days=2)
    first = wire.open()
    wire.server.wall.wait(hours=3)
    wire.server.project.save(Place("2", WEEK_0), {"mood_1": "3"})
    wire.server.project.save(Place("5", WEEK_0), {**person("5"), **mood("1")})

    second = read_on(wire, first, hours=1)

    assert second.scope == frozenset({"2", "5"})
    assert participants(second) == ["2", "5"]
    assert second.position == "2024-04-09 04:30"


def test_a_reading_goes_back_behind_its_position(wire: Wire) -> None:
    first = wire.open()
    wire.server.project.save(Place("2", WEEK_0), {"mood_1": "3"})

    second = read_on(wire, first, hours=3)

    assert {"1", "2"} <= (second.scope or set())  # all of them, at the very minute of the position


def test_where_nothing_changed_nothing_is_read(wire: Wire) -> None:
    wire.server.wall.wait(days=2)
    second = read_on(wire, wire.open(), hours=3)

    third = read_on(wire, second, hours=3)

    assert third.scope == frozenset()
    assert participants(third) == []
    exports = [form for form in wire.asked if form["content"] == "record"]
    assert [form.get("forms[0]") for form in exports] == [None]


def test_the_hour_that_comes_twice_is_read_twice(wire: Wire) -> None:
    wire.server.wall.time = datetime(2024, 4, 7, 2, 55)  # noqa: DTZ001 - the first time
    wire.server.project.save(Place("1", WEEK_0), {"mood_1": "3"})
    first = wire.open()
    wire.server.wall.time = datetime(2024, 4, 7, 2, 10)  # noqa: DTZ001 - an hour and a quarter later
    wire.server.project.save(Place("2", WEEK_0), {"mood_1": "3"})

    second = read_on(wire, first, minutes=5)

    assert second.scope is not None
    assert "2" in second.scope
    assert second.position == "2024-04-07 02:55"


def test_a_deleted_record_is_told_of_without_anything_of_it(wire: Wire) -> None:
    wire.server.wall.wait(days=2)
    first = wire.open()
    wire.server.wall.wait(hours=3)
    wire.server.project.delete("3")

    second = read_on(wire, first, hours=1)

    assert second.scope == frozenset({"3"})
    assert participants(second) == []


def test_a_name_that_is_used_again_is_read(wire: Wire) -> None:
    wire.server.wall.wait(days=2)
    first = wire.open()
    wire.server.wall.wait(hours=3)
    wire.server.project.delete("3")
    wire.server.project.save(Place("3", WEEK_0), {**person("3"), **mood("2")})

    second = read_on(wire, first, hours=1)

    assert second.scope == frozenset({"3"})
    assert participants(second) == ["3"]


def test_a_record_of_which_a_part_was_deleted_is_read(wire: Wire) -> None:
    """REDCap may log it as a deletion, and not as a change."""
    wire.server.wall.wait(days=2)
    first = wire.open()
    wire.server.wall.wait(hours=3)
    project = wire.server.project
    project.clear(Place("3", WEEK_0), "mood")
    entry = project.log.pop()
    project.log.append(type(entry)(entry.at, "record_delete", "Delete all record data 3", "", "3"))

    second = read_on(wire, first, hours=1)

    assert second.scope == frozenset({"3"})
    assert [each.form for each in second.records(frozenset({"participant", "mood"}))] == [  # type: ignore[union-attr]  # no problems
        "participant"
    ]


def test_a_rename_makes_it_a_reading_of_everything(wire: Wire) -> None:
    first = wire.open()
    wire.server.wall.wait(hours=3)
    wire.server.project.rename("3", "33")

    second = read_on(wire, first, hours=1)

    assert second.scope is None
    assert participants(second) == ["1", "2", "4", "33"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda log: [{**entry, "action": "Rename record 3"} for entry in log], id="the word"
        ),
        pytest.param(lambda log: [*log, 7], id="an entry that cannot be read"),
    ],
)
def test_what_is_unclear_makes_it_a_reading_of_everything(
    wire: Wire, change: Callable[[Entries], Entries]
) -> None:
    first = wire.open()
    wire.rewrite = lambda asked, told: change(told) if asked["content"] == "log" else told

    assert read_on(wire, first, hours=1).scope is None


def test_a_deletion_without_a_name_makes_it_a_reading_of_everything(wire: Wire) -> None:
    """Servers before 13.4.9 do not name the record."""
    wire.server.wall.wait(days=2)
    first = wire.open()
    wire.server.wall.wait(hours=3)
    wire.server.project.delete("3")

    def nameless(asked: dict[str, str], entries: Entries) -> Entries:
        if asked["content"] != "log":
            return entries
        return [{name: cell for name, cell in row.items() if name != "record"} for row in entries]

    wire.rewrite = nameless

    assert read_on(wire, first, hours=1).scope is None


def test_the_creation_of_a_record_is_no_rename(wire: Wire) -> None:
    first = wire.open()
    wire.server.wall.wait(hours=3)
    wire.server.project.save(Place("9", WEEK_4), {"mood_1": "1"})

    assert "9" in (read_on(wire, first, hours=1).scope or ())


def test_an_answer_that_speaks_of_the_record_id_is_no_rename(wire: Wire) -> None:
    first = wire.open()
    wire.server.wall.wait(hours=3)
    wire.server.project.save(Place("2", WEEK_0), {"mood_note": "record_id = 'x'"})

    assert read_on(wire, first, hours=1).scope is not None


def test_another_basis_makes_it_a_reading_of_everything(wire: Wire) -> None:
    first = wire.open()

    assert wire.open(since(first)).scope is not None
    assert wire.open(since(first), basis="other mappings").scope is None


def test_another_dictionary_makes_it_a_reading_of_everything(wire: Wire) -> None:
    first = wire.open()
    said = wire.server.project.design.by_name["mood_1"].said
    assert isinstance(said, dict)
    said["field_label"] = "Another label"

    assert wire.open(since(first)).scope is None


@pytest.mark.parametrize("version", ["10.7.9", "6.18.1"])
def test_a_server_without_a_log_is_read_whole_every_time(
    wire: Wire, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = wire.open()
    monkeypatch.setattr(contents, "VERSION", version)

    second = read_on(wire, first, hours=1)

    assert "log" not in wire.contents()
    assert (second.scope, second.position, second.has_log) == (None, None, False)


def test_a_log_that_may_not_be_read_makes_it_a_reading_of_everything(wire: Wire) -> None:
    first = wire.open()
    wire.server.project.may_read_log = False

    second = read_on(wire, first, hours=1)

    assert (second.scope, second.position, second.has_log) == (None, None, False)
    assert participants(second) == [*PEOPLE]


def test_a_server_without_a_clock_does_not_say_where_to_go_on(wire: Wire) -> None:
    wire.dates = False

    first = wire.open()

    assert (first.scope, first.position, first.has_log) == (None, None, True)


@pytest.mark.parametrize(
    "timestamp", ["", "yesterday", "2024-13-45 99:99", "0000-00-00 00:00", "07/04/2024 05:00"]
)
def test_a_time_that_is_none_moves_nothing(wire: Wire, timestamp: str) -> None:
    first = wire.open()
    wire.rewrite = lambda asked, told: (
        [{**entry, "timestamp": timestamp} for entry in told] if asked["content"] == "log" else told
    )

    second = read_on(wire, first, hours=1)

    assert second.position == "2024-04-07 00:15"


def test_a_time_with_seconds_is_one(wire: Wire) -> None:
    first = wire.open()
    wire.rewrite = lambda asked, told: (
        [{**entry, "timestamp": "2024-04-07 05:06:59"} for entry in told]
        if asked["content"] == "log"
        else told
    )

    assert read_on(wire, first, hours=1).position == "2024-04-07 05:06"


def test_an_overlap_is_taken_off_in_whole_minutes() -> None:
    assert before("2024-03-01 00:10", timedelta(minutes=75)) == "2024-02-29 22:55"


def test_an_older_server_that_ignores_the_time_gives_more_and_not_less(wire: Wire) -> None:
    wire.server.wall.wait(days=2)
    first = wire.open()
    everybody = wire.server.json("record", fields="record_id")

    def ignore(asked: dict[str, str], entries: Entries) -> Entries:
        return everybody if "dateRangeBegin" in asked else entries

    wire.rewrite = ignore

    assert read_on(wire, first, hours=5).scope == frozenset(PEOPLE)


def test_a_position_that_is_ahead_is_kept_until_the_server_is_there(wire: Wire) -> None:
    first = wire.open()
    ahead = Since("2024-04-07 09:00", first.basis)
    wire.server.wall.wait(hours=1)

    assert wire.open(ahead).position == "2024-04-07 07:45"
