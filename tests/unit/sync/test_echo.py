"""A record system that quotes all it was sent gets nothing of it into what we keep or say."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing

import httpx
import pytest

from adapter.errors import EhrError
from adapter.store.audit import AuditLog
from tests.unit.sync.desk import Desk
from tests.unit.sync.far_side import Take, outcome

ANSWER, NAME, BORN, FREE = "Canary-4711", "Kanarienvogel", "1966-04-12", "slipped canarily"
SECRETS = (ANSWER, NAME, BORN, "canarily")
SAID = f"It cannot take {ANSWER} of {NAME}, born {BORN}, who {FREE} on stairs"
Echo = Callable[[httpx.Request, Take], httpx.Response]


def echoing(status: int, *, is_page: bool = False) -> Echo:
    """Every request is answered by its own words, as FHIR or as a page in HTML."""

    def rule(request: httpx.Request, _: Take) -> httpx.Response:
        said = f"{SAID}. It was sent {request.content.decode()}"
        if is_page:
            return httpx.Response(status, text=f"<html><body>{said}</body></html>")
        return httpx.Response(status, json=outcome(said))

    return rule


@pytest.mark.parametrize(
    "rule",
    [
        *(pytest.param(echoing(code), id=str(code)) for code in (400, 404, 409, 412, 422, 500)),
        *(
            pytest.param(echoing(code, is_page=True), id=f"page {code}")
            for code in (200, 400, 422, 502)
        ),
    ],
)
def test_nothing_that_a_record_system_quotes_is_kept_or_said(
    desk: Desk, rule: Echo, capsys: pytest.CaptureFixture[str]
) -> None:
    log = AuditLog(desk.folder / "audit.ndjson", lambda before, line: f"{len(before + line)}")
    object.__setattr__(desk.clinic, "audit", log)
    desk.owe(desk.observation("a", note=[{"text": FREE}]))
    desk.far.rule = rule

    said = ""
    for action in (desk.push, desk.verify, desk.push):
        try:
            said += str(action())
        except EhrError as wrong:
            said += str(wrong)

    streams = capsys.readouterr()
    with closing(sqlite3.connect(desk.folder / "ledger.sqlite")) as connection:
        kept = [line for line in connection.iterdump() if 'INTO "version"' not in line]
    addresses = [str(request.url) for request in desk.far.requests]
    told = [said, streams.out, streams.err, *kept, *addresses, log.path.read_text("utf-8")]
    assert json.loads(desk.far.requests[0].content)  # it was sent, and quoted
    assert any("delivery" in line for line in kept)
    assert [secret for secret in SECRETS if any(secret in each for each in told)] == []
