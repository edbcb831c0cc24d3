"""A turn at a clinic: whoever has it is alone there, keeps to its budget, and rests when it must.

Before each request the lease is looked at: a process that was frozen finds out before it speaks.
Budget and breaker stand in the ledger, so that whoever has the next turn goes on with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from adapter.errors import EhrError
from adapter.store.database import Database
from adapter.store.pace import Pace, keep_pace, pace
from adapter.sync.answer import Answer, RecordSystem
from adapter.sync.budget import Bucket, fill, wait_for_one
from adapter.sync.profile import ClinicProfile
from adapter.sync.receipt import Unknown, Unreachable
from adapter.waiting import wait_seconds

TRIES = 6
LONGEST_REST_SECONDS = 900.0
_PATIENCE_SECONDS = 60.0
_FIRST_REST_SECONDS = 30.0


@dataclass
class Turn:
    """A record system, asked at the pace that its profile and its ledger allow.

    `now` gives seconds since 1970, `sleep` waits, `chance` is between 0 and 1.
    """

    profile: ClinicProfile
    client: RecordSystem
    database: Database
    now: Callable[[], float]
    sleep: Callable[[float], None]
    chance: Callable[[], float]
    state: Pace = field(default_factory=Pace)

    def begin(self) -> None:
        """Takes up the pace as it was left, and waits while the clinic rests.

        Raises:
            EhrError: it rests for longer than somebody would wait.
        """
        known = pace(self.database.read(), self.profile.id)
        if known is None:
            known = Pace(self.profile.burst, self.now())
        self.state = known
        if known.tokens < 0:  # whoever had the turn did not end it
            self.state = replace(known, tokens=0.0, filled=self.now())
        if self.profile.requests_per_second is not None:
            self._keep(self.state)
        left = known.open_until - self.now()
        if left <= 0 or known.filled > self.now() + 1:  # the clock went back: when, nobody knows
            return
        if left > _PATIENCE_SECONDS:
            raise EhrError(
                f"expected a clinic that may be asked; it rests for {left:.0f} more seconds, after "
                f"{known.failures} failures in a row or as it asked for. Run this again then."
            )
        self._rest(left)

    def end(self) -> None:
        """Leaves the pace to whoever comes next."""
        if self.profile.requests_per_second is not None:
            self._write(self.state)

    def exchange(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer | Unreachable | Unknown:
        """One request, when its time has come.

        Raises:
            ConflictError: the turn has passed to somebody else.
        """
        self.await_leave()
        return self.client.exchange(method, path, content, headers)

    def await_leave(self) -> None:
        """Waits until one more thing may be sent, whichever way it goes.

        Raises:
            ConflictError: the turn has passed to somebody else.
        """
        self._await_budget()
        self.database.renew()

    def is_at_home(self, path: str) -> bool:
        """Whether an address is of the record system's own origin."""
        return self.client.is_at_home(path)

    @property
    def failures(self) -> int:
        """How many times in a row something went wrong."""
        return self.state.failures

    def went_well(self) -> None:
        """Closes the breaker."""
        if self.state.failures or self.state.openings or self.state.open_until:
            self._keep(replace(self.state, failures=0, openings=0, open_until=0.0))

    def went_wrong(self, trouble: Unreachable | Unknown) -> None:
        """Waits, longer each time, or as long as was asked for; opens the breaker after six.

        Half open, when it has rested, one more failure opens it again.

        Raises:
            EhrError: the breaker is open now.
        """
        failures = self.state.failures + 1
        asked = trouble.retry_after_seconds if isinstance(trouble, Unreachable) else None
        if failures >= TRIES:
            openings = self.state.openings + 1
            rest = min(_FIRST_REST_SECONDS * 2.0 ** (openings - 1), LONGEST_REST_SECONDS)
            until = self.now() + max(rest, asked or 0.0)
            self._keep(Pace(self.state.tokens, self.now(), TRIES - 1, openings, until))
            raise EhrError(
                f"expected an answer; found {failures} times in a row: {trouble.reason}. "
                "Nothing is lost; run `adapter push` again later."
            )
        until = self.now() + asked if asked else 0.0
        self._keep(replace(self.state, filled=self.now(), failures=failures, open_until=until))
        self._rest(wait_seconds(failures, asked, self.chance()))

    def _await_budget(self) -> None:
        per_second = self.profile.requests_per_second
        if per_second is None:
            return
        bucket = self._bucket(per_second)
        wait = wait_for_one(bucket, per_second)
        if wait > 0:
            self._rest(wait)
            bucket = Bucket(max(1.0, self._bucket(per_second).tokens), self.now())
        self.state = replace(self.state, tokens=bucket.tokens - 1, filled=bucket.filled)

    def _bucket(self, per_second: float) -> Bucket:
        known = Bucket(self.state.tokens, self.state.filled)
        return fill(known, self.now(), per_second, self.profile.burst)

    def _rest(self, seconds: float) -> None:
        """Sleeps; the turn does not lapse meanwhile, for nobody may ask before the end of it."""
        self.database.renew(seconds)
        self.sleep(seconds)

    def _keep(self, state: Pace) -> None:
        """Keeps it while the turn goes on: how much of the budget is left nobody else knows."""
        self.state = state
        is_limited = self.profile.requests_per_second is not None
        self._write(replace(state, tokens=-1.0) if is_limited else state)

    def _write(self, state: Pace) -> None:
        with self.database.write(self.profile.id) as tx:
            keep_pace(tx, self.profile.id, state)
