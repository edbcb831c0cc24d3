"""The content of a report, read from a document of ours: what text, PDF and HL7 v2 have in common.

Each line keeps its number as the resource wrote it. What could not be scored is a line, too, that
says why. Who got the therapy stands in none of the resources; an event was blinded before it was
put into the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from adapter.fhir.document import reported
from adapter.fhir.identity import code_system

Resource = dict[str, Any]

NOTICE = (
    "From a clinical trial. For information, not for diagnosis: bands and changes are for reading."
)
WITHDRAWN = "withdrawn"
_OWN = (code_system("score"), code_system("item"))
_EVENT_WORDS = {
    "category": "Category",
    "event": "What happened",
    "date": "Began",
    "detected": "Learned of",
    "recordedDate": "Recorded",
    "seriousness": "Seriousness",
    "severity": "Severity",
    "outcome": "Outcome",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One number or word of a report.

    `value` is '' where there is none, and `absent` says why. `low` and `high` are the possible
    range, '' where there is none. `codes` are pairs of system and code, the best known first.
    `change` is how much it changed since baseline, and `meaning` what that is.
    """

    name: str
    value: str
    unit: str = ""
    is_number: bool = True
    low: str = ""
    high: str = ""
    band: str = ""
    absent: str = ""
    note: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    change: str = ""
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """An outcome as people read it; `answered` is '' where the trial does not know when.

    `version` is the form's, '' for an event. `made` is the instant of this version; `id` stays
    through its corrections. `is_withdrawn`: it should not have been. `is_on_paper`: a person files
    it by hand, so that earlier ones may lie anywhere.
    """

    id: str
    title: str
    form: str
    version: str
    answered: str
    by: str
    made: str
    is_amended: bool
    is_withdrawn: bool
    lines: tuple[Line, ...]
    is_on_paper: bool = False


def read_report(document: Resource) -> Report:
    """The report that a DocumentReference of ours holds."""
    resources = reported(document)
    observations = [each for each in resources if each["resourceType"] == "Observation"]
    changes = {code: each for each in observations if (code := _own(each)).endswith("-change")}
    lines = [
        _line(each, changes.get(f"{_own(each)}-change"))
        for each in observations
        if not _own(each).endswith("-change") and "hasMember" not in each
    ]
    for event in (each for each in resources if each["resourceType"] == "AdverseEvent"):
        lines.extend(_event_lines(event))
    is_withdrawn = document["status"] == "entered-in-error"
    if is_withdrawn:  # what is taken back is named, and not told again
        lines = [Line(line.name, "", codes=line.codes, absent=WITHDRAWN) for line in lines]
    period = document.get("context", {}).get("period", {})
    return Report(
        id=document["masterIdentifier"]["value"],
        title=document["description"],
        form=document["category"][0]["coding"][0]["code"],
        version=_version(resources),
        answered=period.get("start", ""),
        by=_by(resources),
        made=document["date"],
        is_amended=document.get("docStatus") == "amended",
        is_withdrawn=is_withdrawn,
        lines=tuple(lines),
    )


def lines_of(resource: Resource) -> tuple[Line, ...]:
    """What one resource of ours says, a line for each number or word."""
    match resource["resourceType"]:
        case "Observation":
            return (_line(resource, None),)
        case "DocumentReference":
            return read_report(resource).lines
        case "QuestionnaireResponse":
            return tuple(_answers(resource["item"]))
    return tuple(_event_lines(resource))


def _answers(items: Iterable[Resource]) -> Iterator[Line]:
    for item in items:
        yield from _answers(item.get("item", ()))
        said = [_word(each) for each in item.get("answer", ())]
        if said:
            name = item.get("text") or f"Question {item['linkId']}"
            yield Line(name, ", ".join(said), is_number=False)


def _line(observation: Resource, change: Resource | None) -> Line:
    name = observation["code"]["text"]
    codes = tuple((each["system"], each["code"]) for each in observation["code"]["coding"])
    note = "; ".join(each["text"] for each in observation.get("note", ()))
    if "dataAbsentReason" in observation:
        reason = observation["dataAbsentReason"]
        absent = reason.get("text") or reason["coding"][0]["code"]
        return Line(name, "", absent=absent, note=note, codes=codes)
    if "valueQuantity" not in observation:
        word = _word(observation)
        return Line(name, word, is_number=False, note=note, codes=codes)
    said = observation["valueQuantity"]
    low, high = _range(observation)
    points, meaning = ("", "") if change is None else _change(change)
    return Line(
        name,
        str(said["value"]),
        unit=said["code"],
        low=low,
        high=high,
        band=", ".join(each["text"] for each in observation.get("interpretation", ())),
        note=note,
        codes=codes,
        change=points,
        meaning=meaning,
    )


def _change(change: Resource) -> tuple[str, str]:
    points = change["valueQuantity"]["value"]
    said = [each["text"] for each in change.get("interpretation", ())]
    return f"{points:+}", ", ".join(said) or "no change in either direction"


def _range(observation: Resource) -> tuple[str, str]:
    for each in observation.get("referenceRange", ()):
        return str(each["low"]["value"]), str(each["high"]["value"])
    return "", ""


def _word(observation: Resource) -> str:
    (value,) = (value for name, value in observation.items() if name.startswith("value"))
    if isinstance(value, dict):
        return str(value.get("text") or value.get("display") or value["code"])
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _own(observation: Resource) -> str:
    """The project's own code of an Observation, '' where it has none: a panel is an instrument."""
    return next(
        (each["code"] for each in observation["code"]["coding"] if each["system"] in _OWN), ""
    )


def _event_lines(event: Resource) -> Iterator[Line]:
    for element, name in _EVENT_WORDS.items():
        for said in _listed(event.get(element)):
            yield Line(name, said, is_number=False)


def _listed(value: Any) -> Iterator[str]:  # noqa: ANN401 - an element of any type
    for each in value if isinstance(value, list) else (value,):
        if isinstance(each, dict):
            yield each.get("text") or ", ".join(code["code"] for code in each["coding"])
        elif each is not None:
            yield str(each)


def _version(resources: Iterable[Resource]) -> str:
    """The version of the form, as a response names it, or the method of a score."""
    for each in resources:
        if each["resourceType"] == "QuestionnaireResponse":
            return str(each["questionnaire"].rpartition("|")[2])
        if "method" in each:
            return str(each["method"]["coding"][0]["version"])
    return ""


def _by(resources: Iterable[Resource]) -> str:
    known = {each["resourceType"]: each for each in resources}
    if "AdverseEvent" in known:
        return "the trial's staff"
    if "QuestionnaireResponse" not in known:
        return "the trial, as totals"
    said: str = known["QuestionnaireResponse"].get("source", {}).get("display", "the participant")
    return said
