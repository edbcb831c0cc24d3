"""A record system in which what arrives waits for a person: 201, but not in the chart until signed.

After athenaPractice and athenaFlow, whose FHIR writes all go into an unsigned "API Update" document
(vendor's staff in the public issue tracker apiserver-athenaFlex, #197 and #373); codes are the
site's own, PDF is no chart document (#271, #74). An update goes into the same unsigned document;
what is signed is closed. Unverified: what a read says of something unsigned; here it is 404.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapter.fhir.operation_outcome import refuse
from adapter.simulate import rules
from adapter.simulate.personality import (
    READING,
    UNSIGNED,
    WRITING,
    Personality,
    Proposed,
    Site,
)

if TYPE_CHECKING:
    from adapter.simulate.versions import Resource

READABLE = frozenset({"text/plain", "text/rtf", "application/rtf"})


def unsigned_queue(site: Site) -> Personality:
    """Observations with the site's codes, and notes as text or RTF, each to be signed first."""

    def admit(proposed: Proposed) -> Resource:
        resource, previous = proposed.resource, proposed.previous
        if previous is not None and UNSIGNED not in previous.get("meta", {}).get("tag", ()):
            raise refuse(409, "conflict", "What is signed is closed; send a new one", "")
        if resource["resourceType"] == "Observation":
            rules.one_of_codes(resource, site.codes)
            if site.needs_encounter:
                rules.with_encounter(resource, proposed.held)
        else:
            _check_attachments(resource)
        meta = resource.get("meta", {})
        tags = [tag for tag in meta.get("tag", ()) if tag != UNSIGNED]
        return {**resource, "meta": {**meta, "tag": [*tags, UNSIGNED]}}

    return Personality(
        "unsigned-queue",
        "Observations and text notes, which wait, out of sight, until somebody signs them",
        {
            "Observation": WRITING,
            "DocumentReference": WRITING,
            "Patient": READING,
            "Encounter": READING,
        },
        admit,
        queued=True,
        sign_after_seconds=site.sign_after_seconds,
    )


def _check_attachments(resource: Resource) -> None:
    for place, content in enumerate(resource.get("content", ())):
        attachment = content.get("attachment", {})
        kind = str(attachment.get("contentType", "")).partition(";")[0]
        if "data" in attachment and kind not in READABLE:
            where = f"content[{place}].attachment.contentType"
            named = ", ".join(sorted(READABLE))
            text = f"Content of a chart document is expected as {named}; others as a url only"
            raise refuse(422, "business-rule", text, where)
