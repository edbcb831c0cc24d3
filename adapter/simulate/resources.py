"""The resources of a record system, in memory, with every version they ever had.

Pure bookkeeping: what may be written is decided elsewhere, `apply` only takes note. Deliberately no
database: a simulated record system starts empty and at once, and `journal` remembers where asked.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from adapter.simulate.parameters import STORED_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from adapter.simulate.parameters import Key
    from adapter.simulate.versions import Version


class Resources:
    """All versions of all resources, what finds them and what refers to them."""

    def __init__(self) -> None:
        """Starts empty."""
        self._versions: dict[tuple[str, str], list[Version]] = {}
        self._positions: dict[tuple[str, str], int] = {}
        self._live: dict[str, set[str]] = {name: set() for name in STORED_TYPES}
        self._found: dict[tuple[str, Key], set[str]] = defaultdict(set)
        self._referrers: dict[str, set[tuple[str, str]]] = defaultdict(set)

    def versions(self, name: str, id_: str) -> Sequence[Version]:
        """Every version of one resource, oldest first; empty for one that never was."""
        return self._versions.get((name, id_), ())

    def latest(self, name: str, id_: str) -> Version | None:
        """The newest version, which may be a deletion; None for a resource that never was."""
        versions = self._versions.get((name, id_))
        return versions[-1] if versions else None

    def is_live(self, name: str, id_: str) -> bool:
        """Whether the resource exists now."""
        return id_ in self._live.get(name, ())

    def live(self, name: str) -> set[str]:
        """The ids of all resources of one type that exist now."""
        return self._live[name]

    def found(self, name: str, key: Key) -> set[str]:
        """The ids of the resources of one type that are found by `key`."""
        return self._found.get((name, key), set())

    def position(self, name: str, id_: str) -> int:
        """The place of a resource in the order of first creation, which never changes."""
        return self._positions[name, id_]

    def referrers(self, name: str, id_: str) -> set[tuple[str, str]]:
        """Type and id of each resource whose newest version refers to this one."""
        return self._referrers.get(f"{name}/{id_}", set())

    def apply(self, versions: Iterable[Version]) -> None:
        """Takes note of new versions, each the next one of its resource."""
        for version in versions:
            place = version.type, version.id
            if previous := self.latest(*place):
                self._forget(previous)
            self._versions.setdefault(place, []).append(version)
            self._positions.setdefault(place, len(self._positions))
            if version.body is not None:
                self._learn(version)

    def _learn(self, version: Version) -> None:
        self._live[version.type].add(version.id)
        for key in version.keys:
            self._found[version.type, key].add(version.id)
        for link in version.links:
            self._referrers[link.target].add((version.type, version.id))

    def _forget(self, version: Version) -> None:
        self._live[version.type].discard(version.id)
        for key in version.keys:
            self._found[version.type, key].discard(version.id)
        for link in version.links:
            self._referrers[link.target].discard((version.type, version.id))
