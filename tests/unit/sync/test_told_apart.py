"""One trial, two receivers: a desk that may know the arm, and a repository that may not.

The trial is `fixtures/next-trial`, both exports, with the shipped clinic profiles, before simulated
record systems: what they hold in the end is looked at, not what was meant to be sent.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapter.cli import main
from adapter.fhir.text import read_text
from adapter.ingest import Ledger
from adapter.ingest.run import ingest
from adapter.service import Service, open_service
from adapter.store import deliveries, versions
from adapter.sync.client import FhirClient
from adapter.sync.clinic import Clinic
from adapter.sync.plan import plan
from adapter.sync.push import push
from adapter.sync.verify import verify
from tests.keys import CROSSWALK_KEY
from tests.unit.fhir.research_profile import BASE, breaches
from tests.unit.sync.far_side import BASE as FAR
from tests.unit.sync.far_side import FarSide

Resource = dict[str, Any]
ROOT = Path(__file__).parents[3]
TRIAL = ROOT / "fixtures" / "next-trial"
DESK, REPOSITORY = "safety-desk", "research-repository"
EXPORTS = {"records.csv": "2025-05-20T12:00:00-02:30", "records-2.csv": "2025-06-10T12:00:00-02:30"}
NOW = datetime(2025, 6, 10, 15, tzinfo=UTC)
PAGES = (("status", "--json"), ("plan", "--json"), ("audit", "show", "--json"))
MARKS = ("suspectEntity", "suspect-entity", "ae_related", "in-session", "A programme", "Procedure")


@dataclass
class Two:
    """The trial's folder, and what stands at each receiver."""

    folder: Path
    far: dict[str, FarSide]

    @property
    def config(self) -> Path:
        return self.folder / "adapter.toml"

    def read(self, export: str) -> None:
        """Takes an export in."""
        self._configure(export)
        with open_service(self.config) as service:
            ledger = Ledger(service.database, service.crosswalk)
            for source in service.sources():
                report = ingest(ledger, service.trial, source, NOW.isoformat())
                assert report.problems == 0

    @contextmanager
    def at(self, name: str) -> Iterator[Clinic]:
        """A receiver at work."""
        with open_service(self.config) as service:
            yield self._connected(service, name)

    def deliver(self, name: str) -> None:
        """Delivers all and reads it back; nothing may be refused, missing or changed."""
        with self.at(name) as clinic:
            told = plan(clinic)
            done = push(clinic)
            found = verify(clinic)
        assert done.refused == found.missing == found.drifted == {}
        # Of what comes back, `plan` cannot tell the few events that were deleted from those marked.
        assert told.create + told.update == done.created + done.updated
        assert told.retract == done.retracted

    def held(self, name: str, kind: str) -> list[Resource]:
        """All of a type that a receiver holds."""
        bundle = httpx.Client(transport=self.far[name], base_url=FAR).get(f"{kind}?_count=200")
        return [entry["resource"] for entry in bundle.json().get("entry", ())]

    def change(self, name: str, old: str, new: str) -> None:
        """Changes a receiver's profile."""
        path = self.folder / f"{name}.yaml"
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    def _connected(self, service: Service, name: str) -> Clinic:
        (clinic,) = (each for each in service.clinics if each.name == name)
        http = httpx.Client(transport=self.far[name], base_url=FAR, trust_env=False)
        client = FhirClient(http, lambda: NOW)
        return replace(clinic, client=client, clock=lambda: NOW, sleep=lambda _: None)

    def _configure(self, export: str) -> None:
        clinics = "".join(
            f'[[clinics]]\nprofile = "{name}.yaml"\nurl = "http://127.0.0.1:9/{name}"\n'
            for name in self.far
        )
        self.config.write_text(
            f"""
study = "{TRIAL / "study.yaml"}"
instruments = "{ROOT / "mappings" / "instruments"}"
ledger = "ledger.sqlite"
crosswalk = "crosswalk.sqlite"
crosswalk_key_file = "who.key"
key_file = "key"
[[sources]]
kind = "redcap"
dictionary = "{TRIAL / "dictionary.csv"}"
records = "{TRIAL / export}"
as_of = {EXPORTS[Path(export).name]}
missing_limit = 5
{clinics}""",
            "utf-8",
        )


@pytest.fixture
def two(tmp_path: Path) -> Two:
    """Both receivers, empty; the first export is read."""
    trial = Two(tmp_path, {name: FarSide(lambda: NOW) for name in (DESK, REPOSITORY)})
    (tmp_path / "who.key").write_text(CROSSWALK_KEY, "utf-8")
    (tmp_path / "key").write_text("synthetic people need no secret", "utf-8")
    for name in trial.far:
        text = (ROOT / "mappings" / "clinics" / f"{name}.yaml").read_text("utf-8")
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    trial.read("records.csv")
    return trial


def term(event: Resource) -> str:
    said: str = event["event"]["text"]
    return said.partition(" ")[0]


def test_the_desk_gets_events_in_the_profile_where_it_can_say_them_and_else_in_base_r4(
    two: Two,
) -> None:
    two.deliver(DESK)

    events = {term(event): event for event in two.held(DESK, "AdverseEvent")}
    shaped = {word for word, event in events.items() if "modifierExtension" in event}
    assert shaped == {"Admitted", "Low", "Pain", "Blurred"}
    assert events.keys() - shaped == {"Panic", "Headache"}  # outcome unknown; term and day alone
    assert [breaches(events[word]) for word in shaped] == [[]] * 4
    assert events["Blurred"]["modifierExtension"][0]["valueCode"] == "in-progress"
    assert "suspectEntity" in events["Panic"]
    people = {each["subject"]["reference"] for each in two.held(DESK, "Procedure")}
    assert people == {
        events[word]["subject"]["reference"] for word in ("Admitted", "Pain", "Panic")
    }


def test_the_repository_holds_nothing_that_tells_the_arm(two: Two) -> None:
    two.deliver(REPOSITORY)
    two.read("records-2.csv")
    two.deliver(REPOSITORY)

    sent = b"".join(request.content for request in two.far[REPOSITORY].requests).decode()
    assert '"resourceType":"AdverseEvent"' in sent
    assert [mark for mark in MARKS if mark in sent] == []


def test_the_desk_is_told_all_of_it(two: Two) -> None:
    two.deliver(DESK)

    sent = b"".join(request.content for request in two.far[DESK].requests).decode()
    assert [mark for mark in MARKS if mark not in sent] == []


def test_the_copies_and_their_bundles_say_how_restricted_they_are(two: Two) -> None:
    two.deliver(DESK)
    two.deliver(REPOSITORY)

    whole, blinded = labels(two, DESK), labels(two, REPOSITORY)
    assert {whole[kind] for kind in ("AdverseEvent", "Procedure")} == {("V",)}
    assert blinded["AdverseEvent"] == ("R", "REDACTED", "arm-concealed")
    assert blinded["Observation"] == ("R",)
    bundles = {name: labels_of_bundles(two, name) for name in two.far}
    assert {"V"} < bundles[DESK] <= {"V", "R", ""}
    assert "R" in bundles[REPOSITORY] <= {"R", ""}


def labels(two: Two, name: str) -> dict[str, tuple[str, ...]]:
    """The labels that all resources of a type have at a receiver."""
    found = {}
    for kind in ("AdverseEvent", "Observation", "Procedure"):
        told = [[each["code"] for each in one["meta"]["security"]] for one in two.held(name, kind)]
        assert all(each == told[0] for each in told)
        found[kind] = tuple(*told[:1])
    return found


def labels_of_bundles(two: Two, name: str) -> set[str]:
    """The labels of the transactions that a receiver got, each held against what stands in it."""
    found = set()
    for request in two.far[name].requests:
        bundle = json.loads(request.content or b"{}")
        if bundle.get("type") != "transaction":
            continue
        said = [each["code"] for each in bundle.get("meta", {}).get("security", [])]
        within = {
            label["code"]
            for entry in bundle["entry"]
            for label in entry.get("resource", {}).get("meta", {}).get("security", [])
        }
        assert said == ([code for code in ("V", "R") if code in within][:1])
        found.add("".join(said))
    return found


def test_what_is_taken_back_is_marked_in_the_profile_and_deleted_in_base_r4(two: Two) -> None:
    two.deliver(DESK)
    two.deliver(REPOSITORY)
    two.read("records-2.csv")

    two.deliver(DESK)
    two.deliver(REPOSITORY)

    at_desk = {term(event): event for event in two.held(DESK, "AdverseEvent")}
    status = {
        word: event["modifierExtension"][0]["valueCode"]
        for word, event in at_desk.items()
        if "modifierExtension" in event
    }
    assert status == {
        "Admitted": "completed",
        "Low": "completed",
        "Blurred": "completed",
        "Pain": "entered-in-error",
    }
    assert "Headache" not in at_desk  # in base R4 and withdrawn: deleted there
    assert {term(event) for event in two.held(REPOSITORY, "AdverseEvent")} == {
        *("Admitted", "Low", "Panic", "Blurred"),
    }
    procedures = [each["status"] for each in two.held(DESK, "Procedure")]
    assert sorted(procedures) == ["entered-in-error", "unknown", "unknown"]


def test_an_event_that_comes_back_after_it_was_taken_back_is_counted_as_an_update(
    two: Two,
) -> None:
    two.deliver(DESK)
    two.read("records-2.csv")
    two.deliver(DESK)
    two.read("records.csv")

    two.deliver(DESK)

    events = {term(event): event for event in two.held(DESK, "AdverseEvent")}
    (status,) = events["Pain"]["modifierExtension"]
    assert status == {"url": f"{BASE}status", "valueCode": "completed"}


def with_event(folder: Path, **cells: str) -> str:
    """The first export with the first adverse event told otherwise, as a file."""
    rows = list(csv.DictReader(io.StringIO((TRIAL / "records.csv").read_text("utf-8"))))
    first = next(row for row in rows if row["ae_related"] == "3")
    assert all(first[name] != value for name, value in cells.items())
    first.update(cells)
    path = folder / "records.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def sent_since(two: Two, name: str, before: int) -> list[str]:
    """The addresses of what was written to a receiver after so many transactions."""
    return [
        entry["request"]["url"]
        for entries in two.far[name].transactions[before:]
        for entry in entries
        if entry["request"]["method"] != "GET"
    ]


@pytest.mark.parametrize("related", ["1", "4", ""], ids=["less", "more", "no word of it"])
def test_a_correction_that_the_blinded_cannot_see_is_sent_to_who_may_know_alone(
    two: Two, related: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in two.far:
        two.deliver(name)
    before = {name: len(far.transactions) for name, far in two.far.items()}
    exported = export(two, "before")
    was = [page(two, capsys, *words) for words in PAGES]

    two.read(with_event(two.folder, ae_related=related))
    status, told, _ = (page(two, capsys, *words) for words in PAGES)
    for name in two.far:
        two.deliver(name)
    log = page(two, capsys, "audit", "show", "--json")

    kinds = [url.partition("/")[0] for url in sent_since(two, DESK, before[DESK])]
    assert {"AdverseEvent", "Provenance"} <= set(kinds) <= {"AdverseEvent", "Provenance"}
    assert sent_since(two, REPOSITORY, before[REPOSITORY]) == []
    assert [of(REPOSITORY, each) for each in (status, told)] == [
        of(REPOSITORY, each) for each in was[:2]
    ]
    assert log == was[2]
    assert export(two, "after") == exported


def test_what_the_blinded_can_see_is_sent_to_them_even_after_what_they_could_not(
    two: Two,
) -> None:
    two.deliver(REPOSITORY)
    two.read(with_event(two.folder, ae_related="1"))
    two.deliver(REPOSITORY)
    before = len(two.far[REPOSITORY].transactions)

    two.read(with_event(two.folder, ae_related="1", ae_term="Admitted for a night"))
    two.deliver(REPOSITORY)

    sent = sent_since(two, REPOSITORY, before)
    assert [url.partition("/")[0] for url in sent] == ["AdverseEvent", "Provenance"]
    (event,) = (each for each in two.held(REPOSITORY, "AdverseEvent") if "night" in str(each))
    assert f"AdverseEvent/{event['id']}" == sent[0]


def test_an_unblinding_sends_what_tells_of_one_person_to_the_clinic_that_was_told(
    two: Two, capsys: pytest.CaptureFixture[str]
) -> None:
    two.change(REPOSITORY, "ResearchSubject, ", "ResearchSubject, Procedure, ")
    two.deliver(REPOSITORY)
    (record,) = (row["record_id"] for row in events() if row["ae_related"] == "3")
    before = len(two.far[REPOSITORY].transactions)

    words = ("unblind", record, "--clinic", REPOSITORY, "--reason", "emergency")
    assert main([*words, "--config", str(two.config)]) == 0
    two.deliver(REPOSITORY)

    capsys.readouterr()
    sent = {url.partition("/")[0] for url in sent_since(two, REPOSITORY, before)}
    assert sent == {"Procedure", "AdverseEvent", "Provenance"}
    mine = [each for each in two.held(REPOSITORY, "AdverseEvent") if "suspectEntity" in each]
    (procedure,) = two.held(REPOSITORY, "Procedure")
    assert {each["subject"]["reference"] for each in mine} == {procedure["subject"]["reference"]}


def test_a_receiver_that_may_know_from_now_on_gets_what_tells(two: Two) -> None:
    two.deliver(REPOSITORY)
    two.read(with_event(two.folder, ae_related="4"))  # which it could not see
    two.deliver(REPOSITORY)
    withheld = held_back(two)

    two.change(REPOSITORY, "ResearchSubject, ", "ResearchSubject, Procedure, ")
    two.change(REPOSITORY, "ladder:", "unblinded: true\nladder:")
    two.read(with_event(two.folder, ae_related="4"))
    two.deliver(REPOSITORY)

    assert (withheld, held_back(two)) == (("therapy",), ())
    for kind in ("AdverseEvent", "Procedure"):
        with two.at(REPOSITORY) as clinic:
            ours = [
                read_text(version.text)
                for version in versions.of_type(clinic.database.read(), kind)
            ]
        assert {each["id"]: each.get("suspectEntity") for each in two.held(REPOSITORY, kind)} == {
            each["id"]: each.get("suspectEntity") for each in ours
        }


def held_back(two: Two) -> tuple[str, ...]:
    """What a plan says is never told to the repository."""
    with two.at(REPOSITORY) as clinic:
        return plan(clinic).withheld


def events() -> list[dict[str, str]]:
    """The rows of the first export that tell of an adverse event."""
    rows = csv.DictReader(io.StringIO((TRIAL / "records.csv").read_text("utf-8")))
    return [row for row in rows if row["ae_term"]]


def page(two: Two, capsys: pytest.CaptureFixture[str], *words: str) -> Any:  # noqa: ANN401 - JSON
    """What a command prints."""
    capsys.readouterr()
    assert main([*words, "--config", str(two.config)]) == 0
    return json.loads(capsys.readouterr().out)


def of(name: str, document: Any) -> Any:  # noqa: ANN401 - JSON
    """What a page says of one receiver."""
    return next(each for each in document["clinics"] if each["name"] == name)


def export(two: Two, name: str) -> dict[str, bytes]:
    """Every file of an export but the manifest, which has its time."""
    out = two.folder / name
    assert main(["export", "--config", str(two.config), "--out", str(out)]) == 0
    return {path.name: path.read_bytes() for path in out.glob("*.ndjson")}


def test_a_receiver_that_may_no_longer_know_gets_no_more_of_it(two: Two) -> None:
    two.change(DESK, "unblinded: true", "unblinded: false")

    with two.at(DESK) as clinic:
        done = push(clinic)

    assert done.held["Procedure", "blinding"] == 3
    assert two.held(DESK, "Procedure") == []
    assert "suspect-entity" not in json.dumps(two.held(DESK, "AdverseEvent"))


def test_what_a_receiver_holds_that_became_blinded_is_for_a_person_and_then_written_over(
    two: Two,
) -> None:
    two.deliver(DESK)
    two.change(DESK, "unblinded: true", "unblinded: false")
    two.change(DESK, "adverse_events: research-backport", "adverse_events: base")

    with two.at(DESK) as clinic:
        drifted = verify(clinic).drifted
        with clinic.database.write() as tx:
            deliveries.retry(tx, clinic.name, clinic.now())
        push(clinic)
        after = verify(clinic)

    assert drifted["AdverseEvent"] == 6  # each has another label at least
    assert after.drifted == {}
    held = json.dumps(two.held(DESK, "AdverseEvent"))
    assert [mark for mark in (*MARKS, "modifierExtension") if mark in held] == []


def test_an_export_is_blinded(two: Two, capsys: pytest.CaptureFixture[str]) -> None:
    out = two.folder / "out"

    assert main(["export", "--config", str(two.config), "--out", str(out)]) == 0

    capsys.readouterr()
    told = "".join(path.read_text("utf-8") for path in out.glob("*.ndjson"))
    assert (out / "AdverseEvent.ndjson").exists()
    assert not (out / "Procedure.ndjson").exists()
    assert [mark for mark in MARKS if mark in told] == []


def test_check_warns_of_whoever_may_know_and_everything_still_works(
    two: Two, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["check", "--config", str(two.config), "--json"])

    (warning,) = json.loads(capsys.readouterr().out)["findings"]
    assert code == 0
    assert (warning["file"], warning["field"]) == (f"{DESK}.yaml", "unblinded")
    assert warning["severity"] == "warning"


def test_an_unblinded_receiver_of_events_must_take_the_therapy_that_they_name(
    two: Two, capsys: pytest.CaptureFixture[str]
) -> None:
    two.change(DESK, "Procedure, ", "")

    assert main(["check", "--config", str(two.config)]) == 10

    assert "`Procedure` in `accepts`" in capsys.readouterr().out
