"""A record system that takes single vital signs and laboratory results, and nothing else.

After Oracle Health Millennium: updates need `If-Match`; neither patient nor category can be
changed, components are refused, times of day are required, modifier elements fail, and what it
does not support is overlooked, the sender's `identifier` too, so that nothing can be looked up by
it. Source: docs.oracle.com, Millennium Platform APIs, "Update an observation"; the vendor's own
repository of 2024-05. Unverified: the rules of a create in detail, and which status an update may
have; 422 in place of the vendor's 400 "Invalid request", so that a reader learns the rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapter.simulate import rules
from adapter.simulate.personality import READING, WRITING, Personality, Proposed, Site

if TYPE_CHECKING:
    from adapter.simulate.versions import Resource

CATEGORIES = frozenset({"vital-signs", "laboratory"})
KEPT = frozenset(
    {
        *("status", "category", "code", "subject", "encounter", "effectiveDateTime", "issued"),
        *("performer", "valueQuantity", "valueCodeableConcept", "valueString", "valueInteger"),
        "referenceRange",
    }
)
CORRECTING = frozenset({"final", "amended", "corrected", "entered-in-error"})


def vitals_only(site: Site) -> Personality:
    """Observations of two categories, one at a time; each update names the version it replaces."""

    def admit(proposed: Proposed) -> Resource:
        resource, previous = proposed.resource, proposed.previous
        rules.no_modifiers(resource)
        rules.one_of_categories(resource, CATEGORIES)
        rules.one_of_codes(resource, site.codes)
        rules.one_of_statuses(resource, {"final"} if previous is None else CORRECTING)
        rules.effective_with_time(resource)
        rules.without(resource, "component")
        if site.needs_encounter:
            rules.with_encounter(resource, proposed.held)
        kept = rules.only(resource, KEPT)
        if previous is not None:
            rules.unchanged(kept, previous, "subject", "category")
        return kept

    return Personality(
        "vitals-only",
        "single Observations of vital signs and laboratory, final ones, updates with If-Match",
        {"Observation": WRITING, "Patient": READING, "Encounter": READING},
        admit,
        needs_if_match=True,
    )
