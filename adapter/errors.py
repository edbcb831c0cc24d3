"""The one tree of errors: what stops a command, with the code each outside world knows it by.

What one record or one clinic does wrong is a value that is collected (`Problem`, `Receipt`); what
stops the command is an exception of this tree. A message says what was expected, what was found,
where, and what to do, and never holds an answer, a name or a date of birth.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

# An apostrophe inside a word neither opens nor closes; what was cut off is a quotation to its end.
_QUOTED = re.compile(
    r"""(["`]).*?(?:\1|$)|(?<!\w)'.*?(?:'(?!\w)|$)|“.*?(?:”|$)|«.*?(?:»|$)""", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something was read: file and line, or a record and its event in a database."""

    file: str
    line: int | None = None
    record: str = ""
    event: str = ""

    def __str__(self) -> str:
        """`file:line (record ..., event ...)`, without what is not known."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        named = ", ".join(
            f"{word} {value}"
            for word, value in (("record", self.record), ("event", self.event))
            if value
        )
        return f"{place} ({named})" if named else place


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be: where, what was expected, what was found, what to do.

    `field` names the place inside the origin. `found` describes; it never quotes an answer.
    """

    origin: Origin
    field: str
    expected: str
    found: str
    action: str
    severity: str = "error"

    def __str__(self) -> str:
        """One sentence a stranger can act on."""
        where = f"{self.origin}: {self.field}" if self.field else str(self.origin)
        return f"{where}: expected {self.expected}; found {self.found}. {self.action}"


class AdapterError(Exception):
    """The root. Every child names its OperationOutcome issue code, HTTP status and exit code."""

    issue_code: ClassVar[str] = "exception"
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        """Keeps every problem that was found, not the first only."""
        super().__init__("\n".join((message, *map(str, problems))))
        self.problems = problems


class DeclarationError(AdapterError):
    """A mapping, the study file or the configuration is wrong."""

    issue_code = "invalid"
    exit_code = 10


class SourceError(AdapterError):
    """A source cannot be read as what it claims to be."""

    issue_code = "structure"
    exit_code = 11


class AnswerError(AdapterError):
    """One record does not fit its form; caught in one place, `ingest`."""

    issue_code = "value"
    http_status = 422
    exit_code = 12


class ResourceError(AdapterError):
    """We built what R4 forbids: our own mistake."""

    issue_code = "invariant"
    exit_code = 13

    def __init__(self, message: str, findings: tuple[str, ...] = ()) -> None:
        """`findings` names each broken rule and its place, never a value."""
        super().__init__("\n".join((message, *findings)))
        self.findings = findings


class ConflictError(AdapterError):
    """Something moved under us: another version, another process."""

    issue_code = "conflict"
    http_status = 409
    exit_code = 14


class NotFoundError(AdapterError):
    """What was named does not exist."""

    issue_code = "not-found"
    http_status = 404
    exit_code = 15


class ForbiddenError(AdapterError):
    """It exists and may not be had."""

    issue_code = "forbidden"
    http_status = 403
    exit_code = 16


class EhrError(AdapterError):
    """A record system could not be reached, or spoke and it was not FHIR."""

    issue_code = "exception"
    exit_code = 17


class LedgerError(AdapterError):
    """The ledger cannot be read or written now: a full disk, a database that is away."""

    issue_code = "no-store"
    http_status = 503
    exit_code = 18


def without_quotations(text: str, known: Collection[str] = ()) -> str:
    """What another machine says, without what it quotes: that could be an answer.

    A quotation of something `known` stays, such as a field that was asked for.
    """
    return _QUOTED.sub(lambda found: found[0] if found[0][1:-1] in known else "[withheld]", text)


def kinds_and_places(wrong: BaseException) -> list[str]:
    """The kinds of an error and of what led to it, and where each was raised, the last first.

    Nothing of what they say: a database names the row that it refuses, a conversion its text.
    """
    import traceback  # noqa: PLC0415 - hardly ever

    told = []
    each: BaseException | None = wrong
    while each is not None:
        frames = reversed(traceback.extract_tb(each.__traceback__))
        places = ", ".join(
            f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames
        )
        told.append(f"{type(each).__module__}.{type(each).__name__} at {places}")
        each = each.__cause__ or each.__context__
    return told
