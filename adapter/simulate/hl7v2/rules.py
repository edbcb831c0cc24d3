"""By which rules a practice takes a result: the header decides AR, the content AE.

Codes are those of table HL70357. A finding names segment and field, never what was sent. Source:
HL7 v2.4 and v2.5.1, chapters 2.9 (acknowledgement) and 7 (observations); which of the rules a
product applies differs, unverified: the public guides of the Australian products are brief.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from adapter.simulate.hl7v2.people import Known, is_one_of

if TYPE_CHECKING:
    from adapter.simulate.hl7v2.message import Message, Segment

Verdict = Literal["AA", "AE", "AR"]
VERSIONS = frozenset({"2.3.1", "2.4", "2.5", "2.5.1"})
LONGEST_CONTROL_ID = 20
REPORT_STATUSES = frozenset({"P", "F", "C", "X"})
RESULT_STATUSES = frozenset({"P", "F", "C", "W", "X", "D"})
WITHOUT_VALUE = frozenset({"W", "X", "D"})
VALUE_TYPES = frozenset({"NM", "SN", "ST", "TX", "FT", "CE", "CWE", "DT", "TS", "ED"})
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong: an error code of HL70357, the place, and the rule in words."""

    code: str
    segment: str
    field: int
    text: str
    occurrence: int = 1


def header_findings(message: Message) -> Iterator[Finding]:
    """Why the message as a whole is rejected."""
    header = message.header
    if (header.component(9, 1), header.component(9, 2)) != ("ORU", "R01"):
        yield Finding("200", "MSH", 9, "Only ORU^R01 is taken")
    if not message.control_id:
        yield Finding("101", "MSH", 10, "A control id is required")
    elif len(message.control_id) > LONGEST_CONTROL_ID:
        yield Finding("102", "MSH", 10, f"A control id has at most {LONGEST_CONTROL_ID} characters")
    if header.component(11, 1) != "P":
        yield Finding("202", "MSH", 11, "The processing id is expected to be P")
    if header.component(12, 1) not in VERSIONS:
        yield Finding("203", "MSH", 12, f"The version is expected as {', '.join(sorted(VERSIONS))}")


def content_findings(message: Message, people: Sequence[Known] | None) -> Iterator[Finding]:
    """Why nothing of the message is filed; `people` are whom the practice knows, None: anybody."""
    pids = message.named("PID")
    if len(pids) != 1:
        yield Finding("100", "PID", 0, "One patient is expected")
    elif people is not None and not is_one_of(pids[0], people):
        yield Finding("204", "PID", 3, "No patient has this number, name and date of birth")
    reports, results = message.named("OBR"), message.named("OBX")
    if not reports:
        yield Finding("100", "OBR", 0, "A report is expected")
    for place, report in enumerate(reports, start=1):
        yield from _report_findings(report, place)
    for place, result in enumerate(results, start=1):
        yield from _result_findings(result, place)


def _report_findings(report: Segment, place: int) -> Iterator[Finding]:
    if not report.component(3, 1):
        yield Finding("101", "OBR", 3, "The sender's number of the report is required", place)
    if not report.component(4, 1):
        yield Finding("101", "OBR", 4, "What was asked for is required", place)
    if report.field(25) not in REPORT_STATUSES:
        known = ", ".join(sorted(REPORT_STATUSES))
        yield Finding("103", "OBR", 25, f"The status is expected to be: {known}", place)


def _result_findings(result: Segment, place: int) -> Iterator[Finding]:
    kind, status, value = result.field(2), result.field(11), result.field(5)
    if status not in RESULT_STATUSES:
        known = ", ".join(sorted(RESULT_STATUSES))
        yield Finding("103", "OBX", 11, f"The status is expected to be: {known}", place)
    if not result.component(3, 1):
        yield Finding("101", "OBX", 3, "What was observed is required", place)
    if kind not in VALUE_TYPES:
        known = ", ".join(sorted(VALUE_TYPES))
        yield Finding("103", "OBX", 2, f"The type is expected to be: {known}", place)
    if not value:
        if status not in WITHOUT_VALUE:
            yield Finding("101", "OBX", 5, "A value is required", place)
    elif kind == "NM" and not _NUMBER.fullmatch(value):
        yield Finding("102", "OBX", 5, "A number is expected", place)
    elif kind == "ED" and not is_document(result):
        yield Finding("102", "OBX", 5, "A document in Base64 is expected", place)


def is_document(result: Segment) -> bool:
    """Whether an OBX of type ED holds what it says it holds."""
    return document(result) is not None


def document(result: Segment) -> bytes | None:
    """The document in an OBX of type ED, None where there is none."""
    if result.component(5, 4).casefold() != "base64":
        return None
    try:
        return base64.b64decode(result.component(5, 5), validate=True) or None
    except binascii.Error:
        return None
