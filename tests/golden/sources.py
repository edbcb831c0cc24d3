"""Golden cases of sources: one folder a kind of file, `input/` → `expected.json`.

What a source gives is written as it leaves it: records with their raw values, problems, and what of
it does not fit the declarations. Where there is a second input, what changed since the first is
told too. Run this file to write all expectations anew, then review the difference.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
from pydantic import TypeAdapter

from adapter.errors import Problem
from adapter.ingest.drift import drift
from adapter.ingest.readable import misfits
from adapter.instruments.fields import field_names
from adapter.instruments.form import Form
from adapter.instruments.mapping import read_mapping
from adapter.instruments.participant import fact_fields
from adapter.instruments.response import Record
from adapter.instruments.study import Study
from adapter.service.access import Access
from adapter.service.sources import open_source
from adapter.settings import RedcapApiSettings, SourceSettings
from adapter.sources.redcap.api import ApiSource, Clockwork, Connection, Reading
from adapter.sources.source import Source

ROOT = Path(__file__).parents[2]
CASES = ROOT / "fixtures" / "golden" / "sources"
EXPORTED = datetime(2025, 3, 1, 12, tzinfo=UTC)


def case_names() -> list[str]:
    """The kinds of files that have a case."""
    return sorted(path.parts[-3] for path in CASES.glob("*/input/source.toml"))


def build_case(name: str) -> dict[str, Any]:
    """What the source of a case gives."""
    study, forms = _study(), {"peg": _form("peg")}
    source = _open(name, "source.toml", study)
    found = list(source.records(frozenset(source.shapes)))
    built: dict[str, Any] = {
        "forms": {form: list(shape.fields) for form, shape in source.shapes.items()},
        "records": [_record(each) for each in found if isinstance(each, Record)],
        "problems": [str(each) for each in found if isinstance(each, Problem)],
        "misfits": list(map(str, _misfits(study, forms, source))),
    }
    if (CASES / name / "input" / "source-2.toml").exists():
        second = _open(name, "source-2.toml", study)
        built["changes"] = list(map(str, _changes(study, forms, source, second)))
        built["misfits then"] = list(map(str, _misfits(study, forms, second)))
    return built


def read_expected(name: str) -> dict[str, Any]:
    """What the case's folder expects."""
    expected: dict[str, Any] = json.loads((CASES / name / "expected.json").read_text("utf-8"))
    return expected


def write_all() -> Iterator[str]:
    """Writes every expectation anew; yields the cases."""
    for name in case_names():
        text = json.dumps(build_case(name), indent=2, ensure_ascii=False)
        (CASES / name / "expected.json").write_text(f"{text}\n", "utf-8")
        yield name


def _open(name: str, file: str, study: Study) -> Source:
    said = tomllib.loads((CASES / name / "input" / file).read_text("utf-8"))
    for word in ("dictionary", "records", "contract", "file", "definitions"):
        if word in said:
            said[word] = CASES / name / "input" / said[word]
    settings: SourceSettings = TypeAdapter(SourceSettings).validate_python(said)
    if isinstance(settings, RedcapApiSettings):
        answers = json.loads((CASES / name / "input" / "answers.json").read_text("utf-8"))
        http = httpx.Client(transport=answering(answers), base_url=settings.url)
        connection = Connection(http, "a token", Clockwork(lambda: EXPORTED, lambda _: None))
        return ApiSource(connection, study, Reading())
    with ExitStack() as closing:  # of files, which are closed after each reading
        return open_source(settings, study, Access(EXPORTED, {}, closing)).source


def answering(answers: dict[str, Any]) -> httpx.MockTransport:
    """A REDCap server that gives the answer written down for each content."""

    def answer(request: httpx.Request) -> httpx.Response:
        content = parse_qs(request.content.decode())["content"][0]
        if content == "version":
            return httpx.Response(200, text=answers[content])
        return httpx.Response(200, json=answers[content])

    return httpx.MockTransport(answer)


def _misfits(study: Study, forms: dict[str, Form], source: Source) -> list[Problem]:
    found = [misfits(study, forms, source, shape) for shape in source.shapes.values()]
    return [*source.missing_facts(), *(problem for listed in found for problem in listed)]


def _changes(
    study: Study, forms: dict[str, Form], before: Source, now: Source
) -> Iterator[Problem]:
    for name, shape in now.shapes.items():
        placement = study.placement_of(name)
        fields = [field for form, field in fact_fields(study) if form == name]
        if placement is not None:
            fields.extend(field_names(forms[placement.form], placement))
        yield from drift(before.shapes[name], shape, fields, "the version")


def _record(record: Record) -> dict[str, Any]:
    return {
        "from": str(record.origin),
        "form": record.form,
        "repeat": record.repeat,
        "complete": record.complete,
        "completed_at": record.completed_at,
        "values": dict(record.values),
    }


def _form(name: str) -> Form:
    path = ROOT / "mappings" / "instruments" / f"{name}.yaml"
    form, _, problems = read_mapping(path.read_text("utf-8"), path.name, Form)
    assert form is not None, problems
    return form


def _study() -> Study:
    path = CASES / "study.yaml"
    study, _, problems = read_mapping(path.read_text("utf-8"), path.name, Study)
    assert study is not None, problems
    return study


if __name__ == "__main__":
    for written in write_all():
        sys.stderr.write(f"{written}\n")
