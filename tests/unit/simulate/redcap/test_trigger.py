"""The simulated REDCap tells of every form that is saved, in the words that REDCap has for it."""

from __future__ import annotations

import threading
from urllib.parse import parse_qsl

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapter.simulate import serving
from adapter.simulate.redcap import Place, Trigger, tell_in_background
from tests.unit.simulate.redcap.server import idbt_server

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
OWN = "http://127.0.0.1:8090/"


def test_every_form_that_is_saved_is_told_once_and_nothing_else() -> None:
    heard, all_there = list[dict[str, str]](), threading.Event()

    async def hear(request: Request) -> Response:
        heard.append(dict(parse_qsl((await request.body()).decode(), keep_blank_values=True)))
        if len(heard) == 3:
            all_there.set()
        return Response(status_code=500)  # and yet it is told only once

    server = idbt_server()
    with serving(Starlette(routes=[Route("/told", hear, methods=["POST"])])) as port:
        server.project.saved = tell_in_background(Trigger(f"http://127.0.0.1:{port}/told", OWN))
        place = Place("1015", "week_9_arm_1")
        server.project.save(place, {"nrs_pain_avg": "9", "ders18_8": "5"})
        server.project.save(place, {"nrs_pain_avg": "9"})  # no change
        server.project.delete("1042")
        server.project.rename("1015", "1999")
        log = Place("1017", "ongoing_arm_1", "adverse_event", 1)
        server.project.save(log, {"ae_term": "another", "adverse_event_complete": "2"})

        assert all_there.wait(20)

    whole = {
        "project_id": "42",
        "redcap_url": OWN,
        "project_url": f"{OWN}redcap_v14.5.5/index.php?pid=42",
        "username": "simulator",
    }
    visit = {**whole, "record": "1015", "redcap_event_name": "week_9_arm_1"}
    repeat = {
        "redcap_event_name": "ongoing_arm_1",
        "redcap_repeat_instrument": "adverse_event",
        "redcap_repeat_instance": "1",
    }
    told = {said["instrument"]: said for said in heard}
    assert told == {
        "nrs_pain": {**visit, "instrument": "nrs_pain", "nrs_pain_complete": "2"},
        "ders18": {**visit, "instrument": "ders18", "ders18_complete": "2"},
        "adverse_event": {
            **whole,
            **repeat,
            "record": "1017",
            "instrument": "adverse_event",
            "adverse_event_complete": "2",
        },
    }
