"""What stands in an export: each resource's newest version at its place, as its reader may have it.

The texts are the ledger's own, told which version they are, as a read tells them. Consents are
those that stood when the export began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import orjson

from adapter.export.parts import Line
from adapter.instruments.participant import Participant
from adapter.server.bulk.order import Order
from adapter.server.exchange import as_served
from adapter.server.ledger import Ledger, Seen, View
from adapter.server.subset import subset
from adapter.store import snapshots
from adapter.store.exports import Job
from adapter.store.reading import Written, at
from adapter.store.transaction import Transaction

ENTRIES = 500  # of one Bundle of deletions
Since = tuple[int, datetime | None]
FROM_THE_FIRST: Since = (0, None)


@dataclass(frozen=True)
class Contents:
    """The lines of an export, by type.

    `people` are those whom it is about, None for everybody and what is nobody's; `since` is behind
    which place, and from which moment on, something counts as changed.
    """

    view: View
    order: Order
    job: Job
    people: frozenset[str] | None
    since: Since

    def lines(self, resource_type: str, after: int) -> Iterator[Line]:
        """The resources of a type behind a place."""
        elements = self.order.elements_of(resource_type)
        for written, seen in self._seen(resource_type, after):
            if seen.text is not None:
                text = as_served(seen)
                told = subset(text, "false", elements) if elements else text
                yield Line(seen.place, told, written.version.participant)

    def deletions(self, resource_type: str, after: int) -> Iterator[Line]:
        """What the client may have had, and is gone: Bundles that say so, a line each."""
        gone = (
            (written, seen)
            for written, seen in self._seen(resource_type, after)
            if seen.text is None
            and snapshots.is_known_before(self.view.tx, seen.type, seen.id, self.since[0])
        )
        while together := list(islice(gone, ENTRIES)):
            names = [f"{seen.type}/{seen.id}" for _, seen in together]
            entries = [{"request": {"method": "DELETE", "url": name}} for name in names]
            bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
            yield Line(together[-1][1].place, orjson.dumps(bundle))

    def _seen(self, resource_type: str, after: int) -> Iterator[tuple[Written, Seen]]:
        """Each resource that has changed: its newest version, and what is told of it."""
        behind, from_moment = self.since
        is_told_in_part = self.view.tells_in_part(resource_type)
        ordered = self._as_told if is_told_in_part else self._rows
        for written in ordered(resource_type, max(after, behind)):
            if self.people is not None and written.version.participant not in self.people:
                continue
            seen = self.view.as_then(written)
            # What the reader cannot tell from what was told before has not changed for them.
            if seen is None or seen.place <= behind:
                continue
            if from_moment is None or datetime.fromisoformat(seen.updated) >= from_moment:
                yield written, seen

    def _as_told(self, resource_type: str, after: int) -> Iterator[Written]:
        """The rows in the order of what was told: another one would tell of a hidden correction."""
        places = []
        for written in self._rows(resource_type, after):
            seen = self.view.as_then(written)
            if seen is not None and seen.place > after:
                places.append((seen.place, written.place))
        for _, place in sorted(places):
            yield at(self.view.tx, place)

    def _rows(self, resource_type: str, after: int) -> Iterator[Written]:
        tx, job = self.view.tx, self.job
        if any(of == resource_type for of, _ in self.order.filters):
            return snapshots.chosen(tx, job.job, resource_type, after)
        return snapshots.newest(tx, resource_type, after, job.place)


def contents_of(
    job: Job, order: Order, ledger: Ledger, patient_id: Callable[[str], str]
) -> Contents:
    """What an export holds, read with this thread's own connection."""
    tx = ledger.database.read()

    def find_person(tx: Transaction, name: str) -> Participant | None:
        return snapshots.person(tx, job.job, name)

    view = View(ledger, order.caller, tx, find_person=find_person)
    people: frozenset[str] | None = None
    if order.level != "system" or order.patients is not None:
        names = snapshots.people(tx, job.job)
        wanted = None if order.patients is None else frozenset(order.patients)
        people = frozenset(name for name in names if wanted is None or patient_id(name) in wanted)
    since = FROM_THE_FIRST
    if order.since:
        since = snapshots.changed_after(tx, datetime.fromisoformat(order.since))
    return Contents(view, order, job, people, since)
