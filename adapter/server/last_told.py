"""When something was written last, as far as a caller may know.

A correction of what is concealed from them is no news to them: a search by its moment would tell
that there was one.
"""

from __future__ import annotations

from dataclasses import replace

from adapter.fhir.search.criteria import Chained, Criterion, NamedBy, Updated
from adapter.server.ledger import View


def as_told(criterion: Criterion, resource_type: str, view: View) -> Criterion:
    """What is asked of resources of a type; `_lastUpdated` by what the caller may know of it."""
    match criterion:
        case Updated():
            return replace(criterion, is_blinded=view.tells_in_part(resource_type))
        case Chained(type=of, criterion=inner) | NamedBy(type=of, criterion=inner):
            return replace(criterion, criterion=as_told(inner, of, view))
    return criterion


def as_sorted(name: str, resource_type: str, view: View) -> str:
    """The name of what resources of a type are sorted by for this caller."""
    is_blinded = name == "_lastUpdated" and view.tells_in_part(resource_type)
    return "_lastTold" if is_blinded else name
