"""A practice over MLLP: frames, many messages, TCP that is cut, and what is filed meanwhile."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import httpx
import pytest

from adapter.simulate import Chance, Tls, serving
from adapter.simulate.hl7v2 import (
    MllpFaults,
    Practice,
    mllp_serving,
    practice_app,
)
from tests.certificates import write
from tests.unit.simulate.hl7v2.messages import header, message, obr, obx, pid, practice, told

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
START, END = b"\x0b", b"\x1c\r"


class Sender:
    """One connection to a practice; `trusted` is the authority whose certificate it must show."""

    def __init__(self, port: int, seconds: float = 5, trusted: Path | None = None) -> None:
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        if trusted is not None:
            context = ssl.create_default_context(cafile=trusted)
            self.connection = context.wrap_socket(self.connection, server_hostname="127.0.0.1")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def send(self, content: bytes) -> None:
        self.connection.sendall(START + content + END)

    def receive(self) -> bytes:
        """One frame, without its bytes around."""
        said = b""
        while not said.endswith(END):
            more = self.connection.recv(1)
            if not more:
                raise EOFError(said)
            said += more
        return said.removeprefix(START).removesuffix(END)

    def ask(self, content: bytes) -> bytes:
        self.send(content)
        return self.receive()


@contextmanager
def faulty(fault: str) -> Iterator[tuple[Practice, int]]:
    northside = practice()
    faults = MllpFaults(Chance({fault: 1.0}, 1), silent_seconds=20)
    with mllp_serving(northside, faults=faults) as port:
        yield northside, port


def numbered(number: int) -> bytes:
    return message(header(control=f"c{number}"), pid(), obr(f"r{number}"), obx(str(number)))


def test_one_connection_carries_many_messages_in_turn() -> None:
    northside = practice()

    with mllp_serving(northside) as port, Sender(port) as sender:
        answers = [told(sender.ask(numbered(number))) for number in range(20)]

    assert answers == [("AA", f"c{number}", []) for number in range(20)]
    assert len(northside.shown()) == 20


def test_messages_that_come_at_once_or_in_pieces_are_the_same_messages() -> None:
    northside = practice()
    whole = b"".join(START + numbered(number) + END for number in range(3))

    with mllp_serving(northside) as port, Sender(port) as sender:
        sender.connection.sendall(whole[:50])
        time.sleep(0.05)
        sender.connection.sendall(whole[50:])
        answers = [told(sender.receive())[:2] for _ in range(3)]

    assert answers == [("AA", "c0"), ("AA", "c1"), ("AA", "c2")]


def test_several_senders_are_served_at_once() -> None:
    northside = practice()

    with mllp_serving(northside) as port, Sender(port) as idle, Sender(port) as busy:
        first = told(busy.ask(numbered(1)))
        second = told(idle.ask(numbered(2)))

    assert (first[0], second[0]) == ("AA", "AA")


def test_who_does_not_speak_mllp_is_not_answered_and_harms_nobody() -> None:
    with mllp_serving(practice()) as port:
        with Sender(port) as stranger:
            stranger.connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with Sender(port) as sender:
            answer = told(sender.ask(message()))

    assert answer[0] == "AA"


def test_a_connection_that_is_left_open_does_not_keep_the_practice_from_closing() -> None:
    with mllp_serving(practice()) as port:
        sender = Sender(port)
        sender.ask(message())

    with sender, pytest.raises((EOFError, ConnectionResetError)):
        sender.ask(message())


def test_a_large_document_goes_through() -> None:
    northside = practice()
    note = f"NTE|1|L|{'x' * 3_000_000}"

    with mllp_serving(northside) as port, Sender(port) as sender:
        answer = told(sender.ask(message(header(), pid(), obr(), obx(), note)))

    assert answer[0] == "AA"
    assert len(northside.shown()[0]["results"][0]["notes"][0]) == 3_000_000


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    """The practice's certificate, beside that of its authority."""
    write(tmp_path, "authority")
    write(tmp_path, "practice")
    return Tls(tmp_path / "practice.pem", tmp_path / "practice.key")


def test_over_tls_a_practice_is_who_it_says(tls: Tls) -> None:
    northside, authority = practice(), tls.key.with_name("authority.pem")

    with mllp_serving(northside, tls=tls) as port, Sender(port, trusted=authority) as sender:
        answers = [told(sender.ask(numbered(number)))[0] for number in range(3)]

    assert answers == ["AA"] * 3


def test_over_tls_nobody_is_served_in_the_clear(tls: Tls) -> None:
    northside = practice()

    with mllp_serving(northside, tls=tls) as port, Sender(port) as sender:
        with pytest.raises((ConnectionResetError, EOFError)):
            sender.ask(message())

        assert northside.shown() == []


def test_nothing_is_filed_where_the_connection_is_cut_first() -> None:
    with faulty("dropped") as (northside, port), Sender(port) as sender:
        with pytest.raises((ConnectionResetError, EOFError)):
            sender.ask(message())

        assert northside.shown() == []


def test_it_is_filed_where_the_acknowledgement_is_cut() -> None:
    with faulty("reset") as (northside, port), Sender(port) as sender:
        with pytest.raises((ConnectionResetError, EOFError)):
            sender.ask(message())

        assert len(northside.shown()) == 1


def test_it_is_filed_where_no_acknowledgement_comes_and_asking_again_files_nothing_more() -> None:
    with faulty("silent") as (northside, port):
        for _ in range(2):
            with Sender(port, seconds=0.2) as sender, pytest.raises(TimeoutError):
                sender.ask(message())

        assert [report["count"] for report in northside.shown()] == [1]


def test_it_is_filed_where_the_acknowledgement_cannot_be_read() -> None:
    with faulty("garbled") as (northside, port), Sender(port) as sender:
        answer = sender.ask(message())

        assert set(answer) == {0xFF}
        assert len(northside.shown()) == 1


def test_an_acknowledgement_of_another_message_may_come_first() -> None:
    with faulty("stray") as (_, port), Sender(port) as sender:
        first, second = told(sender.ask(message())), told(sender.receive())

    assert (first, second) == (("AA", "another", []), ("AA", "c1", []))


def test_an_acknowledgement_that_comes_late_is_its_own() -> None:
    with faulty("latency") as (_, port), Sender(port) as sender:
        before = time.perf_counter()
        answer = told(sender.ask(message()))

    assert answer == ("AA", "c1", [])
    assert time.perf_counter() - before >= 0.05


def test_what_is_filed_is_told_over_http() -> None:
    northside = practice()
    northside.receive(message())

    with serving(practice_app(northside)) as port:
        told_there = httpx.get(f"http://127.0.0.1:{port}/filed", trust_env=False).json()

    assert [each["number"] for each in told_there["filed"]] == ["r1^UNIVERSITY"]
    assert told_there["filed"][0]["results"][0]["value"] == "41"
