"""All invariants in one table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from adapter.fhir.invariants.bundle import BUNDLES
from adapter.fhir.invariants.datatypes import DATATYPES
from adapter.fhir.invariants.questionnaire import QUESTIONNAIRES
from adapter.fhir.invariants.resources import RESOURCES
from adapter.fhir.invariants.rule import Invariant

INVARIANTS: Mapping[str, Invariant] = MappingProxyType(
    {**DATATYPES, **RESOURCES, **QUESTIONNAIRES, **BUNDLES}
)
