"""A clinic at work over a real ledger: its clock stands still, and its sleep moves the clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import httpx
import orjson

from adapter.fhir.identity import Identity
from adapter.instruments.participant import ConsentState, ConsentWord, Participant
from adapter.release import PARTICIPATION
from adapter.store import deliveries, instances, versions
from adapter.store.database import Database
from adapter.store.deliveries import Action, Delivery
from adapter.store.identities import Crosswalk
from adapter.store.states import State
from adapter.store.versions import Belonging, Version
from adapter.sync.client import FhirClient
from adapter.sync.clinic import Clinic
from adapter.sync.plan import Plan, plan
from adapter.sync.profile import BundleLimits, ClinicProfile, PatientRule
from adapter.sync.push import push
from adapter.sync.run import PushReport
from adapter.sync.verify import VerifyReport, verify
from tests.forms import STUDY_TEXT, study_of
from tests.keys import CROSSWALK_KEYS
from tests.unit.sync.far_side import BASE, FarSide

Resource = dict[str, Any]

IHI = "http://ns.electronichealth.net.au/id/hi/ihi/1.0"
NUMBER = "8003608166690503"  # the IHI of person 1
_IDENTIFIED = f"form: participant, identifiers: {{ihi: {{field: ihi, system: '{IHI}'}}}}"
STUDY = study_of(
    STUDY_TEXT.replace("form: participant", _IDENTIFIED)
    + """
consents:
  - id: research
    purpose: research
    form: consent
    given: {field: research, equals: "1"}
    on_withdrawal: keep
  - id: share
    purpose: care
    form: consent
    given: {field: share, equals: "1"}
    on_withdrawal: retract
forms:
  - {form: phq-9, source_form: phq9, at: [week-0]}
  - {form: session-attendance, source_form: sessions, at: [week-0], reveals_allocation: true}
"""
)
REPOSITORY = ClinicProfile(
    kind="clinic",
    id="repository",
    title="A research repository",
    purpose="research",
    ladder=("transaction",),
    accepts=("Patient", "QuestionnaireResponse", "Observation", "AdverseEvent", "Provenance"),
    patient=PatientRule(create=True),
)
CLINIC = REPOSITORY.model_copy(
    update={
        "id": "clinic",
        "purpose": "care",
        "accepts": ("Questionnaire", "QuestionnaireResponse", "Observation", "AdverseEvent"),
        "patient": PatientRule(find_by="ihi"),
    }
)


class Desk:
    """One clinic at work, before a record system.

    Person 1 agreed to everything, and is known there. `here` is the present moment, not in UTC;
    `slept` lists every wait.
    """

    def __init__(self, folder: Path, profile: ClinicProfile = REPOSITORY) -> None:
        self.folder = folder
        self.here = datetime(2026, 3, 1, 20, 30, tzinfo=ZoneInfo("Australia/Sydney"))
        self.slept: list[float] = []
        self.far = FarSide(lambda: self.here)
        self.database = Database(folder / "ledger.sqlite")
        self.crosswalk = Crosswalk(folder / "crosswalk.sqlite", CROSSWALK_KEYS)
        self.identity = Identity(STUDY, b"a key for tests only")
        self.http = httpx.Client(transport=self.far, base_url=BASE, trust_env=False)
        self.clinic = Clinic(
            profile,
            FhirClient(self.http, lambda: self.here),
            self.database,
            self.crosswalk,
            STUDY,
            self.identity,
            lambda: self.here,
            self.sleep,
        )
        ours = self.take_in("1")
        if profile.patient.create:
            self.far.system.seed([patient(ours)])
        else:
            self.identify("1", NUMBER)
            self.far.system.seed([patient("77", NUMBER)])
            self.crosswalk.link(profile.id, "1", "77", self.clinic.now())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.crosswalk.close()
        self.database.close()

    def sleep(self, seconds: float) -> None:
        """Waits, which moves the clock and nothing else."""
        self.slept.append(seconds)
        self.here += timedelta(seconds=seconds)

    def with_sleep(self, sleep: Callable[[float], None]) -> Clinic:
        """The same clinic, waiting otherwise."""
        return replace(self.clinic, sleep=sleep)

    # What the ledger holds

    def take_in(
        self, participant: str, research: ConsentWord = "given", share: ConsentWord = "given"
    ) -> str:
        """Somebody takes part, with these consents; gives the id of their pseudonymous Patient."""
        consents = {"research": ConsentState(research), "share": ConsentState(share)}
        person = Participant(participant, consents=consents)
        with self.database.write() as tx:
            instances.keep_participant(tx, person, 1)
        return self.identity.patient(participant)

    def identify(self, participant: str, ihi: str) -> None:
        """The source says a person's IHI."""
        self.crosswalk.keep(Participant(participant, identifiers={"ihi": ihi}))

    def owe(self, resource: Resource, participant: str = "1", **how: Any) -> Version:  # noqa: ANN401
        """Puts a new version and owes it; `how` may name `unit`, `form` and `action`."""
        name = (resource["resourceType"], resource["id"])
        action: Action = how.get("action", "put")
        form = PARTICIPATION if name[0] == "Patient" else "phq-9"
        belonging = Belonging(
            how.get("unit", f"unit of {name[1]}"), participant, how.get("form", form)
        )
        with self.database.write() as tx:
            put = versions.put(tx, name, orjson.dumps(resource), belonging, self.clinic.now())
            version = put or versions.latest(tx, *name)
            assert version is not None
            deliveries.enqueue(tx, self.clinic.name, version, action, self.clinic.now())
        return version

    def observation(
        self, id_: str, value: int = 14, participant: str = "1", **more: object
    ) -> Resource:
        """An Observation of somebody."""
        return {
            "resourceType": "Observation",
            "id": id_,
            "status": "final",
            "code": {"text": "PHQ-9"},
            "subject": {"reference": f"Patient/{self.identity.patient(participant)}"},
            "valueInteger": value,
            **more,
        }

    def response(self, id_: str, answer: int = 2, participant: str = "1") -> Resource:
        """A QuestionnaireResponse of somebody."""
        return {
            "resourceType": "QuestionnaireResponse",
            "id": id_,
            "status": "completed",
            "subject": {"reference": f"Patient/{self.identity.patient(participant)}"},
            "item": [{"linkId": "phq9-1", "answer": [{"valueInteger": answer}]}],
        }

    def event(self, id_: str, participant: str = "1") -> Resource:
        """An AdverseEvent of somebody: a type that can only be deleted."""
        return {
            "resourceType": "AdverseEvent",
            "id": id_,
            "actuality": "actual",
            "event": {"text": "a fall"},
            "subject": {"reference": f"Patient/{self.identity.patient(participant)}"},
        }

    # What is done

    def push(self) -> PushReport:
        return push(self.clinic)

    def verify(self, *, everything: bool = True) -> VerifyReport:
        return verify(self.clinic, everything=everything)

    def plan(self) -> Plan:
        return plan(self.clinic)

    def retry(self) -> int:
        with self.database.write() as tx:
            return deliveries.retry(tx, self.clinic.name, self.clinic.now())

    # What became of it

    def rows(self) -> list[dict[str, Any]]:
        """Every delivery, in order."""
        rows = self.database.read().execute("SELECT * FROM delivery ORDER BY seq")
        return [dict(row) for row in rows]

    def states(self) -> dict[str, str]:
        """The state of the newest delivery of each resource, by its id; superseded ones apart."""
        return {row["id"]: row["state"] for row in self.rows() if row["state"] != "superseded"}

    def reasons(self) -> dict[str, str]:
        """Why each refused or held resource waits, by its id."""
        return {
            row["id"]: row["reason"] or row["rule"]
            for row in self.rows()
            if row["state"] in {"refused", "quarantined", "held"}
        }

    def count(self) -> Counter[str]:
        """How many deliveries are in each state."""
        return Counter(row["state"] for row in self.rows())

    def in_state(self, state: State) -> list[Delivery]:
        return deliveries.in_state(self.database.read(), self.clinic.name, state, 1000)


def limited(profile: ClinicProfile, **limits: int) -> ClinicProfile:
    """The same clinic, taking no more than this in one bundle."""
    return profile.model_copy(update={"bundle": BundleLimits(**limits)})


def patient(id_: str, *numbers: str) -> Resource:
    """A Patient, with these IHIs."""
    known = {"identifier": [{"system": IHI, "value": number} for number in numbers]}
    return {"resourceType": "Patient", "id": id_, "active": True, **(known if numbers else {})}
