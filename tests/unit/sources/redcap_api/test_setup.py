"""What a project is made of is asked for before its records, and nothing of it is guessed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from adapter.errors import SourceError
from adapter.simulate.redcap import make_project
from adapter.simulate.redcap.design import METADATA
from adapter.sources.redcap.api.setup import Column, Setup, read_setup
from tests.unit.ingest.project import mood, person
from tests.unit.simulate.redcap.server import Server, Wall, classic_server
from tests.unit.sources.redcap_api.wire import Entries, Wire, small_wire

Rewrite = Callable[[dict[str, str], Entries], Entries]


@pytest.fixture
def wire() -> Wire:
    return small_wire([{**person("1"), **mood("1")}])


def rewriting(content: str, change: Callable[[Entries], Entries]) -> Rewrite:
    return lambda asked, entries: change(entries) if asked["content"] == content else entries


def setup_of(wire: Wire) -> Setup:
    return read_setup(wire.connection)


def box_server(codes: str, exported: dict[str, str] | None = None) -> Wire:
    """A project with one checkbox; `exported` are names that the server gives its choices."""
    fields = [("record_id", "text", ""), ("box", "checkbox", codes)]
    said = [
        {"field_name": name, "form_name": "intake", "field_type": kind}
        | {"select_choices_or_calculations": choices, "field_label": name}
        for name, kind, choices in fields
    ]
    rows = [{heading: row.get(word, "") for word, heading in METADATA.items()} for row in said]
    wall = Wall()
    wire = Wire(Server(make_project(rows, [], wall, header=["record_id"]), wall))

    def rename(entries: Entries) -> Entries:
        for entry in entries:
            entry["export_field_name"] = (exported or {}).get(
                entry["choice_value"], entry["export_field_name"]
            )
        return entries

    wire.rewrite = rewriting("exportFieldNames", rename)
    return wire


def test_the_version_is_asked_for_first(wire: Wire) -> None:
    found = setup_of(wire)

    assert wire.contents() == [
        *("version", "project", "metadata", "exportFieldNames"),
        *("event", "formEventMapping", "repeatingFormsEvents"),
    ]
    assert found.version == (14, 5, 5)
    assert found.name == "redcap.example.org, project 42"


def test_a_classic_project_is_not_asked_for_events_and_repeats() -> None:
    server = classic_server()
    wire = Wire(server)

    found = setup_of(wire)

    assert wire.contents() == ["version", "project", "metadata", "exportFieldNames"]
    assert (found.places, found.repeats, found.keys) == (None, False, ("record_id",))


def test_a_longitudinal_project_has_keys_for_events_and_repeats(wire: Wire) -> None:
    found = setup_of(wire)

    assert found.keys == (
        *("record_id", "redcap_event_name"),
        *("redcap_repeat_instrument", "redcap_repeat_instance"),
    )
    assert found.places is not None
    assert ("log_arm_1", "incident") in found.places
    assert ("log_arm_1", "mood") not in found.places


def test_a_form_in_an_event_that_the_project_does_not_have_has_no_place(wire: Wire) -> None:
    wire.rewrite = rewriting("event", lambda entries: entries[1:])

    places = setup_of(wire).places

    assert places is not None
    assert {event for event, _ in places} == {"week_4_arm_1", "log_arm_1"}


def test_the_column_of_a_choice_is_the_one_that_redcap_tells() -> None:
    found = setup_of(box_server("1, One | -1, Minus | 1.5, More", {"1.5": "box___1_5x"}))

    assert [column for column in found.columns if column.form == "intake"] == [
        Column("record_id", "record_id", "intake"),
        Column("box___1", "box___1", "intake"),
        Column("box____1", "box____1", "intake"),
        Column("box___1_5x", "box___1.5", "intake"),
        Column("intake_complete", "intake_complete", "intake"),
    ]


def test_two_choices_under_one_name_are_told() -> None:
    wire = box_server("A, Great | a, Small")

    with pytest.raises(SourceError) as caught:
        setup_of(wire)

    (problem,) = caught.value.problems
    assert problem.field == "content=exportFieldNames"
    assert problem.expected == "a name of its own for each choice of a checkbox"


def test_what_cannot_be_imported_is_not_told_and_keeps_its_name(wire: Wire) -> None:
    field = wire.server.project.design.by_name["mood_spare"]
    assert isinstance(field.said, dict)
    field.said["field_type"] = "calc"

    found = setup_of(wire)

    told = {name["export_field_name"] for name in wire.server.json("exportFieldNames")}
    assert "mood_spare" not in told
    assert Column("mood_spare", "mood_spare", "mood") in found.columns


def test_a_project_without_a_field_is_none(wire: Wire) -> None:
    wire.rewrite = rewriting("metadata", lambda _: [])

    with pytest.raises(SourceError):
        setup_of(wire)


@pytest.mark.parametrize("content", ["metadata", "exportFieldNames", "event", "formEventMapping"])
def test_an_entry_that_is_none_stops_the_reading(wire: Wire, content: str) -> None:
    wire.rewrite = rewriting(content, lambda entries: [*entries, 7])

    with pytest.raises(SourceError) as caught:
        setup_of(wire)

    assert caught.value.problems[0].field == f"content={content}"


CHANGES: list[tuple[str, Callable[[Entries], Any]]] = [
    ("metadata", lambda entries: entries[:-1]),
    ("metadata", lambda entries: [{**entries[0], "field_label": "x"}, *entries[1:]]),
    ("exportFieldNames", lambda entries: entries[:-1]),
    ("formEventMapping", lambda entries: entries[:-1]),
    ("repeatingFormsEvents", lambda _: []),
]


@pytest.mark.parametrize(("content", "change"), CHANGES)
def test_whatever_changes_in_the_project_changes_its_digest(
    wire: Wire, content: str, change: Callable[[Entries], Entries]
) -> None:
    before, same = setup_of(wire).digest, setup_of(wire).digest
    wire.rewrite = rewriting(content, change)

    assert before == same
    assert setup_of(wire).digest != before
