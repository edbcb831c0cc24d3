"""The gap in a record system that races: somebody has looked and not yet written.

One who comes while another stands in the gap lets both go on at once; one who comes alone goes on
when the time is over. So two at once race every time, and nobody waits for ever.
"""

from __future__ import annotations

import threading


class Window:
    """A gap that opens inside the lock of a record system, and lets go of it meanwhile."""

    def __init__(self, lock: threading.RLock, seconds: float) -> None:
        """`seconds` is how long one who comes alone is kept waiting."""
        self._met = threading.Condition(lock)
        self._seconds = seconds
        self._is_somebody_waiting = False

    def stand(self) -> None:
        """Waits for another; to be called by who holds the lock, however often."""
        if self._is_somebody_waiting:
            self._is_somebody_waiting = False
            self._met.notify()
            return
        self._is_somebody_waiting = True
        if not self._met.wait(self._seconds):
            self._is_somebody_waiting = False
