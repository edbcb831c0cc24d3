"""What a record system said, and the seam that it is heard through."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol

from adapter.sync.receipt import Unknown, Unreachable

_LONGEST_REASON = 300
# An apostrophe inside a word neither opens nor closes; what was cut off is a quotation to its end.
_QUOTED = re.compile(
    r"""(["`]).*?(?:\1|$)|(?<!\w)'.*?(?:'(?!\w)|$)|“.*?(?:”|$)|«.*?(?:»|$)""", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the record system said: HTTP status, its JSON ({} for none), and the body's ETag."""

    status: int
    body: dict[str, Any]
    etag: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the status is a 2xx."""
        return self.status < 300  # noqa: PLR2004 - the class of the status code


class RecordSystem(Protocol):
    """One record system to talk to; `client.FhirClient` is the one over HTTP."""

    def exchange(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer | Unreachable | Unknown:
        """One request; `path` is relative to the FHIR base."""


def version_of(etag: str) -> str:
    """The version id in an ETag: `W/"3"` says `3`."""
    return etag.removeprefix("W/").strip('"')


def reason_of(outcome: dict[str, Any] | None) -> str:
    """What an OperationOutcome says, shortened; its codes where it has no words."""
    if not outcome or outcome.get("resourceType") != "OperationOutcome":
        return "no OperationOutcome"
    issues = [
        issue.get("diagnostics") or issue.get("details", {}).get("text") or issue.get("code", "")
        for issue in outcome.get("issue", ())
    ]
    said = "; ".join(filter(None, issues)) or "an empty OperationOutcome"
    # A server may quote what it was sent: what stands in quotation marks could be an answer.
    return _QUOTED.sub("[withheld]", said)[:_LONGEST_REASON]
