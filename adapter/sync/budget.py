"""How often a clinic may be asked: a token bucket. Pure; who keeps it is `turn`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bucket:
    """`tokens` requests may be made at the moment `filled`, in seconds since 1970."""

    tokens: float
    filled: float


def fill(bucket: Bucket, now: float, per_second: float, burst: int) -> Bucket:
    """The bucket as it stands now, never more than `burst` full; a clock that went back adds none.

    Example:
        >>> fill(Bucket(tokens=1, filled=100), 103, per_second=2, burst=5)
        Bucket(tokens=5, filled=103)
    """
    elapsed = max(0.0, now - bucket.filled)
    return Bucket(min(burst, bucket.tokens + elapsed * per_second), now)


def wait_for_one(bucket: Bucket, per_second: float) -> float:
    """For how many seconds the next request must wait."""
    return max(0.0, (1 - bucket.tokens) / per_second)
