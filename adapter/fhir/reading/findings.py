"""What is found while a response is judged: its issues, and the values that R4 itself refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from adapter.fhir.check import Fault
from adapter.fhir.issue import Issue, IssueCode, Severity

_ACTIONS: dict[IssueCode, str] = {
    "business-rule": "It was taken; compare both, and correct the one that is wrong.",
    "code-invalid": "Send a code that the Questionnaire offers.",
    "conflict": "Send it as the change that it is.",
    "informational": "Nothing needs to be done if that is meant.",
    "invariant": "Correct the program that wrote it.",
    "not-found": "Send what is known here, or make it known first.",
    "not-supported": "Leave it out, or send it where it is understood.",
    "required": "Complete it and send it again.",
    "structure": "Send the items as the Questionnaire has them.",
    "value": "Correct the answer and send it again.",
}
_R4_CODES: dict[str, IssueCode] = {
    "binding": "code-invalid",
    "required": "required",
    "unknown": "structure",
    "type": "structure",
    "json": "structure",
    "cardinality": "structure",
    "choice": "structure",
    "resource": "structure",
    "nulls": "structure",
}
_CHOICE = re.compile(r"\.value(?:\[x\]|[A-Z]\w*)")
_INVARIANT = re.compile(r"\w+-\d+")


@dataclass(slots=True)
class Findings:
    """Collects; `broken` holds the places that R4 itself refuses, which are told once."""

    issues: list[Issue] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    def error(self, code: IssueCode, expression: str, expected: str, found: str) -> None:
        """Adds what the response is refused for, unless R4 refuses the same place already."""
        if expression not in self.broken:
            self._add("error", code, expression, expected, found)

    def warning(self, code: IssueCode, expression: str, expected: str, found: str) -> None:
        """Adds what is told and does not hinder."""
        self._add("warning", code, expression, expected, found)

    def information(self, expression: str, expected: str, found: str) -> None:
        """Adds what may be good to know."""
        self._add("information", "informational", expression, expected, found)

    def add_faults(self, faults: Iterable[Fault]) -> None:
        """Adds what R4 says of the resource, whatever the form."""
        for fault in faults:
            place = expression_of(fault.path)
            expected = fault.message.removeprefix("expected ")
            found = "something that R4 does not allow"
            self._add("error", _code_of(fault.rule), place, expected, found)
            self.broken.add(place)

    def _add(
        self, severity: Severity, code: IssueCode, expression: str, expected: str, found: str
    ) -> None:
        self.issues.append(Issue(severity, code, expression, expected, found, _ACTIONS[code]))


def expression_of(path: str) -> str:
    """The FHIRPath of a path to a JSON property: `valueInteger` is `value`.

    >>> expression_of("QuestionnaireResponse.item[0].answer[0].valueInteger")
    'QuestionnaireResponse.item[0].answer[0].value'
    """
    named = path.removesuffix(".?") if path != "$" else "QuestionnaireResponse"
    return _CHOICE.sub(".value", named)


def _code_of(rule: str) -> IssueCode:
    if rule in _R4_CODES:
        return _R4_CODES[rule]
    return "invariant" if _INVARIANT.fullmatch(rule) else "value"
