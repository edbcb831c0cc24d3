"""Nothing new is sent of somebody whose consents cannot be read, until they can."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.sync.plan import plan
from tests.unit.ingest import project
from tests.unit.sync.ward import opened


@pytest.mark.parametrize("cells", [{"stop_share": "TRUE"}, {"agree_date": "1.2.2024"}])
def test_new_answers_wait_while_a_consent_cannot_be_read_and_go_when_it_can(
    tmp_path: Path, cells: dict[str, str]
) -> None:
    with opened(tmp_path, tmp_path / "ledger.sqlite") as ward:
        ward.ingest(p1=project.mood("1", "2", "0"))
        ward.push()
        before = dict(ward.people["1"])

        ward.ingest(p1={**cells, **project.mood("3", "3", "3")})
        held = {rule for _, rule in plan(ward.clinic).held}
        ward.push()

        total = f"Observation/{ward.trial.identity.part(ward.unit(), 'total')}"
        assert held == {"consent-unreadable"}
        assert (ward.far.holds(total) or {})["valueQuantity"]["value"] == 3
        ward.people["1"] = before
        ward.ingest(p1=project.mood("3", "3", "3"))
        ward.push()
        assert (ward.far.holds(total) or {})["valueQuantity"]["value"] == 9
