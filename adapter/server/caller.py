"""Who asks: a registered client, what it was allowed, and for which purpose it reads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from adapter.fhir.operation_outcome import refuse
from adapter.instruments.study import Purpose
from adapter.release import Reader

_LETTERS = "cruds"
_OLD = {"read": "rs", "write": "cud", "*": _LETTERS}
_SCOPE = re.compile(r"system/(?P<type>\*|[A-Z][A-Za-z]+)\.(?P<what>read|write|\*|[cruds]+)")


@dataclass(frozen=True, slots=True)
class Scope:
    """Leave for some interactions with one type, or with all of them (`*`)."""

    type: str
    letters: frozenset[str]


@dataclass(frozen=True, slots=True)
class Caller:
    """One client as it asks now.

    `clinic` is the one whose consents count, '' for a repository; unblinded callers may know the
    arm. `patient_system` is that of identifiers by whose values the clinic's own Patients have
    their ids, '' for none.
    """

    client: str
    purpose: Purpose
    clinic: str = ""
    is_unblinded: bool = False
    scopes: tuple[Scope, ...] = ()
    patient_system: str = ""
    is_auditor: bool = False

    @property
    def reader(self) -> Reader:
        """As the release gate knows it."""
        return Reader(self.purpose, self.clinic, self.is_unblinded)

    def may(self, letter: str, resource_type: str) -> bool:
        """Whether an interaction (`c`, `r`, `u`, `d`, `s`) with a type was allowed."""
        return any(
            letter in scope.letters and scope.type in {resource_type, "*"} for scope in self.scopes
        )

    def check(self, letter: str, resource_type: str) -> None:
        """That an interaction with a type was allowed.

        Raises:
            RefusalError: 403.
        """
        if not self.may(letter, resource_type):
            text = f"The scopes of this client do not allow it: system/{resource_type}.{letter}"
            raise refuse(403, "forbidden", text)


def read_scopes(said: Iterable[str]) -> tuple[Scope, ...]:
    """SMART scopes of systems, in the words of both versions.

    `system/Observation.rs` and `system/*.read` are such scopes. What is none is left out: it
    allows nothing (https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html).
    """
    scopes = []
    for one in said:
        known = _SCOPE.fullmatch(one)
        if known is None:
            continue
        letters = _OLD.get(known["what"], known["what"])
        in_order = sorted(set(letters), key=_LETTERS.index)
        if list(letters) == in_order:  # `.dus` is no scope: the letters have an order
            scopes.append(Scope(known["type"], frozenset(letters)))
    return tuple(scopes)
