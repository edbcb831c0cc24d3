"""The synthetic trial's second export makes exactly the changes that its generator wrote down."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from adapter.fhir.identity import Identity
from adapter.ingest import Ledger, Report, Snapshot, Trial
from adapter.ingest.run import ingest
from adapter.instruments.form import Form
from adapter.instruments.mapping import read_mapping
from adapter.instruments.study import Study
from adapter.release import Receiver
from adapter.sources.redcap import RecordsFile, read_dictionary
from adapter.store.claiming import Room, claim
from adapter.store.database import Database
from adapter.store.deliveries import Settlement, in_state
from adapter.store.identities import Crosswalk
from adapter.store.settling import settle
from tests.keys import CROSSWALK_KEYS
from tests.unit.ingest.project import EVERYTHING, KEY, NOW

ROOT = Path(__file__).parents[3]
CASE = ROOT / "fixtures" / "idbt-pain"
CHANGES = json.loads((CASE / "changes.json").read_text("utf-8"))
AS_OF = json.loads((CASE / "cohort.json").read_text("utf-8"))["as_of"]
CLINIC = "northside-clinic"
AMENDED = {
    ("1042", "week_9_arm_1", "ders18"): {
        *("ders-18-total", "ders-18-goals", "ders-18-total-change"),
    },
    ("1042", "week_9_arm_1", "bdi_total"): {"bdi-total", "bdi-total-change"},
    ("1062", "week_0_arm_1", "pcl_c"): {"pcl-c-total", "pcl-c-reexperiencing"},
    ("1070", "week_21_arm_1", "mos_sleep"): {"mos-sleep-snoring"},
}
"""The scores that the generator says each correction changes, in the words of the mappings."""
FOLLOWING = {("1062", "week_9_arm_1", "pcl_c"), ("1062", "week_21_arm_1", "pcl_c")}
"""What was said of the change since a baseline that is corrected."""
COMPLETED = ("1088", "week_21_arm_1", "pcl_c")
OBSERVED = 10
"""Of a finished PCL-C: total, clusters (3), criteria (3), diagnosis, the total's change, panel."""
DELETED, WITHDRAWN = "1049", "1026"
Place = tuple[str, str, str]


@dataclass(frozen=True)
class Change:
    """One version that a run made."""

    participant: str
    place: Place | None
    type: str
    is_retracted: bool
    resource: dict[str, Any]

    @property
    def status(self) -> str:
        return str(self.resource.get("status", ""))

    @property
    def code(self) -> str:
        return str(self.resource["code"]["coding"][-1]["code"])


@dataclass(frozen=True)
class Story:
    """What three ingests did: the first export, the second, and the second again."""

    reports: list[Report]
    changes: list[list[Change]]
    owed: list[Counter[str]]


def trial() -> Trial:
    study, _, problems = read_mapping(
        (ROOT / "mappings/studies/idbt-pain.yaml").read_text("utf-8"), "idbt-pain.yaml", Study
    )
    assert study is not None, problems
    forms: dict[str, Form] = {}
    for path in (ROOT / "mappings/instruments").glob("*.yaml"):
        form, _, problems = read_mapping(path.read_text("utf-8"), path.name, Form)
        assert form is not None, problems
        forms[form.id] = form
    answers = frozenset({"QuestionnaireResponse", "Observation", "AdverseEvent", "Provenance"})
    receivers = (
        Receiver("research-repository", "research", EVERYTHING),
        Receiver(CLINIC, "care", answers),
    )
    return Trial(study, forms, Identity(study, KEY), receivers, "1.2.3")


def changes_since(database: Database, place: int) -> list[Change]:
    tx = database.read()
    places: dict[str, Place] = {
        row["unit"]: tuple(json.loads(row["place"])[:3])
        for row in tx.execute("SELECT unit, place FROM instance")
    }
    return [
        Change(
            row["participant"],
            places.get(row["unit"]),
            row["type"],
            bool(row["is_retracted"]),
            json.loads(row["text"]),
        )
        for row in tx.execute("SELECT * FROM version WHERE place > ? ORDER BY place", (place,))
    ]


def deliver(database: Database) -> None:
    """The clinic takes all that is sent to it."""
    with database.write() as tx:
        while claimed := claim(tx, CLINIC, Room(5_000), NOW):
            settle(tx, [Settlement(each.seq, "accepted") for each in claimed], NOW)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("idbt-pain")
    told = trial()
    dictionary = read_dictionary(CASE / "dictionary.csv")
    story = Story([], [], [])
    with (
        closing(Database(folder / "ledger.sqlite")) as database,
        closing(Crosswalk(folder / "who.sqlite", CROSSWALK_KEYS)) as crosswalk,
    ):
        for name in ("records.csv", "records-2.csv", "records-2.csv"):
            last = database.read().execute("SELECT coalesce(max(place), 0) FROM version").fetchone()
            source = Snapshot(
                RecordsFile(CASE / name, dictionary, told.study),
                datetime.fromisoformat(AS_OF[name]),
                missing_limit=5,
            )
            story.reports.append(ingest(Ledger(database, crosswalk), told, source, NOW))
            story.changes.append(changes_since(database, last[0]))
            owed = in_state(database.read(), CLINIC, "queued", 100_000)
            story.owed.append(Counter(f"{each.action} {each.type}" for each in owed))
            deliver(database)
        yield story


def rows_of(name: str) -> list[dict[str, str]]:
    with (CASE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_first_export_goes_through_whole(story: Story) -> None:
    report = story.reports[0]

    assert report.problems == 0
    assert report.counts["participant"] == {"created": 89}
    assert report.counts["adverse-event"] == {"created": 3}
    timed = sum(bool(row["ders18_timestamp"]) for row in rows_of("records.csv"))
    assert report.counts["ders-18"] == {"created": timed}


def test_the_generator_and_this_test_speak_of_the_same_changes() -> None:
    listed = Counter(change["kind"] for change in CHANGES)
    corrected = {
        (change["record"], change["event"], change["form"])
        for change in CHANGES
        if change["kind"] == "corrected"
    }

    assert listed == {"corrected": 4, "completed": 1, "deleted": 1, "withdrawn": 1}
    assert corrected == set(AMENDED)


def test_only_the_changes_that_were_written_down_make_versions(story: Story) -> None:
    changed = {
        change.place or (change.participant, "", "")
        for change in story.changes[1]
        if change.participant != DELETED
    }

    assert changed == {*AMENDED, *FOLLOWING, COMPLETED, (WITHDRAWN, "", "")}


@pytest.mark.parametrize("place", AMENDED, ids="-".join)
def test_a_correction_amends_the_scores_that_it_changes_and_no_other(
    story: Story, place: Place
) -> None:
    made = [change for change in story.changes[1] if change.place == place]

    observed = {change.code: change.status for change in made if change.type == "Observation"}
    responses = [change.status for change in made if change.type == "QuestionnaireResponse"]
    assert observed == dict.fromkeys(AMENDED[place], "amended")
    assert responses == ([] if place[2] == "bdi_total" else ["amended"])


def test_the_form_that_was_finished_is_completed_and_scored(story: Story) -> None:
    made = [change for change in story.changes[1] if change.place == COMPLETED]

    statuses = Counter((change.type, change.status) for change in made)
    assert statuses == {
        ("QuestionnaireResponse", "completed"): 1,
        ("Observation", "final"): OBSERVED,
        ("Provenance", ""): 1,
    }


def test_the_deleted_record_is_retracted_with_everything(story: Story) -> None:
    before = [change for change in story.changes[0] if change.participant == DELETED]
    made = [change for change in story.changes[1] if change.participant == DELETED]

    stays = {"Provenance"}
    assert Counter(each.type for each in made) == Counter(
        each.type for each in before if each.type not in stays
    )
    assert all(each.is_retracted for each in made)
    assert {each.status for each in made if each.type not in {"Patient", "ResearchSubject"}} == {
        "entered-in-error"
    }


def test_the_withdrawal_ends_one_consent(story: Story) -> None:
    (made,) = [change for change in story.changes[1] if change.participant == WITHDRAWN]

    assert (made.type, made.status) == ("Consent", "inactive")
    assert made.resource["policy"][0]["uri"].endswith("/share-with-clinic")
    assert made.resource["provision"]["period"]["end"] == "2024-09-06"


def test_the_clinic_is_owed_the_retraction_of_two_records_and_the_changes_of_the_others(
    story: Story,
) -> None:
    sent = Counter(
        change.type
        for change in story.changes[0]
        if change.participant in {DELETED, WITHDRAWN}
        and change.type in {"QuestionnaireResponse", "Observation"}
        # What tells the arm was never owed to the clinic, which must not know it.
        and (change.place is None or change.place[2] != "session_attendance")
    )

    owed = {word: count for word, count in story.owed[1].items() if word.startswith("retract")}
    assert owed == {f"retract {kind}": count for kind, count in sent.items()}
    amended = sum(map(len, AMENDED.values()))
    assert story.owed[1]["put Observation"] == amended + OBSERVED + len(FOLLOWING)


@pytest.mark.parametrize("place", sorted(FOLLOWING), ids="-".join)
def test_the_change_since_a_corrected_baseline_is_amended_and_nothing_else_there(
    story: Story, place: Place
) -> None:
    made = [change for change in story.changes[1] if change.place == place]

    observed = {change.code: change.status for change in made if change.type == "Observation"}
    assert observed == {"pcl-c-total-change": "amended"}
    assert Counter(change.type for change in made) == {"Observation": 1, "Provenance": 1}


def test_the_second_export_read_again_changes_nothing(story: Story) -> None:
    report = story.reports[2]

    assert story.changes[2] == []
    assert story.owed[2] == {}
    assert {word for counts in report.counts.values() for word in counts} == {"unchanged"}
    assert report.problems == 0
