"""Golden cases: one folder a form, `input.json` → `expected/`, one readable file a resource.

Run this file to write all expectations anew, then review the difference as you would code.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapter.errors import Origin
from adapter.fhir.adverse_event import build_adverse_event
from adapter.fhir.check import find_faults
from adapter.fhir.identity import Identity
from adapter.fhir.observation import build_observations
from adapter.fhir.provenance import Derivation, build_provenance
from adapter.fhir.questionnaire import build_questionnaire
from adapter.fhir.questionnaire_response import build_questionnaire_response
from adapter.fhir.research_backport import as_research_backport
from adapter.fhir.text import read_text
from adapter.fhir.therapy import build_therapy
from adapter.instruments.form import Form
from adapter.instruments.mapping import read_mapping
from adapter.instruments.response import Record, parse_response
from adapter.instruments.study import Study
from adapter.release import as_blinded
from adapter.release.blinding import blinded_cells
from adapter.scoring import score_response

ROOT = Path(__file__).parents[2]
CASES = ROOT / "fixtures" / "golden"
AT_THE_DOOR = {
    "AdverseEvent-blinded",
    "AdverseEvent-research-backport",
    "AdverseEvent-research-backport-blinded",
    "Procedure",
}
"""What is not of the ledger's unit, so that the Provenance does not name it."""
RECORDED = "2024-08-30T07:05:00+00:00"
SOFTWARE = "1.0.0"


def case_names() -> list[str]:
    """The forms that have a case."""
    return sorted(path.parent.name for path in CASES.glob("*/input.json"))


def build_case(name: str) -> dict[str, dict[str, Any]]:
    """Every resource of a case, by the name of its file."""
    said = json.loads((CASES / name / "input.json").read_text("utf-8"))
    form, study = _form(name), _study(name)
    identity = Identity(study, b"synthetic people need no secret")
    record = Record(
        participant="1001",
        event="week_9_arm_1",
        form=name,
        repeat=None,
        values=said["values"],
        origin=Origin("input.json"),
        complete="2",
        completed_at=said["completed_at"],
    )
    response = parse_response(record, form, study, "completed")
    assert response is not None
    built: dict[str, dict[str, Any]] = {}
    if form.kind == "adverse-event":
        built |= _told_events(build_adverse_event(response, identity), form, identity)
    elif form.items:
        built["Questionnaire"] = build_questionnaire(form, identity.token("questionnaire", name))
        built["QuestionnaireResponse"] = build_questionnaire_response(response, identity)
    if form.kind != "adverse-event":
        drafts = build_observations(response, score_response(response), identity)
        for draft in drafts:
            built[f"Observation-{_code_of(draft.whole)}"] = draft.whole
    names = [
        (resource["resourceType"], resource["id"])
        for file, resource in built.items()
        if file != "Questionnaire" and file not in AT_THE_DOOR
    ]
    blinded = blinded_cells(record, form, study)
    blinded_hash = "" if blinded is None else identity.source_hash(blinded)
    whole = identity.source_hash(record)
    derivation = Derivation(record, whole, form, "CREATE", blinded_hash)
    built["Provenance"] = build_provenance(derivation, names, identity, RECORDED, SOFTWARE)
    if blinded is not None:
        built["Provenance-blinded"] = as_blinded(built["Provenance"], form, study)
    return built


def _told_events(
    event: dict[str, Any], form: Form, identity: Identity
) -> dict[str, dict[str, Any]]:
    """An event as the ledger holds it, and as it leaves for those who get it otherwise."""
    blinded = as_blinded(event, form, identity.study)
    subject = identity.subject("1001")
    assert identity.study.therapy is not None
    return {
        "AdverseEvent": event,
        "AdverseEvent-blinded": blinded,
        "AdverseEvent-research-backport": as_research_backport(event, subject),
        "AdverseEvent-research-backport-blinded": as_research_backport(blinded, subject),
        "Procedure": build_therapy(identity, identity.study.therapy, "1001"),
    }


def read_expected(name: str) -> dict[str, dict[str, Any]]:
    """What the case's folder expects, by the name of the file."""
    return {
        path.stem: read_text(path.read_bytes())
        for path in sorted((CASES / name / "expected").glob("*.json"))
    }


def as_json(resource: dict[str, Any]) -> str:
    """A resource as a person reads it; decimals keep their precision."""
    text = json.dumps(
        resource, indent=2, ensure_ascii=False, default=lambda number: f"\0{number}\0"
    )
    return text.replace('"\\u0000', "").replace('\\u0000"', "") + "\n"


def write_all() -> Iterator[str]:
    """Writes every expectation anew; yields the cases."""
    for name in case_names():
        folder = CASES / name / "expected"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for file, resource in build_case(name).items():
            faults = find_faults(resource)
            assert not faults, faults
            (folder / f"{file}.json").write_text(as_json(resource), "utf-8")
        yield name


def _code_of(resource: dict[str, Any]) -> str:
    code: str = resource["code"]["coding"][-1]["code"]
    return code


def _form(name: str) -> Form:
    path = ROOT / "mappings" / "instruments" / f"{name}.yaml"
    form, _, problems = read_mapping(path.read_text("utf-8"), path.name, Form)
    assert form is not None, problems
    return form


def _study(name: str) -> Study:
    path = ROOT / "mappings" / "studies" / "idbt-pain.yaml"
    study, _, problems = read_mapping(path.read_text("utf-8"), path.name, Study)
    assert study is not None, problems
    said = study.model_dump()
    placed = {"form": name, "source_form": name, "at": ["week-9"], "conceals_note": True}
    said["forms"] = [placed]
    return Study.model_validate(said)


if __name__ == "__main__":
    for written in write_all():
        sys.stderr.write(f"{written}\n")
