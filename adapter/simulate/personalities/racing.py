"""A full record system whose conditional creates race: look, then write, and others in between.

Of two that come at once both create, and from then on the condition matches two and is refused
with 412. Source: hapi-fhir #3141 and #4597, microsoft/fhir-server #1382.
"""

from __future__ import annotations

from dataclasses import replace

from adapter.simulate.personality import FULL, Personality, Site


def racing(_: Site) -> Personality:
    """All that the full one does, with a gap between looking and writing."""
    says = "a full FHIR server whose conditional creates race: two at once both create"
    return replace(FULL, name="racing", says=says, races=True)
