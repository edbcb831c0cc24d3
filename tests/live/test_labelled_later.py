"""Copies that a blinded receiver got before they were labelled as concealing the arm.

An adapter of that time sent the same words without the label. The present one sends it after, as a
correction of its own; nobody else changed anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from adapter.release import LABELLED
from adapter.service import now, open_service
from adapter.store import receivers
from adapter.sync.client import FhirClient
from adapter.sync.clinic import Clinic
from adapter.sync.plan import plan
from adapter.sync.push import push
from adapter.sync.verify import verify
from tests.live.simulated import simulated
from tests.live.small import SmallTrial

LABEL = "arm-concealed"
RELABELLED = {"AdverseEvent": 1, "Provenance": 1}


class Formerly(httpx.HTTPTransport):
    """Sends what an adapter sent before there was the label."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not request.content:
            return super().handle_request(request)
        said = json.loads(request.content)
        for entry in [{"resource": said}, *said.get("entry", ())]:
            _drop_label(entry.get("resource", {}))
        named = {k: v for k, v in request.headers.items() if k != "content-length"}
        content = json.dumps(said).encode()
        changed = httpx.Request(request.method, request.url, headers=named, content=content)
        return super().handle_request(changed)


def _drop_label(resource: dict[str, Any]) -> None:
    labels = resource.get("meta", {}).get("security")
    if labels:
        resource["meta"]["security"] = [each for each in labels if each["code"] != LABEL]


@contextmanager
def at(trial: SmallTrial, transport: httpx.HTTPTransport | None = None) -> Iterator[Clinic]:
    """The clinic of a trial at work."""
    sent_by = transport or httpx.HTTPTransport()
    with (
        open_service(trial.config) as service,
        httpx.Client(transport=sent_by, base_url=trial.base_url, timeout=60) as http,
    ):
        (clinic,) = service.clinics
        yield replace(clinic, client=FhirClient(http, now))


def set_back(trial: SmallTrial) -> None:
    """What the ledger notes of the receiver, as it was before there was the label."""
    with open_service(trial.config) as service, service.database.write() as tx:
        for each in service.trial.receivers:
            receivers.keep(tx, each.name, each.terms - {LABELLED})


def sent_without_label(base_url: str, folder: Path) -> SmallTrial:
    """Somebody with an adverse event, of which the clinic got the copy of the time before."""
    trial = SmallTrial(folder, base_url, frozenset({"1015"}))
    trial.read()
    with at(trial, Formerly()) as clinic:
        push(clinic)
    set_back(trial)
    return trial


def event_at(base_url: str) -> dict[str, Any]:
    (entry,) = httpx.get(f"{base_url}/AdverseEvent").json()["entry"]
    event: dict[str, Any] = entry["resource"]
    return event


def labels_of(event: dict[str, Any]) -> list[str]:
    return [each["code"] for each in event["meta"]["security"]]


def test_the_next_push_brings_the_label_and_nobody_is_said_to_have_changed_anything(
    base_url: str, tmp_path: Path
) -> None:
    trial = sent_without_label(base_url, tmp_path)
    before = event_at(base_url)

    with at(trial) as clinic:
        looked_first = verify(clinic)
    trial.run("ingest")
    with at(trial) as clinic:
        planned, pushed, looked = plan(clinic), push(clinic), verify(clinic)
    after = event_at(base_url)
    trial.run("ingest")
    with at(trial) as clinic:
        again = push(clinic)

    assert labels_of(before) == ["R", "REDACTED"]
    assert looked_first.drifted == looked_first.missing == {}
    assert planned.update == pushed.updated == RELABELLED
    assert planned.create == pushed.created == pushed.refused == {}
    assert looked.drifted == looked.missing == {}
    assert sorted(labels_of(after)) == ["R", "REDACTED", LABEL]
    assert after["meta"]["versionId"] == "2"
    assert again.updated == again.created == {}


def test_whoever_takes_the_label_away_has_changed_the_copy(tmp_path: Path) -> None:
    with simulated() as system:  # HAPI keeps a label that an update leaves out
        trial = SmallTrial(tmp_path, system.url, frozenset({"1015"}))
        trial.read()
        with at(trial) as clinic:
            push(clinic)
            event = event_at(system.url)
            _drop_label(event)
            there = f"{system.url}/AdverseEvent/{event['id']}"
            httpx.put(there, json=event).raise_for_status()

            found = verify(clinic)

    assert found.drifted == {"AdverseEvent": 1}


def test_what_was_taken_for_changed_before_is_mended_by_the_next_push(
    base_url: str, tmp_path: Path
) -> None:
    trial = sent_without_label(base_url, tmp_path)
    with open_service(trial.config) as service, service.database.write() as tx:
        # As an adapter that knew the label, and not of copies without it, left them.
        tx.execute(
            "UPDATE delivery SET state = 'refused', reason = 'changed at the clinic'"
            " WHERE type = 'AdverseEvent'"
        )

    trial.run("ingest")
    with at(trial) as clinic:
        pushed, looked = push(clinic), verify(clinic)

    assert pushed.updated == RELABELLED
    assert looked.drifted == looked.missing == pushed.refused == {}
    assert LABEL in labels_of(event_at(base_url))
