"""Who a resource is: logical ids and business identifiers, derived by a keyed hash per study.

The same cell of the source makes the same resource on every machine, and without the study's key an
id tells nothing. Source: RFC 7693 (BLAKE2b, keyed mode).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from adapter.instruments.form import Form
from adapter.instruments.response import Record, Response
from adapter.instruments.study import Study

PROJECT = "https://trial-fhir-adapter.example.org/fhir"
_PATIENTS_KEPT = 4096
_SEPARATOR = "\x1f"  # stands in no name, so that ("a", "bc") and ("ab", "c") differ


@dataclass(frozen=True)
class Identity:
    """Derives every id of one study. `key` is the study's secret, 16 to 64 bytes."""

    study: Study
    key: bytes

    def __hash__(self) -> int:
        """By the key alone, which no two studies share."""
        return hash(self.key)

    def token(self, *parts: str) -> str:
        """32 hexadecimal digits that stand for these parts, and for nothing without the key."""
        digest = self._keyed.copy()
        digest.update(_SEPARATOR.join((self.study.id, *parts)).encode())
        return digest.hexdigest()

    @cached_property
    def _keyed(self) -> hashlib.blake2b:
        return hashlib.blake2b(key=self.key, digest_size=16)

    @cached_property
    def study_id(self) -> str:
        """The id of the study's ResearchStudy."""
        return self.token("study")

    @cached_property
    def group_id(self) -> str:
        """The id of the Group of everybody who takes part."""
        return self.token("group")

    @cached_property
    def device_id(self) -> str:
        """The id of the Device that stands for this adapter."""
        return self.token("device")

    def patient(self, participant: str) -> str:
        """The id of the study's pseudonymous Patient."""
        known = self._patients.get(participant)
        if known is None:
            if len(self._patients) >= _PATIENTS_KEPT:
                self._patients.clear()
            known = self._patients[participant] = self.token("patient", participant)
        return known

    @cached_property
    def _patients(self) -> dict[str, str]:
        # A person's records come one after the other, and each names the Patient several times.
        return {}

    def subject(self, participant: str) -> str:
        """The id of a person's ResearchSubject."""
        return self.token("subject", participant)

    def therapy(self, participant: str) -> str:
        """The id of the Procedure that stands for a person's therapy."""
        return self.token("therapy", participant)

    def unit(self, participant: str, form: str, timepoint: str, repeat: int | None) -> str:
        """What one form instance and all that is derived from it are kept together by."""
        return self.token("unit", participant, form, timepoint, str(repeat or ""))

    def of_response(self, response: Response) -> str:
        """The unit of a response."""
        return self.unit(
            response.participant, response.form.id, response.timepoint, response.repeat
        )

    def part(self, unit: str, what: str) -> str:
        """The id of one resource of a unit, such as a scale's Observation."""
        digest = self._keyed.copy()
        digest.update(f"{unit}{_SEPARATOR}{what}".encode())
        return digest.hexdigest()

    def source_hash(self, record: Record) -> str:
        """A keyed hash of a record's raw cells: equal cells, equal hash, nothing to guess."""
        cells = (f"{name}={value}" for name, value in sorted(record.values.items()))
        return self.token(
            "cells", record.complete, record.completed_at, str(record.repeat or ""), *cells
        )

    def identifier(self, kind: str, value: str) -> dict[str, Any]:
        """A business identifier in the study's own system for this kind of resource."""
        return {"system": self.system(kind), "value": value}

    def system(self, kind: str) -> str:
        """The study's own system of identifiers for this kind of resource."""
        return f"{self.study.base}/NamingSystem/{kind}"


def reference(resource_type: str, resource_id: str) -> dict[str, Any]:
    """A literal reference."""
    return {"reference": f"{resource_type}/{resource_id}"}


def questionnaire_url(form: Form) -> str:
    """A form's canonical, without its version."""
    return f"{PROJECT}/Questionnaire/{form.id}"


def code_system(name: str) -> str:
    """The canonical of one of the project's own code systems."""
    return f"{PROJECT}/CodeSystem/{name}"
