"""What a clinic answered, as a value: a refusal is no exception, and silence is not a refusal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Accepted:
    """The clinic took it. `remote_version` is its version id, '' where it told none.

    `is_awaiting`: it is not in the chart, or not as it should be, before a person there did what
    `reason` says.
    """

    remote_version: str = ""
    is_awaiting: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The clinic will not have it, and will not next time: `reason` is what it said.

    `remote_version` is the clinic's own version that stands in the way, '' where none does.
    `is_found_out`: it spoilt a whole bundle, and was found by halving that.
    """

    reason: str
    remote_version: str = ""
    is_found_out: bool = False


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
