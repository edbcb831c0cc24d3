"""The record system on a socket of this machine."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time

import httpx
import pytest

from adapter.simulate import serve, serving
from tests.unit.simulate.clinic import Clinic, patient

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


def test_a_port_that_is_taken_is_an_error(clinic: Clinic) -> None:
    with serving(clinic.app) as port, pytest.raises(OSError, match="Address already in use"):
        serve(clinic.app, port)


def test_a_record_system_serves_from_the_first_moment_until_the_last(clinic: Clinic) -> None:
    with serving(clinic.app) as port:
        base = f"http://127.0.0.1:{port}/fhir"
        created = httpx.post(f"{base}/Patient", json=patient())
        head = httpx.head(f"{base}/Patient/1000")

    assert created.headers["location"] == f"{base}/Patient/1000/_history/1"
    assert (head.status_code, head.content) == (200, b"")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{base}/metadata")


def test_an_answer_does_not_wait_for_a_delayed_acknowledgement(clinic: Clinic) -> None:
    with serving(clinic.app) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        times = [time.perf_counter()]
        for _ in range(10):
            client.get("/fhir/metadata")
            times.append(time.perf_counter())

    fastest = min(later - earlier for earlier, later in itertools.pairwise(times[1:]))
    assert fastest < 0.03  # the delay would be 40 ms


def test_a_record_system_serves_until_it_is_interrupted(clinic: Clinic) -> None:
    with serving(clinic.app) as port:
        pass  # the port is free again
    statuses = []

    def interrupt() -> None:
        with httpx.Client(transport=httpx.HTTPTransport(retries=20)) as client:
            statuses.append(client.get(f"http://127.0.0.1:{port}/fhir/metadata").status_code)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    serve(clinic.app, port)
    thread.join()

    assert statuses == [200]
