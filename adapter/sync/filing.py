"""A result as a record system files it by itself: in its own terms, in one of its Encounters."""

from __future__ import annotations

from adapter.fhir.check import write
from adapter.fhir.text import read_text
from adapter.fhir.total import Filing, as_final, as_total, score_of
from adapter.store.encounters import Filed
from adapter.sync.profile import ClinicProfile, Rung


def as_filed(text: bytes, profile: ClinicProfile, rung: Rung, form: str) -> bytes:
    """A resource as it goes one by one: a score under the site's own code, where totals alone go.

    A score that the site has no code for stays as it is.
    """
    if rung == "totals":
        text = _as_total(text, profile, form)
    return write(as_final(read_text(text))) if profile.only_final else text


def in_encounter(text: bytes, filed: Filed | None) -> bytes:
    """An Observation as it is filed in an Encounter; None: it was not, and is left as it is."""
    if filed is None:
        return text
    return write({**read_text(text), "encounter": {"reference": f"Encounter/{filed.encounter}"}})


def _as_total(text: bytes, profile: ClinicProfile, form: str) -> bytes:
    said = read_text(text)
    scale = score_of(said).removeprefix(f"{form}-")
    site = profile.codes.get(form, {}).get(scale)
    if site is None:
        return text
    coding = [("system", site.system), ("code", site.code)]
    coding += [("display", site.display)] if site.display else []
    return write(as_total(said, Filing(tuple(coding), profile.totals.category, site.unit)))
