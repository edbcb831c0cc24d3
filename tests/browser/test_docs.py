"""Swagger UI at `/docs`: a person sees every door that is described, and nobody else is asked."""

from __future__ import annotations

import json
import time

import httpx

from tests.browser.conftest import Site
from tests.browser.window import asked_for, complaints, listen
from tests.chromium import Chromium

METHODS = {"get", "post", "put", "patch", "delete"}
OPENED = """
[...document.querySelectorAll('.opblock-tag-section:not(.is-open) .opblock-tag')]
  .forEach(each => each.click())
"""
DRAWN = """
JSON.stringify([...document.querySelectorAll('.opblock')].map(each => [
  each.querySelector('.opblock-summary-method').innerText.toLowerCase(),
  each.querySelector('[data-path]').dataset.path,
]))
"""


def test_the_description_is_drawn_with_every_door_and_asks_nobody_else(
    site: Site, chromium: Chromium
) -> None:
    described = httpx.get(f"{site.origin}/openapi.json").json()["paths"]
    doors = {(method, path) for path, said in described.items() for method in said}
    listen(chromium)

    chromium.open(f"{site.origin}/docs")
    drawn = set[tuple[str, str]]()
    deadline = time.monotonic() + 60
    while len(drawn) < len(doors) and time.monotonic() < deadline:
        chromium.run(OPENED)
        drawn = {(method, path) for method, path in json.loads(chromium.run(DRAWN))}
        time.sleep(0.2)

    assert len(doors) > 100
    assert {method for method, _ in doors} <= METHODS
    assert drawn == doors
    asked = asked_for(chromium)
    assert f"{site.origin}/openapi.json" in asked
    assert [url for url in asked if not url.startswith(f"{site.origin}/")] == []
    assert complaints(chromium) == []
