"""A trial that goes on: its database, its ledger, two record systems, and what hits the wire.

Everything is made of plain values, so that a history that breaks a law can be read, and shortened.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, Self

import httpx

from adapter.errors import EhrError, NotFoundError
from adapter.ingest import Ledger, Trial
from adapter.ingest.participation import withdraw
from adapter.ingest.run import ingest
from adapter.instruments.form import Form
from adapter.instruments.participant import ConsentWord
from adapter.instruments.study import Study
from adapter.store.database import Database
from adapter.store.identities import Crosswalk
from adapter.sync.client import FhirClient
from adapter.sync.clinic import Clinic
from adapter.sync.ladder import receiver_of
from adapter.sync.profile import ClinicProfile, PatientRule
from adapter.sync.push import push
from adapter.sync.verify import verify
from tests.keys import CROSSWALK_KEYS
from tests.unit.ingest import project
from tests.unit.sync.desk import limited, patient
from tests.unit.sync.far_side import BASE, FarSide, Take, answering, lost, outcome

Resource = dict[str, Any]
Which = Literal["repository", "clinic"]
Place = Literal["mood", "mood later", "pain", "tally"]
Consent = Literal["research", "share"]

RECORDS = ("1", "2")
CONSENTS: tuple[Consent, ...] = ("research", "share")
PURPOSES = {"repository": "research", "clinic": "share"}
NOW = datetime(2024, 3, 20, 22, 30, tzinfo=UTC)
# The arm can be told from the tally: it leaves for nobody.
STUDY = project.STUDY.replace(
    "source_form: tally, at: [week-0, week-4]",
    "source_form: tally, at: [week-0, week-4], reveals_allocation: true",
).replace("participant:\n", "baseline: week-0\nparticipant:\n", 1)
# A look at the third mood and at a tally that rose is asked of the repository, and of nobody else.
STUDY += """\
safety:
  version: "1.0.0"
  source: made up for tests
  send_to: [research]
  signals:
    - {id: third, title: Third, form: mood, items: [mood-3], at_least: 2, level: urgent}
    - {id: worse, title: Worse, form: mood, scale: total, worse_by: 3, level: review}
    - {id: tally, title: Tally, form: tally, scale: total, at_least: 2, level: review}
"""
REPOSITORY = limited(
    ClinicProfile(
        kind="clinic",
        id="repository",
        title="A research repository",
        purpose="research",
        ladder=("transaction",),
        accepts=(
            *("Device", "ResearchStudy", "Questionnaire", "Patient", "ResearchSubject"),
            *("Consent", "QuestionnaireResponse", "Observation", "AdverseEvent", "Provenance"),
            *("Flag", "Task"),
        ),
        patient=PatientRule(create=True),
    ),
    entries=7,
)
CLINIC = REPOSITORY.model_copy(
    update={
        "id": "clinic",
        "purpose": "care",
        "accepts": (
            *("Device", "ResearchStudy", "Questionnaire"),
            *("QuestionnaireResponse", "Observation", "AdverseEvent", "Provenance"),
        ),
        "patient": PatientRule(find_by="ihi"),
    }
)
PROFILES: dict[Which, ClinicProfile] = {"repository": REPOSITORY, "clinic": CLINIC}


@dataclass(frozen=True, slots=True)
class Answered:
    """Somebody's form says this now; None: it is not there."""

    record: str
    place: Place
    value: int | None


@dataclass(frozen=True, slots=True)
class Happened:
    """Somebody's adverse event of this number; None: it is not there."""

    record: str
    number: int
    what: str | None


@dataclass(frozen=True, slots=True)
class Agreed:
    """What the source says of somebody's consent."""

    record: str
    consent: Consent
    word: ConsentWord


@dataclass(frozen=True, slots=True)
class Present:
    """Whether the source holds somebody at all."""

    record: str
    is_present: bool


Change = Answered | Happened | Agreed | Present
Hit = Literal[
    "passes",
    "nobody",
    "busy",
    "lost",
    "lost late",
    "broken",
    "broken late",
    "HTML late",
    "too few late",
    "killed",
    "killed late",
]


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """While a request is on its way, another process reads an export with these changes."""

    changes: tuple[Change, ...]
    is_late: bool


@dataclass(frozen=True, slots=True)
class Ingested:
    """An export with these changes is read; or its reading is killed after the first rows."""

    changes: tuple[Change, ...]
    is_killed: bool = False


@dataclass(frozen=True, slots=True)
class Withdrew:
    """The operator records a withdrawal."""

    record: str
    consent: Consent


@dataclass(frozen=True, slots=True)
class Pushed:
    """A push, and what hits its requests, one after the other."""

    clinic: Which
    hits: tuple[Hit | Meanwhile, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """A reading back, and what hits its requests."""

    clinic: Which
    hits: tuple[Hit | Meanwhile, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """The clinic joins now; until then the repository alone receives."""


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The adapter is replaced by a newer one."""


Step = Ingested | Withdrew | Pushed | Verified | Joined | Upgraded


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Person:
    """One record of the source."""

    is_present: bool = True
    answers: dict[Place, int] = field(default_factory=lambda: {"mood": 1})
    events: dict[int, str] = field(default_factory=dict)
    consents: dict[Consent, ConsentWord] = field(
        default_factory=lambda: {"research": "given", "share": "given"}
    )


@contextmanager
def opened(history: Iterable[Step]) -> Iterator[World]:
    """A new world for a history; where it can be, its ledger is kept in memory."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
    has_joined = not any(isinstance(step, Joined) for step in history)
    where = memory if os.access(memory, os.W_OK) else None
    with (
        TemporaryDirectory(dir=where) as folder,
        World(Path(folder), has_joined=has_joined) as world,
    ):
        yield world


class World:
    """The source, the ledger and two record systems; `run` makes a step happen."""

    def __init__(self, folder: Path, *, has_joined: bool = True) -> None:
        self.folder = folder
        self.has_joined = has_joined
        self.release = 1
        self.people = {record: Person() for record in RECORDS}
        self.withdrawn: set[tuple[str, Consent]] = set()
        self.agreed: set[tuple[str, Consent]] = set()
        """Who ever agreed to what, as far as the ledger was told."""
        self.now = NOW
        self.far: dict[Which, FarSide] = {name: FarSide(lambda: self.now) for name in PROFILES}
        self.far["clinic"].system.seed(patient(f"p{record}", ihi(record)) for record in RECORDS)
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _open(self) -> None:
        self.database = Database(self.folder / "ledger.sqlite")
        self.crosswalk = Crosswalk(self.folder / "crosswalk.sqlite", CROSSWALK_KEYS)
        self._link()
        self.clients = {
            name: httpx.Client(transport=far, base_url=BASE, trust_env=False)
            for name, far in self.far.items()
        }

    def _link(self) -> None:
        """A person links everybody; who was gone loses the link, and is linked again."""
        for record in RECORDS:
            if self.crosswalk.linked("clinic", record) is None:
                self.crosswalk.link("clinic", record, f"p{record}", self.now.isoformat())

    def _close(self) -> None:
        for client in self.clients.values():
            client.close()
        self.crosswalk.close()
        self.database.close()

    @property
    def trial(self) -> Trial:
        """The trial as the adapter is configured now."""
        return trial(self.release, has_joined=self.has_joined)

    def clinic(self, which: Which) -> Clinic:
        """One clinic at work, which waits for nothing."""
        return Clinic(
            PROFILES[which],
            FhirClient(self.clients[which], lambda: self.now),
            self.database,
            self.crosswalk,
            self.trial.study,
            self.trial.identity,
            lambda: self.now,
            self._sleep,
            forms=self.trial.forms,
        )

    def _sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    # What happens

    def run(self, step: Step) -> None:
        """Makes a step happen; a killed process is started anew."""
        try:
            self._run(step)
        except EhrError:
            pass
        except Killed:
            self._close()
            self._open()

    def _run(self, step: Step) -> None:
        match step:
            case Ingested(changes, is_killed):
                self.change(changes)
                self.ingest(is_killed=is_killed)
            case Withdrew(record, consent):
                self._withdraw(record, consent)
            case Joined():
                self.has_joined = True
            case Upgraded():
                self.release += 1
            case Pushed(which, hits):
                self._hit(which, hits)
                push(self.clinic(which))
            case Verified(which, hits):
                self._hit(which, hits)
                verify(self.clinic(which))

    def change(self, changes: Iterable[Change]) -> None:
        """Changes what the source holds."""
        for change in changes:
            person = self.people[change.record]
            match change:
                case Answered(_, place, value):
                    _put(person.answers, place, value)
                case Happened(_, number, what):
                    _put(person.events, number, what)
                case Agreed(_, consent, word):
                    person.consents[consent] = word
                case Present(_, is_present):
                    others = (each for each in self.people.values() if each is not person)
                    # Of an export without a row nobody is believed to be gone.
                    person.is_present = is_present or not any(each.is_present for each in others)

    def ingest(self, *, is_killed: bool = False, database: Database | None = None) -> None:
        """Reads an export of what the source holds now."""

        def killing(_: int) -> None:
            if is_killed:
                raise Killed

        self.now += timedelta(minutes=1)
        for record, person in self.people.items():
            if person.is_present:
                self.agreed |= {
                    (record, name) for name, word in person.consents.items() if word == "given"
                }
        ledger = Ledger(database or self.database, self.crosswalk)
        source = project.Bench(self.folder, ledger.database, self.crosswalk, self.trial).source(
            project.records_csv(rows(self.people)), missing_limit=100
        )
        try:
            ingest(ledger, self.trial, source, self.now.isoformat(), killing)
        finally:
            self._link()

    def _withdraw(self, record: str, consent: Consent) -> None:
        try:
            with self.database.write() as tx:
                withdraw(tx, self.trial, record, consent, self.now.isoformat())
        except NotFoundError:
            return
        self.withdrawn.add((record, consent))

    def _hit(self, which: Which, hits: Iterable[Hit | Meanwhile]) -> None:
        far = self.far[which]
        far.faults.clear()
        for hit in hits:
            far.faults.append(self._meanwhile(hit) if isinstance(hit, Meanwhile) else FAULTS[hit])

    def _meanwhile(self, hit: Meanwhile) -> Any:  # noqa: ANN401 - a fault
        def fault(request: httpx.Request, take: Take) -> httpx.Response:
            answer = take(request) if hit.is_late else None
            self.change(hit.changes)
            other = Database(self.folder / "ledger.sqlite")
            self.ingest(database=other)
            other.close()
            return answer or take(request)

        return fault

    def words(self, record: str) -> dict[Consent, ConsentWord]:
        """What the ledger should know of somebody's consents."""
        said = self.people[record].consents
        return {
            name: "withdrawn" if word == "given" and (record, name) in self.withdrawn else word
            for name, word in said.items()
        }


def ihi(record: str) -> str:
    """The number that the clinic knows somebody by."""
    return f"800360990000{record:0>4}"


@cache
def trial(release: int, *, has_joined: bool) -> Trial:
    """The small trial, read by this release of the adapter, for one receiver or for both."""
    small = project.small_trial()
    study = _study()
    identity = type(small.identity)(study, project.KEY)
    profiles = (REPOSITORY, CLINIC) if has_joined else (REPOSITORY,)
    receivers = tuple(receiver_of(profile, {}) for profile in profiles)
    return Trial(study, {**small.forms, "mood": _mood()}, identity, receivers, f"1.0.{release}")


@cache
def _mood() -> Form:
    """The mood form, which says how far a later total is from the first."""
    said = "range: [0, 9]"
    return project.form(
        project.FORMS["mood"].replace(said, f"{said}, observe_change: true, better: lower")
    )


@cache
def _study() -> Study:
    return project.study(STUDY)


def rows(people: dict[str, Person]) -> list[project.Cells]:
    """What an export says."""
    said: list[project.Cells] = []
    for record, person in people.items():
        if not person.is_present:
            continue
        answers = person.answers
        first = project.person(record, ihi=ihi(record), agree_research="", agree_share="")
        for name, word in person.consents.items():
            first |= _consent(name, word)
        if "mood" in answers:
            first |= project.mood(*str(answers["mood"]) * 3)
        if "pain" in answers:
            first |= project.pain(str(answers["pain"]), "2.50")
        if "tally" in answers:
            first |= project.tally(str(answers["tally"]))
        said.append(first)
        if "mood later" in answers:
            said.append(project.at_week_4(record, **project.mood(*str(answers["mood later"]) * 3)))
        said += [
            project.incident(record, str(number), incident_what=what)
            for number, what in sorted(person.events.items())
        ]
    return said


def _consent(name: Consent, word: ConsentWord) -> project.Cells:
    agree, stop = f"agree_{name}", f"stop_{name}"
    match word:
        case "given":
            return {agree: "1"}
        case "refused":
            return {agree: "0"}
        case "withdrawn":
            return {agree: "1", stop: "1", "stop_date": "2024-03-01"}
        case _:
            return {}


def _put(place: dict[Any, Any], name: object, value: object) -> None:
    if value is None:
        place.pop(name, None)
    else:
        place[name] = value


def _killed(_: httpx.Request, __: Take) -> httpx.Response:
    raise Killed


def _too_few(request: httpx.Request, take: Take) -> httpx.Response:
    answer = take(request)
    said = json.loads(answer.content)
    said["entry"] = said.get("entry", [])[1:]
    return httpx.Response(answer.status_code, json=said)


def _late(fault: Any) -> Any:  # noqa: ANN401 - faults
    def late(request: httpx.Request, take: Take) -> httpx.Response:
        take(request)
        answer: httpx.Response = fault(request, take)
        return answer

    return late


FAULTS: dict[Hit, Any] = {
    "passes": None,
    "nobody": lost(httpx.ConnectError),
    "busy": answering(429, Retry_After="5"),
    "lost": lost(httpx.ReadTimeout),
    "lost late": _late(lost(httpx.ReadTimeout)),
    "broken": answering(500, outcome("out of memory")),
    "broken late": _late(answering(502)),
    "HTML late": _late(answering(200, "<html>")),
    "too few late": _too_few,
    "killed": _killed,
    "killed late": _late(_killed),
}
