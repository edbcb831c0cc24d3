"""Servers: one that is asked without a network, and one on a socket for clients of other people."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapter.simulate import serving
from tests.unit.simulate.redcap.server import Server, idbt_server


@pytest.fixture
def server() -> Server:
    """The trial of the fixtures, at the night on which the clocks go back."""
    return idbt_server()


@pytest.fixture
def url(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The same server on a socket of this machine."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(server.app) as port:
        yield f"http://127.0.0.1:{port}/api/"
