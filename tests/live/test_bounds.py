"""What bounds the requests of a running service: how often each client asks, and for how long."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from http.client import HTTPResponse

import httpx
import orjson
import pytest

from adapter.fhir.check import find_faults
from tests.live.served import Served, serve

OTHER = "another-analyst"
SECOND = f"""requests_per_second = 0.5
[[serve.clients]]
id = "{OTHER}"
jwks_file = "clients/jwks.json"
scopes = ["system/*.rs"]
purpose = "research"
"""


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service that waits two seconds for a content; its first client may ask every other one."""
    folder, people = tmp_path_factory.mktemp("bounded"), frozenset({"1015"})
    with serve(folder, people, more=SECOND, bounds="request_seconds = 2") as running:
        yield running


def test_a_client_that_asks_too_often_waits_and_no_other_does(bounded: Served) -> None:
    tokens = {"the first": bounded.token(), "the other": bounded.token(client=OTHER)}
    with httpx.Client(base_url=bounded.base, timeout=30) as client:

        def ask(who: str) -> httpx.Response:
            headers = {"Authorization": f"Bearer {tokens[who]}"}
            return client.get("/Patient?_count=1", headers=headers)

        answers = [ask("the first") for _ in range(3)]
        others = [ask("the other") for _ in range(10)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert answers[0].status_code == 200
    assert refused
    assert {each.status_code for each in others} == {200}
    for answer in refused:
        assert find_faults(answer.json()) == ()
        assert answer.json()["issue"][0]["code"] == "throttled"
        assert int(answer.headers["retry-after"]) > 0


def test_a_content_that_does_not_come_is_not_waited_for(bounded: Served) -> None:
    token, port = bounded.token(client=OTHER), int(bounded.origin.rpartition(":")[2])
    head = (
        "POST /fhir/Patient/$validate HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {token}\r\n"
        "Content-Type: application/fhir+json\r\nContent-Length: 100\r\n\r\n{"
    )
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(head.encode())
        answer = HTTPResponse(connection)
        answer.begin()
        outcome = orjson.loads(answer.read())

    assert (answer.status, outcome["issue"][0]["code"]) == (408, "timeout")
    assert 1.5 < time.monotonic() - began < 20
