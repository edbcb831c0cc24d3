"""What everybody may know of a version, and what searches find it by.

What is found would tell a blinded reader the rest, and by `:text` what a licence keeps back.
"""

from __future__ import annotations

from typing import Any

from adapter.fhir.retraction import retract
from adapter.fhir.search.index import Found, found_by
from adapter.fhir.search.parameters import SERVED_TYPES
from adapter.fhir.text import read_text
from adapter.instruments.form import Form
from adapter.instruments.study import Study
from adapter.release.blinding import TELLING, as_blinded
from adapter.release.wording import WORDED, without_wording
from adapter.store.versions import Version


def public_index(version: Version, form: Form | None, study: Study) -> list[Found]:
    """What a version is found by, nothing for what no search may find."""
    if version.type not in SERVED_TYPES:
        return []
    public = as_public(version, form, study)
    if public is None:
        return []
    if form is not None and is_worded(form, version.type):
        public = without_wording(public, form)
    return found_by(public, study.zone)


def as_public(version: Version, form: Form | None, study: Study) -> dict[str, Any] | None:
    """What a version says without what would tell the arm, None if it is gone."""
    said = as_it_stands(version)
    if said is None or version.type not in TELLING:
        return said
    return as_blinded(said, form, study)


def as_it_stands(version: Version) -> dict[str, Any] | None:
    """What a version says: of a retracted one that it should not have been, None if it is gone."""
    said = read_text(version.text)
    return retract(said) if version.is_retracted else said


def is_worded(form: Form, resource_type: str) -> bool:
    """Whether resources of a type hold words of a form that are licensed to this site alone."""
    return form.is_licensed_to_site and resource_type in WORDED
