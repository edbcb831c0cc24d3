"""A practice: it knows its patients, acknowledges each message, and files what it takes.

A message that was filed and comes again gets the same acknowledgement and is not filed again; one
that was not is judged anew. Reports are told
apart by the sender's number (OBR-3): a later one (OBR-22) replaces what was filed, whole; one with
OBR-25 X, or whose results are all W or D, is withdrawn.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from adapter.simulate.hl7v2.acknowledge import Acknowledgement, write_acknowledgement
from adapter.simulate.hl7v2.message import Message, NotHl7Error, Segment, parse
from adapter.simulate.hl7v2.rules import Finding, content_findings, document, header_findings

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from adapter.simulate.hl7v2.people import Known
    from adapter.simulate.hl7v2.rules import Verdict

GONE = frozenset({"W", "D"})


@dataclass(frozen=True, slots=True)
class Result:
    """One filed OBX: of a document the digest (SHA-256) and no content."""

    type: str
    code: str
    name: str
    system: str
    value: str
    unit: str
    status: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """One filed report in its newest version; `count` says how many versions came."""

    number: str
    control_id: str
    patient: str
    code: str
    status: str
    reported: str
    is_withdrawn: bool
    results: tuple[Result, ...]
    count: int


class Practice:
    """What a practice has filed, and what it has answered."""

    def __init__(
        self, clock: Callable[[], datetime], people: Sequence[Known] | None = None
    ) -> None:
        """`people` are its patients; None stands for anybody."""
        self.reports: dict[str, Report] = {}
        self._clock, self._people = clock, people
        self._answered: dict[str, tuple[bytes, bytes]] = {}  # by control id: what came, what went
        self._lock = threading.Lock()
        self._count = 0

    def receive(self, content: bytes) -> bytes:
        """Takes one message, and gives its acknowledgement."""
        with self._lock:
            self._count += 1
            try:
                message = parse(content)
            except NotHl7Error as wrong:
                return self._acknowledge(None, "AR", [Finding("100", "MSH", 0, str(wrong))])
            before = self._answered.get(message.control_id)
            if before is not None and before[0] == content:
                return before[1]
            verdict, findings = self._judge(message, is_known=before is not None)
            if verdict == "AA":
                for report in self._read(message):
                    self.reports[report.number] = report
            answer = self._acknowledge(message, verdict, findings)
            if verdict == "AA":
                self._answered[message.control_id] = content, answer
            return answer

    def shown(self) -> list[dict[str, Any]]:
        """Everything that is filed, withdrawn reports marked, in the order of their numbers."""
        with self._lock:
            return [asdict(self.reports[number]) for number in sorted(self.reports)]

    def _judge(self, message: Message, *, is_known: bool) -> tuple[Verdict, list[Finding]]:
        if found := list(header_findings(message)):
            return "AR", found
        if is_known:
            text = "The control id came before, with another content"
            return "AR", [Finding("205", "MSH", 10, text)]
        found = [*content_findings(message, self._people), *self._late(message)]
        return ("AE", found) if found else ("AA", [])

    def _late(self, message: Message) -> Iterator[Finding]:
        for place, report in enumerate(message.named("OBR"), start=1):
            filed = self.reports.get(report.text(3))
            if filed is not None and _moment(report) < filed.reported:
                yield Finding("205", "OBR", 22, "A later report is filed already", place)

    def _read(self, message: Message) -> Iterator[Report]:
        patient = message.named("PID")[0].component(3, 1)
        for report, following in _by_report(message.segments):
            number, status = report.text(3), report.field(25)
            results = tuple(_results(following))
            before = self.reports.get(number)
            yield Report(
                number,
                message.control_id,
                patient,
                report.component(4, 1),
                status,
                _moment(report),
                status == "X" or (bool(results) and {each.status for each in results} <= GONE),
                results,
                before.count + 1 if before else 1,
            )

    def _acknowledge(
        self, message: Message | None, verdict: Verdict, findings: Sequence[Finding]
    ) -> bytes:
        told = Acknowledgement(verdict, f"ACK{self._count}", self._clock(), tuple(findings))
        return write_acknowledgement(message, told)


def _by_report(segments: Sequence[Segment]) -> list[tuple[Segment, list[Segment]]]:
    groups: list[tuple[Segment, list[Segment]]] = []
    for segment in segments:
        if segment.name == "OBR":
            groups.append((segment, []))
        elif groups:
            groups[-1][1].append(segment)
    return groups


def _results(segments: Sequence[Segment]) -> Iterator[Result]:
    for place, segment in enumerate(segments):
        if segment.name == "OBX":
            notes = []
            for behind in segments[place + 1 :]:
                if behind.name != "NTE":
                    break
                notes.append(behind.text(3))
            yield _result(segment, tuple(notes))


def _result(segment: Segment, notes: tuple[str, ...]) -> Result:
    content = document(segment) if segment.field(2) == "ED" else None
    digest = "" if content is None else hashlib.sha256(content).hexdigest()
    return Result(
        type=segment.field(2),
        code=segment.component(3, 1),
        name=segment.component(3, 2),
        system=segment.component(3, 3),
        value=digest or segment.text(5),
        unit=segment.component(6, 1),
        status=segment.field(11),
        notes=notes,
    )


def _moment(report: Segment) -> str:
    """OBR-22 as it can be compared: digits alone; senders of one report keep to one zone."""
    return report.component(22, 1)[:14]
