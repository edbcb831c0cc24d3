"""The logs as AuditEvents: the newest first, page by page, while more is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapter.fhir.check import find_faults
from adapter.fhir.identity import Identity
from adapter.fhir.search.asked import read_criterion
from adapter.fhir.search.criteria import Criterion
from adapter.server.audit_trail import Trail
from adapter.store.access_log import Access, AccessLog, Lasting, access_files
from adapter.store.audit import Act, AuditLog
from tests.unit.ingest.project import KEY, study

BEGAN = datetime(2024, 3, 1, tzinfo=UTC)
IDENTITY = Identity(study(), KEY)
ACCESS = Access("", "r", "fhir", "read", "an-analyst", 200, "", "Observation", "o1", ("1",), 1)


def seal(before: str, text: str) -> str:
    return IDENTITY.token("test-audit", before, text)


def at(minutes: int) -> str:
    return (BEGAN + timedelta(minutes=minutes)).isoformat()


@pytest.fixture
def trail(tmp_path: Path) -> Iterator[Trail]:
    """Two processes' accesses and an act, in turn, a minute between them: thirty lines."""
    audit = tmp_path / "audit.ndjson"
    # The first goes on in another file after some lines, the second after each.
    first, second = AccessLog(audit, seal, Lasting(900)), AccessLog(audit, seal, Lasting(1))
    acts = AuditLog(audit, seal)
    for minute in range(0, 30, 3):
        status = 403 if minute % 2 else 200
        first.note([replace(ACCESS, at=at(minute), status=status, id=f"o{minute}")])
        second.note([replace(ACCESS, at=at(minute + 1), about=("2",), client="an-ehr")])
        acts.add([Act(at(minute + 2), "held", "north", "1", f"Observation/{minute}/1", "embargo")])
    assert len(access_files(audit)) > 11
    yield Trail(audit, IDENTITY, UTC)
    first.close()
    second.close()


def criteria(*said: str) -> list[Criterion]:
    pairs = (each.split("=", 1) for each in said)
    return [read_criterion("AuditEvent", name, value, UTC) for name, value in pairs]


def found(trail: Trail, *said: str, count: int = 50) -> list[str]:
    """When each was recorded that fits, in the order of pages."""
    asked = criteria(*said)
    ends, recorded = trail.begin(asked), list[str]()
    for _ in range(100):
        page = trail.page(asked, None, count, ends)
        assert len(page.events) <= count
        assert all(find_faults(event) == () for event in page.events)
        recorded += [event["recorded"] for event in page.events]
        if page.next is None:
            return recorded
        ends = page.next
    pytest.fail("it goes on for ever")


@pytest.mark.parametrize("count", [1, 4, 30, 50])
def test_every_line_of_every_log_comes_once_the_newest_first(trail: Trail, count: int) -> None:
    assert found(trail, count=count) == [at(minute) for minute in range(29, -1, -1)]


def test_what_is_appended_meanwhile_moves_nothing(trail: Trail) -> None:
    page = trail.page([], None, 7, trail.begin([]))
    late = AccessLog(trail.audit, seal)  # a process of its own, with a file of its own
    late.note([replace(ACCESS, at=at(40))])
    AuditLog(trail.audit, seal).add([Act(at(41), "export")])
    late.close()

    rest = trail.page([], None, 50, page.next or {})

    seen = [event["recorded"] for event in (*page.events, *rest.events)]
    assert seen == [at(minute) for minute in range(29, -1, -1)]
    assert found(trail)[:2] == [at(41), at(40)]


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        (["date=ge2024-03-01T00:20:00Z"], range(20, 30)),
        (["date=lt2024-03-01T00:03:00Z"], range(3)),
        (["date=ge2024-03-01T00:05:00Z", "date=le2024-03-01T00:07:00Z"], range(5, 8)),
        (["date=2024-03-02"], []),
        (["outcome=4", "type=rest"], range(3, 30, 6)),
        (["type=110110"], range(2, 30, 3)),
        (["subtype=held"], range(2, 30, 3)),
        (["action=R"], [minute for minute in range(30) if minute % 3 < 2]),
        (["agent:identifier=an-ehr"], range(1, 30, 3)),
        (["entity=Observation/o9"], [9]),
        ([f"patient={IDENTITY.patient('2')}"], range(1, 30, 3)),
        ([f"entity=Patient/{IDENTITY.patient('2')}"], range(1, 30, 3)),
        ([f"agent=Device/{IDENTITY.device_id}"], range(2, 30, 3)),
        (["agent:missing=true"], []),
    ],
    ids=str,
)
def test_lines_are_found_by_what_they_say(
    trail: Trail, said: list[str], minutes: list[int]
) -> None:
    assert found(trail, *said, count=4) == [at(minute) for minute in sorted(minutes, reverse=True)]


def test_one_is_read_by_its_id_and_by_no_other(trail: Trail) -> None:
    events = trail.page([], None, 50, trail.begin([])).events

    for event in events:
        told = trail.one(event["id"])
        assert told is not None
        assert told.build() == event
        log, number, end = event["id"].split("-")
        assert trail.one(f"{log}-{number}-{end[::-1]}") is None
    some = [events[number]["id"] for number in (7, 3, 20)]
    asked = criteria(f"_id={','.join((*some, 'strange'))}")
    first = trail.page(asked, None, 2, trail.begin(asked))
    rest = trail.page(asked, None, 2, first.next or {})
    assert [each["id"] for each in (*first.events, *rest.events)] == [some[1], some[0], some[2]]
    assert rest.next is None
    for strange in ("", "0-1", "9-1-0123456789abcdef", "0-999-0123456789abcdef", "x"):
        assert trail.one(strange) is None


def test_a_page_looks_at_so_many_lines_and_goes_on(trail: Trail) -> None:
    short = replace(trail, most_lines=4)

    first = short.page(criteria("subtype=held"), None, 10, short.begin([]))

    assert [event["recorded"] for event in first.events] == [at(29), at(26)]
    assert first.next is not None
    assert found(short, "subtype=held") == [at(minute) for minute in range(29, 0, -3)]


def test_only_what_is_about_somebody_is_made_and_looked_at(trail: Trail) -> None:
    page = trail.page([], ["2"], 50, trail.begin([]))

    assert [event["recorded"] for event in page.events] == [at(m) for m in range(28, 0, -3)]
    assert list(page.people) == ["2"]
    assert trail.page([], [], 50, trail.begin([])).events == []
