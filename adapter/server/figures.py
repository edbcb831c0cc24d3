"""What the ledger tells whoever watches: how long the oldest outcome waits, and what stands still.

Counts and names of the configuration alone; nothing of anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily

from adapter.store import ended, inbox, pace, parking, standing
from adapter.store.database import Database
from adapter.store.standing import Stuck
from adapter.store.transaction import Transaction

_NEEDS_A_PERSON = frozenset({"refused", "quarantined", "awaiting"})
"""Of what is stuck; what is held waits for a consent or a day, and is counted by its rule."""


@dataclass(frozen=True, eq=False)
class Figures:
    """The figures of a ledger, as Prometheus collects them. `now` is the clock, aware."""

    database: Database
    clinics: Sequence[str]
    now: Callable[[], datetime]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every figure as it is now; what is looked at first stands first."""
        tx = self.database.read()
        yield self._oldest(tx)
        yield from self._deliveries(tx)
        yield from self._stuck(tx)
        yield self._resting(tx)
        yield from self._ended(tx)

    def _oldest(self, tx: Transaction) -> GaugeMetricFamily:
        told = _family(
            "oldest_undelivered_seconds",
            "How long the oldest outcome has waited that may leave; 0 when none waits.",
            "clinic",
        )
        for clinic in self.clinics:
            since = standing.oldest_undelivered(tx, clinic)
            told.add_metric([clinic], 0.0 if since is None else self._seconds_since(since))
        return told

    def _deliveries(self, tx: Transaction) -> Iterator[GaugeMetricFamily]:
        told = _family("deliveries", "Deliveries by state.", "clinic", "state")
        parked = _family("parked_people", "People who are tried alone, later.", "clinic")
        waiting = _family("inbox_waiting", "What came from there and waits.", "clinic")
        for clinic in self.clinics:
            blinded = sum(each.count for each in standing.stuck(tx, clinic) if _is_blinded(each))
            for state, count in standing.count_states(tx, clinic).items():
                told.add_metric([clinic, state], count - (blinded if state == "held" else 0))
            parked.add_metric([clinic], len(parking.parked(tx, clinic)))
            waiting.add_metric([clinic], inbox.count_waiting(tx, clinic))
        yield from (told, parked, waiting)

    def _stuck(self, tx: Transaction) -> Iterator[GaugeMetricFamily]:
        held = _family("held", "Deliveries that the release gate holds.", "clinic", "rule")
        person = _family("needs_a_person", "Deliveries that wait for somebody's word.", "clinic")
        for clinic in self.clinics:
            by_rule, count = dict[str, int](), 0
            for each in standing.stuck(tx, clinic):
                if _is_blinded(each):
                    continue
                if each.state == "held":
                    by_rule[each.rule] = by_rule.get(each.rule, 0) + each.count
                elif each.state in _NEEDS_A_PERSON:
                    count += each.count
            for rule, number in sorted(by_rule.items()):
                held.add_metric([clinic, rule], number)
            person.add_metric([clinic], count)
        yield from (held, person)

    def _resting(self, tx: Transaction) -> GaugeMetricFamily:
        told = _family("breaker_open", "1 while a clinic rests after trouble.", "clinic")
        for clinic in self.clinics:
            known = pace.pace(tx, clinic)
            is_open = known is not None and known.open_until > self.now().timestamp()
            told.add_metric([clinic], float(is_open))
        return told

    def _ended(self, tx: Transaction) -> Iterator[GaugeMetricFamily]:
        said = "When {} last came to its end, in seconds since 1970; absent before the first."
        work = _family("last_ended_seconds", said.format("a work"), "clinic", "work")
        for (clinic, name), at in sorted(ended.last_ended(tx).items()):
            if clinic in self.clinics:
                work.add_metric([clinic, name], datetime.fromisoformat(at).timestamp())
        source = _family("last_ingest_seconds", said.format("reading a source"), "source")
        for name, at in sorted(ended.last_ingests(tx).items()):
            source.add_metric([name], datetime.fromisoformat(at).timestamp())
        yield from (work, source)

    def _seconds_since(self, moment: str) -> float:
        return max(0.0, (self.now() - datetime.fromisoformat(moment)).total_seconds())


def _is_blinded(stuck: Stuck) -> bool:
    """Whether these are held because they would tell the arm: how many there are tells it, too."""
    return stuck.state == "held" and stuck.rule == "blinding"


def _family(name: str, says: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"adapter_{name}", says, labels=labels)
