"""What must hold of an adverse-event form, and of what one row of it says.

A form is held to R4's types and code lists (https://hl7.org/fhir/R4/adverseevent.html), so that no
row of it can become something that R4 forbids. A row that contradicts itself is kept back: it is
for the trial to say which of the two is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from adapter.errors import Origin, Problem
from adapter.instruments.adverse_event_codes import (
    ACTUALITY,
    CRITERIA,
    NCIT,
    OTHER_MEDICALLY_IMPORTANT,
    OUTCOME,
    OUTCOMES,
    RELATEDNESS,
    SERIOUSNESS,
    SEVERITY,
    SEVERITY_OF_GRADE,
    AdverseEventElement,
)
from adapter.instruments.answer import Answer
from adapter.instruments.form import Form, Item, Option
from adapter.instruments.mapping import Lines, Place

_MOMENT: Final = ("date", "dateTime")
_TYPES: Final[dict[AdverseEventElement, tuple[str, ...]]] = {
    "identifier": ("string",),
    "event": ("text", "string", "choice"),
    "category": ("choice",),
    "date": _MOMENT,
    "detected": _MOMENT,
    "recordedDate": _MOMENT,
    "resolveDate": _MOMENT,
    "seriousness": ("choice",),
    "criterion": ("choice",),
    "severity": ("choice",),
    "grade": ("integer", "choice"),
    "outcome": ("choice",),
    "relatedness": ("choice",),
    "expected": ("boolean",),
    "discontinued": ("boolean",),
    "awareness": _MOMENT,
    "reported": _MOMENT,
    "note": ("text", "string"),
    "actuality": ("choice",),
}
_CODES: Final[dict[AdverseEventElement, dict[str, tuple[str, ...]]]] = {
    "seriousness": {SERIOUSNESS: ("Serious", "Non-serious")},
    "criterion": {
        SERIOUSNESS: tuple(CRITERIA),
        NCIT: (*CRITERIA.values(), OTHER_MEDICALLY_IMPORTANT),
    },
    "severity": {SEVERITY: tuple(dict.fromkeys(SEVERITY_OF_GRADE.values()))},
    "outcome": {OUTCOME: (*OUTCOMES, "unknown")},
    "relatedness": {NCIT: tuple(RELATEDNESS)},
    "actuality": {ACTUALITY: ("actual", "potential")},
}
_GRADE_BOUNDS = (Decimal(min(SEVERITY_OF_GRADE)), Decimal(max(SEVERITY_OF_GRADE)))
_GRADES = tuple(map(str, SEVERITY_OF_GRADE))


def adverse_event_findings(form: Form, lines: Lines) -> Iterator[Problem]:
    """Elements without a place in R4, answers without R4's codes, and what blinding replaces."""
    met: set[str] = set()
    for index, item in enumerate(form.items):
        place: Place = ("items", index)
        if item.element is None:
            continue
        if form.kind != "adverse-event":
            expected, found = "`element` in an adverse-event form alone", "it in another"
            yield lines.problem((*place, "element"), expected, found, "Remove it.")
            continue
        if item.element in met:
            expected, found = "each element once", f"`{item.element}` again"
            yield lines.problem((*place, "element"), expected, found, "Keep one of the items.")
        met.add(item.element)
        yield from _item_findings(form, item, item.element, place, lines)
    for name, options in form.options.items():
        for index, option in enumerate(options):
            yield from _blinding_findings(form, name, option, index, lines)


def _item_findings(
    form: Form, item: Item, element: AdverseEventElement, place: Place, lines: Lines
) -> Iterator[Problem]:
    types = _TYPES[element]
    if item.type not in types:
        yield lines.problem(
            (*place, "type"),
            f"{' or '.join(types)} for `{element}`",
            f"`{item.type}`",
            "Correct the type or the element.",
        )
    if item.repeats and element != "criterion":
        expected = "one answer, but for the criteria of seriousness"
        yield lines.problem((*place, "repeats"), expected, "several", "Remove `repeats`.")
    if element == "grade" and item.type == "integer" and (item.min, item.max) != _GRADE_BOUNDS:
        yield lines.problem(place, "`min: 1` and `max: 5` for a grade", "others", "Correct them.")
    for option in form.offered(item):
        yield from _code_findings(item, element, option, place, lines)


def _code_findings(
    item: Item, element: AdverseEventElement, option: Option, place: Place, lines: Lines
) -> Iterator[Problem]:
    known = _CODES.get(element)
    if element == "grade" and option.value not in _GRADES:
        expected = f"the grades {', '.join(_GRADES)}"
        yield lines.problem((*place, "options"), expected, f"`{option.value}`", "Correct it.")
    if known is None:
        return
    code = option.code
    if code is None or code.code not in known.get(code.url, ()):
        words = "; ".join(f"{', '.join(codes)} of {system}" for system, codes in known.items())
        yield lines.problem(
            (*place, "options"),
            f"for `{element}` a code of {words}",
            f"the answer `{option.value}` of `{item.options}` with another code or none",
            "Give it the code that it means.",
        )


def _blinding_findings(
    form: Form, name: str, option: Option, index: int, lines: Lines
) -> Iterator[Problem]:
    if option.blinded_as is None:
        return
    place: Place = ("options", name, index, "blinded_as")
    elements = {item.element for item in form.items if item.options == name}
    if elements != {"category"}:
        expected = "`blinded_as` for the answers of an adverse event's category alone"
        yield lines.problem(place, expected, "it elsewhere", "Remove it.")
    plain = [other.value for other in form.options[name] if other.blinded_as is None]
    if option.blinded_as not in plain:
        yield lines.problem(
            place,
            "the value of another answer of this list, one that everybody may know",
            f"`{option.blinded_as}`",
            "Name such an answer.",
        )


def contradictions(
    form: Form, answers: Mapping[str, Answer], fields: Mapping[str, str], origin: Origin
) -> Iterator[Problem]:
    """What one row says twice and differently; `fields` are the source's columns by link id.

    Serious must carry a criterion where the form asks for one, and what is not serious must carry
    none (the rule aeClinRes-seriousness-1 of HL7's profile for clinical research); a severity and a
    grade must agree.
    """
    by_element = {item.element: item for item in form.items if item.element}
    seriousness, criterion = by_element.get("seriousness"), by_element.get("criterion")
    if seriousness and criterion:
        said = _codes(answers, seriousness)
        has_criterion = bool(_codes(answers, criterion))
        if said == ["Serious"] and not has_criterion:
            expected = f"a criterion, because `{fields[seriousness.link_id]}` says serious"
            yield _contradiction(origin, fields[criterion.link_id], expected, "none")
        if said != ["Serious"] and has_criterion:
            expected = f"no criterion, unless `{fields[seriousness.link_id]}` says serious"
            yield _contradiction(origin, fields[criterion.link_id], expected, "one or more")
    severity, grade = by_element.get("severity"), by_element.get("grade")
    if severity and grade:
        words, graded = _codes(answers, severity), _grades(answers, grade)
        if words and graded and words != [SEVERITY_OF_GRADE[int(each)] for each in graded]:
            expected = f"the grade of the severity that `{fields[severity.link_id]}` says"
            yield _contradiction(origin, fields[grade.link_id], expected, "another one")


def _codes(answers: Mapping[str, Answer], item: Item) -> list[str]:
    answer = answers.get(item.link_id)
    options = answer.values if answer is not None else ()
    return [each.code.code for each in options if isinstance(each, Option) and each.code]


def _grades(answers: Mapping[str, Answer], item: Item) -> list[str]:
    answer = answers.get(item.link_id)
    values = answer.values if answer is not None else ()
    return [each.value if isinstance(each, Option) else str(each) for each in values]


def _contradiction(origin: Origin, field: str, expected: str, found: str) -> Problem:
    return Problem(
        origin=origin,
        field=field,
        expected=expected,
        found=found,
        action="Correct one of the two in the source and export again; "
        "this event is kept back until then.",
    )
