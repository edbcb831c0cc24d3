"""Interactions that change one resource: create, update, delete, each also on a condition.

Each is first planned, which settles the resource it is about, and then performed. A transaction
plans all its entries before it performs the first: one may refer to what another will create.
Conditions are matched against what was there before, as HAPI does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

from adapter.fhir.ids import IS_ID
from adapter.fhir.operation_outcome import Issue, operation_outcome, refuse
from adapter.simulate.exchange import Reply
from adapter.simulate.parameters import STORED_TYPES
from adapter.simulate.personality import Proposed
from adapter.simulate.query import fits, match, parse_criteria
from adapter.simulate.references import is_conditional, references_of, rewrite
from adapter.simulate.versions import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapter.simulate.draft import Draft, Place
    from adapter.simulate.exchange import Asked
    from adapter.simulate.full import RecordSystem
    from adapter.simulate.query import Query
    from adapter.simulate.versions import Resource, Version

ENTITY_TAG = re.compile(r'(?:W/)?"?([0-9]+)"?')


@dataclass(frozen=True, slots=True)
class Write:
    """A write that is settled: `resource` goes to `place`; without one, what is there is deleted.

    `kept` is the version that an If-None-Exist found, which leaves nothing to write. `criteria` are
    what a created resource must fit, because its condition matched nothing.
    """

    place: Place
    resource: Resource | None = None
    method: Literal["POST", "PUT"] = "PUT"
    kept: Version | None = None
    criteria: Query | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What a write did: its HTTP status and the version there is now, None if there never was."""

    status: int
    version: Version | None


def write(system: RecordSystem, asked: Asked) -> Reply:
    """A create, update or delete by itself, answered as `Prefer` asks."""
    draft = system.draft()
    planned = plan(system, draft, asked)
    if planned.criteria:
        pass_gap(system)
    done = perform(draft, planned, {})
    system.commit(draft)
    if asked.method == "DELETE":
        if asked.prefer == "minimal":
            return Reply(204, None, done.version)
        text = "Deleted" if draft.versions else "Not deleted, there is no such resource"
        return Reply(200, _told(text), done.version)
    status, version = done.status, done.version
    if asked.prefer == "minimal":
        return Reply(status, None, version)
    if asked.prefer == "OperationOutcome":
        return Reply(status, _told("Created" if status == HTTPStatus.CREATED else "Kept"), version)
    return Reply(status, version.body if version else None, version)


def pass_gap(system: RecordSystem) -> None:
    """Lets others in between looking and writing, where the record system races."""
    if system.personality.races:
        system.gap.stand()


def plan(system: RecordSystem, draft: Draft, asked: Asked) -> Write:
    """Settles which resource a POST, PUT or DELETE is about, and sets it aside for it.

    Raises:
        RefusalError: 400, 404, 409 or 412, as http.html says of each interaction.
    """
    match asked.method, asked.path:
        case "POST", (name,):
            return _plan_create(system, draft, asked, name)
        case "PUT", (name,):
            return _plan_conditional_update(system, draft, asked, name)
        case "PUT", (name, id_):
            return _plan_update(system, draft, asked, (name, id_))
        case "DELETE", (name, id_):
            _check_version(system, asked.if_match, draft.claim(name, id_))
            return Write((name, id_))
        case _:
            raise refuse(400, "not-supported", "This interaction is not offered")


def perform(draft: Draft, write: Write, placeholders: Mapping[str, str]) -> Done:
    """Puts a planned write into the draft; `placeholders` says what each `urn:` stands for.

    Raises:
        RefusalError: A reference is no reference, or its criteria do not find one resource.
    """
    if write.kept is not None:
        return Done(200, write.kept)
    if write.resource is None:
        return Done(204, draft.delete(write.place) or draft.resources.latest(*write.place))
    replacements = {**placeholders, **_resolve(draft, write.resource)}
    resource = rewrite(write.resource, replacements) if replacements else write.resource
    version, created = draft.put(write.place, resource, write.method)
    if write.criteria and not fits(version, write.criteria):
        raise refuse(400, "invariant", "The resource does not fit the criteria it is created by")
    return Done(201 if created else 200, version)


# Planning


def _plan_create(system: RecordSystem, draft: Draft, asked: Asked, name: str) -> Write:
    resource = _content(system, asked, name)
    criteria = None
    if asked.if_none_exist is not None and system.personality.conditions:
        criteria = parse_criteria(name, asked.if_none_exist)
        if (id_ := _find_one(draft, criteria)) is not None:
            return Write((name, id_), kept=draft.claim(name, id_))
        _claim_criteria(draft, criteria)
    place = name, draft.assign_id(name)
    draft.claim(*place)
    return Write(place, _admit(system, resource), "POST", criteria=criteria)


def _plan_update(system: RecordSystem, draft: Draft, asked: Asked, place: Place) -> Write:
    name, id_ = place
    resource = _content(system, asked, name)
    if "id" not in resource:
        raise refuse(
            400, "required", "The body of an update must have the id of its URL", f"{name}.id"
        )
    if resource["id"] != id_:
        raise refuse(400, "invalid", "The id of the body is not the id of the URL", f"{name}.id")
    previous = draft.claim(name, id_)
    if previous is None:
        _check_client_id(name, id_)
    if not system.personality.creates_by_update and not (previous and previous.body):
        text = "No resource has this id, and none is created by an update"
        raise refuse(405, "not-supported", text, f"{name}.id")
    if system.personality.needs_if_match and not asked.if_match:
        raise refuse(412, "required", "If-Match is required for an update")
    _check_version(system, asked.if_match, previous)
    return Write(place, _admit(system, resource, previous))


def _plan_conditional_update(system: RecordSystem, draft: Draft, asked: Asked, name: str) -> Write:
    resource = _content(system, asked, name)
    criteria = parse_criteria(name, urlencode(asked.parameters))
    id_ = _find_one(draft, criteria)
    said = resource.get("id")
    if id_ is not None:
        if said not in (None, id_):
            text = "The criteria find a resource of another id than the body's"
            raise refuse(400, "invalid", text, f"{name}.id")
        _check_version(system, asked.if_match, draft.claim(name, id_))
        return Write((name, id_), resource)
    _claim_criteria(draft, criteria)
    if said is not None:
        _check_client_id(name, said)
    place = name, draft.assign_id(name) if said is None else said
    _check_version(system, asked.if_match, draft.claim(*place))
    return Write(place, resource, criteria=criteria)


def _content(system: RecordSystem, asked: Asked, name: str) -> Resource:
    if asked.resource is None:
        raise refuse(400, "required", "A resource is expected")
    if asked.resource.get("resourceType") != name:
        text = f"The resourceType is expected to be {name}, as the URL says"
        raise refuse(400, "invalid", text, "Resource.resourceType")
    system.check(asked.resource)
    return asked.resource


def _admit(system: RecordSystem, resource: Resource, previous: Version | None = None) -> Resource:
    def held(name: str, id_: str) -> Resource | None:
        found = system.resources.latest(name, id_)
        return None if found is None else found.resource

    before = None if previous is None else previous.resource
    return system.personality.admit(Proposed(resource, before, held))


def _check_client_id(name: str, id_: object) -> None:
    if not isinstance(id_, str) or not IS_ID(id_):
        raise refuse(400, "value", "This is not an id of FHIR", f"{name}.id")
    if id_.isdigit():
        text = (
            "No resource with this id exists, and clients may only assign ids that contain at "
            "least one non-numeric character"
        )
        raise refuse(400, "not-supported", text, f"{name}.id")


def _check_version(system: RecordSystem, if_match: str, previous: Version | None) -> None:
    if not if_match:
        return
    tag = ENTITY_TAG.fullmatch(if_match)
    if tag is None:
        raise refuse(400, "value", 'If-Match is expected as W/"1"')
    if previous is None or previous.number != int(tag[1]):
        text = "If-Match names another version than the current one"
        raise refuse(system.stale_status, "conflict", text)


def _find_one(draft: Draft, criteria: Query) -> str | None:
    matched = match(draft.resources, criteria)
    if len(matched) > 1:
        text = f"The criteria match {len(matched)} resources of type {criteria.type}"
        raise refuse(412, "multiple-matches", text)
    return matched[0] if matched else None


def _claim_criteria(draft: Draft, criteria: Query) -> None:
    # No id has a question mark. Two entries that would each create what neither found collide.
    draft.claim(criteria.type, f"?{urlencode(sorted(criteria.parameters))}")


# Performing


def _resolve(draft: Draft, resource: Resource) -> dict[str, str]:
    """What each conditional reference of `resource` finds, as a literal reference."""
    found = {}
    for path, reference in references_of(resource):
        if is_conditional(reference):
            found[reference] = _resolve_one(draft, reference, f"specified in path: {path}", path)
    return found


def _resolve_one(draft: Draft, reference: str, where: str, path: str) -> str:
    name = reference.partition("?")[0]
    if name not in STORED_TYPES:
        raise refuse(404, "not-found", f"The type of the reference is not known, {where}", path)
    matched = match(draft.resources, parse_criteria(name, reference))
    if not matched:
        text = f"No resource matches the conditional reference, {where}"
        raise refuse(404, "not-found", text, path)
    if len(matched) > 1:
        text = f"{len(matched)} resources match the conditional reference, {where}"
        raise refuse(412, "multiple-matches", text, path)
    return f"{name}/{matched[0]}"


def _told(text: str) -> bytes:
    return write_json(operation_outcome(Issue("informational", text, severity="information")))
