"""A list of members is told whole, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson

from adapter.fhir.check import find_faults
from adapter.fhir.identity import Identity
from adapter.server import Ledger
from adapter.server.groups import MOST_MEMBERS, group_text
from adapter.store.database import Database
from tests.forms import study_with


def test_so_many_members_are_listed_and_of_one_more_their_number_alone(tmp_path: Path) -> None:
    identity = Identity(study_with("phq-9"), b"synthetic people need no secret")
    database = Database(tmp_path / "ledger.sqlite")
    ledger = Ledger(
        database, identity, {}, lambda: datetime(2026, 1, 1, tzinfo=UTC), lambda *_: True
    )
    people = list(map(str, range(MOST_MEMBERS + 1)))

    most, more, none = (
        orjson.loads(group_text(ledger, some)) for some in (people[:-1], people, [])
    )
    database.close()

    assert [each["quantity"] for each in (most, more, none)] == [MOST_MEMBERS, MOST_MEMBERS + 1, 0]
    listed = [each["entity"]["reference"] for each in most["member"]]
    assert listed == sorted(f"Patient/{identity.patient(name)}" for name in people[:-1])
    assert "member" not in more
    assert "member" not in none
    assert find_faults(most) == find_faults(more) == find_faults(none) == ()
