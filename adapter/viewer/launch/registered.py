"""A record system that knows the application, and what the application asks of it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

TYPES = ("Observation", "QuestionnaireResponse", "AdverseEvent", "Flag", "Task")
"""What the page of a patient is made of, the most important first."""
_ASKED = ("Patient", "Observation", "QuestionnaireResponse", "AdverseEvent")
_V1 = {"read": "rs", "write": "cud", "*": "cruds"}


@dataclass(frozen=True, slots=True)
class Registered:
    """What was agreed with a record system.

    `key` gives the private JWK of a confidential client, None for a public one. `scopes` are asked
    for in place of those that the page needs. `frames` are the origins that it may stand in.
    """

    iss: str
    client_id: str
    key: Callable[[], str] | None = field(default=None, repr=False)
    scopes: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()


def asked_scopes(
    registered: Registered, capabilities: Collection[str], *, is_launched: bool
) -> tuple[str, ...]:
    """The scopes to ask for, in the dialect that the server speaks.

    `is_launched` by the record system, which then knows the patient; else it has to ask for one.
    """
    context = "launch" if is_launched else "launch/patient"
    if registered.scopes:
        return (context, *(each for each in registered.scopes if each != context))
    asked = (*_ASKED, *(("Encounter",) if is_launched else ()))  # which visit is open there
    if "permission-v2" in capabilities:
        rights = {"Patient": "r", "Encounter": "r"}
        return (context, *(f"patient/{each}.{rights.get(each, 'rs')}" for each in asked))
    return (context, *(f"patient/{each}.read" for each in asked))


def may_read(type_: str, granted: str, right: str = "s") -> bool:
    """Whether granted scopes let the page read a type; both dialects may be mixed.

    What a granular scope leaves out is the server's to leave out.

    >>> may_read("Observation", "launch patient/Observation.rs?category=survey")
    True
    """
    for scope in granted.split():
        context, _, rest = scope.partition("/")
        named, _, rights = rest.partition("?")[0].partition(".")
        is_of_type = context in {"patient", "user"} and named in {"*", type_}
        if is_of_type and right in _V1.get(rights, rights):
            return True
    return False
