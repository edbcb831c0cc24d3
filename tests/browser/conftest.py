"""The pages of a small trial, served, and one browser; both shared by the whole run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from adapter.service import Service, open_service
from adapter.service.serving import service_app
from adapter.service.viewing import invitation
from adapter.simulate import serving
from adapter.store import inbox
from adapter.store.inbox import Received
from tests.browser.window import as_seen
from tests.chromium import Chromium
from tests.live.small import SmallTrial
from tests.visits import same_answers

SETTINGS = """
[serve]
url = "http://127.0.0.1:8000"
[[serve.people]]
name = "lee"
role = "clinician"
clinic = "northside-clinic"
[[serve.people]]
name = "kim"
role = "operator"
[[serve.people]]
name = "ida"
role = "operator"
unblinded = true
"""
PEOPLE = frozenset({"1015", "1056", "1042"})


@pytest.hookimpl(tryfirst=True)  # before the tests are dealt out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Opens loopback to the tests of this folder; all of them run in one process."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1"]))
            item.add_marker(pytest.mark.xdist_group("browser"))


@dataclass(frozen=True)
class Site:
    """The running service, and where it is."""

    service: Service
    origin: str

    def enter(self, chromium: Chromium, name: str) -> None:
        """Signs somebody in as they do it themselves: the link, then the button."""
        link = invitation(self.service, name).replace("http://127.0.0.1:8000", self.origin)
        chromium.ask("Network.clearBrowserCookies")
        chromium.open(link)
        chromium.follow(lambda: chromium.run("document.querySelector('button').click()"))

    def page_of(self, participant: str) -> str:
        """The address of a patient's page."""
        patient = self.service.trial.identity.patient(participant)
        return f"{self.origin}/app/patients/{patient}"


def write_at_the_clinic(service: Service) -> None:
    """Somebody wrote answers at the clinic, which contradict nothing and wait for a person."""
    text = orjson.dumps(same_answers("pcl-c", "2", "2023-06-14 20:15:09", 1)[0])
    where = ("northside-clinic", "QuestionnaireResponse", "written-1", "1", "1056")
    why = "the trial's source says otherwise"
    written = Received(*where, text, "waiting", why, service.now(), form="pcl-c")
    with service.database.write() as tx:
        inbox.keep(tx, written)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Three people of the synthetic trial, two of whom are linked; only 1056 agreed to share."""
    folder = tmp_path_factory.mktemp("site")
    trial = SmallTrial(folder, "http://127.0.0.1:9/fhir", PEOPLE, "northside-clinic", SETTINGS)
    trial.read()
    with open_service(trial.config) as service:
        write_at_the_clinic(service)
        for name in ("1015", "1056"):
            service.crosswalk.link("northside-clinic", name, f"northside-{name}", service.now())
        with serving(service_app(service)) as port:
            yield Site(service, f"http://127.0.0.1:{port}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Chromium]:
    """One browser for the whole run."""
    with Chromium(asks_this_machine=True) as running:
        yield running


@pytest.fixture
def chromium(browser: Chromium) -> Chromium:
    """The browser in a window for a desk, on a page that holds nothing, knowing nobody."""
    as_seen(browser, 1280, 900)
    browser.open("about:blank")
    browser.ask("Network.clearBrowserCookies")
    return browser
