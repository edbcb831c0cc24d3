"""Whom a launched page is about, in the words of the record system."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from adapter.viewer.launch.fetching import Fetched
from adapter.viewer.launch.remembered import Opened
from adapter.viewer.moments import in_zone
from adapter.viewer.page import Banner, Heading


def heading_of(study: str, opened: Opened, fetched: Fetched, zone: tzinfo) -> Heading:
    """What stands above the page; who it is only where the record system does not say so itself."""
    banner = _banner(fetched.patient or {}, opened.patient) if opened.needs_banner else None
    visit = in_zone((fetched.visit or {}).get("period", {}).get("start", ""), zone)
    return Heading("", "", study, f"launched/{opened.page}", banner, fetched.lacking, visit)


def _banner(patient: dict[str, Any], number: str) -> Banner:
    """The official name before others, the medical record number before the logical id."""
    names = sorted(patient.get("name", ()), key=lambda each: each.get("use") != "official")
    name = names[0] if names else {}
    words = [*name.get("given", ()), name.get("family", "")]
    numbers = [
        each.get("value", "")
        for each in patient.get("identifier", ())
        for coding in each.get("type", {}).get("coding", ())
        if coding.get("code") == "MR"
    ]
    return Banner(
        name.get("text") or " ".join(word for word in words if word),
        patient.get("birthDate", ""),
        patient.get("gender", ""),
        next((each for each in numbers if each), number),
    )
