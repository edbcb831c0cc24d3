"""The document of an outcome, kept where some receiver reads documents of that form.

It is made of what the ledger holds of the form instance, as a blinded reader without licences may
have it: so it is right for whoever gets it, and says the same numbers as the resources do. It
follows every correction as a version of its own; what nobody sent has none.
"""

from __future__ import annotations

from dataclasses import replace

import orjson

from adapter.fhir.check import write
from adapter.fhir.document import Outcome, build_document, document_name
from adapter.fhir.text import read_text
from adapter.ingest.keep import retract_version
from adapter.ingest.owe import owe
from adapter.ingest.trial import Trial
from adapter.release.blinding import TELLING, as_blinded, as_whole
from adapter.release.wording import without_wording
from adapter.render.report import read_report
from adapter.render.text import render_text
from adapter.store import instances, versions
from adapter.store.database import Transaction
from adapter.store.instances import Instance
from adapter.store.versions import Belonging, Version

REPORTED = frozenset({"QuestionnaireResponse", "Observation", "AdverseEvent"})
_SENT = frozenset({"completed", "amended"})


def put_document(
    tx: Transaction, trial: Trial, unit: str, now: str, *, is_asked_for: bool = False
) -> None:
    """Keeps and owes the document of a form instance, where one is read and something is new.

    One that was made goes on to be kept, also where nobody is sent new ones any more.
    `is_asked_for`: one is made although no receiver reads documents of this form.
    """
    instance = instances.instance(tx, unit)
    if instance is None or instance.status not in _SENT:
        return
    name = document_name(unit, trial.identity)
    held = versions.latest(tx, *name)
    is_read = is_asked_for or trial.is_documented(instance.form)
    if not is_read and (held is None or held.is_retracted):
        return
    outcome = _outcome(tx, trial, instance, is_amended=held is not None)
    if not outcome.resources:
        if held is not None and not held.is_retracted:
            retract_version(tx, trial, held, now)
        return
    belonging = Belonging(unit, instance.participant, instance.form)
    if held is not None and not held.is_retracted:
        # The same content is the same version, whenever it is looked at; the first stays `final`.
        made = read_text(held.text)["date"]
        first = replace(outcome, is_amended=False)
        if held.text in (_text(trial, said, made) for said in (outcome, first)):
            return
    text = _text(trial, outcome, now)
    owe(tx, trial, versions.put(tx, name, text, belonging, now), now)


def _text(trial: Trial, outcome: Outcome, made: str) -> bytes:
    bare = build_document(outcome, "", trial.identity, made)
    words = render_text(read_report(bare))
    return write(build_document(outcome, words, trial.identity, made))


def _outcome(tx: Transaction, trial: Trial, instance: Instance, *, is_amended: bool) -> Outcome:
    standing = [
        version
        for version in versions.of_unit(tx, instance.unit)
        if version.type in REPORTED and not version.is_retracted
    ]
    resources = tuple(_as_anybody_may_read(trial, version) for version in standing)
    form = trial.forms[instance.form]
    title = f"{form.title}, {point}" if (point := _timepoint(trial, instance)) else form.title
    return Outcome(
        instance.unit,
        instance.participant,
        instance.form,
        title,
        _assessed(resources),
        is_amended,
        resources,
    )


def _as_anybody_may_read(trial: Trial, version: Version) -> bytes:
    form = trial.forms[version.form]
    said = read_text(version.text)
    if version.type in TELLING:
        told = as_blinded(said, form, trial.study)
    else:
        bare = without_wording(said, form) if form.is_licensed_to_site else said
        told = as_whole(bare, version.form, trial.study)
    return bytes(version.text) if told is said else write(told)


def _timepoint(trial: Trial, instance: Instance) -> str:
    point = trial.study.timepoint_of(str(orjson.loads(instance.place)[1]))
    return point.title if point is not None else ""


def _assessed(resources: tuple[bytes, ...]) -> str | None:
    for text in resources:
        said = read_text(text)
        for element in ("authored", "effectiveDateTime", "date"):
            if element in said:
                moment: str = said[element]
                return moment
    return None
