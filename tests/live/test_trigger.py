"""REDCap tells the service of a save, and the service has it a moment later, whoever is killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from redcap.project import Project

from tests.live.triggered import TOKEN, Site, count, wait_for

WORST_PAIN = "Observation?code=75893-8&value-quantity=10"
AMENDED = "QuestionnaireResponse?status=amended"
SAVED = {"record_id": "1015", "redcap_event_name": "week_9_arm_1", "nrs_pain_complete": "2"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    made.write()
    yield made
    made.stop()


def test_what_is_saved_in_redcap_is_served_a_moment_later_even_by_who_was_killed(
    site: Site,
) -> None:
    """Nothing is read but what is told of: there is no other way for it to come."""
    site.enter("records.csv")
    redcap = site.start_redcap()
    site.run("ingest")
    service = site.start_service()
    with site.client() as client:
        assert count(client, WORST_PAIN) == 0
        told = Project(site.redcap_url, TOKEN).import_records([{**SAVED, "nrs_pain_avg": "10"}])
        seconds = wait_for(lambda: count(client, WORST_PAIN) == 1)
        before = count(client, AMENDED)
    assert (told, before) == ({"count": 1}, 1)
    assert seconds < 15  # a second here; a slow machine has its time
    wait_for(lambda: site.waiting() == 0)

    redcap.kill()
    redcap.wait()
    assert site.tell("1042") == 202
    service.kill()
    service.wait()
    assert site.waiting() == 1
    site.enter("records-2.csv")
    site.start_redcap()
    site.start_service()
    with site.client() as client:
        wait_for(lambda: count(client, AMENDED) > before)
    wait_for(lambda: site.waiting() == 0)
