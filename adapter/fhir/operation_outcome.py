"""What a server says when it will not: an HTTP status and an OperationOutcome.

Codes are those of https://hl7.org/fhir/R4/valueset-issue-type.html. A text names the place and the
rule, never what was sent: refusals are logged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from adapter.errors import ResourceError
    from adapter.fhir.r4 import NotR4Error

IssueCode = Literal[
    "business-rule",
    "code-invalid",
    "conflict",
    "deleted",
    "duplicate",
    "exception",
    "expired",
    "extension",
    "forbidden",
    "informational",
    "invalid",
    "invariant",
    "login",
    "multiple-matches",
    "not-found",
    "not-supported",
    "required",
    "processing",
    "structure",
    "suppressed",
    "throttled",
    "timeout",
    "too-costly",
    "too-long",
    "transient",
    "unknown",
    "value",
]


ELEMENT = re.compile(r"[A-Z]\w*(?:\.\w+|\[\d+\])*")


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong; `expression` is the FHIRPath of its place, empty without one."""

    code: IssueCode
    text: str
    expression: str = ""
    severity: Literal["error", "warning", "information"] = "error"

    def as_resource(self) -> dict[str, Any]:
        """The issue as OperationOutcome.issue."""
        said = {"severity": self.severity, "code": self.code, "diagnostics": self.text}
        return {**said, "expression": [self.expression]} if self.expression else said


class RefusalError(Exception):
    """An interaction that was refused; nothing of it has happened."""

    def __init__(self, status: int, *issues: Issue) -> None:
        """Keeps the HTTP status and every issue."""
        super().__init__(status, *(issue.text for issue in issues))
        self.status = status
        self.issues = issues

    def within(self, entry: str) -> RefusalError:
        """The same refusal, told of a resource that is the `entry` of a bundle."""
        return RefusalError(
            self.status,
            *(replace(issue, expression=within(entry, issue.expression)) for issue in self.issues),
        )


def refuse(status: int, code: IssueCode, text: str, expression: str = "") -> RefusalError:
    """A refusal with one issue, to be raised."""
    return RefusalError(status, Issue(code, text, expression))


def not_r4(error: NotR4Error | ResourceError) -> RefusalError:
    """The refusal of content that is not R4: 400, one issue per finding."""
    return RefusalError(400, *map(_issue, error.findings))


def _issue(finding: str) -> Issue:
    path, _, rule = finding.partition(": ")
    is_element = ELEMENT.fullmatch(path) is not None
    return Issue("structure", rule, path) if is_element else Issue("structure", finding)


def operation_outcome(*issues: Issue) -> dict[str, Any]:
    """The issues as an OperationOutcome."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [issue.as_resource() for issue in issues],
    }


def within(entry: str, expression: str) -> str:
    """The place of something in a resource, `Observation.subject`, told of the bundle around it."""
    _, dot, path = expression.partition(".")
    return f"{entry}.resource.{path}" if dot else entry
