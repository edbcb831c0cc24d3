"""The one way to a clinic: each delivery goes, and is looked up, by the route that serves it.

What delivers and what reads back asks here and knows no route by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from adapter.errors import EhrError
from adapter.fhir.comparison import is_same_total, still_says
from adapter.fhir.renumbering import named_as_told
from adapter.store.remote import answered_before, unfiled
from adapter.sync.clinic import Clinic
from adapter.sync.found import Found
from adapter.sync.ladder import DOCUMENT
from adapter.sync.outgoing import Outgoing
from adapter.sync.places import LedgerPlaces
from adapter.sync.post import Post
from adapter.sync.profile import Rung
from adapter.sync.receipt import Receipt, Unknown, Unreachable
from adapter.sync.routes import fhir_rest, hl7v2, looking, single, task
from adapter.sync.routes.singly import Singly
from adapter.sync.routes.task import Tasks

Told = TypeVar("Told")
Trouble = Unreachable | Unknown


def carry(clinic: Clinic, items: Sequence[Outgoing], absent: Iterable[str] = ()) -> list[Receipt]:
    """Sends everything; one receipt for each, in order.

    `absent` are names (`Type/id`) that the clinic refused and holds nothing of. After the first
    trouble on one way, what goes another way is not sent either.

    Raises:
        EhrError: the clinic does not speak as its profile says, or does not let us in.
    """
    told: dict[int, Receipt] = {}
    for rung, group in _by_rung(clinic, items):
        if any(isinstance(receipt, Trouble) for receipt in told.values()):
            receipts: list[Receipt] = [Unreachable("not sent")] * len(group)
        else:
            receipts = _deliver(clinic, rung, group, absent)
        told |= _numbered(group, receipts)
    return [told[item.delivery.seq] for item in items]


def look_up(clinic: Clinic, items: Sequence[Outgoing]) -> list[Found] | Unreachable | Unknown:
    """What the clinic holds of each, in order, compared with its text.

    Raises:
        EhrError: as for `carry`.
    """
    told: dict[int, Found] = {}
    for rung, group in _by_rung(clinic, items):
        found = _look_up(clinic, rung, group)
        if isinstance(found, Trouble):
            return found
        told |= _numbered(group, found)
    return [told[item.delivery.seq] for item in items]


def _by_rung(clinic: Clinic, items: Sequence[Outgoing]) -> list[tuple[Rung, list[Outgoing]]]:
    """What goes the same way together, in order; the ways in the order in which each begins."""
    groups: dict[Rung, list[Outgoing]] = {}
    ways: dict[tuple[str, str, str], Rung] = {}  # what is of a unit goes alike, but for documents
    for item in items:
        said = item.delivery
        about = (said.unit, said.form, said.id if said.type == DOCUMENT else "")
        if about not in ways:
            ways[about] = _way(clinic, clinic.rung_of(said))
        groups.setdefault(ways[about], []).append(item)
    return list(groups.items())


def _way(clinic: Clinic, rung: Rung) -> Rung:
    """How a rung is carried: in transactions, where the clinic has them, else one by one.

    Where the record system never told what it has, its profile says: `single` in its ladder, and no
    `transaction`. Documents that are replaced go one by one, too.
    """
    if rung not in {"transaction", "document"}:
        return rung
    if rung == "document" and clinic.corrects("DocumentReference") in {"new", "task"}:
        return "single"
    said, ladder = clinic.capability, clinic.profile.ladder
    is_without = "single" in ladder and "transaction" not in ladder
    offers = not is_without if said is None else "transaction" in said.system
    return "transaction" if offers else "single"


def _numbered(group: Sequence[Outgoing], told: Sequence[Told]) -> dict[int, Told]:
    return {item.delivery.seq: each for item, each in zip(group, told, strict=True)}


def _deliver(
    clinic: Clinic, rung: Rung, items: Sequence[Outgoing], absent: Iterable[str]
) -> list[Receipt]:
    token_of, leave = _token_of(clinic), clinic.await_leave
    match rung:
        case "hl7v2":
            return hl7v2.deliver(_post(clinic), items, _message_of(clinic), token_of, leave)
        case "task":
            return task.deliver(_tasks(clinic), items, leave)
        case "single" | "totals":
            return single.deliver(_singly(clinic, rung), items)
    named = _named(clinic, items)
    people = {item.delivery.participant for item in items}
    numbers = {clinic.addresses.at(who)[1] for who in people}
    gone = [named_as_told(each, number) for each in absent for number in numbers]
    return fhir_rest.deliver(clinic.client, named, clinic.profile.bundle, gone)


def _look_up(
    clinic: Clinic, rung: Rung, items: Sequence[Outgoing]
) -> list[Found] | Unreachable | Unknown:
    match rung:
        case "hl7v2":
            return hl7v2.look_up(_post(clinic), items, _token_of(clinic))
        case "task":
            return task.look_up(_tasks(clinic), items)
        case "single" | "totals":
            return looking.look_up(_singly(clinic, rung), items)
    return fhir_rest.look_up(clinic.client, _named(clinic, items))


def _named(clinic: Clinic, items: Sequence[Outgoing]) -> list[Outgoing]:
    """Everything by the ids that it has at the clinic."""
    return [replace(item, delivery=clinic.addresses.named(item.delivery)) for item in items]


def _message_of(clinic: Clinic) -> Callable[[Outgoing, str], bytes]:
    def message_of(item: Outgoing, control_id: str) -> bytes:
        rules = clinic.profile.hl7v2
        if rules is None:
            raise _without("hl7v2")
        person = clinic.addresses.person(item.delivery.participant)
        return hl7v2.message_of(item, control_id, rules, person, clinic.study.base)

    return message_of


def _token_of(clinic: Clinic) -> Callable[[Outgoing], str]:
    """What a message or a task is called by: a keyed hash of what it says, and to whom.

    Never its place among all that is owed: that counts what blinding holds. The same content may go
    again, after it was taken back or refused; then what the clinic answered before tells it apart.
    """

    def token_of(item: Outgoing) -> str:
        delivery = item.delivery
        said = (item.text or b"").decode()
        before = answered_before(clinic.database.read(), delivery)
        named = (clinic.name, delivery.name, delivery.action, said)
        return clinic.identity.token("sent", *named, str(before), delivery.remote_version)

    return token_of


def _singly(clinic: Clinic, rung: Rung) -> Singly:
    return Singly(
        clinic.client,
        LedgerPlaces(clinic),
        clinic.chooses_id,
        is_same_total if rung == "totals" else still_says,
        clinic.corrects,
        clinic.may,
    )


def _post(clinic: Clinic) -> Post:
    if clinic.post is None:
        raise _without("`mllp`, or `folder` and `acknowledgements`,")
    return clinic.post


def _tasks(clinic: Clinic) -> Tasks:
    if clinic.tasks is None:
        raise _without("`tasks`")

    def unfiled_of(item: Outgoing) -> list[str]:
        return unfiled(clinic.database.read(), item.delivery)

    return Tasks(clinic.tasks, clinic.addresses.person, _token_of(clinic), unfiled_of)


def _without(setting: str) -> EhrError:
    return EhrError(f"expected {setting} of this clinic in adapter.toml; found none. Set it there.")
