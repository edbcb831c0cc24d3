"""The real record system and the real validator, started by the first test that asks for them."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapter.simulate import RecordSystem as Simulated
from adapter.simulate import record_system_app, serving
from adapter.simulate.hooks import hooks, post_in_background
from tests.conformance.scoring.page import Page
from tests.live import launching
from tests.live.cohort import Delivered, deliver
from tests.live.served import Served, serve
from tests.live.servers import RecordSystem, Validator, start_record_system
from tests.live.survival import Nursery

# What takes long to start; the first asks for the second in some of its cases.
HEAVY = frozenset({"base_url", "empty_hapi", "hapi", "validator", "page", "delivered"})


@pytest.hookimpl(tryfirst=True)  # before the tests are dealt out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Opens loopback, and nothing else, to the tests of this folder; elsewhere sockets are shut.

    Those that ask for a real server run in one process, which has them; the others file by file.
    """
    for item in items:
        if Path(__file__).parent in item.path.parents:
            cases = item.callspec.params.values() if hasattr(item, "callspec") else ()
            asked = {*getattr(item, "fixturenames", ()), *map(str, cases)}
            group = "live" if HEAVY & asked else item.path.stem
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1"]))
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def hapi() -> Iterator[RecordSystem]:
    """A record system in memory, shared by the whole run: what one test puts, the others find."""
    with start_record_system() as record_system:
        yield record_system


@pytest.fixture
def empty_hapi(hapi: RecordSystem) -> RecordSystem:
    """The same record system, emptied before the test."""
    hapi.erase()
    return hapi


@pytest.fixture(params=["full", "hapi"])
def base_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a record system that holds nothing: the simulated one, and the real one."""
    if request.param == "hapi":
        empty: RecordSystem = request.getfixturevalue("empty_hapi")
        yield empty.base_url
        return
    system = Simulated(
        clock=lambda: datetime(2024, 9, 1, tzinfo=UTC), ids=map(str, itertools.count(1))
    )
    system.written = hooks(post_in_background())
    with serving(record_system_app(system)) as port:
        yield f"http://127.0.0.1:{port}/fhir"


@pytest.fixture(scope="session")
def validator() -> Iterator[Validator]:
    """The validator, shared by the whole run: what one test defines, the others see."""
    with Validator() as running:
        yield running


@pytest.fixture(scope="session")
def page() -> Iterator[Page]:
    """LHC-Forms in a browser, shared by the whole run: it keeps nothing from form to form."""
    with Page() as opened:
        yield opened


@pytest.fixture(scope="session")
def analyst(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The service over the ledger of two people, with a client that may do everything.

    Applications that were launched elsewhere may come, too, with tokens of `launching`.
    """
    people = frozenset({"1015", "1042"})
    folder = tmp_path_factory.mktemp("served")
    launched = launching.registered(folder)
    more = f"requests_per_second = 100000\n{launched}"
    with serve(folder, people, "system/*.cruds", more) as running:
        yield running


@pytest.fixture(scope="session")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivered]:
    """The cohort's first export at a record system of its own, for reading only."""
    with deliver(tmp_path_factory.mktemp("delivered")) as there:
        yield there


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Workers that begin at once."""
    with Nursery() as running:
        yield running
