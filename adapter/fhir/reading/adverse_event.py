"""An AdverseEvent that somebody else wrote, as answers to the trial's adverse-event form.

The way of `adapter.fhir.adverse_event` back: which element answers which item is declared in the
form. What the form asks nothing about is refused and not left out, for of an event nothing may be
lost unsaid; who recorded it, where, and what it refers to elsewhere is nobody's question here and
is left behind. https://hl7.org/fhir/R4/adverseevent.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from adapter.errors import Origin
from adapter.fhir.adverse_event import EXTENSIONS, GRADE, NOTE
from adapter.fhir.issue import Issue
from adapter.fhir.reading.answer import Node, objects, options_of
from adapter.fhir.reading.findings import Findings
from adapter.instruments.adverse_event import contradictions
from adapter.instruments.adverse_event_codes import CRITERIA, GRADES, OTHER_MEDICALLY_IMPORTANT
from adapter.instruments.answer import Answer, Value, answer_of
from adapter.instruments.asking import left_out
from adapter.instruments.form import Form, Item, Option
from adapter.instruments.window import local_day

EVENT = "AdverseEvent"
Said = dict[str, list[tuple[Any, str]]]
"""What stands for each element that a form may ask: values of R4, each with its place."""
_PLAIN: Final = (
    "actuality",
    "event",
    "date",
    "detected",
    "recordedDate",
    "seriousness",
    "severity",
    "outcome",
)
READ: Final = (*_PLAIN, "category", "suspectEntity", "extension")
"""The elements that say something to a form."""
_CRITERIA = frozenset({*CRITERIA, *CRITERIA.values(), OTHER_MEDICALLY_IMPORTANT})
_GRADE_OF = {code: grade for grade, code in GRADES.items()}
_ELEMENT_OF = {url: (element, typed) for element, (url, typed) in EXTENSIONS.items()}
_SUSPECT = f"{EVENT}.suspectEntity"


@dataclass(frozen=True, slots=True)
class _Reading:
    """What every element is read with."""

    form: Form
    zone: ZoneInfo
    found: Findings


def read_event(
    resource: Node, form: Form, zone: ZoneInfo, suspect: str | None
) -> tuple[dict[str, Answer], tuple[Issue, ...]]:
    """The answers by link id, in the form's order, and everything that is wrong.

    Args:
        resource: An AdverseEvent that R4 allows.
        form: The form of kind `adverse-event`, with the options that its writer may know.
        zone: The study's: a moment is asked for as its day there.
        suspect: The reference to the person's therapy; None for a writer who must not know the arm,
            and cannot say what an event is put down to.
    """
    found = Findings()
    if "modifierExtension" in resource:
        expected = "no modifier: it may mean anything"
        found.error("not-supported", f"{EVENT}.modifierExtension", expected, "one")
    said, reading = _said(resource, suspect, found), _Reading(form, zone, found)
    by_element = {item.element: item for item in form.items if item.element}
    for element, values in said.items():
        if element not in by_element and values[0][0] != "actual":
            expected = f"nothing that `{form.id}` does not ask"
            found.error("not-supported", values[0][1], expected, "it")
    answers = dict[str, Answer]()
    for item in form.items:
        values = said.get(item.element or "", [])
        read = [one for value, place in values for one in _read(reading, item, value, place)]
        each = tuple(one for place, one in enumerate(read) if one not in read[:place])
        if len(each) > 1 and not item.repeats:
            found.error("structure", values[0][1], "one answer", f"{len(each)} of them")
        elif each:
            answers[item.link_id] = answer_of(item, each)
    _judge(form, answers, said, found)
    return answers, tuple(found.issues)


def _judge(form: Form, answers: Mapping[str, Answer], said: Said, found: Findings) -> None:
    """What is missing, and, where all could be read, what contradicts itself."""
    places = {item.link_id: f"{EVENT}.{item.element}" for item in form.items}
    is_read = not found.issues
    for item in left_out(form, answers):
        if item.element not in said:
            found.error("required", places[item.link_id], "it said", "nothing")
    for problem in contradictions(form, answers, places, Origin("sent")) if is_read else ():
        found.error("conflict", problem.field, problem.expected, problem.found)


def _said(resource: Node, suspect: str | None, found: Findings) -> Said:
    said: Said = {
        name: [(resource[name], f"{EVENT}.{name}")] for name in _PLAIN if name in resource
    }
    for index, concept in objects(resource.get("category")):
        said.setdefault("category", []).append((concept, f"{EVENT}.category[{index}]"))
    for index, extension in objects(resource.get("extension")):
        for element, value in _of_extension(extension):
            said.setdefault(element, []).append((value, f"{EVENT}.extension[{index}]"))
    for index, coding in objects(resource.get("seriousness", {}).get("coding")):
        if coding.get("code") in _CRITERIA:
            place = f"{EVENT}.seriousness.coding[{index}]"
            said.setdefault("criterion", []).append(({"coding": [coding]}, place))
    causes = list(_causes(resource, suspect, found))
    return {**said, "relatedness": causes} if causes else said


def _of_extension(extension: Node) -> Iterator[tuple[str, Any]]:
    url = str(extension.get("url"))
    if url in _ELEMENT_OF:
        element, typed = _ELEMENT_OF[url]
        if typed in extension:
            yield element, extension[typed]
    elif url == NOTE and "valueAnnotation" in extension:
        yield "note", extension["valueAnnotation"]
    elif url == GRADE and "valueCodeableConcept" in extension:
        yield "grade", extension["valueCodeableConcept"]


def _causes(resource: Node, suspect: str | None, found: Findings) -> Iterator[tuple[Any, str]]:
    """How far it is put down to the therapy; nothing else is suspected here."""
    for index, entity in objects(resource.get("suspectEntity")):
        place = f"{_SUSPECT}[{index}]"
        instance = entity.get("instance", {})
        if suspect is None:
            expected = "nothing of what it is put down to, from who must not know the arm"
            found.error("business-rule", place, expected, "it")
        elif instance.get("reference", suspect) != suspect or (
            "reference" not in instance and instance.get("type") != "Procedure"
        ):
            expected = f"the Procedure of the therapy ({suspect})"
            found.error("not-supported", f"{place}.instance", expected, "something else")
        else:
            for number, cause in objects(entity.get("causality")):
                if "assessment" in cause:
                    yield cause["assessment"], f"{place}.causality[{number}].assessment"


def _read(reading: _Reading, item: Item, value: object, place: str) -> Iterator[Value]:
    """What an element says as the answer to its item."""
    match item.type, value:
        case _, dict() as concept if item.element == "grade":
            yield from _grade(reading, item, concept, place)
        case "choice", _:
            yield from _options(reading, item, value, place)
        case _, dict() as concept:
            yield from _words(reading, concept, place)
        case "date" | "dateTime", str(said):
            day = local_day(said, reading.zone)
            if day is None:
                expected = "a whole day, or a moment with its offset"
                reading.found.error("value", place, expected, "less, or no offset")
            else:
                yield day.isoformat() if item.type == "date" else said
        case _, bool(said) | str(said):
            yield said


def _options(reading: _Reading, item: Item, value: object, place: str) -> Iterator[Option]:
    known = options_of(reading.form, item.link_id)
    named: list[Option] = []
    if isinstance(value, str):  # an element of type code, whose system R4 says
        named = [option for (_, code), option in known.items() if code == value]
    elif isinstance(value, dict):
        codings = (coding for _, coding in objects(value.get("coding")))
        keys = ((str(coding.get("system")), str(coding.get("code"))) for coding in codings)
        named = [known[key] for key in keys if key in known]
    if not named:
        expected = f"one of the {len(reading.form.offered(item))} codings of the form"
        reading.found.error("code-invalid", place, expected, "another coding, or none")
    yield from named


def _grade(reading: _Reading, item: Item, concept: Node, place: str) -> Iterator[Value]:
    codings = (coding for _, coding in objects(concept.get("coding")))
    grades = [_GRADE_OF[each["code"]] for each in codings if each.get("code") in _GRADE_OF]
    offered = {option.value: option for option in reading.form.offered(item)}
    if not grades or (offered and str(grades[0]) not in offered):
        reading.found.error("code-invalid", place, "one of CTCAE's grades", "another code")
    else:
        yield offered.get(str(grades[0]), grades[0])


def _words(reading: _Reading, concept: Node, place: str) -> Iterator[str]:
    """What is told in words: a concept's own, else those of a coding, or those of a note."""
    displays = (coding.get("display") for _, coding in objects(concept.get("coding")))
    words = next((each for each in (concept.get("text"), *displays) if each), None)
    if words is None:
        reading.found.error("required", place, "words", "a code alone")
    else:
        yield words
