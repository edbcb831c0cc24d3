"""What is wrong with a resource that came in: place, expectation, finding, and what to do.

An issue never holds an answer, a name or a date of birth: record systems log what they are told.
https://hl7.org/fhir/R4/operationoutcome.html, codes of https://hl7.org/fhir/R4/valueset-issue-type.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "information"]
IssueCode = Literal[
    "business-rule",
    "code-invalid",
    "conflict",
    "informational",
    "invariant",
    "not-found",
    "not-supported",
    "required",
    "structure",
    "value",
]


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding about one resource.

    `expression` is the FHIRPath of the place, in R4's simple subset: names and indexes alone. With
    severity `error` the resource is not taken; anything else is told and it is.
    """

    severity: Severity
    code: IssueCode
    expression: str
    expected: str
    found: str
    action: str

    @property
    def component(self) -> dict[str, Any]:
        """The issue as an element of OperationOutcome."""
        return {
            "severity": self.severity,
            "code": self.code,
            "diagnostics": f"Expected {self.expected}; found {self.found}. {self.action}",
            "expression": [self.expression],
        }


def has_errors(issues: Sequence[Issue]) -> bool:
    """Whether the resource is refused because of them."""
    return any(issue.severity == "error" for issue in issues)


def build_operation_outcome(issues: Sequence[Issue]) -> dict[str, Any]:
    """Every issue as one OperationOutcome; without an issue it says that all is well."""
    well = {"severity": "information", "code": "informational", "diagnostics": "Nothing to say."}
    components = [issue.component for issue in issues]
    return {"resourceType": "OperationOutcome", "issue": components or [well]}
