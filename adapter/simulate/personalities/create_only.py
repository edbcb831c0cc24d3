"""A record system that files what is new and never writes over it.

After Epic: `Observation.Create` files final results into flowsheet rows that a site maps, and
`DocumentReference.Create` files plain-text notes; a create does not overwrite, so what is sent
twice is there twice (If-None-Exist is overlooked), and there is no update. Third-hand notes on the
vendor's specifications, unverified: the vendor's own pages need a sign-in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapter.fhir.operation_outcome import refuse
from adapter.simulate import rules
from adapter.simulate.personality import CREATING, READING, Personality, Proposed, Site

if TYPE_CHECKING:
    from adapter.simulate.versions import Resource


def create_only(site: Site) -> Personality:
    """Final Observations and plain-text notes: POST, and nothing after it."""

    def admit(proposed: Proposed) -> Resource:
        resource = proposed.resource
        if resource["resourceType"] == "Observation":
            rules.one_of_codes(resource, site.codes)
            rules.one_of_statuses(resource, {"final"})
            if site.needs_encounter:
                rules.with_encounter(resource, proposed.held)
        elif not _has_text(resource):
            text = "A note is expected as text/plain, in the document itself"
            raise refuse(422, "business-rule", text, "content")
        return resource

    return Personality(
        "create-only",
        "final Observations and text notes by POST; nothing is ever updated, or looked up first",
        {
            "Observation": CREATING,
            "DocumentReference": CREATING,
            "Patient": READING,
            "Encounter": READING,
        },
        admit,
    )


def _has_text(resource: Resource) -> bool:
    attachments = [content.get("attachment", {}) for content in resource.get("content", ())]
    kinds = [
        str(each.get("contentType", "")).partition(";")[0] for each in attachments if "data" in each
    ]
    return "text/plain" in kinds
