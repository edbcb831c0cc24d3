"""What of a version anybody may have, who is blinded and holds no licence: for comparing."""

from __future__ import annotations

from adapter.fhir.check import write
from adapter.fhir.text import read_text
from adapter.release.blinding import TELLING, as_blinded
from adapter.release.wording import WORDED, without_wording
from adapter.service import Service
from adapter.store.versions import Version


def published(service: Service, version: Version) -> bytes:
    """A version's text as such a reader has it."""
    form = service.trial.forms.get(version.form)
    if version.type in TELLING:
        held = read_text(version.text)
        told = as_blinded(held, form, service.trial.study)
        return bytes(version.text) if told is held else write(told)
    if form is None or not form.is_licensed_to_site or version.type not in WORDED:
        return bytes(version.text)
    return write(without_wording(read_text(version.text), form))
