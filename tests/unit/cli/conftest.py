"""Every test of a command begins with a site that ran none yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.site import Site, make_site


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Site:
    """A site with mappings, a configuration, and an export without rows."""
    return make_site(tmp_path, capsys)
