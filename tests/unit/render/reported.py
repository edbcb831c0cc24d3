"""Documents and reports of the golden cases: what each form's outcome looks like to people."""

from __future__ import annotations

from functools import cache
from typing import Any

from adapter.fhir.check import write
from adapter.fhir.document import Outcome, build_document
from adapter.fhir.identity import Identity
from adapter.instruments.mapping import read_mapping
from adapter.instruments.study import Study
from adapter.render import Person, Report, read_report
from adapter.render.text import render_text
from tests.golden.cases import ROOT, build_case, case_names

Resource = dict[str, Any]
MADE = "2024-08-30T07:05:00+00:00"
IHI = "http://ns.electronichealth.net.au/id/hi/ihi/1.0"
PERSON = Person(((IHI, "8003608166690503"),), "O'Doe|Smith", "Jo & Äna", "1980-02-29", "female")
_LEFT_OUT = {"Questionnaire", "Provenance", "AdverseEvent", "Procedure"}


@cache
def document_of(name: str, *, is_amended: bool = False) -> Resource:
    """The document of a golden case."""
    path = ROOT / "mappings" / "studies" / "idbt-pain.yaml"
    study, _, _ = read_mapping(path.read_text("utf-8"), path.name, Study)
    assert study is not None
    identity = Identity(study, b"synthetic people need no secret")
    resources = [
        resource
        for file, resource in build_case(name).items()
        if file not in _LEFT_OUT and "backport" not in file
    ]
    unit = resources[0]["id"]
    assessed = resources[0].get("authored") or resources[0].get("effectiveDateTime")
    outcome = Outcome(
        unit, "1001", name, f"{name}, week 9", assessed, is_amended, tuple(map(write, resources))
    )
    bare = build_document(outcome, "", identity, MADE)
    return build_document(outcome, render_text(read_report(bare)), identity, MADE)


def report_of(name: str, *, is_amended: bool = False) -> Report:
    """The report of a golden case."""
    return read_report(document_of(name, is_amended=is_amended))


def numbers_of(name: str) -> list[str]:
    """Every score of a golden case, as its Observation in FHIR writes it."""
    return [
        str(resource["valueQuantity"]["value"])
        for resource in build_case(name).values()
        if "valueQuantity" in resource
    ]


NAMES = case_names()
