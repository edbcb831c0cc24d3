"""What R4 forbids is found at its place, what R4 allows is written as it was built."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapter.errors import ResourceError
from adapter.fhir.check import Fault, find_faults, write
from adapter.fhir.definitions import OUR_TYPES, full, strict
from adapter.fhir.invariants import INVARIANTS
from tests.unit.fhir.faults import FAULTS, SEEDS, VALID, Seed, spoil
from tests.unit.fhir.valid import BUNDLE, OBSERVATION, PATIENT, QUESTIONNAIRE_RESPONSE, Resource

EXAMPLES: list[Resource] = [
    json.loads(line, parse_float=Decimal)
    for line in (Path(__file__).parents[2] / "data" / "r4-examples.ndjson").open(encoding="utf-8")
]
RELATIVE = "a canonical URL that is relative"
WRONG = {
    "CapabilityStatement/base": RELATIVE,
}
"""HL7's examples that are themselves wrong, by type and id, and why."""


@pytest.mark.parametrize("resource", [pytest.param(r, id=name) for name, r in VALID])
def test_a_valid_resource_has_no_fault(resource: Resource) -> None:
    assert find_faults(resource) == ()


@pytest.mark.parametrize("seed", [pytest.param(seed, id=seed.name) for seed in SEEDS])
def test_a_fault_is_found_at_its_place(seed: Seed) -> None:
    found = {(fault.path, fault.rule) for fault in find_faults(seed.resource)}

    assert (seed.path, seed.rule) in found


def test_every_type_has_a_valid_resource_and_every_rule_a_fault() -> None:
    rules = {seed.rule for seed in SEEDS}

    assert {name for name, _ in VALID} == set(OUR_TYPES)
    assert {key.rpartition(".")[2] for key in INVARIANTS} <= rules
    assert len({name for name, _ in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize(
    "example", [pytest.param(e, id=f"{e['resourceType']}/{e.get('id')}") for e in EXAMPLES]
)
def test_an_official_example_is_refused_only_where_it_is_wrong(example: Resource) -> None:
    faults = find_faults(example)

    assert bool(faults) == (f"{example['resourceType']}/{example.get('id')}" in WRONG)
