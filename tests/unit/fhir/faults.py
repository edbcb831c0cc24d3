"""Valid R4 resources, and the same resources each spoiled in one place.

`VALID` and `FAULTS` are for any judge of R4; `SEEDS` says besides which rule each fault breaks, and
where. `LET_THROUGH` names those of which HAPI's validator misses some: it does not judge references
by their form, and the rest is SDC's, ours, or said in R4's words and not in its expressions.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.unit.fhir.faults_of_elements import CHOICES, CODES, FORMATS, REFERENCES, REQUIRED, SHAPES
from tests.unit.fhir.valid import TRIAL_RESOURCES, Resource
from tests.unit.fhir.valid_others import OTHERS

GONE = ...
RULES = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))


class Seed(NamedTuple):
    """One fault: the resource that has it, the place and the rule it breaks."""

    name: str
    resource: Resource
    path: str
    rule: str


def unshared(value: Any) -> Any:  # noqa: ANN401
    """Gives a copy in which no part stands twice, as parts of the valid resources do."""
    if isinstance(value, dict):
        return {name: unshared(child) for name, child in value.items()}
    return [unshared(child) for child in value] if isinstance(value, list) else value


def spoil(resource: Resource, changes: dict[str, Any]) -> Resource:
    """Gives a copy with other values at some paths; `...` takes the element away."""
    spoiled: Resource = unshared(resource)
    for path, value in changes.items():
        node: Any = spoiled
        *way, last = (int(s) if s.isdigit() else s for s in re.findall(r"[\w-]+", path))
        for step in way:
            node = node[step]
        if value is GONE:
            del node[last]
        elif isinstance(node, list) and last == len(node):
            node.append(value)
        else:
            node[last] = value
    return spoiled


def seed(
    resource_type: str, changes: dict[str, Any], rule: str, place: str, what: str = ""
) -> Seed:
    """Gives the seed of a change; `place` is below the resource, empty for the resource itself."""
    path = f"{resource_type}.{place}" if place else resource_type
    return Seed(f"{path}: {what or rule}", spoil(GOOD[resource_type], changes), path, rule)


GOOD: dict[str, Resource] = {**TRIAL_RESOURCES, **OTHERS}
VALID: list[tuple[str, Resource]] = list(GOOD.items())

SEEDS: list[Seed] = [
    *(seed(t, {p: "nonsense"}, "binding", p) for t, paths in CODES.items() for p in paths),
    *(
        seed(t, {p: to}, "reference", p, str(to))
        for t, refs in REFERENCES.items()
        for p, to in refs
    ),
    *(seed(t, {p: GONE}, "required", p) for t, paths in REQUIRED.items() for p in paths),
    *(seed(t, {p: to}, rule, p, f"{rule} {what}") for t, p, to, rule, what in FORMATS),
    *(seed(t, changes, "choice", at, str([*changes])) for t, changes, at in CHOICES),
    *(seed(t, {p: to}, rule, at, f"{rule} {what}") for t, p, to, rule, at, what in SHAPES),
    *(
        seed(
            t, {p: GONE if to is None else to for p, to in changes.items()}, rule, at, f"{rule} {n}"
        )
        for rule, breaches in RULES.items()
        for n, (t, at, changes) in enumerate(breaches, 1)
    ),
]
FAULTS: list[tuple[str, Resource]] = [(one.name, one.resource) for one in SEEDS]
LET_THROUGH: frozenset[str] = frozenset(
    one.name
    for one in SEEDS
    if one.rule in {"control", "nulls", "reference", "sdc-2", "ppc-2", "ppc-3", "ppc-4", "ppc-5"}
    or one.name.endswith(("contentType: binding", "format[0]: binding", "string blank", "id alone"))
)
