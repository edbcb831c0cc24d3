"""Small ODM files, written out so that a reader sees them, and what is read of them."""

from __future__ import annotations

from pathlib import Path

from adapter.errors import Problem
from adapter.instruments.response import Record
from adapter.instruments.study import Study
from adapter.sources.odm import OdmFile
from tests.unit.ingest.project import study

NAMESPACE = {"1.3.2": "http://www.cdisc.org/ns/odm/v1.3", "2.0": "http://www.cdisc.org/ns/odm/v2.0"}
STUDY = """\
kind: study
id: odm
version: "1.0.0"
title: A study in ODM
source: made up for tests
base: https://odm.example.org/fhir
status: active
timezone: Australia/Sydney
record_id: SubjectKey
timepoints:
  - {id: base, title: Baseline, event: SE.BASE}
  - {id: week-1, title: Week 1, event: "SE.WEEK[1]"}
  - {id: weeks, title: Other weeks, event: SE.WEEK}
participant: {form: F.DM}
forms:
  - {form: vitals, source_form: F.VITALS, at: [base, weeks]}
  - {form: dated, source_form: F.LOG/IG.DRUG, at: [base], completed_at: I.SEEN}
"""
METADATA = Path(__file__).with_name("metadata-1.3.xml").read_text("utf-8")
ALL = frozenset({"F.VITALS", "F.CALL", "F.LOG", "F.LOG/IG.DRUG"})


def odm(clinical: str, metadata: str = METADATA, version: str = "1.3.2", **said: str) -> str:
    """An ODM document; `said` are further attributes of its root, such as its FileType."""
    root = {"ODMVersion": version, "FileType": "Snapshot", **said}
    attributes = " ".join(f'{name}="{value}"' for name, value in root.items())
    return f'<ODM xmlns="{NAMESPACE[version]}" {attributes}>\n{metadata}{clinical}</ODM>\n'


def clinical(*subjects: str, study_oid: str = "S") -> str:
    inside = "\n".join(subjects)
    said = f'StudyOID="{study_oid}" MetaDataVersionOID="V1"'
    return f"<ClinicalData {said}>\n{inside}\n</ClinicalData>\n"


def subject(inside: str, name: str = "1", transaction: str = "") -> str:
    said = f' TransactionType="{transaction}"' if transaction else ""
    return f'<SubjectData SubjectKey="{name}"{said}>\n{inside}\n</SubjectData>'


def vitals(items: str, transaction: str = "", event: str = 'StudyEventOID="SE.BASE"') -> str:
    """One form of the vital signs at baseline, with these items."""
    said = f' TransactionType="{transaction}"' if transaction else ""
    return (
        f'<StudyEventData {event}><FormData FormOID="F.VITALS"{said}>'
        f'<ItemGroupData ItemGroupOID="IG.VITALS">{items}</ItemGroupData>'
        "</FormData></StudyEventData>"
    )


def item(oid: str, value: str, transaction: str = "") -> str:
    said = f' TransactionType="{transaction}"' if transaction else ""
    return f'<ItemData ItemOID="{oid}" Value="{value}"{said}/>'


def opened(
    folder: Path, text: str | bytes, study_text: str = STUDY, multiple: tuple[str, ...] = ()
) -> OdmFile:
    path = folder / "study.xml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return OdmFile(path, declared(study_text), multiple=multiple)


def declared(text: str = STUDY) -> Study:
    return study(text)


def read(source: OdmFile, forms: frozenset[str] = ALL) -> tuple[list[Record], list[Problem]]:
    found = list(source.records(forms))
    records = [each for each in found if isinstance(each, Record)]
    return records, [each for each in found if isinstance(each, Problem)]


def values(folder: Path, *subjects: str, **said: str) -> list[dict[str, str]]:
    """The values of every record of a file that is in order."""
    records, problems = read(opened(folder, odm(clinical(*subjects), **said)))
    assert problems == []
    return [dict(record.values) for record in records]


def refusals(folder: Path, *subjects: str, **said: str) -> list[Problem]:
    """What is wrong with a file that gives no record."""
    records, problems = read(opened(folder, odm(clinical(*subjects), **said)))
    assert records == []
    return problems
