"""A record system of full capability: the strict FHIR R4 server to develop and demonstrate against.

It answers as HAPI FHIR JPA does, and where HAPI is lenient it is strict: unknown elements, missing
required ones and references to nothing are refused. It is no place for data of real people: there
is no authentication, and it serves the machine it runs on.
"""

from __future__ import annotations

import threading
from datetime import UTC
from typing import TYPE_CHECKING

from adapter.errors import ResourceError
from adapter.fhir.check import TYPES, WAYS, find_faults
from adapter.fhir.operation_outcome import not_r4, refuse
from adapter.fhir.r4 import NotR4Error, check_resource
from adapter.simulate.draft import Draft
from adapter.simulate.journal import Journal
from adapter.simulate.parameters import STORED_TYPES
from adapter.simulate.personality import FULL, Personality, unknown_type
from adapter.simulate.resources import Resources
from adapter.simulate.versions import instant
from adapter.simulate.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from adapter.simulate.versions import Resource, Version


def check_r4(resource: Resource) -> None:
    """Passes what R4 allows, by its own definitions, or else by the typed models.

    The definitions take a fiftieth of the time; they do not judge what types that the adapter does
    not write hold, alone or within another resource.

    Raises:
        NotR4Error: with every finding.
    """
    kind = resource.get("resourceType")
    is_plain = isinstance(kind, str) and kind not in WAYS and "contained" not in resource
    if not is_plain or kind not in TYPES or find_faults(resource):
        check_resource(resource)


class RecordSystem:
    """The resources of one record system, and the one way to write them.

    `lock` is held for the whole of an interaction, so that none sees half of another.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        ids: Iterator[str],
        journal: Path | None = None,
        check: Callable[[Resource], None] | None = check_r4,
        personality: Personality = FULL,
    ) -> None:
        """Starts with what `journal` remembers, empty without one.

        Args:
            clock: The present moment, with its zone.
            ids: The ids that the server assigns, numbers by custom; those in use are passed over.
            journal: The file that remembers, or None to forget everything at the end.
            check: Raises `NotR4Error` or `ResourceError` for content that is not R4, Bundles around
                entries included; None takes whatever comes.
            personality: What it takes and refuses.
        """
        self.lock = threading.RLock()
        self.resources = Resources()
        self.personality = personality
        # What happens after a write, such as notifications; Subscriptions alone are only kept.
        self.written: Callable[[RecordSystem, tuple[Version, ...]], None] | None = None
        self.stale_status = personality.stale_status
        self.gap = Window(self.lock, personality.gap_seconds)
        self.started = instant(clock())
        self._clock = clock
        self._ids = ids
        self._check = check
        self._journal = Journal(journal) if journal else None
        for versions in self._journal.replay() if self._journal else ():
            self.resources.apply(versions)

    def draft(self) -> Draft:
        """A new interaction, at the present moment."""
        now = self._clock().astimezone(UTC)
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)  # as precise as it is served
        return Draft(self.resources, now, self._ids)

    def commit(self, draft: Draft) -> None:
        """Makes an interaction real: on the disk first, then for everyone to see.

        Raises:
            RefusalError: 400 or 409, where references would point to nothing; nothing is written.
        """
        draft.check_integrity()
        versions = draft.versions
        if self._journal and versions:
            self._journal.append(versions)
        self.resources.apply(versions)
        if self.written is not None:
            self.written(self, versions)

    def check(self, resource: Resource) -> None:
        """Passes when this record system keeps `resource`.

        Raises:
            RefusalError: 400 with every finding; 404 for a type that is not kept here.
        """
        if resource.get("resourceType") not in STORED_TYPES:
            raise unknown_type()
        if not isinstance(resource.get("meta", {}), dict):
            raise refuse(400, "structure", "an object is expected", "Resource.meta")
        self.check_form(resource)

    def check_form(self, resource: Resource) -> None:
        """Passes when `resource` is R4, also one that is never kept, such as a Bundle.

        Raises:
            RefusalError: 400 with every finding.
        """
        if self._check is not None:
            try:
                self._check(resource)
            except (NotR4Error, ResourceError) as error:
                raise not_r4(error) from None

    def now(self) -> datetime:
        """The present moment, by its own clock."""
        return self._clock()

    def seed(self, resources: Iterable[Resource]) -> None:
        """Puts what a record system has of its own before anybody delivers, such as its patients.

        Each needs an `id`, numeric ones included. What is there already is left as it is, so that
        seeding again after a restart undoes nothing.

        Raises:
            RefusalError: One of them is not taken; then none is.
        """
        with self.lock:
            draft = self.draft()
            for resource in resources:
                self.check(resource)
                if "id" not in resource:
                    raise refuse(400, "required", "A resource that is seeded needs an id")
                place = resource["resourceType"], resource["id"]
                if draft.claim(*place) is None:
                    draft.put(place, resource, "PUT")
            self.commit(draft)
