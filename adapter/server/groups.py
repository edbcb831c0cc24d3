"""The Group of everybody who takes part, as one caller may know it.

https://hl7.org/fhir/R4/group.html. It stands in no ledger: who is in it depends on who asks, on
consents, on links and on the day. So it has no versions and no moment of its own; what was told is
told apart by its text. There is no Group of an arm, for the ledger holds no arm. Its members are
the Patients whom the caller could find; a list of too many of them is left out whole, for a part
would be taken for all: `Patient?_has:Group:member:_id=` gives them page by page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from adapter.fhir.check import write
from adapter.fhir.research import build_group
from adapter.fhir.search.criteria import (
    Chained,
    Criterion,
    HasToken,
    IsMissing,
    NamedBy,
    Updated,
)
from adapter.fhir.search.fits import fits
from adapter.fhir.search.index import found_by
from adapter.release import PARTICIPATION
from adapter.server.ledger import Ledger, Seen, View
from adapter.store import finding, instances

GROUP: Final = "Group"
MOST_MEMBERS: Final = 10_000


def told_group(view: View, resource_id: str) -> Seen | None:
    """The Group by its id, None for any other; who is named in it counts as told."""
    if resource_id != view.ledger.identity.group_id:
        return None
    names = list(_members(view))
    if len(names) <= MOST_MEMBERS:
        view.about.update(dict.fromkeys(names))
    view.met.add((GROUP, resource_id))
    view.given.add((GROUP, resource_id))
    return Seen(GROUP, resource_id, 0, "", group_text(view.ledger, names), 0)


def group_text(ledger: Ledger, participants: Sequence[str]) -> bytes:
    """The Group with these people in it, or with their number alone."""
    patients = map(ledger.identity.patient, participants)
    members = sorted(patients) if len(participants) <= MOST_MEMBERS else None
    return write(build_group(ledger.identity, len(participants), members))


def found_groups(view: View, criteria: Iterable[Criterion]) -> list[Seen]:
    """The Groups of which all of this is true: the one, or none."""
    if not fits_group(view, criteria):
        return []
    seen = told_group(view, view.ledger.identity.group_id)
    return [] if seen is None else [seen]


def fits_group(view: View, criteria: Iterable[Criterion]) -> bool:
    """Whether all of this is true of the Group; nobody counts as told."""
    return all(_holds(view, each) for each in criteria)


def through_group(criterion: Criterion, of: str, view: View) -> Iterator[Criterion]:
    """What is asked of resources of a type, where it asks by `_has` who is in the Group.

    The index has no Group. Every Patient whom the caller could find is in it, so that where it is
    the Group that is meant, nothing more is asked of them; else nobody fits.
    """
    match criterion:
        case NamedBy(type="Group", criterion=inner) if of == "Patient" and _holds(view, inner):
            return
    yield criterion


# Private functions


def _members(view: View) -> Iterator[str]:
    for name in instances.names(view.tx):
        if view.may_see(name, PARTICIPATION):
            yield name


def _holds(view: View, criterion: Criterion) -> bool:
    """Whether something is true of the Group; of its members by looking for those alone."""
    match criterion:
        case HasToken(parameter="member", values=values, is_not=is_not):
            return is_not != any(_is_member(view, *value) for value in values)
        case IsMissing(parameter="member", is_missing=is_missing):
            return is_missing == (next(_members(view), None) is None)
        case Chained(parameter="member", type="Patient", criterion=inner):
            hits = finding.find(view.tx, "Patient", [inner], view.may_see)
            return next(hits, None) is not None
        case Chained() | NamedBy() | Updated():  # nothing names it, and it has no moment
            return False
        case _:
            identity = view.ledger.identity
            found = found_by(build_group(identity, 0, None), identity.study.zone)
            return fits(criterion, found, identity.group_id, 0.0)


def _is_member(view: View, system: str | None, value: str | None) -> bool:
    seen = view.latest("Patient", value or "") if system in {None, "Patient"} else None
    return seen is not None and seen.text is not None
