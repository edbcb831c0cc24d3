"""What a record system said, and the seam that it is heard through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from adapter.errors import EhrError
from adapter.sync.receipt import Unknown, Unreachable
from adapter.sync.words import told_words

_SIGN_IN = frozenset({401, 403})
_NO_FHIR = frozenset({404, 405, 415})
_ELSEWHERE = range(300, 400)


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
        ...

    def is_at_home(self, path: str) -> bool:
        """Whether an address is of the record system's own origin."""
        ...


def stop_if_no_entry(answer: Answer) -> None:
    """Lets pass what a FHIR base says about a resource.

    Raises:
        EhrError: the address does not speak FHIR, or does not let us in: no resource is to blame.
    """
    stop_if_not_let_in(answer)
    is_fhir = answer.body.get("resourceType") == "OperationOutcome"
    if (answer.status in _NO_FHIR and not is_fhir) or answer.status in _ELSEWHERE:
        raise EhrError(
            f"expected a FHIR base that takes bundles; it answered HTTP {answer.status}. "
            "Check the `url` of this clinic in adapter.toml."
        )


def stop_if_not_let_in(answer: Answer) -> None:
    """Lets pass what a record system says to who is signed in.

    Raises:
        EhrError: it does not let us in.
    """
    if answer.status in _SIGN_IN:
        raise EhrError(
            f"expected to be let in; the record system answered HTTP {answer.status}. "
            "Check the sign-in of this clinic in adapter.toml."
        )


def version_of(etag: str) -> str:
    """The version id in an ETag: `W/"3"` says `3`."""
    return etag.removeprefix("W/").strip('"')


def reason_of(outcome: dict[str, Any] | None) -> str:
    """What an OperationOutcome says, as far as it may be told; its codes where it has no words."""
    if not outcome or outcome.get("resourceType") != "OperationOutcome":
        return "no OperationOutcome"
    issues = [
        issue.get("diagnostics") or issue.get("details", {}).get("text") or issue.get("code", "")
        for issue in outcome.get("issue", ())
    ]
    said = "; ".join(filter(None, issues)) or "an empty OperationOutcome"
    return told_words(said)
