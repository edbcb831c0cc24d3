"""The record system on a socket of this machine."""

from __future__ import annotations

import itertools
import os
import signal
import ssl
import threading
import time
from pathlib import Path

import httpx
import pytest

from adapter.simulate import Tls, serve, serving
from tests.certificates import write
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


def test_a_record_system_speaks_tls_with_the_certificate_it_is_given(
    clinic: Clinic, tmp_path: Path
) -> None:
    write(tmp_path, "authority")
    write(tmp_path, "clinic")
    context = ssl.create_default_context(cafile=tmp_path / "authority.pem")
    tls = Tls(tmp_path / "clinic.pem", tmp_path / "clinic.key")

    with serving(clinic.app, tls=tls) as port:
        base = f"https://127.0.0.1:{port}/fhir"
        answer = httpx.get(f"{base}/metadata", verify=context, trust_env=False)
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{base}/metadata", trust_env=False)

    assert answer.json()["implementation"]["url"] == base
