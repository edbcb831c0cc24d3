"""The clinician's page inside a record system: a browser, a launch, and the real HAPI server."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from adapter.fhir.identity import code_system
from adapter.service import Service, open_service
from adapter.service.clock import now
from adapter.service.serving import service_app
from adapter.simulate import serving
from tests.browser.window import as_seen, complaints, listen, picture, violations
from tests.chromium import Chromium
from tests.launching import CLIENT, LaunchedFrom, forwarding, launched_from_app
from tests.live.servers import RecordSystem
from tests.live.small import SmallTrial

PARTICIPANT = "1030"
SETTINGS = """
[serve]
url = "{origin}"
[[serve.record_systems]]
iss = "{iss}"
client_id = "{client}"
"""


@dataclass(frozen=True)
class Ward:
    """The application, the record system that it is launched from, and whom that holds."""

    origin: str
    system: LaunchedFrom
    service: Service
    patient: str
    hapi: httpx.Client


LATEST = (
    "[...document.querySelectorAll('.outcome')].map(each => [each.querySelector('h3').innerText,"
    " each.querySelector('.latest .figure').innerText])"
    ".filter(each => each[0] === 'PCL-C total score')[0][1]"
)


def newest(ward: Ward) -> str:
    """The newest PCL-C total that stands in the record system, without our reading of it."""
    code = f"{code_system('score')}|pcl-c-total"
    found = ward.hapi.get(
        "Observation", params={"subject": f"Patient/{ward.patient}", "code": code, "_count": "50"}
    ).json()
    totals = [each["resource"] for each in found["entry"]]
    scored = [each for each in totals if "valueQuantity" in each]
    last = max(scored, key=lambda each: str(each["effectiveDateTime"]))
    return str(last["valueQuantity"]["value"])


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def ward(hapi: RecordSystem, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    """A person of the trial whom `adapter sync` has delivered to HAPI, which asks for a token."""
    hapi.erase()
    port, theirs = free_port(), free_port()
    origin, base = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{theirs}"
    system = LaunchedFrom(
        base, f"{origin}/app/callback", now, forwarding(hapi.base_url, lambda: f"{base}/fhir")
    )
    said = SETTINGS.format(origin=origin, iss=system.iss, client=CLIENT)
    trial = SmallTrial(
        tmp_path_factory.mktemp("ward"), hapi.base_url, frozenset({PARTICIPANT}), settings=said
    )
    trial.read()
    (synced,) = trial.run("sync")["clinics"]
    assert (synced["refused"], synced["drifted"], synced["missing"]) == ({}, {}, {})
    with open_service(trial.config) as service:
        patient = service.trial.identity.patient(PARTICIPANT)
        system.context["patient"] = patient
        with (
            serving(service_app(service), port),
            serving(launched_from_app(system), theirs),
            httpx.Client(base_url=hapi.base_url) as client,
        ):
            yield Ward(origin, system, service, patient, client)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with Chromium(asks_this_machine=True) as running:
        as_seen(running, 1280, 900)
        yield running


@pytest.mark.parametrize("launch", ["", "&launch=opaque-launch"], ids=["standalone", "by the EHR"])
def test_a_browser_launches_the_page_and_sees_what_was_delivered(
    ward: Ward, chromium: Chromium, launch: str
) -> None:
    chromium.ask("Network.clearBrowserCookies")
    listen(chromium)

    chromium.open(f"{ward.origin}/app/launch?iss={ward.system.iss}{launch}")

    where, seen = chromium.run("location.href"), chromium.run("document.body.innerText")
    if folder := os.environ.get("PICTURES"):
        Path(folder, f"launch{len(launch)}.png").write_bytes(picture(chromium))
    assert where.startswith(f"{ward.origin}/app/launched/")
    assert complaints(chromium) == []
    assert violations(chromium) == []
    assert "Trial outcomes" in seen
    assert f"number {ward.patient}" in seen  # the research repository holds no name
    assert chromium.run(LATEST) == newest(ward)
