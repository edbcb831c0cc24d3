"""What is asked of a REDCap project before its records: what it is made of, and in which words.

The version comes first: older servers ignore what they do not know without a word. Which column
stands for which choice of a checkbox is asked for (`exportFieldNames`) and never guessed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from adapter.errors import Origin, Problem, SourceError
from adapter.instruments.fields import checkbox_column
from adapter.sources.objects import Objects
from adapter.sources.redcap.api.connection import Connection
from adapter.sources.redcap.dictionary import Dictionary, dictionary_of

Version = tuple[int, ...]
Cells = dict[str, str]
_VERSION = re.compile(r"\d{1,3}(\.\d{1,3}){1,3}")
_ADMINISTRATOR = "Ask REDCap's administrator."


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an export: REDCap's name of it, ours, and the form it belongs to."""

    exported: str
    name: str
    form: str


@dataclass(frozen=True, slots=True)
class Setup:
    """A project: its name for messages, its server's version, its dictionary, its columns.

    `places` are the (event, form) of a longitudinal project, None for one without events;
    `repeats` says whether rows have numbers. `digest` stands for all of it.
    """

    name: str
    version: Version
    dictionary: Dictionary
    columns: tuple[Column, ...]
    places: frozenset[tuple[str, str]] | None
    repeats: bool
    digest: str

    @property
    def record_id(self) -> str:
        """The first field: it names the record."""
        return next(iter(self.dictionary.fields))

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that tell rows apart, which every answer with records must have."""
        event = ("redcap_event_name",) if self.places is not None else ()
        repeat = ("redcap_repeat_instrument", "redcap_repeat_instance") if self.repeats else ()
        return (self.record_id, *event, *repeat)


def read_setup(connection: Connection) -> Setup:
    """What the project is made of.

    Raises:
        SourceError: it cannot be read, or is none.
    """
    version = tuple(map(int, connection.word("version", _VERSION).split(".")))
    project = connection.row("project")
    name = f"{connection.host}, project {_number(project)}"
    asked = {content: connection.rows(content) for content in ("metadata", "exportFieldNames")}
    if project.get("is_longitudinal") == "1":
        asked |= {content: connection.rows(content) for content in ("event", "formEventMapping")}
    if repeats := project.get("has_repeating_instruments_or_events") == "1":
        asked["repeatingFormsEvents"] = connection.rows("repeatingFormsEvents")
    told = {content: list(_cells(name, content, rows)) for content, rows in asked.items()}
    dictionary = dictionary_of(name, asked["metadata"])
    if not dictionary.fields:
        raise _no_project(name, "metadata", "at least one field", "none")
    return Setup(
        name,
        version,
        dictionary,
        _columns(name, dictionary, told["exportFieldNames"]),
        _places(told) if "event" in told else None,
        repeats,
        hashlib.blake2b(repr(told).encode(), digest_size=16).hexdigest(),
    )


def _columns(name: str, dictionary: Dictionary, told: list[Cells]) -> tuple[Column, ...]:
    """The columns, in REDCap's order; what cannot be imported is not told, and keeps its name."""
    columns: list[Column] = []
    for said in told:
        original, exported = said.get("original_field_name", ""), said.get("export_field_name", "")
        field = dictionary.fields.get(original)
        if field is None:
            columns.append(Column(exported, exported, original.removesuffix("_complete")))
        elif field.type == "checkbox":
            ours = checkbox_column(original, said.get("choice_value", ""))
            columns.append(Column(exported, ours, field.form))
        else:
            columns.append(Column(exported, original, field.form))
    known = {column.name for column in columns}
    columns += [
        Column(each, each, field.form)
        for field in dictionary.fields.values()
        if field.type != "checkbox"
        for each in field.columns
        if each not in known
    ]
    twice = len({column.name for column in columns}) < len(columns)
    if twice or len({column.exported for column in columns}) < len(columns):
        expected, found = "a name of its own for each choice of a checkbox", "one of them again"
        raise _no_project(name, "exportFieldNames", expected, found)
    return tuple(columns)


def _places(told: Mapping[str, list[Cells]]) -> frozenset[tuple[str, str]]:
    """Where each form is asked, in events that the project has."""
    events = {said.get("unique_event_name", "") for said in told["event"]}
    pairs = (
        (said.get("unique_event_name", ""), said.get("form", ""))
        for said in told["formEventMapping"]
    )
    return frozenset((event, form) for event, form in pairs if event in events)


def _cells(name: str, content: str, rows: Objects) -> Iterator[Cells]:
    for row in rows.rows():
        if isinstance(row, Problem):
            raise _no_project(name, content, row.expected, row.found)
        yield dict(zip(rows.header, row.cells, strict=True))


def _no_project(name: str, content: str, expected: str, found: str) -> SourceError:
    problem = Problem(Origin(name), f"content={content}", expected, found, _ADMINISTRATOR)
    return SourceError(f"{name} cannot be read.", (problem,))


def _number(project: Cells) -> str:
    said = project.get("project_id", "")
    return said if re.fullmatch(r"[0-9]{1,9}", said) else "without a number"
