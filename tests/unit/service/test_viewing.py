"""What the pages tell of a real ledger: through the release gate, and nothing beside it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapter.cli import main
from adapter.errors import ConflictError, NotFoundError
from adapter.service import Service, open_service
from adapter.service.operator import Operated
from adapter.service.serving import service_app
from adapter.service.viewing import invitation
from adapter.store import kept_back
from adapter.store.access_log import access_files, read_accesses
from adapter.store.audit import read_lines
from adapter.store.kept_back import KeptBack
from adapter.viewer.people import Person
from tests.keys import CROSSWALK_KEY
from tests.live.worlds import MAPPINGS, TRIAL, told
from tests.visitor import Visitor, without_token

NOW = datetime(2024, 9, 1, 1, tzinfo=UTC)
CLINIC = "northside-clinic"
SHARES, REFUSES = "1056", "1015"
UNLINKED = "1030"
# A signal that would tell the arm by itself: only who has the therapy can give it.
TELLING = (
    "    - {id: attended, title: Came to few sessions, form: session-attendance, scale: attended,"
    " at_least: 0, level: review}\n"
)
CONFIG = f"""\
study = "study.yaml"
instruments = "{MAPPINGS / "instruments"}"
ledger = "ledger.sqlite"
crosswalk = "crosswalk.sqlite"
crosswalk_key_file = "who.key"
key_file = "study.key"
[[sources]]
kind = "redcap"
dictionary = "{TRIAL / "dictionary.csv"}"
records = "records.csv"
as_of = 2024-08-30T17:05:00+10:00
[[clinics]]
profile = "{MAPPINGS / "clinics" / CLINIC}.yaml"
url = "http://127.0.0.1:9/fhir"
[serve]
url = "http://127.0.0.1:8000"
[[serve.people]]
name = "lee"
role = "clinician"
clinic = "{CLINIC}"
[[serve.people]]
name = "ana"
role = "clinician"
clinic = "{CLINIC}"
unblinded = true
[[serve.people]]
name = "kim"
role = "operator"
[[serve.people]]
name = "pat"
role = "operator"
signs_in_as = "pat@hospital"
[serve.person_header]
name = "X-Remote-User"
peers = ["192.0.2.7"]
"""


def write_trial(folder: Path, *, has_therapy: bool) -> Path:
    """Three people in a world where some have the therapy, or nobody has; gives the settings."""
    folder.mkdir()
    rows = csv.DictReader(io.StringIO((TRIAL / "records.csv").read_text("utf-8")))
    kept = [
        told(row, has_therapy=has_therapy, related="4" if has_therapy else "1")
        for row in rows
        if row["record_id"] in {SHARES, REFUSES, UNLINKED}
    ]
    with (folder / "records.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(kept[0]))
        writer.writeheader()
        writer.writerows(kept)
    study = (MAPPINGS / "studies" / "idbt-pain.yaml").read_text("utf-8")
    watched = study.replace("not_mapped:\n", f"{TELLING}not_mapped:\n")
    (folder / "study.yaml").write_text(watched, "utf-8")
    (folder / "study.key").write_text("synthetic people only: this key is no secret", "utf-8")
    (folder / "who.key").write_text(CROSSWALK_KEY, "utf-8")
    (folder / "adapter.toml").write_text(CONFIG, "utf-8")
    return folder / "adapter.toml"


@contextmanager
def opened(folder: Path, *, has_therapy: bool) -> Iterator[Service]:
    """One of the worlds, read; SHARES and REFUSES are linked to patients of the clinic."""
    config = write_trial(folder, has_therapy=has_therapy)
    assert main(["ingest", "--config", str(config), "--json"], clock=lambda: NOW) == 0
    with open_service(config, clock=lambda: NOW) as service:
        for person in (SHARES, REFUSES):
            service.crosswalk.link(CLINIC, person, f"northside-{person}", service.now())
        yield service


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Service]]:
    """Both worlds, for reading only."""
    folder = tmp_path_factory.mktemp("worlds")
    with (
        opened(folder / "one", has_therapy=True) as one,
        opened(folder / "other", has_therapy=False) as other,
    ):
        yield [one, other]


@pytest.fixture
def service(worlds: list[Service]) -> Service:
    return worlds[0]


def visit(service: Service, name: str) -> Visitor:
    visitor = Visitor(service_app(service))
    code = invitation(service, name).partition("code=")[2]
    assert visitor.post("/app/enter", {"code": code}).status_code == 303
    return visitor


def page_of(service: Service, participant: str) -> str:
    return f"/app/patients/{service.trial.identity.patient(participant)}"


def everything(service: Service, name: str) -> dict[str, str]:
    """Every page that somebody can come to, by its address."""
    visitor, found, waiting = visit(service, name), dict[str, str](), ["/app/"]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path] = without_token(visitor.get(path).text)
            waiting += [
                each for each in re.findall(r'href="([^"#]+)"', found[path]) if "static" not in each
            ]
    return {path: page for path, page in found.items() if not path.startswith("data:")}


@pytest.mark.parametrize("name", ["lee", "kim"])
def test_what_the_blinded_can_see_is_the_same_in_two_worlds(
    worlds: list[Service], name: str
) -> None:
    one, other = (everything(service, name) for service in worlds)

    assert len(one) > 15
    assert not any("few sessions" in page for page in one.values())
    assert one == other


def test_who_may_know_the_arm_sees_the_difference(worlds: list[Service]) -> None:
    one, other = (everything(service, "ana") for service in worlds)

    assert one != other


def test_a_clinician_sees_who_agreed_and_is_linked_and_nobody_else(service: Service) -> None:
    visitor = visit(service, "lee")

    listed = visitor.get("/app/").text
    answers = {name: visitor.get(page_of(service, name)) for name in (REFUSES, UNLINKED)}

    assert re.findall(r">(1\d\d\d)</a>", listed) == [SHARES]
    assert f"northside-{SHARES}" in listed
    assert visitor.get(page_of(service, SHARES)).status_code == 200
    never = visitor.get("/app/patients/nobody").text
    assert {(each.status_code, each.text) for each in answers.values()} == {(404, never)}


def test_signals_stay_with_the_trials_staff(service: Service) -> None:
    clinician, operator = everything(service, "lee"), everything(service, "kim")

    assert page_of(service, SHARES) in clinician  # somebody about whom there is a signal, too
    assert "Safety signals" in operator[page_of(service, SHARES)]
    assert not any("ignal" in page for page in clinician.values())
    assert "Safety signals" in operator[page_of(service, REFUSES)]
    assert "Signals to look at" in operator["/app/"]


def test_the_order_of_the_outcomes_is_the_studys_where_nothing_else_counts(
    service: Service,
) -> None:
    page = visit(service, "lee").get(page_of(service, SHARES)).text

    rows = re.findall(
        r'<li class="outcome ([\w-]+)" id="[\w-]+">\s*<div class="name">\s*<h3>([^<]+)', page
    )
    unjudged = [title for verdict, title in rows if verdict == "not-judged"]
    assert unjudged == [
        "DERS-18 total score",
        "STAI state anxiety (Form Y-1) total score",
        "NIH Toolbox Perceived Stress T-score",
        "MOS Sleep problems index II (nine items)",
        "COMPAS-W total score",
    ]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Service]:
    """A world that a test may change."""
    with opened(tmp_path / "own", has_therapy=True) as service:
        yield service


REACHED = (("bdi-severe", "review", "reached"),)
ATTENDED = (("attended", "review", "reached"),)
WEEK = "week_9_arm_1"
EXPORT = "records.csv"
KEPT_BACK = (
    KeptBack("a", "row", SHARES, WEEK, "bdi", EXPORT, 7, REACHED),
    KeptBack("b", "row", SHARES, WEEK, "bdi", EXPORT, 8, is_seen=False),
    KeptBack("c", "row", SHARES, WEEK, "session-attendance", EXPORT, 9, ATTENDED, is_seen=False),
    KeptBack("d", "unreadable", SHARES, "", "", EXPORT, 10, is_seen=False),
)


def test_signals_of_what_was_not_taken_in_stand_on_the_pages_of_who_may_know_the_form(
    own: Service,
) -> None:
    with own.database.write() as tx:
        for each in KEPT_BACK:
            kept_back.keep(tx, each)
    kim, lee, where = visit(own, "kim"), visit(own, "lee"), page_of(own, SHARES)

    pages = [kim.get(path).text for path in ("/app/operator", where)]
    whole = Operated(own).not_taken_in(Person("ida", "operator", "", is_unblinded=True))

    assert all("Severe depressive symptoms" in page for page in pages)
    assert all("kept back, look in the source: records.csv:7" in page for page in pages)
    assert not any("few sessions" in page or "session-attendance is" in page for page in pages)
    assert "1 row of form bdi is kept back and was not looked at" in pages[0]
    assert "of no form that is known" not in pages[0]
    assert "kept back" not in lee.get(where).text
    assert [each[2] for each in whole.signals] == ["bdi", "session-attendance"]
    assert whole.not_looked_at == [("", 1), ("bdi", 1), ("session-attendance", 1)]


def test_a_signal_of_what_was_not_taken_in_counts_among_those_to_look_at(own: Service) -> None:
    kim = visit(own, "kim")
    before = _waiting(kim.get("/app/").text)

    with own.database.write() as tx:
        kept_back.keep(tx, KEPT_BACK[0])

    after = _waiting(kim.get("/app/").text)
    assert after[SHARES] == before.get(SHARES, 0) + 1


def _waiting(page: str) -> dict[str, int]:
    """The signals to look at, by participant."""
    found = re.findall(r'patients/[^"]+">(\w+)</a></th>.*<td>(\d+)</td></tr>', page)
    return {name: int(count) for name, count in found}


def test_an_acknowledgement_is_kept_told_and_in_the_audit_log(own: Service) -> None:
    visitor, page = visit(own, "kim"), page_of(own, REFUSES)
    before = visitor.get(page).text
    (action,) = re.findall(r'action="([^"]+/signals/[0-9a-f]+)"', before)

    for _ in range(2):
        visitor.post(action, {"token": visitor.token(), "version": "1"})

    assert "Acknowledged by kim, 1 Sep 2024" in visitor.get(page).text
    acts = [each.act for each in read_lines(own.audit.path) if each.act.rule == "kim"]
    flag = action.rpartition("/")[2]
    assert [(act.action, act.record, act.what) for act in acts] == [
        ("acknowledge", REFUSES, f"Flag/{flag}/1")
    ]


def test_every_page_is_a_line_in_the_access_log(service: Service) -> None:
    visitor = visit(service, "lee")

    visitor.get(page_of(service, SHARES))

    (file,) = access_files(service.audit.path)
    *_, last = (each for _, each in read_accesses(file))
    assert (last.door, last.interaction, last.person, last.status) == (
        "pages",
        "patient",
        "lee",
        200,
    )
    assert last.about == (SHARES,)
    assert last.id == service.trial.identity.patient(SHARES)
    assert last.count > 50


def test_nobody_is_invited_who_is_not_named(service: Service) -> None:
    with pytest.raises(NotFoundError, match=r"serve\.people"):
        invitation(service, "mallory")


def test_nobody_is_invited_whom_a_proxy_signs_in(service: Service) -> None:
    with pytest.raises(ConflictError, match="a proxy signs in"):
        invitation(service, "pat")


def test_the_command_prints_a_link_that_lets_in(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(service.settings.ledger.parent / "adapter.toml")  # type: ignore[union-attr]

    code = main(["invite", "lee", "--config", config], clock=lambda: NOW)

    link = capsys.readouterr().out.strip()
    assert code == 0
    assert link.startswith("http://127.0.0.1:8000/app/enter?code=")
    entered = Visitor(service_app(service)).post("/app/enter", {"code": link.partition("=")[2]})
    assert entered.status_code == 303
    assert main(["invite", "mallory", "--config", config], clock=lambda: NOW) == 15
