"""The one way to a clinic: each delivery goes, and is looked up, by the route that serves it.

What delivers and what reads back asks here and knows no route by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adapter.sync.clinic import Clinic
from adapter.sync.found import Found
from adapter.sync.outgoing import Outgoing
from adapter.sync.receipt import Receipt, Unknown, Unreachable
from adapter.sync.routes import fhir_rest


def carry(clinic: Clinic, items: Sequence[Outgoing], absent: Iterable[str] = ()) -> list[Receipt]:
    """Sends everything; one receipt for each, in order.

    `absent` are names (`Type/id`) that the clinic refused and holds nothing of.

    Raises:
        EhrError: the clinic does not speak as its profile says, or does not let us in.
    """
    return fhir_rest.deliver(clinic.client, items, clinic.profile.bundle, absent)


def look_up(clinic: Clinic, items: Sequence[Outgoing]) -> list[Found] | Unreachable | Unknown:
    """What the clinic holds of each, in order, compared with its text.

    Raises:
        EhrError: as for `carry`.
    """
    return fhir_rest.look_up(clinic.client, items)
