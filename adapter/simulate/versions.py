"""A version of a resource: its text as it is served, and what search and integrity know of it.

The text is written once, when the version is made: the resource as sent, with the `id` and the
`meta.versionId` and `meta.lastUpdated` that the server gives. Numbers keep their precision.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

import orjson

from adapter.fhir.r4 import load_exactly
from adapter.simulate.parameters import Key, keys_of
from adapter.simulate.references import Link, links_of

Resource = dict[str, Any]
Method = Literal["POST", "PUT", "DELETE"]
OWN_META = {"versionId", "lastUpdated"}
OWN_ELEMENTS = {"resourceType", "id", "meta"}


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one resource. A deletion is a version whose `body` is None.

    `digest` is equal for equal content, whatever the order of elements and the server's own meta.
    `keys` are what a search finds it by, `links` the resources it refers to.
    """

    type: str
    id: str
    number: int
    last_updated: datetime
    method: Method
    body: bytes | None
    digest: bytes = b""
    keys: frozenset[Key] = frozenset()
    links: tuple[Link, ...] = ()

    @property
    def reference(self) -> str:
        """The literal reference to the resource, `Type/id`."""
        return f"{self.type}/{self.id}"

    @property
    def location(self) -> str:
        """Where this version is read, below the base of the server."""
        return f"{self.type}/{self.id}/_history/{self.number}"

    @property
    def etag(self) -> str:
        """The version as HTTP names it."""
        return f'W/"{self.number}"'

    @property
    def resource(self) -> Resource | None:
        """The resource as it was written, every number exactly; None where it is deleted."""
        loaded = None if self.body is None else load_exactly(self.body)
        return loaded if isinstance(loaded, dict) else None

    @property
    def content(self) -> dict[str, orjson.Fragment]:
        """What an entry of a bundle says of the resource: nothing where it is deleted."""
        return {} if self.body is None else {"resource": orjson.Fragment(self.body)}


def build_version(resource: Resource, place: tuple[str, str], method: Method) -> Version:
    """The version that `resource` says, at `place` (type and id).

    `resource` carries its number and time in `meta.versionId` and `meta.lastUpdated`; see `stamp`.
    """
    meta = resource["meta"]
    content = {name: value for name, value in resource.items() if name not in OWN_ELEMENTS}
    kept = {name: value for name, value in meta.items() if name not in OWN_META}
    return Version(
        type=place[0],
        id=place[1],
        number=int(meta["versionId"]),
        last_updated=datetime.fromisoformat(meta["lastUpdated"]),
        method=method,
        body=write_json(resource),
        digest=hashlib.sha256(write_json([content, kept], sort=True)).digest(),
        keys=keys_of(resource),
        links=links_of(resource),
    )


def stamp(resource: Resource, place: tuple[str, str], number: int, now: datetime) -> Resource:
    """`resource` with the server's own elements first: type, id, version and time."""
    content = {name: value for name, value in resource.items() if name not in OWN_ELEMENTS}
    kept = {name: value for name, value in resource.get("meta", {}).items() if name not in OWN_META}
    meta = {"versionId": str(number), "lastUpdated": instant(now), **kept}
    return {"resourceType": place[0], "id": place[1], "meta": meta, **content}


def instant(moment: datetime) -> str:
    """A FHIR instant in UTC with milliseconds, `2026-03-01T09:30:00.000Z`."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def write_json(value: object, *, sort: bool = False) -> bytes:
    """`value` as JSON: decimals as they were written, each `Fragment` as it is."""
    return orjson.dumps(value, _exact, orjson.OPT_SORT_KEYS if sort else 0)


def _exact(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(f"JSON has no {type(value).__name__}")
