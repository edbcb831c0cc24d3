"""A record system that is written to one by one: how it is asked, and where it keeps what is ours.

`single` writes and looks up, `retiring` takes out of use what was replaced there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from adapter.fhir.check import write
from adapter.fhir.succession import as_notice, as_successor, is_retired
from adapter.fhir.text import read_text
from adapter.store.deliveries import Delivery
from adapter.store.places import Cause, Place
from adapter.sync.answer import Answer, RecordSystem, reason_of, stop_if_no_entry
from adapter.sync.outgoing import Outgoing
from adapter.sync.profile import How
from adapter.sync.receipt import Refused, Unknown, Unreachable
from adapter.sync.routes.fhir_rest import is_gone
from adapter.sync.routes.sought import ids_of, sought

UNSIGNED = "not in the chart before somebody there signs it"
_UNFINDABLE = "R4 has no search that finds it again, and this record system gives its own ids"


class Places(Protocol):
    """Where a record system keeps what is ours, as the ledger remembers it."""

    def of(self, delivery: Delivery) -> list[Place]:
        """The places of a resource in order; none where it was never there."""
        ...

    def held(self, delivery: Delivery) -> int:
        """Our version that is held there, 0 where none was ever accepted."""
        ...

    def keep(self, delivery: Delivery, *places: Place) -> None:
        """Notes places, all at once."""
        ...

    def begin(self, delivery: Delivery) -> None:
        """Notes that a resource is about to be created."""
        ...

    def end(self, delivery: Delivery) -> None:
        """Notes that it is known what came of a create."""
        ...

    def may_be_there(self, delivery: Delivery) -> bool:
        """Whether it was about to be created once, where what was taken is not surely found."""
        ...

    def created(self, delivery: Delivery, *places: Place, is_found: bool) -> None:
        """Notes places of what was just created, and whether a search finds it; all at once."""
        ...

    def forget(self, delivery: Delivery, place: Place) -> None:
        """Notes that the record system lost what stood there."""
        ...

    def text_of(self, delivery: Delivery, version: int) -> bytes | None:
        """What was written there of a version of ours."""
        ...

    def ask(self, delivery: Delivery, place: Place, cause: Cause) -> str | Unreachable:
        """Lays a task for a person there; gives its name."""
        ...


@dataclass(frozen=True, slots=True)
class Singly:
    """A record system to write to one by one.

    `puts` says of a type whether we choose its ids, `how` how it is corrected, `may` whether its
    statement offers an interaction with it (also where it said nothing). `is_same` says whether
    what it holds is what a text of ours says.
    """

    client: RecordSystem
    places: Places
    puts: Callable[[str], bool]
    is_same: Callable[[bytes, dict[str, Any]], bool]
    how: Callable[[str], How] = lambda _: "update"
    may: Callable[[str, str], bool] = lambda _, __: True


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a resource stands now: its place, and the places that it had before."""

    place: Place
    earlier: tuple[Place, ...] = ()

    @property
    def replaced(self) -> str:
        """The id there of what this one stands in place of, '' for nothing."""
        return self.earlier[-1].remote_id if self.earlier else ""


def standing(there: Singly, delivery: Delivery) -> Standing | None:
    """Where it stands, None where it does not."""
    known = there.places.of(delivery)
    for number, place in enumerate(known):
        if place.standing == "stands" or place.cause == "corrected":
            return Standing(place, tuple(known[:number]))
    return None


def told(kind: str, text: bytes, stands: Standing) -> bytes:
    """A text as it is written in this place: under its id, and, beside another, saying so."""
    resource = read_text(text)
    if stands.place.number:
        is_notice = kind == "DocumentReference" and stands.earlier[-1].cause == "retracted"
        if is_notice and is_retired(resource):
            resource = as_notice(resource)
        resource = as_successor(resource, stands.place.number, f"{kind}/{stands.replaced}")
    elif resource["id"] == stands.place.remote_id:
        return text
    return write({**resource, "id": stands.place.remote_id})


def holds(there: Singly, answer: Answer, text: bytes | None, stands: Standing) -> bool:
    """Whether this place holds just this text; None: whether it holds nothing any more."""
    if text is None:
        return is_gone(answer)
    if not answer.is_success:
        return False
    return there.is_same(told(answer.body["resourceType"], text, stands), answer.body)


def read(there: Singly, delivery: Delivery, place: Place) -> Answer | Unreachable | Unknown:
    """What a place holds; 404 or 410 for nothing.

    Raises:
        EhrError: the address does not speak FHIR, or does not let us in.
    """
    answer = there.client.exchange("GET", f"{delivery.type}/{place.remote_id}")
    if isinstance(answer, Answer) and not answer.is_success and not is_gone(answer):
        stop_if_no_entry(answer)
        return Unknown(f"HTTP {answer.status} to a read: {reason_of(answer.body)}")
    return answer


def search(there: Singly, resource: dict[str, Any]) -> list[str] | Refused | Unreachable | Unknown:
    """The ids under which this resource is there."""
    what = sought(resource)
    return Refused(_UNFINDABLE) if what is None else ids_of(there.client, what)


def next_standing(there: Singly, delivery: Delivery) -> Standing:
    """The place that comes next: the first of all, or one beside those that are due then."""
    known = there.places.of(delivery)
    cause: Cause = "retracted" if delivery.action == "retract" else "replaced"
    earlier = tuple(
        replace(each, standing="due", cause=cause) if each.standing == "stands" else each
        for each in known
    )
    number = known[-1].number + 1 if known else 0
    return Standing(Place(number, delivery.id, delivery.version), earlier)


def stand(
    there: Singly, item: Outgoing, stands: Standing, given: str, *, is_found: bool = True
) -> None:
    """Notes where it stands now; what stood before is due to be retired."""
    due = [each for each in stands.earlier if each.standing == "due"]
    place = replace(stands.place, remote_id=given)
    there.places.created(item.delivery, *due, place, is_found=is_found)


def version_there(answer: Answer) -> str:
    """The version that a read tells of."""
    return str(answer.body.get("meta", {}).get("versionId", ""))


def before_of(there: Singly, item: Outgoing, stands: Standing) -> bytes | None:
    """What we wrote there last, None where that is not known."""
    is_held = there.places.held(item.delivery) == stands.place.version
    return item.before if is_held else there.places.text_of(item.delivery, stands.place.version)
