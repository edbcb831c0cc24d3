"""Whom a practice knows: FHIR Patients, one a line, as every simulated system gets them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapter.fhir.r4 import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from adapter.simulate.hl7v2.message import Segment


@dataclass(frozen=True, slots=True)
class Known:
    """A patient of the practice; a name or birth date of '' is not known here."""

    numbers: frozenset[str]
    family: str = ""
    birth_date: str = ""


def read_people(lines: Iterable[bytes]) -> tuple[Known, ...]:
    """The Patients of an NDJSON file; whatever else stands in it is of no use to a practice.

    Raises:
        NotR4Error: a line is no resource.
    """
    resources = [parse_json(line) for line in lines if line.strip()]
    return tuple(_known(each) for each in resources if each.get("resourceType") == "Patient")


def is_one_of(pid: Segment, people: Sequence[Known]) -> bool:
    """Whether a PID names a known patient: by a number, and by nothing that contradicts it."""
    numbers = {said.split(pid.separators[1])[0] for said in pid.repetitions(3)}
    family, birth_date = pid.component(5, 1), pid.component(7, 1)[:8]
    return any(
        not numbers.isdisjoint(known.numbers)
        and _agrees(known.family.casefold(), family.casefold())
        and _agrees(known.birth_date, birth_date)
        for known in people
    )


def _agrees(known: str, said: str) -> bool:
    return not known or not said or known == said


def _known(patient: dict[str, object]) -> Known:
    numbers, names = patient.get("identifier"), patient.get("name")
    identifiers = numbers if isinstance(numbers, list) else []
    called = names if isinstance(names, list) else []
    return Known(
        frozenset(str(each.get("value", "")) for each in identifiers),
        next((str(each.get("family", "")) for each in called), ""),
        str(patient.get("birthDate", "")).replace("-", ""),
    )
