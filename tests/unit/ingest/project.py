"""A small REDCap project with its mappings, and a ledger to read it into. Nobody in it exists."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from adapter.errors import Problem
from adapter.fhir.identity import Identity
from adapter.ingest import Ledger, Report, Snapshot, Trial
from adapter.ingest.run import ingest
from adapter.instruments.form import Form
from adapter.instruments.mapping import read_mapping
from adapter.instruments.study import Study
from adapter.release import Receiver
from adapter.sources.redcap import RecordsFile, read_dictionary
from adapter.store import claiming, deliveries, runs, settling, versions
from adapter.store.database import Database
from adapter.store.deliveries import Delivery, Settlement
from adapter.store.identities import Crosswalk
from adapter.store.states import State
from tests.keys import CROSSWALK_KEYS

Cells = dict[str, str]
Resource = dict[str, Any]

NOW = "2024-03-20T22:30:00+00:00"
AS_OF = datetime(2024, 3, 21, 9, 30, tzinfo=ZoneInfo("Australia/Sydney"))
WEEK_0, WEEK_4, LOG = "week_0_arm_1", "week_4_arm_1", "log_arm_1"
REPOSITORY, CLINIC = "repository", "north-clinic"
KEY = b"0123456789abcdef"

DICTIONARY_HEADER = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)
OFTEN = "0, Never, ever | 1, Sometimes | 2, Often | 3, Always"
FIELDS = (
    ("record_id", "participant", "text", ""),
    ("enrol_date", "participant", "text", ""),
    ("left_date", "participant", "text", ""),
    ("ihi", "participant", "text", ""),
    ("full_name", "participant", "text", ""),
    ("dob", "participant", "text", ""),
    ("agree_research", "consent", "yesno", ""),
    ("agree_share", "consent", "yesno", ""),
    ("agree_care", "consent", "yesno", ""),
    ("agree_date", "consent", "text", ""),
    ("stop_research", "consent", "yesno", ""),
    ("stop_share", "consent", "yesno", ""),
    ("stop_care", "consent", "yesno", ""),
    ("stop_date", "consent", "text", ""),
    ("mood_intro", "mood", "descriptive", ""),
    ("mood_1", "mood", "radio", OFTEN),
    ("mood_2", "mood", "radio", OFTEN),
    ("mood_3", "mood", "radio", OFTEN),
    ("mood_where", "mood", "checkbox", "1, Home | 2, Work, or school | -1, Elsewhere"),
    ("mood_note", "mood", "notes", ""),
    ("mood_spare", "mood", "text", ""),
    ("pain_now", "pain", "text", ""),
    ("pain_week", "pain", "text", ""),
    ("pain_day", "pain", "text", ""),
    ("tally_total", "tally", "text", ""),
    ("incident_what", "incident", "text", ""),
    ("incident_day", "incident", "text", ""),
    ("incident_serious", "incident", "yesno", ""),
    ("incident_session", "incident", "text", ""),
    ("diary_text", "diary", "notes", ""),
)
FORM_NAMES = tuple(dict.fromkeys(form for _, form, _, _ in FIELDS))
KEYS = ("record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance")

STUDY = """\
kind: study
id: small-trial
version: "1.0.0"
title: A small trial
source: made up for tests
base: https://small-trial.example.org/fhir
status: active
timezone: Australia/Sydney
record_id: record_id
missing_codes: {"-97": asked-declined}
timepoints:
  - {id: week-0, title: Baseline, week: 0, event: week_0_arm_1}
  - {id: week-4, title: End, week: 4, event: week_4_arm_1, closes_days: 7}
  - {id: ongoing, title: Throughout, event: log_arm_1}
participant:
  form: participant
  enrolled: enrol_date
  completed: left_date
  identifiers:
    ihi: {field: ihi, system: "http://ns.electronichealth.net.au/id/hi/ihi/1.0"}
consents:
  - id: research
    purpose: research
    form: consent
    given: {field: agree_research, equals: "1"}
    date: agree_date
    withdrawn: {field: stop_research, equals: "1"}
    withdrawn_date: stop_date
    on_withdrawal: keep
  - id: share
    purpose: care
    form: consent
    given: {field: agree_share, equals: "1"}
    date: agree_date
    withdrawn: {field: stop_share, equals: "1"}
    withdrawn_date: stop_date
    on_withdrawal: retract
forms:
  - {form: mood, source_form: mood, at: [week-0, week-4]}
  - {form: pain, source_form: pain, at: [week-0, week-4], completed_at: pain_day}
  - {form: tally, source_form: tally, at: [week-0, week-4]}
  - {form: incident, source_form: incident, at: [ongoing]}
not_mapped:
  diary: stays in the trial
"""
_HEAD = """\
version: "1.0.0"
source: made up for tests
licence: {status: ours, wording: shipped}
"""
MOOD_ASKED = "  - {form: mood, source_form: mood, at: [week-0, week-4]}\n"
"""What a study asks no more that does not say this."""
FORMS = {
    "mood": f"""\
kind: instrument
id: mood
title: Mood
{_HEAD}
options:
  often: [{{value: 0}}, {{value: 1}}, {{value: 2}}, {{value: 3}}]
  where: [{{value: 1}}, {{value: 2}}, {{value: -1}}]
items:
  - {{link_id: mood-1, field: mood_1, options: often}}
  - {{link_id: mood-2, field: mood_2, options: often}}
  - {{link_id: mood-3, field: mood_3, options: often}}
  - {{link_id: mood-where, field: mood_where, options: where, repeats: true}}
  - {{link_id: mood-note, field: mood_note, type: text}}
scales:
  - {{id: total, title: Mood total, items: [mood-1 .. mood-3], method: sum, range: [0, 9]}}
  - {{id: first, title: Mood first, items: [mood-1], method: sum, range: [0, 3]}}
""",
    "pain": f"""\
kind: outcome
id: pain
title: Pain
{_HEAD}
items:
  - {{link_id: pain-now, field: pain_now, type: integer, min: 0, max: 10, observe: true}}
  - {{link_id: pain-week, field: pain_week, type: decimal, min: 0, max: 10, observe: true}}
""",
    "tally": f"""\
kind: instrument
id: tally
title: Tally
{_HEAD}
scales:
  - {{id: total, title: Tally total, field: tally_total, method: reported, range: [0, 63]}}
""",
    "incident": f"""\
kind: adverse-event
id: incident
title: Incident
{_HEAD}
options:
  serious:
    - value: 1
      code: &serious
        system: http://terminology.hl7.org/CodeSystem/adverse-event-seriousness
        code: Serious
    - value: 0
      code: {{<<: *serious, code: Non-serious}}
items:
  - {{link_id: what, field: incident_what, type: text, element: event}}
  - {{link_id: day, field: incident_day, type: date, element: date}}
  - {{link_id: serious, field: incident_serious, options: serious, element: seriousness}}
""",
}
CLINICS = {
    REPOSITORY: """\
kind: clinic
id: repository
title: Research repository
purpose: research
ladder: [transaction]
accepts: [Device, ResearchStudy, Questionnaire, Patient, ResearchSubject, Consent,
  QuestionnaireResponse, Observation, AdverseEvent, Provenance]
patient: {create: true}
""",
    CLINIC: """\
kind: clinic
id: north-clinic
title: North clinic
purpose: care
ladder: [transaction]
accepts: [Device, ResearchStudy, QuestionnaireResponse, Observation, AdverseEvent, Provenance]
patient: {find_by: ihi}
""",
}
EVERYTHING = frozenset(
    {
        "Device",
        "ResearchStudy",
        "Questionnaire",
        "Patient",
        "ResearchSubject",
        "Consent",
        "QuestionnaireResponse",
        "Observation",
        "AdverseEvent",
        "Provenance",
    }
)
RECEIVERS = (
    Receiver(REPOSITORY, "research", EVERYTHING),
    Receiver(
        CLINIC,
        "care",
        frozenset({"QuestionnaireResponse", "Observation", "AdverseEvent", "Provenance"}),
    ),
)


def study(text: str = STUDY) -> Study:
    read, _, problems = read_mapping(text, "study.yaml", Study)
    assert read is not None, problems
    return read


def form(text: str) -> Form:
    read, _, problems = read_mapping(text, "form.yaml", Form)
    assert read is not None, problems
    return read


def raised(text: str) -> str:
    """The form's text under a new version, as what asks or scores something else must have it."""
    return text.replace('version: "1.0.0"', 'version: "2.0.0"')


def correcting(text: str) -> str:
    """The form's text under a new version that says that the one before read or scored wrongly."""
    return raised(text).replace('version: "2.0.0"', 'version: "2.0.0"\ncorrects: ["1.0.0"]')


def dictionary_csv(fields: tuple[tuple[str, str, str, str], ...] = FIELDS) -> bytes:
    rows = [
        [name, of, "", kind, f"Label of {name}", choices, *[""] * 12]
        for name, of, kind, choices in fields
    ]
    return csv_bytes([list(DICTIONARY_HEADER), *rows])


def columns(fields: tuple[tuple[str, str, str, str], ...] = FIELDS) -> list[str]:
    """The header of a flat export with survey timestamps, as REDCap orders it."""
    header = list(KEYS)
    for of in dict.fromkeys(form for _, form, _, _ in fields):
        if of not in {"participant", "consent", "incident"}:
            header.append(f"{of}_timestamp")
        for name, form_name, kind, choices in fields:
            if form_name != of or kind == "descriptive" or name in KEYS:
                continue
            if kind == "checkbox":
                codes = [choice.split(",")[0].strip() for choice in choices.split("|")]
                header += [f"{name}___{code.replace('-', '_')}" for code in codes]
            else:
                header.append(name)
        header.append(f"{of}_complete")
    return header


def csv_bytes(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def records_csv(rows: list[Cells], header: list[str] | None = None) -> bytes:
    names = columns() if header is None else header
    return csv_bytes([names, *([row.get(name, "") for name in names] for row in rows)])


def person(record: str, **cells: str) -> Cells:
    """The baseline row of somebody who agreed to everything on 1 February 2024."""
    return {
        "record_id": record,
        "redcap_event_name": WEEK_0,
        "enrol_date": "2024-02-01",
        "ihi": f"800360990000{record:0>4}",
        "participant_complete": "2",
        "agree_research": "1",
        "agree_share": "1",
        "agree_date": "2024-02-01",
        "consent_complete": "2",
        **cells,
    }


def at_week_4(record: str, **cells: str) -> Cells:
    return {"record_id": record, "redcap_event_name": WEEK_4, **cells}


def people(count: int) -> list[Cells]:
    """So many people with a mood at both timepoints, two rows each."""
    return [
        row
        for number in range(1, count + 1)
        for row in (
            {**person(str(number)), **mood("1", "2", "0")},
            {**at_week_4(str(number)), **mood("0", "0", "0")},
        )
    ]


def mood(*answers: str, complete: str = "2", **cells: str) -> Cells:
    said = dict(zip(("mood_1", "mood_2", "mood_3"), answers, strict=False))
    return {
        **said,
        "mood_timestamp": "2024-02-01 10:15:00",
        "mood_complete": complete,
        **cells,
    }


def pain(now: str, week: str, complete: str = "2", **cells: str) -> Cells:
    return {
        "pain_now": now,
        "pain_week": week,
        "pain_day": "2024-02-01",
        "pain_complete": complete,
        **cells,
    }


def tally(total: str, complete: str = "2") -> Cells:
    return {"tally_total": total, "tally_complete": complete}


def incident(record: str, instance: str, **cells: str) -> Cells:
    return {
        "record_id": record,
        "redcap_event_name": LOG,
        "redcap_repeat_instrument": "incident",
        "redcap_repeat_instance": instance,
        "incident_what": "fell",
        "incident_day": "2024-02-10",
        "incident_serious": "0",
        "incident_complete": "2",
        **cells,
    }


@cache
def small_trial(text: str = STUDY) -> Trial:
    declared = study(text)
    forms = {name: form(text) for name, text in FORMS.items()}
    return Trial(declared, forms, Identity(declared, KEY), RECEIVERS, "1.2.3")


@dataclass(frozen=True)
class Bench:
    """One ledger, one trial, and the exports that are read into it."""

    folder: Path
    database: Database
    crosswalk: Crosswalk
    trial: Trial

    @classmethod
    def open(cls, folder: Path) -> Bench:
        crosswalk = Crosswalk(folder / "who.sqlite", CROSSWALK_KEYS)
        return cls(folder, Database(folder / "ledger.sqlite"), crosswalk, small_trial())

    def close(self) -> None:
        self.crosswalk.close()
        self.database.close()

    def with_study(self, text: str) -> Bench:
        """The same ledger under another study file."""
        declared = study(text)
        identity = replace(self.trial.identity, study=declared)
        return self._with_trial(self.trial.forms, declared, identity)

    def with_form(self, text: str) -> Bench:
        """The same ledger under another declaration of one form."""
        changed = form(text)
        forms = {**self.trial.forms, changed.id: changed}
        return self._with_trial(forms, self.trial.study, self.trial.identity)

    def _with_trial(self, forms: Any, declared: Study, identity: Identity) -> Bench:  # noqa: ANN401
        trial = Trial(declared, forms, identity, self.trial.receivers, self.trial.software)
        return replace(self, trial=trial)

    def source(
        self,
        content: bytes,
        *,
        as_of: datetime = AS_OF,
        missing_limit: int | None = None,
        encoding: str = "utf-8",
        dictionary: bytes | None = None,
    ) -> Snapshot:
        declared = self.folder / "dictionary.csv"
        declared.write_bytes(dictionary_csv() if dictionary is None else dictionary)
        path = self.folder / "records.csv"
        path.write_bytes(content)
        read = read_dictionary(declared)
        records = RecordsFile(path, read, self.trial.study, encoding)
        return Snapshot(records, as_of, missing_limit)

    def read(self, source: Snapshot, step: Callable[[int], None] = lambda _: None) -> Report:
        return ingest(Ledger(self.database, self.crosswalk), self.trial, source, NOW, step)

    def ingest(
        self, *rows: Cells, as_of: datetime = AS_OF, missing_limit: int | None = None
    ) -> Report:
        return self.read(
            self.source(records_csv(list(rows)), as_of=as_of, missing_limit=missing_limit)
        )

    def problems(self, report: Report) -> list[Problem]:
        return list(runs.rejections(self.database.read(), report.run))

    def resources(self, resource_type: str, form_id: str | None = None) -> list[Resource]:
        """The newest text of everything of a type, of one form if given, by id."""
        return [
            json.loads(version.text)
            for version in versions.of_type(self.database.read(), resource_type)
            if form_id in {None, version.form}
        ]

    def statuses(self, resource_type: str, form_id: str | None = None) -> Counter[str]:
        return Counter(resource["status"] for resource in self.resources(resource_type, form_id))

    def observation(self, code: str) -> Resource:
        """The one Observation with this code of ours, such as `mood-total`."""
        found = [
            resource
            for resource in self.resources("Observation")
            if code in {coding["code"] for coding in resource["code"]["coding"]}
        ]
        assert len(found) == 1, [resource["code"] for resource in found]
        return found[0]

    def versions(self) -> int:
        """How many versions of anything there are."""
        row = self.database.read().execute("SELECT count(*) FROM version").fetchone()
        return int(row[0])

    def owed(self, clinic: str, state: State = "queued") -> Counter[str]:
        """What is owed to a clinic, as `action Type`."""
        listed = deliveries.in_state(self.database.read(), clinic, state, 10_000)
        return Counter(f"{delivery.action} {delivery.type}" for delivery in listed)

    def deliver(self, clinic: str, state: State = "accepted") -> list[Delivery]:
        """Sends everything queued to a clinic that answers all with `state`."""
        sent: list[Delivery] = []
        with self.database.write() as tx:
            while claimed := claiming.claim(tx, clinic, claiming.Room(50), NOW):
                reason = "" if state in {"accepted", "queued"} else "because"
                settling.settle(
                    tx,
                    [Settlement(each.seq, state, reason=reason) for each in claimed],
                    NOW,
                )
                sent += claimed
        return sent
