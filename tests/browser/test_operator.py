"""The operator's pages in a real browser."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Literal

import pytest

from adapter.service.operating import retry_all
from adapter.store.identities import Candidate, Candidates
from tests.browser.conftest import Site
from tests.browser.window import (
    as_seen,
    asked_for,
    complaints,
    listen,
    picture,
    press,
    violations,
    walked,
)
from tests.chromium import Chromium

CLINIC = "northside-clinic"
PLACES = {
    "overview": "/operator",
    "deliveries": f"/operator/deliveries?clinic={CLINIC}",
    "plan": f"/operator/plan?clinic={CLINIC}",
    "inbox": "/operator/inbox",
    "both sides": f"/operator/inbox/response?clinic={CLINIC}&response=written-1",
    "audit": "/operator/audit?verify=1",
    "an act": f"/operator/acts/link?clinic={CLINIC}&record=1056",
    "done": f"/operator/inbox/response?clinic={CLINIC}&response=nothing",
}


@pytest.mark.parametrize(
    ("width", "scheme", "name"),
    [(320, "dark", "ida"), (1280, "light", "kim")],
    ids=["a phone in the dark", "a desk of somebody who is blinded"],
)
def test_axe_finds_nothing_wrong_with_the_operator_s_pages(
    site: Site, chromium: Chromium, width: int, scheme: Literal["light", "dark"], name: str
) -> None:
    site.service.crosswalk.propose(
        Candidates(CLINIC, "1042", "2024-09-01", (Candidate("p-1", "certain"), Candidate("p-2")))
    )
    retry_all(site.service, site.service.clinics[0], "ida")  # so that the log has a line
    site.enter(chromium, name)
    as_seen(chromium, width, 900, scheme)
    listen(chromium)

    wrong = []
    for called, place in PLACES.items():
        chromium.open(f"{site.origin}/app{place}")
        wrong += violations(chromium)
        if chromium.run("document.documentElement.scrollWidth") > width:
            wrong.append(f"{called} is wider than the window")
        if folder := os.environ.get("PICTURES"):
            Path(folder, f"operator-{called}-{width}.png").write_bytes(picture(chromium))

    assert wrong == []
    refused = [each for each in complaints(chromium) if "404" not in each]
    assert refused == []
    assert [url for url in asked_for(chromium) if not url.startswith(f"{site.origin}/app/")] == []


@pytest.mark.parametrize("page", ["overview", "both sides", "an act"])
def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(
    site: Site, chromium: Chromium, page: str
) -> None:
    site.enter(chromium, "ida")
    chromium.open(f"{site.origin}/app{PLACES[page]}")

    wanted, met = walked(chromium)

    assert wanted > 5
    assert "BODY" not in {each["name"] for each in met}
    assert all(each["outline"] >= 2 and each["seen"] for each in met)
    tops = [int(each["top"]) for each in met[4:]]  # behind what stands in one line at the top
    assert all(later - before > -20 for before, later in itertools.pairwise(tops))


def test_an_act_is_confirmed_by_the_keyboard_alone(site: Site, chromium: Chromium) -> None:
    site.enter(chromium, "ida")
    chromium.open(f"{site.origin}/app/operator/acts/retry?clinic={CLINIC}")
    chromium.run("document.querySelector('.main-button').focus()")

    chromium.follow(lambda: press(chromium, "Enter", 13, "\r"))

    assert "Queued again" in chromium.run("document.body.innerText")


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
