"""The operator's pages in a real browser."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from adapter.service.operating import retry_all
from adapter.store.identities import Candidate, Candidates
from tests.browser.conftest import Site
from tests.browser.window import as_seen, asked_for, complaints, listen, picture, violations
from tests.chromium import Chromium

CLINIC = "northside-clinic"
PLACES = {
    "overview": "/operator",
    "deliveries": f"/operator/deliveries?clinic={CLINIC}",
    "plan": f"/operator/plan?clinic={CLINIC}",
    "audit": "/operator/audit?verify=1",
    "an act": f"/operator/acts/retry?clinic={CLINIC}",
}


@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_wrong_with_the_operator_s_pages(
    site: Site, chromium: Chromium, width: int
) -> None:
    site.service.crosswalk.propose(
        Candidates(CLINIC, "1042", "2024-09-01", (Candidate("p-1", "certain"), Candidate("p-2")))
    )
    retry_all(site.service, site.service.clinics[0], "ida")  # so that the log has a line
    site.enter(chromium, "ida")
    as_seen(chromium, width, 900)
    listen(chromium)

    wrong = []
    for name, place in PLACES.items():
        chromium.open(f"{site.origin}/app{place}")
        wrong += violations(chromium)
        if chromium.run("document.documentElement.scrollWidth") > width:
            wrong.append(f"{name} is wider than the window")
        if folder := os.environ.get("PICTURES"):
            Path(folder, f"operator-{name}-{width}.png").write_bytes(picture(chromium))

    assert wrong == []
    assert complaints(chromium) == []
    assert [url for url in asked_for(chromium) if not url.startswith(f"{site.origin}/app/")] == []


def test_an_operator_confirms_on_a_page_of_its_own_what_is_then_done(
    site: Site, chromium: Chromium
) -> None:
    site.service.crosswalk.propose(
        Candidates(CLINIC, "1042", "2024-09-01", (Candidate("p-1", "certain"), Candidate("p-2")))
    )
    site.enter(chromium, "ida")
    chromium.open(f"{site.origin}/app/operator")

    follow = "document.querySelector('a[href*=\"confirm\"]').click()"
    chromium.follow(lambda: chromium.run(follow))
    before = site.service.crosswalk.linked(CLINIC, "1042")
    chromium.follow(lambda: chromium.run("document.querySelector('.main-button').click()"))

    assert before is None
    assert "The record is linked" in chromium.run("document.body.innerText")
    assert site.service.crosswalk.linked(CLINIC, "1042") == "p-1"
