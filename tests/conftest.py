"""How generated cases are drawn: the same ones in every run, others only where they are asked for.

`make test` draws the same examples anywhere, so that it fails for a reason in the change;
`make soak` draws new ones, and many more.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from adapter.store.database import Database
from tests.postgresql import PostgreSql

settings.register_profile("test", derandomize=True, database=None, deadline=None)
settings.register_profile("soak", derandomize=False, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))

IN_MEMORY, ROOM = Path("/dev/shm"), 8 << 30  # noqa: S108 - the folder itself is asked, below


def pytest_configure() -> None:
    """Puts what tests write into memory, where there is room and nobody named a place.

    Hundreds of ledgers wait for the disk at every commit; whether a commit outlives a process that
    is killed does not depend on it, and whether it outlives the machine no test could say.
    """
    if "TMPDIR" not in os.environ and IN_MEMORY.is_dir() and _room() > ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = str(IN_MEMORY)


def _room() -> int:
    """How many bytes could be written there, and nothing would have to go to the disk instead."""
    told = Path("/proc/meminfo").read_text("utf-8").splitlines()
    (line,) = (each for each in told if each.startswith("MemAvailable:"))
    return min(shutil.disk_usage(IN_MEMORY).free, int(line.split()[1]) << 10)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Stops where pytest-xdist loses the groups, as it does with a pytest that it does not know.

    Every process would start its own servers, and nothing would say why the run is slow.
    """
    if session.config.getoption("loadgroup", default=False):
        grouped = [item for item in session.items if item.get_closest_marker("xdist_group")]
        lost = [item.name for item in grouped if "@" not in item.nodeid]
        assert not lost, f"{len(lost)} tests lost their group: pytest and pytest-xdist disagree"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSql]:
    """A PostgreSQL for the whole run; each test takes a new database of it."""
    running = PostgreSql.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def empty_ledger(postgresql: PostgreSql) -> str:
    """The name of a database that holds an empty ledger, to be copied."""
    url = postgresql.new()
    Database(url).close()
    return url.rpartition("/")[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where a ledger may be made, once in a file and once on PostgreSQL."""
    if request.param == "sqlite":
        return tmp_path / "ledger.sqlite"
    server: PostgreSql = request.getfixturevalue("postgresql")
    url: str = server.new(request.getfixturevalue("empty_ledger"))
    return url
