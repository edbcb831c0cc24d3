"""REDCap's API is asked until it answers, and nothing is taken for an answer that is none."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import httpx
import pytest

from adapter.errors import SourceError
from adapter.simulate.redcap import FaultName
from adapter.sources.redcap.api import Clockwork, Connection
from adapter.sources.redcap.api.connection import ATTEMPTS
from adapter.sources.redcap.api.trouble import RefusedError, TooMuchError
from adapter.sources.rows import Row
from tests.unit.ingest.project import mood, person
from tests.unit.simulate.redcap.server import TOKEN
from tests.unit.sources.redcap_api.wire import NOW, URL, Wire, small_wire

VERSION = re.compile(r"[0-9.]+")
Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def wire() -> Wire:
    return small_wire([{**person("1"), **mood("1")}])


def answering(status: int, text: str | bytes = b"", **head: str) -> tuple[Connection, list[float]]:
    """A connection to a server that says nothing else, and the waits that it causes."""
    content = text.encode() if isinstance(text, str) else text
    named = {name.replace("_", "-"): value for name, value in head.items()}
    transport = httpx.MockTransport(
        lambda _: httpx.Response(status, headers=named, content=content)
    )
    waits: list[float] = []
    http = httpx.Client(transport=transport, base_url=URL)
    return Connection(http, TOKEN, Clockwork(lambda: NOW, waits.append)), waits


def test_the_token_goes_in_the_body_and_lists_by_their_place(wire: Wire) -> None:
    wire.connection.rows("record", records=["1", "2"], fields=["record_id"])

    (asked,) = wire.asked
    assert asked == {
        "token": TOKEN,
        "content": "record",
        "format": "json",
        "returnFormat": "json",
        "records[0]": "1",
        "records[1]": "2",
        "fields[0]": "record_id",
    }


def test_rows_an_object_and_a_word_are_read(wire: Wire) -> None:
    rows = wire.connection.rows("record", fields=["record_id"])

    assert [row.cells[0] for row in rows.rows() if isinstance(row, Row)] == ["1"]
    assert wire.connection.row("project")["project_id"] == "42"
    assert wire.connection.word("version", VERSION) == "14.5.5"


@pytest.mark.parametrize(
    "fault", ["busy", "away", "broken", "silent", "cut", "short", "sign-in", "empty"]
)
def test_what_may_pass_is_asked_again(wire: Wire, fault: FaultName) -> None:
    wire.server.faults.following.extend([fault] * (ATTEMPTS - 1))

    rows = wire.connection.rows("metadata")

    assert rows.header[0] == "field_name"
    assert len(wire.asked) == ATTEMPTS
    assert len(set(map(str, wire.asked))) == 1


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("busy", "HTTP 429"),
        ("away", "HTTP 503"),
        ("broken", "HTTP 500"),
        ("silent", "ReadTimeout"),
        ("cut", "RemoteProtocolError"),
        ("short", "something else"),
        ("sign-in", "a page in HTML"),
        ("empty", "nothing"),
    ],
)
def test_what_does_not_pass_ends_after_some_attempts_and_says_why(
    wire: Wire, fault: FaultName, found: str
) -> None:
    wire.server.faults.rule = fault

    with pytest.raises(SourceError) as caught:
        wire.connection.rows("metadata")

    (problem,) = caught.value.problems
    assert len(wire.asked) == ATTEMPTS
    assert problem.found == f"{ATTEMPTS} times in a row: {found}"
    assert (problem.origin.file, problem.field) == ("redcap.example.org", "content=metadata")
    assert problem.action
    assert TOKEN not in str(caught.value)


def test_the_server_s_wish_to_wait_is_obeyed(wire: Wire) -> None:
    wire.server.faults.following.extend(["busy", "away"])
    wire.server.faults.retry_after_seconds = "17"

    wire.connection.rows("metadata")

    assert wire.waits == [17.0, 17.0]


def test_without_a_wish_each_wait_is_twice_as_long(wire: Wire) -> None:
    wire.server.faults.following.extend(["broken"] * 4)

    wire.connection.rows("metadata")

    assert wire.waits == [0.5, 1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("Tue, 01 Jan 2030 00:02:00 GMT", 120.0),
        ("soon", 0.5),
        ("Mon, 31 Dec 2029 23:00:00 GMT", 0.0),
    ],
    ids=["a date", "no time", "a date that is over"],
)
def test_a_wish_to_wait_may_be_a_date(said: str, seconds: float) -> None:
    connection, waits = answering(503, Retry_After=said)

    with pytest.raises(SourceError):
        connection.rows("metadata")

    assert waits[0] == seconds
    assert len(waits) == ATTEMPTS - 1


def test_who_wants_to_wait_too_long_is_left_to_the_next_run(wire: Wire) -> None:
    wire.server.faults.following.append("busy")
    wire.server.faults.retry_after_seconds = "301"

    with pytest.raises(SourceError, match="HTTP 429"):
        wire.connection.rows("metadata")

    assert (len(wire.asked), wire.waits) == (1, [])


@pytest.mark.parametrize(
    ("status", "action"),
    [
        (301, "`url`"),
        (302, "`url`"),
        (400, "administrator"),
        (401, "token"),
        (403, "token"),
        (404, "`url`"),
        (405, "`url`"),
        (501, "administrator"),
    ],
)
def test_a_refusal_is_not_asked_again(status: int, action: str) -> None:
    connection, waits = answering(status, "<html>no</html>")

    with pytest.raises(RefusedError) as caught:
        connection.rows("metadata")

    (problem,) = caught.value.problems
    assert waits == []
    assert problem.found == f"HTTP {status}"
    assert action in problem.action


def test_a_wrong_token_is_told_in_redcap_s_words(wire: Wire) -> None:
    http = httpx.Client(transport=wire, base_url=URL)
    connection = Connection(http, "F" * 32, Clockwork(lambda: NOW, lambda _: None))

    with pytest.raises(RefusedError, match="You do not have permissions to use the API"):
        connection.word("version", VERSION)


@pytest.mark.parametrize("status", [200, 400])
def test_an_error_is_one_whatever_its_status(status: int) -> None:
    connection, _ = answering(status, '{"error":"The project is offline"}')

    with pytest.raises(RefusedError, match=f"HTTP {status}: The project is offline"):
        connection.rows("record")


def test_of_what_redcap_quotes_only_what_was_asked_for_is_told() -> None:
    error = "The values 'record_id', 'Mary', \"4711\" and `x` are not valid"
    connection, _ = answering(400, json.dumps({"error": error}))

    with pytest.raises(RefusedError) as caught:
        connection.rows("record", fields=["record_id"])

    found = caught.value.problems[0].found
    assert "'record_id'" in found
    assert found.count("[withheld]") == 3
    assert "Mary" not in found


@pytest.mark.parametrize("quoted", ["", "'", '"'])
def test_the_token_is_not_told_even_where_the_server_repeats_it(quoted: str) -> None:
    error = f"No rights for {quoted}{TOKEN}{quoted} here"
    connection, _ = answering(403, json.dumps({"error": error}))

    with pytest.raises(RefusedError) as caught:
        connection.rows("record")

    assert TOKEN not in str(caught.value)
    assert "here" in str(caught.value)


def test_a_server_out_of_memory_says_so_and_is_not_asked_the_same_again(wire: Wire) -> None:
    wire.server.faults.rule = "out-of-memory"

    with pytest.raises(TooMuchError, match="`batch_records`"):
        wire.connection.rows("record")

    assert len(wire.asked) == 1


def test_a_note_about_memory_is_no_complaint(wire: Wire) -> None:
    place = next(iter(wire.server.project.values))
    note = "Allowed memory size of the clinic's machine, out of server memory"
    wire.server.project.save(place, {"mood_note": note})

    rows = wire.connection.rows("record", fields=["mood_note"])

    assert [row.cells for row in rows.rows() if isinstance(row, Row)] == [[note]]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("7", id="a number"),
        pytest.param('"rows"', id="a text"),
        pytest.param("{}", id="an object"),
        pytest.param('[{"a":"1"}', id="an open list"),
        pytest.param('[{"a":"1"}] and more', id="something behind it"),
        pytest.param('{"error"', id="half an error"),
        pytest.param("{" * 5_000, id="deeper than can be read"),
        pytest.param("[" * 5_000, id="deeper than any list"),
        pytest.param(b'[{"a":"\xff"}]', id="bytes that are no UTF-8"),
        pytest.param(" \n", id="space"),
    ],
)
def test_what_is_no_list_is_no_answer(text: str | bytes) -> None:
    connection, _ = answering(200, text)

    with pytest.raises(SourceError):
        connection.rows("record")


@pytest.mark.parametrize("text", ["[]", "7", '"x"', "null", "[1]", "<p>", ""])
def test_what_is_no_object_is_no_project(text: str) -> None:
    connection, _ = answering(200, text)

    with pytest.raises(SourceError):
        connection.row("project")


def test_another_word_is_no_version() -> None:
    connection, _ = answering(200, "It works!")

    with pytest.raises(SourceError, match="something else"):
        connection.word("version", VERSION)


def test_a_byte_order_mark_is_left_out() -> None:
    connection, _ = answering(200, b'\xef\xbb\xbf[{"a":"1"}]')

    assert connection.rows("record").header == ["a"]


def test_a_server_that_cannot_be_reached_is_told() -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    http = httpx.Client(transport=httpx.MockTransport(unreachable), base_url=URL)
    connection = Connection(http, TOKEN, Clockwork(lambda: NOW, lambda _: None))

    with pytest.raises(SourceError, match="ConnectError"):
        connection.word("version", VERSION)


def test_the_server_s_clock_is_heard(wire: Wire) -> None:
    connection = wire.connection
    before = connection.server_time

    connection.word("version", VERSION)

    assert before is None
    assert str(connection.server_time) == "2024-04-06 14:30:00+00:00"


def test_a_server_without_a_clock_leaves_the_time_open(wire: Wire) -> None:
    wire.dates = False
    connection = wire.connection

    connection.word("version", VERSION)

    assert connection.server_time is None
