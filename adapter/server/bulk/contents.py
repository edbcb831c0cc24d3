"""What stands in an export: each resource's newest version at its place, as its reader may have it.

The texts are the ledger's own, told which version they are, as a read tells them. Consents are
those that stood when the export began.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from heapq import merge
from itertools import islice
from operator import itemgetter

import orjson

from adapter.export.parts import Block
from adapter.fhir.ids import ID
from adapter.fhir.text import read_text
from adapter.instruments.participant import Participant
from adapter.release import PARTICIPATION
from adapter.server.bulk.filters import criteria_of
from adapter.server.bulk.order import PROVENANCE, Order
from adapter.server.exchange import with_version
from adapter.server.groups import GROUP, MOST_MEMBERS, fits_group, group_text
from adapter.server.ledger import Ledger, View
from adapter.server.subset import subset
from adapter.store import reading, snapshots
from adapter.store.exports import Job
from adapter.store.snapshots import Row, Snapshot
from adapter.store.transaction import Transaction

ENTRIES = 500  # of one Bundle of deletions
Since = tuple[int, datetime | None]
FROM_THE_FIRST: Since = (0, None)
_PLACE = itemgetter(0)
_NAME = re.compile(rf"([A-Z][A-Za-z]+)/({ID})", re.ASCII)


@dataclass(frozen=True)
class Contents:
    """The lines of an export, by type.

    `people` are those whom it is about, None for everybody and what is nobody's; `since` is behind
    which place, and from which moment on, something counts as changed; `most` is how many lines
    may come together.
    """

    view: View
    order: Order
    job: Job
    people: frozenset[str] | None
    since: Since
    most: int = snapshots.ROWS

    def lines(self, resource_type: str, after: int) -> Iterator[Block]:
        """The resources of a type behind a place."""
        if resource_type == GROUP:
            yield from () if after else self._groups()
            return
        view, elements = self.view, self.order.elements_of(resource_type)
        _, from_moment = self.since

        @cache
        def is_as_held(participant: str, form: str) -> bool | None:
            """Whether it goes out as the ledger holds it, None for what does not go out."""
            if not self._may_see(participant, form):
                return None
            return view.is_as_held(resource_type, form)

        for rows in self._told(resource_type, max(after, self.since[0])):
            lines, about = list[bytes](), set[str]()
            for place, number, participant, form, is_retracted, created, held in rows:
                as_held = is_as_held(participant, form)
                if as_held is None or (from_moment and not _is_since(created, from_moment)):
                    continue
                text = held
                if is_retracted or not as_held:
                    told = view.text(reading.at(view.tx, place).version)
                    if told is None:
                        continue
                    text = told
                if resource_type == PROVENANCE and not self._is_asked_for(text):
                    continue
                line = with_version(text, number, created)
                lines.append(subset(line, "false", elements) if elements else line)
                about.add(participant)
            yield Block(lines, rows[-1][0], about)

    def _is_asked_for(self, provenance: bytes) -> bool:
        """Whether a Provenance is of what comes along, as far as the order asks for that."""
        if not self.order.associated:
            return True
        said = read_text(provenance)
        named = (_NAME.fullmatch(target.get("reference", "")) for target in said["target"])
        for each in named:
            if each is None or not self._is_told_now(each[1], each[2]):
                continue
            if self.order.associated == "relevant" or said["id"] == self._newest_of(*each.groups()):
                return True
        return False

    def _is_told_now(self, resource_type: str, resource_id: str) -> bool:
        """Whether a resource, and no Provenance, stands in this export."""
        if resource_type == PROVENANCE or resource_type not in self.order.types:
            return False
        tx, (behind, moment) = self.view.tx, self.since
        place = snapshots.newest_place(tx, self.job, resource_type, resource_id)
        if place is None or not self._snapshot(resource_type).holds(place):
            return False
        written = reading.at(tx, place)
        if not self._may_see(written.version.participant, written.version.form):
            return False
        seen = self.view.as_then(written)
        if seen is None or seen.text is None or seen.place <= behind:
            return False
        return moment is None or _is_since(seen.updated, moment)

    def _newest_of(self, resource_type: str, resource_id: str) -> str | None:
        """The id of the newest Provenance of a resource that the client may know."""
        for each, participant, form in snapshots.provenances(
            self.view.tx, self.job, resource_type, resource_id
        ):
            if self._may_see(participant, form):
                return each
        return None

    def _groups(self) -> Iterator[Block]:
        """The Group, whenever it changed: nobody writes that down.

        Where patients are named, there is none: with them alone in it, it would be another one.
        """
        filters = [asked for of, asked in criteria_of(self.order, self.view) if of == GROUP]
        is_meant = not filters or any(fits_group(self.view, asked) for asked in filters)
        everybody = snapshots.people(self.view.tx, self.job.job)
        inside = [name for name in everybody if self._may_see(name, PARTICIPATION)]
        is_empty = self.order.level != "system" and not inside  # it belongs to no patient
        if self.order.patients is not None or is_empty or not is_meant:
            return
        text, elements = group_text(self.view.ledger, inside), self.order.elements_of(GROUP)
        line = subset(text, "false", elements) if elements else text
        yield Block([line], 1, inside if len(inside) <= MOST_MEMBERS else ())

    def deletions(self, resource_type: str, after: int) -> Iterator[Block]:
        """What the client may have had, and is gone: Bundles that say so, a line each."""
        gone = self._gone(resource_type, max(after, self.since[0]))
        if self.view.tells_in_part(resource_type):
            gone = iter(sorted(gone))  # as with what is told
        while together := list(islice(gone, ENTRIES)):
            entries = [{"request": {"method": "DELETE", "url": name}} for _, name in together]
            bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
            yield Block([orjson.dumps(bundle)], together[-1][0])

    def _told(self, resource_type: str, after: int) -> Iterator[list[Row]]:
        """What is told of each resource that has changed: the row of a version, and its number."""
        snapshot = self._snapshot(resource_type)
        if not self.view.tells_in_part(resource_type):
            yield from snapshot.rows(after, most=self.most)
            return
        # In the order of what was told: another one would tell of a hidden correction. The first
        # version of a resource is told at its own place, a later one there or before.
        later = sorted(self._told_later(snapshot, after))
        corrected = ((place, number, *snapshot.at(place)[2:]) for place, number in later)
        first = (row for rows in snapshot.rows(after, "first", self.most) for row in rows)
        ordered = merge(first, corrected, key=_PLACE)
        while rows := list(islice(ordered, self.most)):
            yield rows

    def _told_later(self, snapshot: Snapshot, after: int) -> Iterator[tuple[int, int]]:
        """Where what is told of each corrected resource stands, and as which version.

        What the reader cannot tell from what was told before has not changed for them.
        """
        for rows in snapshot.rows(after, "later"):
            for row in rows:
                seen = self.view.as_then(reading.at(self.view.tx, row[0]))
                if seen is not None and seen.place > after:
                    yield seen.place, seen.number

    def _gone(self, resource_type: str, after: int) -> Iterator[tuple[int, str]]:
        """Where the ledger says so of what is gone, and its name."""
        (behind, from_moment), tx = self.since, self.view.tx
        for rows in self._snapshot(resource_type).rows(after, "retracted"):
            for place, _, participant, form, _, _, _ in rows:
                if not self._may_see(participant, form):
                    continue
                seen = self.view.as_then(reading.at(tx, place))
                if (
                    seen is not None
                    and seen.text is None
                    and seen.place > after
                    and (from_moment is None or _is_since(seen.updated, from_moment))
                    and snapshots.is_known_before(tx, seen.type, seen.id, behind)
                ):
                    yield seen.place, f"{seen.type}/{seen.id}"

    def _snapshot(self, resource_type: str) -> Snapshot:
        is_filtered = any(of == resource_type for of, _ in self.order.filters)
        return Snapshot(self.view.tx, self.job, resource_type, is_filtered)

    def _may_see(self, participant: str, form: str) -> bool:
        is_asked_for = self.people is None or participant in self.people
        return is_asked_for and self.view.may_see(participant, form)


def _is_since(updated: str, moment: datetime) -> bool:
    return datetime.fromisoformat(updated) >= moment


def contents_of(job: Job, order: Order, ledger: Ledger) -> Contents:
    """What an export holds, read with this thread's own connection."""
    tx = ledger.database.read()

    def find_person(tx: Transaction, name: str) -> Participant | None:
        return snapshots.person(tx, job.job, name)

    view = View(ledger, order.caller, tx, find_person=find_person)
    people: frozenset[str] | None = None
    if order.level != "system" or order.patients is not None:
        names, patient = snapshots.people(tx, job.job), ledger.identity.patient
        wanted = None if order.patients is None else frozenset(order.patients)
        people = frozenset(name for name in names if wanted is None or patient(name) in wanted)
    since = FROM_THE_FIRST
    if order.since:
        since = snapshots.changed_after(tx, datetime.fromisoformat(order.since))
    return Contents(view, order, job, people, since)
