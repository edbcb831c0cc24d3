"""A simulated REDCap server over a project of the fixtures, and what its answers are judged by."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from adapter.simulate.redcap import (
    Faults,
    ProjectFiles,
    RedcapProject,
    make_project,
    open_project,
    redcap_app,
)
from tests.in_process import ask_app

FIXTURES = Path(__file__).parents[4] / "fixtures"
IDBT = FIXTURES / "idbt-pain"
TOKEN = "0123456789ABCDEF0123456789ABCDEF"  # noqa: S105 - it lets into nothing but this
NIGHT = datetime(2024, 4, 7, 1, 30)  # noqa: DTZ001 - the server's local time
URL = "https://redcap.example.org/api/"
Rows = list[dict[str, str]]


@dataclass
class Wall:
    """The clock on the server's wall, which stands still until it is moved."""

    time: datetime = NIGHT

    def __call__(self) -> datetime:
        return self.time

    def wait(self, **so_long: float) -> None:
        self.time += timedelta(**so_long)


@dataclass
class Server:
    """A project and the API in front of it, asked without a network."""

    project: RedcapProject
    wall: Wall
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        self.app = redcap_app(self.project, (TOKEN,), self.faults)

    def ask(self, content: str, **said: str) -> httpx.Response:
        """One request for a content."""
        return self.post({"token": TOKEN, "content": content, **said})

    def post(self, form: Mapping[str, str]) -> httpx.Response:
        return self.request(httpx.Request("POST", URL, data=dict(form)))

    def request(self, request: httpx.Request) -> httpx.Response:
        """Any request."""
        return ask_app(self.app, request)

    def json(self, content: str, **said: str) -> Any:  # noqa: ANN401 - whatever JSON there is
        answer = self.ask(content, format="json", **said)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text)


def idbt_server(records: str = "records.csv") -> Server:
    """The trial of the fixtures."""
    wall = Wall()
    files = ProjectFiles(
        IDBT / "dictionary.csv",
        IDBT / records,
        IDBT / "events.csv",
        IDBT / "instrument-event-mapping.csv",
        "iDBT-Pain",
    )
    project = open_project(files, wall)
    project.reports["7"] = ("nrs_pain", "session_attendance")
    return Server(project, wall)


def classic_server() -> Server:
    """Two people in a project without events and repeats."""
    header = ("record_id", "pain", "side___1", "side___2", "intake_complete")
    dictionary = [
        _described("record_id", "text", ""),
        _described("pain", "text", "", validation="number_1dp"),
        _described("side", "checkbox", "1, Left | 2, Right, or both"),
    ]
    cells = [("1", "3.5", "1", "0", "2"), ("2", "", "0", "0", "0")]
    rows = [dict(zip(header, row, strict=True)) for row in cells]
    wall = Wall()
    return Server(make_project(dictionary, rows, wall), wall)


def exported(records: str = "records.csv") -> Rows:
    """What the fixture says: the rows of an export with survey timestamps."""
    with (IDBT / records).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def columns_of(forms: set[str]) -> list[str]:
    """The columns of these forms in the fixture's export, in order, timestamps left out."""
    return [name for name, form in _forms_of_columns() if form in forms]


def _forms_of_columns() -> Iterator[tuple[str, str]]:
    with (IDBT / "dictionary.csv").open(encoding="utf-8", newline="") as file:
        forms = {row["Variable / Field Name"]: row["Form Name"] for row in csv.DictReader(file)}
    for name in exported()[0]:
        form = forms.get(name.split("___")[0]) or name.removesuffix("_complete")
        if form in forms.values() and name != "record_id":
            yield name, form


def _described(name: str, kind: str, choices: str, validation: str = "") -> dict[str, str]:
    said = {
        "Variable / Field Name": name,
        "Form Name": "intake",
        "Field Type": kind,
        "Field Label": f"Label of {name}",
        "Choices, Calculations, OR Slider Labels": choices,
        "Text Validation Type OR Show Slider Number": validation,
    }
    with (IDBT / "dictionary.csv").open(encoding="utf-8", newline="") as file:
        return {heading: said.get(heading, "") for heading in next(csv.reader(file))}
