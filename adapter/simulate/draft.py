"""What one interaction is about to write, seen by nobody until it is whole and its links hold.

A create, an update and a transaction of fifty are the same thing here: a few versions that become
real together or not at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from adapter.fhir.operation_outcome import Issue, RefusalError, refuse, within
from adapter.simulate.versions import Version, build_version, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from adapter.simulate.references import Link
    from adapter.simulate.resources import Resources
    from adapter.simulate.versions import Resource

Place = tuple[str, str]  # type and id


class Draft:
    """The versions that one interaction writes, at one time, on top of what is there."""

    def __init__(self, resources: Resources, now: datetime, ids: Iterator[str]) -> None:
        """Starts empty; `ids` gives the ids that the server assigns."""
        self.resources = resources
        self.names: dict[Place, str] = {}  # what an issue calls a resource, `Bundle.entry[3]`
        self._now = now
        self._ids = ids
        self._claimed: set[Place] = set()
        self._versions: dict[Place, Version] = {}

    @property
    def versions(self) -> tuple[Version, ...]:
        """What there is to write, in the order it was put."""
        return tuple(self._versions.values())

    def assign_id(self, name: str) -> str:
        """An id of the server's own that no resource of the type ever had."""
        return next(id_ for id_ in self._ids if not self.resources.versions(name, id_))

    def claim(self, name: str, id_: str) -> Version | None:
        """Sets one resource aside for one write, and gives its newest version.

        Raises:
            RefusalError: 400, when the interaction names it a second time.
        """
        if (name, id_) in self._claimed:
            raise refuse(400, "duplicate", f"The bundle contains several entries for one {name}")
        self._claimed.add((name, id_))
        return self.resources.latest(name, id_)

    def put(
        self, place: Place, resource: Resource, method: Literal["POST", "PUT"]
    ) -> tuple[Version, bool]:
        """The version that `place` has with `resource` in it, and whether it was created.

        What is there already keeps its version and its time.
        """
        previous = self.resources.latest(*place)
        number = previous.number + 1 if previous else 1
        version = build_version(stamp(resource, place, number, self._now), place, method)
        created = previous is None or previous.body is None
        if previous is not None and previous.digest == version.digest:
            return previous, created
        self._versions[place] = version
        return version, created

    def delete(self, place: Place) -> Version | None:
        """The deletion of what is at `place`; None where nothing is."""
        previous = self.resources.latest(*place)
        if previous is None or previous.body is None:
            return None
        version = Version(*place, previous.number + 1, self._now, "DELETE", None)
        self._versions[place] = version
        return version

    def check_integrity(self) -> None:
        """Passes when every reference points to what will exist once all of this is written.

        Raises:
            RefusalError: 400 with every reference to what does not exist; 409 for a deletion of
                what something still refers to.
        """
        missing = tuple(self._missing())
        if missing:
            raise RefusalError(400, *missing)
        for place, version in self._versions.items():
            if version.body is None and self._is_referred_to(place):
                text = (
                    f"Unable to delete {version.reference}: another resource has a reference to it"
                )
                raise refuse(409, "conflict", text, self.names.get(place, ""))

    def _missing(self) -> Iterator[Issue]:
        for version in self._versions.values():
            for link in version.links:
                name, _, id_ = link.target.partition("/")
                if not self._will_exist((name, id_)):
                    text = f"Resource {link.target} not found, specified in path: {link.path}"
                    yield Issue("not-found", text, self._expression(version, link))

    def _expression(self, version: Version, link: Link) -> str:
        name = self.names.get((version.type, version.id))
        return link.path if name is None else within(name, link.path)

    def _will_exist(self, place: Place) -> bool:
        version = self._versions.get(place)
        return self.resources.is_live(*place) if version is None else version.body is not None

    def _is_referred_to(self, place: Place) -> bool:
        return any(other not in self._versions for other in self.resources.referrers(*place))
