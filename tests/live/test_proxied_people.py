"""`adapter serve` believes a header on who looks from the address of the connection alone."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.live.served import serve

SETTINGS = """
[serve.person_header]
name = "X-Remote-User"
peers = ["127.0.0.2"]
[[serve.people]]
name = "kim"
role = "operator"
signs_in_as = "kim@hospital"
"""
PROXY, FORGER = "127.0.0.2", "127.0.0.1"
SAID = {"X-Remote-User": "kim@hospital", "X-Forwarded-For": PROXY}


def asked_from(peer: str, url: str) -> httpx.Response:
    """What an address is answered that says it were the proxy's."""
    way = httpx.HTTPTransport(local_address=peer)
    with httpx.Client(transport=way) as client:
        return client.get(url, headers=SAID)


def test_the_address_of_the_connection_counts_and_not_what_is_said_of_it(tmp_path: Path) -> None:
    with serve(
        tmp_path, frozenset({"1015"}), more=SETTINGS, options=("--proxy-headers", "127.0.0.1")
    ) as served:
        pages = {peer: asked_from(peer, f"{served.origin}/app/") for peer in (FORGER, PROXY)}

    assert (pages[FORGER].status_code, pages[PROXY].status_code) == (401, 200)
    assert "<span>kim</span>" in pages[PROXY].text
