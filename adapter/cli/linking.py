"""`adapter link`, `candidates`, `confirm`: a person says which Patient of a clinic a record is."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from adapter.cli import show
from adapter.cli.opening import clinic_of, opened
from adapter.cli.terminal import document, lines, table
from adapter.errors import ConflictError, NotFoundError, Origin, Problem, SourceError
from adapter.service import Service
from adapter.service.operating import Linked, confirm_candidate, link_to, turn_down
from adapter.store.identities import Candidates

USAGE, REJECTED = 2, 12
COLUMNS = ("clinic", "record", "patient")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list: which record is which Patient."""

    origin: Origin
    clinic: str
    record: str
    patient: str


def run_link(said: argparse.Namespace) -> int:
    """Links one record, or every line of a list; 12 when some lines were no links."""
    if said.list is None and said.patient is None:
        print("expected CLINIC RECORD PATIENT, or --list FILE", file=sys.stderr)
        return USAGE
    if said.list is not None and said.although_different:  # it takes a look at each of them
        print("expected CLINIC RECORD PATIENT with --although-different", file=sys.stderr)
        return USAGE
    with opened(said) as service:
        if said.list is None:
            made = _link(service, Row(Origin(""), said.clinic, said.record, said.patient), said)
            done = {"clinic": said.clinic, "linked": 1, **_replaced([made])}
            show.done(done, as_json=said.json)
            return 0
        rows, problems = _read_list(said.list)
        linked: list[Linked] = []
        for row in rows:
            try:
                linked.append(_link(service, row, said))
            except (NotFoundError, ConflictError) as wrong:
                problems.append(_not_linked(row, wrong))
        done = {"linked": len(linked), **_replaced(linked)}
        _show_linked(done, problems, as_json=said.json)
        return REJECTED if problems else 0


def run_candidates(said: argparse.Namespace) -> int:
    """Everybody who was found at a clinic and waits for a person's word."""
    with opened(said) as service:
        _show_candidates(service.crosswalk.undecided(), as_json=said.json)
    return 0


def run_confirm(said: argparse.Namespace) -> int:
    """Links a record to one of its candidates, and to nobody else; or says that it is none."""
    if (said.patient is None) == (not said.none):
        print("expected CLINIC RECORD PATIENT, or CLINIC RECORD --none", file=sys.stderr)
        return USAGE
    with opened(said) as service:
        clinic = clinic_of(service, said.clinic)
        if said.none:
            count = turn_down(service, clinic, said.record)
            show.done({"clinic": clinic.name, "turned_down": count}, as_json=said.json)
            return 0
        made = confirm_candidate(service, clinic, said.record, said.patient, replaces=said.replace)
        done = {"clinic": clinic.name, "linked": 1, **_replaced([made])}
        show.done(done, as_json=said.json)
    return 0


def _link(service: Service, row: Row, said: argparse.Namespace) -> Linked:
    """Notes a person's word, at a clinic by its name; what it undid."""
    clinic = clinic_of(service, row.clinic)
    return link_to(
        service,
        clinic,
        row.record,
        row.patient,
        replaces=said.replace,
        although_different=said.although_different,
    )


def _replaced(made: Sequence[Linked]) -> dict[str, int]:
    said = {
        "taken_back_and_told_anew": sum(each.told_anew for each in made),
        "taken_in_and_taken_back": sum(each.taken_back for each in made),
    }
    return {word: count for word, count in said.items() if count}


def _not_linked(row: Row, wrong: Exception) -> Problem:
    """What is wrong with one line of a list."""
    expected, _, found = str(wrong).removeprefix("Expected ").partition("; ")
    return Problem(row.origin, "", expected, found, "The other lines are linked.")


def _read_list(path: Path) -> tuple[list[Row], list[Problem]]:
    """Every line that is whole, and what is wrong with the others.

    Raises:
        SourceError: the file cannot be read, or has other columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = tuple(next(reader, ()))
            found_lines = [
                (reader.line_num, [cell.strip() for cell in line]) for line in reader if line
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as wrong:
        found = getattr(wrong, "strerror", None) or "something else"
        problem = Problem(Origin(path.name), "", "CSV in UTF-8", found, "Check --list.")
        raise SourceError("The list cannot be read.", (problem,)) from wrong
    if header != COLUMNS:
        columns = ", ".join(COLUMNS)
        problem = Problem(
            Origin(path.name, 1), "", f"the columns {columns}", "others", "Correct the first line."
        )
        raise SourceError("The list cannot be read.", (problem,))
    rows: list[Row] = []
    problems: list[Problem] = []
    for number, cells in found_lines:
        origin = Origin(path.name, number)
        if len(cells) == len(COLUMNS) and all(cells):
            rows.append(Row(origin, *cells))
        else:
            said = f"{sum(map(bool, cells))} of {len(cells)} cells filled in"
            action = "Correct the line; the others are linked."
            problems.append(Problem(origin, "", "clinic, record and patient", said, action))
    return rows, problems


def _show_linked(done: dict[str, int], problems: list[Problem], *, as_json: bool) -> None:
    """What became of a list of links."""
    if as_json:
        document({**done, "findings": [show.finding(problem) for problem in problems]})
        return
    show.done(done, as_json=False)
    lines(problems)


def _show_candidates(undecided: list[Candidates], *, as_json: bool) -> None:
    """Who waits for a person's word at which clinic."""
    if as_json:
        document({"candidates": [asdict(each) for each in undecided]})
        return
    table(
        "who may be who: look them up at the clinic, then `adapter confirm CLINIC RECORD PATIENT`",
        ("clinic", "record", "Patient", "says the clinic", "found"),
        [
            (each.clinic, each.participant, patient.patient, patient.grade, each.found)
            for each in undecided
            for patient in each.patients
        ],
    )
    if not undecided:
        print("nobody waits for a person's word")
