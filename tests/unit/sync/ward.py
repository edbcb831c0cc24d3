"""A clinic where people answer forms, beside the small trial that they take part in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from adapter.fhir.identity import questionnaire_url
from adapter.ingest import Trial
from adapter.store import inbox, instances, versions
from adapter.store.database import Database
from adapter.store.identities import Crosswalk
from adapter.store.inbox import Received
from adapter.sync.client import FhirClient
from adapter.sync.clinic import Clinic
from adapter.sync.ladder import choose_all, receiver_of
from adapter.sync.profile import ClinicProfile, PatientRule, PullRule
from adapter.sync.pull import PullReport, pull
from adapter.sync.push import push
from adapter.sync.relinked import follow_links
from adapter.sync.run import PushReport
from adapter.sync.verify import VerifyReport, verify
from tests.keys import CROSSWALK_KEYS
from tests.unit.ingest import project
from tests.unit.ingest.project import Bench, Cells
from tests.unit.sync.far_side import BASE, FarSide

Resource = dict[str, Any]
FORM = questionnaire_url(project.small_trial().forms["mood"])
OPTION = "https://trial-fhir-adapter.example.org/fhir/CodeSystem/answer"
PROFILE = ClinicProfile(
    kind="clinic",
    id=project.CLINIC,
    title="North clinic",
    purpose="care",
    ladder=("transaction",),
    accepts=(
        "Device",
        "ResearchStudy",
        "Questionnaire",
        "QuestionnaireResponse",
        "Observation",
        "Provenance",
    ),
    patient=PatientRule(find_by="ihi"),
    pull=PullRule(),
)


@dataclass
class Ward:
    """The trial's ledger, and a record system where person 1 is the Patient 77, person 2 is 78."""

    folder: Path
    where: Path | str
    profile: ClinicProfile = PROFILE
    study: str = project.STUDY
    now: datetime = datetime(2024, 3, 20, 22, 30, tzinfo=UTC)
    people: dict[str, Cells] = field(default_factory=dict)
    later: list[Cells] = field(default_factory=list)

    def open(self) -> None:
        small = project.small_trial(self.study)
        choices = choose_all(self.profile, None, small.forms.values())
        mine = receiver_of(self.profile, choices)
        self.trial: Trial = replace(small, receivers=(project.RECEIVERS[0], mine))
        self.database = Database(self.where)
        self.crosswalk = Crosswalk(self.folder / "who.sqlite", CROSSWALK_KEYS)
        self.bench = Bench(self.folder, self.database, self.crosswalk, self.trial)

    def close(self) -> None:
        self.crosswalk.close()
        self.database.close()

    def admit(self, *records: str) -> None:
        """These people take part, agree to everything, and are linked."""
        for record in records:
            self.people.setdefault(record, project.person(record))
        self.ingest()
        for number, record in enumerate(("1", "2", "3")):
            if record in self.people:
                self.crosswalk.link(self.profile.id, record, str(77 + number), "now")

    def ingest(self, **cells: Cells) -> Any:  # noqa: ANN401 - a report
        """Reads the trial's export, which holds these more cells of `p1` or `p2`."""
        for name, said in cells.items():
            self.people[name[1:]].update(said)
        return self.bench.ingest(*self.people.values(), *self.later, missing_limit=100)

    # The record system

    def connect(self) -> None:
        self.far = FarSide(lambda: self.now)
        self.far.system.seed(
            {"resourceType": "Patient", "id": name, "active": True} for name in ("77", "78", "79")
        )
        self.http = httpx.Client(transport=self.far, base_url=BASE, trust_env=False)

    @property
    def clinic(self) -> Clinic:
        return Clinic(
            self.profile,
            FhirClient(self.http, lambda: self.now),
            self.database,
            self.crosswalk,
            self.trial.study,
            self.trial.identity,
            lambda: self.now,
            lambda _: None,
            forms=self.trial.forms,
        )

    def write(self, id_: str, *answers: int, **more: object) -> Resource:
        """Somebody at the clinic answers the mood form, or changes it a minute later."""
        self.now += timedelta(minutes=1)
        resource = self.response(id_, *answers, **more)
        self.far.put(resource)
        return resource

    def response(self, id_: str, *answers: int, **more: object) -> Resource:
        """A response to the mood form by the clinic's own renderer, of Patient 77 in week 0."""
        items = [
            {"linkId": f"mood-{number}", "answer": [{"valueCoding": option(value)}]}
            for number, value in enumerate(answers, start=1)
        ]
        return {
            "resourceType": "QuestionnaireResponse",
            "id": id_,
            "questionnaire": f"{FORM}|1.0.0",
            "status": "completed",
            "subject": {"reference": "Patient/77"},
            "authored": "2024-02-05T09:00:00+11:00",
            "item": items,
            **more,
        }

    # What is done, and what became of it

    def pull(self, *, is_full: bool = False) -> PullReport:
        return pull(self.clinic, self.trial, is_full=is_full)

    def push(self) -> PushReport:
        follow_links(self.clinic, self.trial)
        return push(self.clinic)

    def verify(self) -> VerifyReport:
        return verify(self.clinic)

    def became(self, *, is_full: bool = False) -> dict[str, int]:
        """What a pull made of what it found."""
        return {word: count for word, count in self.pull(is_full=is_full).became.items() if count}

    def row(self, id_: str) -> Received:
        """What is known of a response of the clinic."""
        found = inbox.find(self.database.read(), self.profile.id, "QuestionnaireResponse", id_)
        assert found is not None
        return found

    def unit(self, record: str = "1", timepoint: str = "week-0") -> str:
        return self.trial.identity.unit(record, "mood", timepoint, None)

    def answers(self, record: str = "1", timepoint: str = "week-0") -> list[str] | None:
        """The codes that stand in the ledger for a mood form, None where none do."""
        unit = self.unit(record, timepoint)
        version = versions.latest(self.database.read(), "QuestionnaireResponse", unit)
        if version is None or version.is_retracted:
            return None
        resource = json.loads(version.text)
        return [
            answer["valueCoding"]["code"].rpartition("-")[2]
            for item in resource["item"]
            for answer in item["answer"]
            if "valueCoding" in answer
        ]

    def total(self, record: str = "1", timepoint: str = "week-0") -> int | None:
        """The mood's total that stands, None where none does."""
        name = self.trial.identity.part(self.unit(record, timepoint), "total")
        version = versions.latest(self.database.read(), "Observation", name)
        if version is None or version.is_retracted:
            return None
        said = json.loads(version.text)
        return int(said["valueQuantity"]["value"])

    def status(self, record: str = "1", timepoint: str = "week-0") -> str | None:
        known = instances.instance(self.database.read(), self.unit(record, timepoint))
        return None if known is None else known.status


def option(value: int) -> Resource:
    """The code of an answer to the mood form."""
    return {"system": OPTION, "code": f"mood-often-{value}"}


@contextmanager
def opened(
    folder: Path,
    where: Path | str,
    profile: ClinicProfile = PROFILE,
    study: str = project.STUDY,
) -> Iterator[Ward]:
    """A ward that person 1 is admitted to."""
    ward = Ward(folder, where, profile, study)
    ward.open()
    ward.connect()
    ward.admit("1")
    yield ward
    ward.http.close()
    ward.close()
