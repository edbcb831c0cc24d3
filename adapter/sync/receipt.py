"""What a clinic answered, as a value: a refusal is no exception, and silence is not a refusal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Accepted:
    """The clinic took it. `remote_version` is its version id, '' where it told none."""

    remote_version: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The clinic will not have it, and will not next time: `reason` is what it said.

    `remote_version` is the clinic's own version that stands in the way, '' where none does.
    """

    reason: str
    remote_version: str = ""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """It did not arrive, or the clinic asked to wait: may be sent again after some seconds."""

    reason: str
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """It was sent and nobody knows whether it took effect: look before sending again."""

    reason: str


Receipt = Accepted | Refused | Unreachable | Unknown
