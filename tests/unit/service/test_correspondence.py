"""What was written at a clinic is shown beside what the trial holds, and decided on by a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import html

from adapter.service import Service, open_service
from adapter.service.serving import service_app
from adapter.service.viewing import invitation
from adapter.store.audit import newest_first
from tests.poison import POISON
from tests.unit.cli.site import CONFIG, Site, make_site
from tests.unit.ingest import project
from tests.unit.sync.ward import opened
from tests.visitor import Visitor

SERVE = """
[serve]
url = "http://127.0.0.1:8000"
[[serve.people]]
name = "ida"
role = "operator"
unblinded = true
"""
ASKED = "clinic=north-clinic&response=r1"
PLACE = f"/app/operator/inbox/response?{ASKED}"


@dataclass
class Desk:
    site: Site
    service: Service
    ida: Visitor

    def decide(self, word: str, **more: str) -> str:
        token = self.ida.token("/app/operator")
        said = {"clinic": "north-clinic", "response": "r1", "timepoint": "", "token": token}
        return self.ida.post(f"/app/operator/acts/{word}", {**said, **more}).text

    def state(self) -> str:
        (row,) = self.site.run("inbox", "--json").document["inbox"]
        return str(row["state"])


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    """An operator, where one response of a clinic contradicts the trial's."""
    made = make_site(tmp_path, capsys)
    made.write("adapter.toml", CONFIG + SERVE)
    made.write("study.key", project.KEY)
    made.export(project.person("1", **project.mood("0", "0", "0")))
    (tmp_path / "state").mkdir()
    with opened(tmp_path / "state", made.ledger) as ward:
        ward.ingest(p1=project.mood("0", "0", "0"))
        ward.write("r1", 1, 2, 3)
        ward.pull()
    with open_service(made.config) as service:
        ida = Visitor(service_app(service))
        ida.post("/app/enter", {"code": invitation(service, "ida").partition("code=")[2]})
        yield Desk(made, service, ida)


def test_the_overview_and_the_list_lead_to_both_sides(desk: Desk) -> None:
    overview = desk.ida.get("/app/operator").text
    listed = html.fromstring(desk.ida.get("/app/operator/inbox?state=waiting").text)

    assert "1 written there waits for a person" in overview
    (link,) = [each.get("href") for each in listed.iter("a") if each.text == "Both sides"]
    page = html.fromstring(desk.ida.get(link or "").text)
    rows = [[cell.text for cell in row] for row in page.iter("tr")][1:]
    assert [row[1:] for row in rows] == [
        ["0", "1", "differs"],
        ["0", "2", "differs"],
        ["0", "3", "differs"],
    ]


@pytest.mark.parametrize(
    ("word", "became", "told"),
    [("take", "taken", "the clinic wrote stands"), ("leave", "left", "the trial holds stands")],
)
def test_a_person_decides_on_a_page_of_its_own_and_stands_in_the_log(
    desk: Desk, word: str, became: str, told: str
) -> None:
    asked = desk.ida.get(f"/app/operator/acts/{word}?{ASKED}&timepoint=")
    before = desk.state()
    done = desk.decide(word)

    assert (asked.status_code, before, desk.state()) == (200, "waiting", became)
    assert told in done
    line = next(newest_first(desk.service.audit.path))
    assert (line.act.action, line.act.record, line.act.rule) == (word, "1", "ida")
    assert "Let stand" not in html.fromstring(desk.ida.get(PLACE).text).text_content()


def test_what_cannot_be_taken_is_told_and_waits_on(desk: Desk) -> None:
    page = desk.decide("take", timepoint="week-99")

    assert "Not done" in page
    assert "timepoints" in page
    assert desk.state() == "waiting"


@pytest.mark.parametrize("word", ["take", "leave"])
def test_what_never_came_is_not_decided_on(desk: Desk, word: str) -> None:
    assert "Not done" in desk.decide(word, response="r2")
    assert "Not done" in desk.decide(word, clinic="elsewhere")
    assert desk.ida.get(PLACE.replace("r1", "r2")).status_code == 404


def test_a_decision_that_another_site_sends_is_none(desk: Desk) -> None:
    desk.decide("take", token="another")  # noqa: S106 - what a form carries

    assert desk.state() == "waiting"


def test_markup_in_what_is_asked_for_is_inert(desk: Desk) -> None:
    for path in ("inbox", "inbox/response", "acts/take"):
        page = desk.ida.get(f"/app/operator/{path}?clinic={POISON}&response={POISON}").text
        assert "<script" not in page
        assert "<img" not in page
