"""The pages in a real browser: for everybody to use, inert, from one place, on one sheet."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Literal

import pytest
from pypdf import PdfReader

from tests.browser.conftest import Site
from tests.browser.window import (
    as_seen,
    asked_for,
    complaints,
    listen,
    press,
    printed,
    violations,
    walked,
)
from tests.chromium import Chromium

ENTER = 13
WIDTHS = {"a phone": 320, "a desk": 1280}
PAGES: dict[str, Callable[[Site], str]] = {
    "the list": lambda site: f"{site.origin}/app/",
    "a patient": lambda site: site.page_of("1015"),
    "nothing": lambda site: f"{site.origin}/app/patients/nobody",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_axe_finds_nothing_wrong_and_nothing_is_wider_than_the_window(
    site: Site,
    chromium: Chromium,
    page: Callable[[Site], str],
    width: int,
    scheme: Literal["light", "dark"],
) -> None:
    site.enter(chromium, "kim")
    as_seen(chromium, width, 900, scheme)

    chromium.open(page(site))
    chromium.run("document.querySelectorAll('details').forEach(each => each.open = true)")

    assert violations(chromium) == []
    assert chromium.run("document.documentElement.scrollWidth") <= width


def test_axe_finds_nothing_wrong_with_the_answers_and_at_the_door(
    site: Site, chromium: Chromium
) -> None:
    chromium.open(f"{site.origin}/app/")
    at_the_door = violations(chromium)
    chromium.open(f"{site.origin}/app/enter?code=1")
    with_a_link = violations(chromium)
    site.enter(chromium, "lee")
    chromium.open(site.page_of("1056"))
    open_answers = "document.querySelector('a[href*=responses]').click()"
    chromium.follow(lambda: chromium.run(open_answers))

    assert chromium.run("document.querySelectorAll('.answers tbody tr').length") >= 1
    assert [*at_the_door, *with_a_link, *violations(chromium)] == []


def test_nothing_is_asked_for_elsewhere_and_nothing_is_refused(
    site: Site, chromium: Chromium
) -> None:
    site.enter(chromium, "lee")
    listen(chromium)

    chromium.open(site.page_of("1056"))
    chromium.open(f"{site.origin}/app/")

    assert complaints(chromium) == []
    asked = asked_for(chromium)
    assert len(asked) >= 2
    assert [url for url in asked if not url.startswith(f"{site.origin}/app/")] == []


def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(
    site: Site, chromium: Chromium
) -> None:
    site.enter(chromium, "kim")
    chromium.open(site.page_of("1015"))
    wanted, met = walked(chromium)

    assert wanted > 10
    assert {each["name"] for each in met} >= {"A", "BUTTON", "SUMMARY"}
    assert "BODY" not in {each["name"] for each in met}
    assert all(each["outline"] >= 2 and each["seen"] for each in met)
    tops = [int(each["top"]) for each in met[3:]]  # behind what stands in one line at the top
    assert tops == sorted(tops)


def test_details_open_by_the_keyboard(site: Site, chromium: Chromium) -> None:
    site.enter(chromium, "lee")
    chromium.open(site.page_of("1056"))
    chromium.run("document.querySelector('summary').focus()")

    press(chromium, "Enter", ENTER, "\r")

    assert chromium.run("document.querySelector('details').open")
    assert "Dworkin (IMMPACT) 2008" in chromium.run("document.querySelector('details').innerText")


def test_the_page_prints_on_one_sheet(site: Site, chromium: Chromium) -> None:
    site.enter(chromium, "lee")
    chromium.open(site.page_of("1056"))

    (sheet,) = PdfReader(io.BytesIO(printed(chromium))).pages

    assert [round(float(side)) for side in sheet.mediabox[2:]] in ([595, 842], [596, 842])  # A4
    text = sheet.extract_text()
    assert "Participant 1056" in text
    assert "COMPAS-W" in text  # the last row
    assert "Adverse events" in text


def test_a_signal_is_acknowledged_by_its_button_and_stays_so(
    site: Site, chromium: Chromium
) -> None:
    site.enter(chromium, "kim")
    chromium.open(site.page_of("1042"))

    chromium.follow(lambda: chromium.run("document.querySelector('.signals button').click()"))

    said = chromium.run("document.querySelector('.signals').innerText")
    assert "Pain is worse" in said
    assert "Acknowledged by kim" in said
    site.enter(chromium, "lee")
    chromium.open(site.page_of("1056"))
    assert "Participant 1056" in chromium.run("document.body.innerText")
    assert "ignal" not in chromium.run("document.body.innerText")  # they stay with the trial
