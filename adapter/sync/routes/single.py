"""Resources one by one, for a record system without transactions, or one that gives its own ids.

Where a client may choose the id it is a PUT. Else it is a create: looked for before (`sought` says
how), conditional on it, and looked for again behind, because a conditional create alone is known to
race.
The id that the record system gave is kept in the ledger at once, and corrections go there with
If-Match.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from adapter.fhir.check import write
from adapter.fhir.text import read_text
from adapter.store.deliveries import Delivery
from adapter.sync.answer import Answer, RecordSystem, reason_of, stop_if_no_entry, version_of
from adapter.sync.found import Found
from adapter.sync.outgoing import Outgoing
from adapter.sync.receipt import Accepted, Receipt, Refused, Unknown, Unreachable
from adapter.sync.routes.fhir_rest import is_gone
from adapter.sync.routes.sought import ids_of, sought

_CONFLICT = frozenset({409, 412})
_NOT_FOUND = 404
_UNSIGNED = "not in the chart before somebody there signs it"
_UNFINDABLE = "R4 has no search that finds it again, and this record system gives its own ids"


class Ids(Protocol):
    """The ids that a record system gave, by delivery."""

    def known(self, delivery: Delivery) -> str | None:
        """The id there, None where none was given yet."""
        ...

    def keep(self, delivery: Delivery, given: str) -> None:
        """Notes the id there."""
        ...


@dataclass(frozen=True, slots=True)
class Singly:
    """A record system to write to one by one; `puts` says of a type whether we choose its ids.

    `is_same` says whether what it holds is what a text of ours says.
    """

    client: RecordSystem
    ids: Ids
    puts: Callable[[str], bool]
    is_same: Callable[[bytes, dict[str, Any]], bool]


def deliver(there: Singly, items: Sequence[Outgoing]) -> list[Receipt]:
    """Writes each, in order; after the first trouble nothing more is sent.

    Raises:
        EhrError: the address does not speak FHIR, or does not let us in.
    """
    receipts: list[Receipt] = []
    for item in items:
        is_in_trouble = any(isinstance(each, Unreachable | Unknown) for each in receipts)
        receipts.append(Unreachable("not sent") if is_in_trouble else _write(there, item))
    return receipts


def look_up(there: Singly, items: Sequence[Outgoing]) -> list[Found] | Unreachable | Unknown:
    """What is there of each, read one by one, in order."""
    found: list[Found] = []
    for item in items:
        answer = _read(there, item)
        if isinstance(answer, Refused):
            found.append(Found("changed", reason=answer.reason))
            continue
        if not isinstance(answer, Answer):
            return answer
        version = str(answer.body.get("meta", {}).get("versionId", ""))
        if _holds(there, answer, item.text):
            found.append(Found("there", version))
        elif is_gone(answer):
            is_unseen = item.delivery.state == "awaiting" and answer.status == _NOT_FOUND
            found.append(Found("awaiting", reason=_UNSIGNED) if is_unseen else Found("gone"))
        else:
            found.append(Found("changed", version))
    return found


def _holds(there: Singly, answer: Answer, text: bytes | None) -> bool:
    if text is None:
        return is_gone(answer)
    return answer.is_success and there.is_same(text, {**answer.body, "id": read_text(text)["id"]})


def _write(there: Singly, item: Outgoing) -> Receipt:
    known = _place(there, item.delivery)
    if item.text is None:
        return _delete(there, item, known)
    if known is None:
        return _create(there, item, read_text(item.text))
    headers = {"If-Match": f'W/"{item.if_match}"'} if item.if_match else {}
    content = _with_id(item.text, known)
    answer = there.client.exchange("PUT", f"{item.delivery.type}/{known}", content, headers)
    return _judged(there, item, answer)


def _create(there: Singly, item: Outgoing, resource: dict[str, Any]) -> Receipt:
    before = _search(there, resource)
    if not isinstance(before, list):
        return before
    if len(before) > 1:
        return Refused(f"{len(before)} of this identifier are there already")
    if before:  # an earlier create arrived after all
        there.ids.keep(item.delivery, before[0])
        return _write(there, item)
    body = {name: value for name, value in resource.items() if name != "id"}
    headers = {"Prefer": "return=representation"}
    what = sought(resource)
    if what is not None and what.condition:
        headers["If-None-Exist"] = what.condition
    answer = there.client.exchange("POST", resource["resourceType"], write(body), headers)
    if not isinstance(answer, Answer) or not answer.is_success:
        return _judged(there, item, answer)
    return _after_create(there, item, resource, answer)


def _after_create(
    there: Singly, item: Outgoing, resource: dict[str, Any], created: Answer
) -> Receipt:
    """Whether there is just one now: two at once may both have been created."""
    after = _search(there, resource)
    if not isinstance(after, list):
        return Unknown("created, and not found again yet")
    if len(after) > 1:
        return Refused(f"{len(after)} of this identifier are there after creating one")
    given = str(created.body.get("id") or next(iter(after), ""))
    if not given:
        return Refused("it was created, and the record system told no id of it")
    there.ids.keep(item.delivery, given)
    seen = there.client.exchange("GET", f"{item.delivery.type}/{given}")
    is_unseen = isinstance(seen, Answer) and seen.status == _NOT_FOUND
    return Accepted(version_of(created.etag), is_awaiting=is_unseen)


def _delete(there: Singly, item: Outgoing, known: str | None) -> Receipt:
    if known is None:
        return Accepted()
    answer = there.client.exchange("DELETE", f"{item.delivery.type}/{known}")
    if isinstance(answer, Answer) and is_gone(answer):
        return Accepted()
    return _judged(there, item, answer)


def _judged(there: Singly, item: Outgoing, answer: Answer | Unreachable | Unknown) -> Receipt:
    if not isinstance(answer, Answer):
        return answer
    if answer.is_success:
        return Accepted(version_of(answer.etag))
    if answer.status in _CONFLICT:
        return _after_conflict(there, item, answer)
    stop_if_no_entry(answer)
    return Refused(reason_of(answer.body))


def _after_conflict(there: Singly, item: Outgoing, conflict: Answer) -> Receipt:
    """Ours already, ours from before under another version, or somebody's work.

    Signing makes a version of its own that says what we wrote: over that we write once more. What a
    person changed is left for a person.
    """
    found = _read(there, item)
    if not isinstance(found, Answer):
        return found
    version = str(found.body.get("meta", {}).get("versionId", ""))
    if _holds(there, found, item.text):
        return Accepted(version)
    if not found.is_success:
        return Refused(reason_of(conflict.body))
    if item.before is not None and _holds(there, found, item.before):
        if not version or version == item.if_match:  # the version is not what it minds
            return Refused(reason_of(conflict.body), version)
        return _write(there, replace(item, if_match=version))
    return Refused("it was changed at the clinic since we wrote it", version)


def _read(there: Singly, item: Outgoing) -> Answer | Refused | Unreachable | Unknown:
    known = _place(there, item.delivery)
    if known is None:
        found = _search(there, read_text(item.text)) if item.text is not None else []
        if not isinstance(found, list):
            return found
        if len(found) != 1:
            return Answer(404, {})
        known = found[0]
        there.ids.keep(item.delivery, known)
    answer = there.client.exchange("GET", f"{item.delivery.type}/{known}")
    if isinstance(answer, Answer) and not answer.is_success and not is_gone(answer):
        stop_if_no_entry(answer)
        return Unknown(f"HTTP {answer.status} to a read: {reason_of(answer.body)}")
    return answer


def _search(there: Singly, resource: dict[str, Any]) -> list[str] | Refused | Unreachable | Unknown:
    """The ids under which this resource is there."""
    what = sought(resource)
    return Refused(_UNFINDABLE) if what is None else ids_of(there.client, what)


def _place(there: Singly, delivery: Delivery) -> str | None:
    return there.ids.known(delivery) or (delivery.id if there.puts(delivery.type) else None)


def _with_id(text: bytes, known: str) -> bytes:
    resource = read_text(text)
    return text if resource["id"] == known else write({**resource, "id": known})
