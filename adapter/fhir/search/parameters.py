"""The search parameters of each type that the ledger holds, with the elements they look at.

Names, kinds and paths are those of R4 4.0.1
(https://hl7.org/fhir/R4/searchparameter-registry.html); those are listed that are served. Three are
ours, for R4 has them for other types alone: `patient` and `identifier` of an AdverseEvent, and the
`name` of a Group, which R5 has.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

Kind = Literal[
    "token", "reference", "uri", "canonical", "date", "quantity", "string", "pair", "usage"
]
OF_TYPE: Final = ":of-type"
"""Behind the name of a parameter: identifiers by their kind and value."""
BY_IDENTIFIER: Final = ":identifier"
"""Behind the name of a parameter: references by the identifier that they say."""
ALWAYS_THERE: Final = frozenset({"_id", "_lastUpdated"})
"""The parameters of what every resource has beside its elements."""

# One line a type: parameter:kind, or parameter:kind=path,path where the path is another word.
_TABLE = """
AdverseEvent: subject:reference patient:reference=subject date:date study:reference \
seriousness:token severity:token category:token event:token actuality:token recorder:reference \
identifier:token
CodeSystem: url:uri version:token status:token identifier:token name:string title:string
Condition: patient:reference=subject subject:reference code:token category:token \
clinical-status:token=clinicalStatus recorded-date:date=recordedDate onset-date:date=onset
Consent: patient:reference status:token scope:token category:token date:date=dateTime \
period:date=provision.period purpose:token=provision.purpose identifier:token
Device: identifier:token status:token type:token
DocumentReference: patient:reference=subject subject:reference type:token category:token date:date \
status:token identifier:token=masterIdentifier,identifier
Encounter: patient:reference=subject subject:reference status:token class:token date:date=period
Flag: patient:reference=subject subject:reference date:date=period identifier:token
Group: identifier:token type:token actual:token code:token \
member:reference=member.entity name:string
MedicationRequest: patient:reference=subject subject:reference status:token intent:token \
authoredon:date=authoredOn code:token=medicationCodeableConcept
MedicationStatement: patient:reference=subject subject:reference status:token \
effective:date code:token=medicationCodeableConcept
Observation: patient:reference=subject subject:reference category:token code:token \
combo-code:token=code,component.code date:date=effective status:token \
value-quantity:quantity=valueQuantity code-value-quantity:pair=code,valueQuantity \
derived-from:reference=derivedFrom has-member:reference=hasMember identifier:token
Patient: identifier:token family:string=name.family given:string=name.given \
birthdate:date=birthDate gender:token active:token
Procedure: patient:reference=subject subject:reference code:token category:token status:token \
date:date=performed identifier:token
Provenance: target:reference patient:reference=target recorded:date agent:reference=agent.who \
entity:reference=entity.what
Questionnaire: url:uri version:token status:token identifier:token title:string name:string \
code:token=item.code context-type:token=useContext.code \
context:token=useContext.valueCodeableConcept context-type-value:usage=useContext
QuestionnaireResponse: patient:reference=subject subject:reference questionnaire:canonical \
status:token authored:date author:reference source:reference identifier:token \
based-on:reference=basedOn
ResearchStudy: identifier:token status:token title:string sponsor:reference site:reference
ResearchSubject: patient:reference=individual individual:reference study:reference status:token \
identifier:token date:date=period
Task: patient:reference=for subject:reference=for status:token code:token identifier:token \
authored-on:date=authoredOn priority:token
ValueSet: url:uri version:token status:token identifier:token name:string title:string
"""
_AUDITED = """
AuditEvent: date:date=recorded patient:reference=agent.who,entity.what agent:reference=agent.who \
entity:reference=entity.what type:token subtype:token action:token outcome:token
"""
"""What stands in no ledger: the logs, for auditors."""
_COMMON = (
    "_profile:uri=meta.profile _security:token=meta.security _tag:token=meta.tag"
    " _source:uri=meta.source"
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter of one type; `paths` are the elements, step by step."""

    name: str
    kind: Kind
    paths: tuple[tuple[str, ...], ...]


@cache
def parameters(resource_type: str) -> dict[str, Parameter]:
    """By name, what resources of a type are found by; nothing for a type that is not served.

    `ALWAYS_THERE` are not among them: they are not elements that are looked at.
    """
    return {each.name: each for each in _PARAMETERS.get(resource_type, ())}


def _read(declared: str) -> tuple[Parameter, ...]:
    read = []
    for one in declared.split():
        said, _, paths = one.partition("=")
        name, _, kind = said.partition(":")
        steps = tuple(tuple(path.split(".")) for path in (paths or name).split(","))
        read.append(Parameter(name, kind, steps))  # type: ignore[arg-type]
    return tuple(read)


def _of_lines(table: str) -> dict[str, tuple[Parameter, ...]]:
    named = (line.partition(":") for line in table.strip().splitlines())
    return {name: _read(f"{declared} {_COMMON}") for name, _, declared in named}


_SERVED = _of_lines(_TABLE)
_PARAMETERS = {**_SERVED, **_of_lines(_AUDITED)}
SERVED_TYPES: Final = frozenset(_SERVED)
"""The types of what the ledger holds."""
