"""Every reader of a source, a small input that it reads whole, and what must hold of any other.

The laws: reading ends; it gives records and problems, or says that the source cannot be read;
whatever was given before and is not given any more is told; and no message holds an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapter.errors import DeclarationError, Problem, SourceError
from adapter.instruments.response import Record
from adapter.sources.odm import OdmFile
from adapter.sources.redcap import RecordsFile, read_dictionary
from adapter.sources.source import Source
from adapter.sources.table import TableFiles, read_contract
from tests.conformance.formats import FORMATS
from tests.unit.ingest.project import (
    FORM_NAMES,
    Cells,
    at_week_4,
    incident,
    mood,
    pain,
    person,
    small_trial,
    tally,
)

CANARY = "Canary-4711"
ALL_FORMS = frozenset(FORM_NAMES)
NAMES = ("101", "102", "103")
Given = tuple[str, str, str, int | None, str, str, tuple[tuple[str, str], ...]]
Mutation = tuple[int, bytes, int]
"""Where in a file, what is put in there, and how many bytes are taken out."""


def project() -> list[Cells]:
    """Three people, each with a baseline, a follow-up, and a fall."""
    rows: list[Cells] = []
    for number, name in enumerate(NAMES, start=1):
        note = f"{CANARY} said, {number}\nand more"
        boxes = {"mood_where___2": "1", "mood_where____1": "1"}
        rows += [
            {**person(name, full_name=CANARY), **mood("1", "2", str(number % 4), **boxes)},
            {**at_week_4(name), **mood("3", mood_note=note), **pain(str(number), "4.5")},
            incident(name, "1"),
            {**incident(name, "2", incident_what=f'"{CANARY}"')},
        ]
        if number % 2:
            rows[-3] |= tally(str(10 + number))
    return rows


@dataclass(frozen=True)
class Reader:
    """One kind of source, and the file of it that is spoilt; `is_data`: it holds the answers."""

    name: str
    format: str
    file: str
    is_data: bool

    def open_again(self, folder: Path) -> Source:
        """Opens what lies in a folder."""
        if self.format.startswith("CSV"):
            path = folder / "contract.yaml"
            return TableFiles(path, read_contract(path), small_trial().study)
        if self.format.startswith("ODM"):
            return OdmFile(folder / self.file, small_trial().study)
        encoding = "cp1252" if "CP1252" in self.format else "utf-8"
        dictionary = read_dictionary(folder / "dictionary", encoding)
        return RecordsFile(folder / "records", dictionary, small_trial().study, encoding)


@dataclass(frozen=True)
class Whole:
    """The small input as it is read whole: where it lies, the file to spoil, and what it gives.

    `parts` are the stretches of the file that hold each person; what is before them is a header.
    """

    folder: Path
    content: bytes
    records: list[Given]
    parts: dict[str, range]

    def untouched(self, mutations: Sequence[Mutation]) -> set[str]:
        """The people of whom no byte was changed; nobody, where the header was."""
        if not self.parts:
            return set()
        places = [(at, at + taken_out) for at, _, taken_out in mutations]
        if any(at < min(part.start for part in self.parts.values()) for at, _ in places):
            return set()
        return {
            name
            for name, part in self.parts.items()
            if not any(at < part.stop and to >= part.start for at, to in places)
        }


def _files(name: str) -> tuple[tuple[str, bool], ...]:
    if name.startswith("REDCap"):
        return (("dictionary", False), ("records", True))
    if name.startswith("CSV"):
        return (("contract.yaml", False), ("all.csv" if "one file" in name else "mood.csv", True))
    if name.startswith("ODM"):
        return (("study.xml", True),)
    return ()  # other kinds of sources have tests of their own


READERS = tuple(
    Reader(f"{each.name}: {file}", each.name, file, is_data)
    for each in FORMATS
    for file, is_data in _files(each.name)
)


def write_whole(reader: Reader, folder: Path) -> Whole:
    """Writes the small input, and reads it: all of it is there."""
    open_source = next(each.open_source for each in FORMATS if each.name == reader.format)
    found = list(open_source(folder, project()).records(ALL_FORMS))
    assert len(found) == 3 * 7 + 2
    content = (folder / reader.file).read_bytes()
    parts = _parts(content) if reader.is_data else {}
    return Whole(folder, content, list(map(given, found)), parts)


def given(found: Record | Problem) -> Given:
    """What a record says, wherever it was read."""
    assert isinstance(found, Record), found
    place = (found.participant, found.event, found.form, found.repeat)
    return (*place, found.complete, found.completed_at, tuple(sorted(found.values.items())))


def apart(mutations: Iterable[Mutation]) -> list[Mutation]:
    """The mutations in order, without those that begin inside what another takes out."""
    kept: list[Mutation] = []
    for each in sorted(mutations):
        if not kept or each[0] >= kept[-1][0] + kept[-1][2]:
            kept.append(each)
    return kept


def spoil(content: bytes, mutations: Sequence[Mutation]) -> bytes:
    """The content with all mutations, whose places are those of the whole content."""
    for at, put_in, taken_out in reversed(mutations):
        content = content[:at] + put_in + content[at + taken_out :]
    return content


def check(reader: Reader, whole: Whole, content: bytes, untouched: set[str]) -> str:
    """Reads the input with one file replaced; gives what became of it.

    Raises:
        AssertionError: a law does not hold.
    """
    (whole.folder / reader.file).write_bytes(content)
    try:
        source = reader.open_again(whole.folder)
        found: list[Record | Problem] = list(source.records(ALL_FORMS))
    except (SourceError, DeclarationError) as refused:
        found = list(refused.problems)
        outcome = "refused"
    else:
        outcome = "read"
    problems = [each for each in found if isinstance(each, Problem)]
    for each in problems:
        assert CANARY not in f"{each.field} {each.expected} {each.found} {each.action}"
    if outcome == "refused":
        assert problems
        return outcome
    records = {given(each) for each in found if isinstance(each, Record)}
    lost = [each for each in whole.records if each[0] in untouched and each not in records]
    assert problems or not lost, f"lost and not told: {lost}"
    return "told" if problems else outcome


def _parts(content: bytes) -> dict[str, range]:
    """Where each person's lines or objects begin, up to where those of the next one do."""
    if content[:1] == b"<":
        return _subjects(content)
    starts = []
    for name in NAMES:
        at = content.index(name.encode())
        opening = content.rfind(b"{", 0, at) if content[:1] == b"[" else content.rfind(b"\n", 0, at)
        starts.append(opening if content[:1] == b"[" else opening + 1)
    return _stretches(starts, len(content))


def _subjects(content: bytes) -> dict[str, range]:
    """Where each person's element begins; an end that is missing is told, so it is nobody's."""
    keys = (content.index(f'SubjectKey="{name}"'.encode()) for name in NAMES)
    starts = [content.rfind(b"<SubjectData", 0, at) for at in keys]
    return _stretches(starts, content.index(b"</ClinicalData>"))


def _stretches(starts: list[int], end: int) -> dict[str, range]:
    spans = zip(starts, [*starts[1:], end], strict=True)
    return {name: range(*span) for name, span in zip(NAMES, spans, strict=True)}
