"""What a client asks for when it asks for an export: read, held to the standard, and kept as JSON.

A word that is not known is refused; with `Prefer: handling=lenient` it is passed over, and the
export says so in a file of its errors. Nothing that was sent is repeated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import unquote

import orjson

from adapter.fhir.ids import ID
from adapter.fhir.operation_outcome import RefusalError, refuse
from adapter.fhir.search.parameters import SERVED_TYPES
from adapter.fhir.text import read_text
from adapter.instruments.study import Purpose
from adapter.server.caller import Caller
from adapter.server.groups import GROUP

Level = Literal["system", "patient", "group"]
Associated = Literal["", "latest", "relevant"]
"""Which Provenances come along: all there are, the newest of each resource, or all of each."""
Pairs = Iterable[tuple[str, str]]
# The types of R4's Patient compartment among those that are served
# (https://hl7.org/fhir/R4/compartmentdefinition-patient.html).
OF_PATIENTS = frozenset(
    {
        *("AdverseEvent", "Condition", "Consent", "DocumentReference", "Encounter", "Flag"),
        *("Group", "MedicationRequest", "MedicationStatement", "Observation", "Patient"),
        *("Procedure", "Provenance", "QuestionnaireResponse", "ResearchSubject"),
    }
)
PROVENANCE = "Provenance"
FORMATS = frozenset({"application/fhir+ndjson", "application/ndjson", "ndjson"})
_ASSOCIATED: Mapping[str, Associated] = {
    "RelevantProvenanceResources": "relevant",
    "LatestProvenanceResources": "latest",
}
"""By the word of the standard, the one that gives more first."""
_LISTED = frozenset({"_type", "_elements", "patient", "includeAssociatedData"})
_ONCE = frozenset({"_since", "_outputFormat"})
_VALUES = ("valueString", "valueInstant", "valueCode", "valueUri", "valueDateTime", "valueId")
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)", re.ASCII
)
_FILTER = re.compile(r"(?P<type>[A-Z][A-Za-z]{2,63})\?(?P<query>.*)", re.DOTALL)
_ELEMENT = re.compile(r"(?:[A-Z][A-Za-z]{2,63}\.)?[a-z][A-Za-z]{0,63}", re.ASCII)
_PATIENT = re.compile(rf"(?:Patient/)?(?P<id>{ID})", re.ASCII)
MOST_FILTERS = 50


@dataclass(frozen=True, slots=True)
class Order:
    """An export as it was asked for, and as whom.

    `patients` are ids, None for everybody; `since` is an instant, '' for everything there is.
    `filters` are (type, query); `elements` (type, or '' for all, element). `passed_over` are the
    words that are told in the file of errors.
    """

    request: str
    level: Level
    types: tuple[str, ...]
    purpose: Purpose
    clinic: str
    is_unblinded: bool
    since: str = ""
    elements: tuple[tuple[str, str], ...] = ()
    filters: tuple[tuple[str, str], ...] = ()
    patients: tuple[str, ...] | None = None
    passed_over: tuple[str, ...] = ()
    associated: Associated = ""

    @property
    def caller(self) -> Caller:
        """Who asked, as the release gate knows them."""
        return Caller("", self.purpose, self.clinic, self.is_unblinded)

    def elements_of(self, resource_type: str) -> frozenset[str]:
        """The elements of a type that are asked for; none stands for all of them."""
        return frozenset(name for of, name in self.elements if of in {"", resource_type})

    def as_text(self) -> str:
        """The order as it is kept."""
        return orjson.dumps(asdict(self)).decode()


def kept_order(text: str) -> Order:
    """An order out of the text that was kept of it."""
    said = orjson.loads(text)
    pairs = {name: tuple(map(tuple, said[name])) for name in ("elements", "filters")}
    patients = None if said["patients"] is None else tuple(said["patients"])
    listed = {name: tuple(said[name]) for name in ("types", "passed_over")}
    return Order(**{**said, **pairs, **listed, "patients": patients})


@dataclass(frozen=True, slots=True)
class Asking:
    """A request for an export: its whole address, its parameters, and how it was sent."""

    request: str
    level: Level
    said: Pairs
    is_post: bool = False
    is_lenient: bool = False


def read_order(asking: Asking, caller: Caller) -> Order:
    """What a kick-off says.

    Raises:
        RefusalError: 400 for what is not of its kind or not served, 403 for what the scopes forbid.
    """
    words, passed_over = _sorted_out(asking)
    asked_format = words.get("_outputFormat", ["ndjson"])[0]
    if asked_format.replace(" ", "+") not in FORMATS:
        text = "_outputFormat is expected to be application/fhir+ndjson"
        raise refuse(400, "not-supported", text)
    associated = _associated(words.get("includeAssociatedData", []), asking, passed_over)
    if associated and "_type" in words:  # what is associated comes along
        words["_type"].append(PROVENANCE)
    types = _types(words.get("_type", []), caller, asking.level)
    if associated and PROVENANCE not in types:
        text = f"The scopes of this client do not allow it: system/{PROVENANCE}.rs"
        raise refuse(403, "forbidden", text)
    if "_since" in words and "_type" not in words:  # when it changed is not known
        types = tuple(name for name in types if name != GROUP)
    return Order(
        request=asking.request,
        level=asking.level,
        types=types,
        purpose=caller.purpose,
        clinic=caller.clinic,
        is_unblinded=caller.is_unblinded,
        since=_since(words["_since"][0]) if "_since" in words else "",
        elements=tuple(map(_element, words.get("_elements", []))),
        filters=_filters(words.get("_typeFilter", []), types),
        patients=tuple(map(_patient, words["patient"])) if "patient" in words else None,
        passed_over=tuple(passed_over),
        associated=associated,
    )


def read_parameters(content: bytes) -> list[tuple[str, str]]:
    """The names and values of a Parameters resource.

    Raises:
        RefusalError: 400, it is none.
    """
    kind, pairs = "", list[tuple[str, str]]()
    try:
        said = read_text(content)
        kind = said["resourceType"]
        pairs = [(str(each["name"]), _value(each)) for each in said.get("parameter", ())]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        kind = ""
    if kind != "Parameters":
        text = "The content is expected as Parameters, each with one value of a plain type"
        raise refuse(400, "structure", text)
    return pairs


def _sorted_out(asking: Asking) -> tuple[dict[str, list[str]], list[str]]:
    """The words that are known, each with its values; what is told of the others."""
    words, passed_over = dict[str, list[str]](), list[str]()
    for name, value in asking.said:
        if name in _LISTED and (name != "patient" or asking.is_post):
            words.setdefault(name, []).extend(filter(None, value.split(",")))
        elif name == "_typeFilter":
            words.setdefault(name, []).extend(_apart(value))
        elif name in _ONCE:
            if name in words:
                raise refuse(400, "invalid", f"{name} is expected once")
            words[name] = [value]
        else:
            text = "A parameter of the request is none that this server knows for an export"
            if name == "patient":
                text = "`patient` is expected in Parameters that are posted"
            if not asking.is_lenient:
                raise refuse(400, "not-supported", text)
            passed_over.append(text)
    return words, passed_over


def _associated(said: list[str], asking: Asking, passed_over: list[str]) -> Associated:
    """Which Provenances are asked for; of several words the one that gives the most."""
    if not set(said) <= _ASSOCIATED.keys():
        text = f"includeAssociatedData is expected to be of {', '.join(sorted(_ASSOCIATED))}"
        if not asking.is_lenient:
            raise refuse(400, "not-supported", text)
        passed_over.append(text)
    for word, meant in _ASSOCIATED.items():
        if word in said:
            return meant
    return ""


def _apart(value: str) -> list[str]:
    """The filters of a list; a comma inside one, which should be encoded, parts no filters."""
    filters = list[str]()
    for part in value.split(","):
        if filters and not _FILTER.fullmatch(part):
            filters[-1] += f",{part}"
        else:
            filters.append(part)
    return filters


def _types(asked: list[str], caller: Caller, level: Level) -> tuple[str, ...]:
    there = SERVED_TYPES if level == "system" else OF_PATIENTS & SERVED_TYPES
    allowed = {name for name in there if caller.may("r", name) and caller.may("s", name)}
    if not asked:
        if not allowed:
            raise refuse(403, "forbidden", "The scopes of this client allow nothing of this")
        return tuple(sorted(allowed))
    if not set(asked) <= SERVED_TYPES:
        raise refuse(400, "not-supported", "_type names a type that is not served")
    wanted = set(asked) & there
    if not wanted:
        raise refuse(400, "not-supported", "_type names no type that can be about a patient")
    if not wanted <= allowed:
        raise refuse(403, "forbidden", "The scopes of this client do not allow a type of _type")
    return tuple(sorted(wanted))


def _since(value: str) -> str:
    said = value.replace(" ", "+")  # a plus that was not encoded
    try:
        moment = datetime.fromisoformat(said) if _INSTANT.fullmatch(said) else None
        if moment is not None:
            moment.astimezone(UTC)  # an offset may lead out of all years
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        text = "_since is expected as an instant, such as 2026-03-01T09:30:00.000Z"
        raise refuse(400, "value", text)
    return said


def _element(said: str) -> tuple[str, str]:
    if not _ELEMENT.fullmatch(said):
        raise refuse(400, "value", "_elements is expected as names, or as Type.name")
    of, _, name = said.rpartition(".")
    return of, name


def _filters(said: list[str], types: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    filters = list[tuple[str, str]]()
    for each in said:
        found = _FILTER.fullmatch(each)
        if found is None:
            raise refuse(400, "value", "_typeFilter is expected as Type?parameter=value")
        if "\0" in unquote(each):
            raise refuse(400, "value", "A value of _typeFilter is not of its kind")
        if found["type"] not in types:
            raise refuse(400, "value", "_typeFilter is about a type that is not exported")
        filters.append((found["type"], found["query"]))
    if len(filters) > MOST_FILTERS:
        raise refuse(400, "too-costly", f"More than {MOST_FILTERS} filters")
    return tuple(filters)


def _patient(said: str) -> str:
    found = _PATIENT.fullmatch(said)
    if found is None:
        raise _bad_patient()
    return found["id"]


def _bad_patient() -> RefusalError:
    return refuse(400, "value", "patient is expected as Patient/[id]")


def _value(parameter: Mapping[str, Any]) -> str:
    if "valueReference" in parameter:
        return str(parameter["valueReference"]["reference"])
    (value,) = (parameter[name] for name in _VALUES if name in parameter)
    if not isinstance(value, str):
        raise TypeError
    return value
