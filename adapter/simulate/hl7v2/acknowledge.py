"""The acknowledgement of a message: MSH, MSA, and an ERR for each finding.

Source: HL7 v2.4 and v2.5.1, chapter 2.9 and 2.15; ERR has another shape from 2.5 on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from adapter.simulate.hl7v2.message import Message
    from adapter.simulate.hl7v2.rules import Finding, Verdict

_SEPARATORS = "|^~\\&"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What is told of a message; `id` is the acknowledgement's own."""

    verdict: Verdict
    id: str
    now: datetime
    findings: tuple[Finding, ...] = ()


def write_acknowledgement(message: Message | None, told: Acknowledgement) -> bytes:
    """The acknowledgement in ASCII, each segment ended by CR; None: of what was no message."""
    header = None if message is None else message.header
    version = (header.component(12, 1) if header else "") or "2.4"
    fields = {number: header.field(number) if header else "" for number in (3, 4, 5, 6, 11)}
    now = told.now.strftime("%Y%m%d%H%M%S%z")
    sender = [fields[5], fields[6], fields[3], fields[4]]
    processing = fields[11] or "P"
    msh = ["MSH", _SEPARATORS[1:], *sender, now, "", "ACK^R01^ACK", told.id, processing, version]
    words = "; ".join(finding.text for finding in told.findings)[:80]
    msa = ["MSA", told.verdict, message.header.field(10) if message else "", words]
    errors = [_error(finding, version) for finding in told.findings]
    segments = ["|".join(fields).rstrip("|") for fields in (msh, msa, *errors)]
    return "".join(f"{each}\r" for each in segments).encode("ascii", "replace")


def _error(finding: Finding, version: str) -> list[str]:
    place = f"{finding.segment}^{finding.occurrence}^{finding.field or ''}"
    if version.startswith(("2.3", "2.4")):
        return ["ERR", f"{place}^{finding.code}&&HL70357"]
    return ["ERR", "", place.rstrip("^"), f"{finding.code}^^HL70357", "E", "", "", "", finding.text]
