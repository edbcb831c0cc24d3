"""The golden case of who takes part: `people.json` and `study.yaml` → `expected/`.

The study, and of each person their Patient, their place in the study and their consents: given,
refused, withdrawn on a day, withdrawn on a day that nobody knows. Run this file to write all
expectations anew, then review the difference.
"""

from __future__ import annotations

import json
import shutil
from typing import Any

from adapter.errors import Origin
from adapter.fhir.check import find_faults
from adapter.fhir.consent import build_consent
from adapter.fhir.identity import Identity
from adapter.fhir.research import build_patient, build_research_study, build_research_subject
from adapter.fhir.text import read_text
from adapter.instruments.facts import read_participant
from adapter.instruments.mapping import read_mapping
from adapter.instruments.response import Record
from adapter.instruments.study import Study
from tests.golden.cases import CASES, as_json

CASE = CASES / "participation"


def build_case() -> dict[str, dict[str, Any]]:
    """Every resource of the case, by the name of its file."""
    study, _, problems = read_mapping((CASE / "study.yaml").read_text("utf-8"), "study.yaml", Study)
    assert study is not None, problems
    identity = Identity(study, b"synthetic people need no secret")
    built = {"ResearchStudy": build_research_study(identity)}
    people = json.loads((CASE / "people.json").read_text("utf-8"))
    for number, (who, values) in enumerate(people.items(), 1):
        record = Record(
            participant=str(1000 + number),
            event="",
            form="consent",
            repeat=None,
            values=values,
            origin=Origin("people.json"),
            complete="2",
            completed_at="",
        )
        person = read_participant([record], study).person
        built[f"Patient-{who}"] = build_patient(identity, person.participant)
        built[f"ResearchSubject-{who}"] = build_research_subject(identity, person)
        for rule in study.consents:
            state = person.consents[rule.id]
            if state.word != "unknown":
                consent = build_consent(identity, person.participant, rule, state)
                built[f"Consent-{who}-{rule.id}"] = consent
    return built


def read_expected() -> dict[str, dict[str, Any]]:
    """What the case expects, by the name of the file."""
    folder = CASE / "expected"
    return {path.stem: read_text(path.read_bytes()) for path in sorted(folder.glob("*.json"))}


def write_all() -> None:
    """Writes the expectations anew."""
    folder = CASE / "expected"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file, resource in build_case().items():
        faults = find_faults(resource)
        assert not faults, faults
        (folder / f"{file}.json").write_text(as_json(resource), "utf-8")


if __name__ == "__main__":
    write_all()
