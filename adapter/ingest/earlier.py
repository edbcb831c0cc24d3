"""What an earlier version of a form has read: it stays as it is, as long as its cells do.

A response is an answer to what was asked then, and was scored as was right then. A new version
reads what is new or has changed; what an earlier one read is read anew only where the new one says
that it `corrects` that one. What changed in the study file since does not reach it either: nobody
can read it as it was read any more, for there is but one declaration of each form.

The cells of such a row are those that its version read and, from the day on which a later version
first met it, those that the later one reads, too: what is filled in later is a change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapter.fhir.provenance import SOURCE_CELLS
from adapter.fhir.text import read_text
from adapter.ingest.trial import Trial, of_columns
from adapter.instruments.form import Form
from adapter.instruments.meaning import meaning_of_scale
from adapter.instruments.response import Record
from adapter.store import inbox, instances, readings, versions
from adapter.store.database import Transaction
from adapter.store.instances import Instance
from adapter.store.readings import Reading, columns_text


def keep_readings(tx: Transaction, trial: Trial) -> None:
    """Keeps how each form of the study is read and scored now; of one that waits, nothing is."""
    for name in dict.fromkeys(placed.form for placed in trial.study.forms):
        form = trial.forms[name]
        if name in trial.changed:
            continue
        columns = trial.columns_of(form)
        said = Reading(trial.mapping_of(form), form.id, form.version, columns)
        readings.keep_reading(tx, said)
        for scale in form.scales:
            digest = meaning_of_scale(form, scale)
            readings.keep_counting(tx, form.id, form.version, scale.id, digest)


def is_current(tx: Transaction, trial: Trial, form: Form, held: Instance) -> bool:
    """Whether an instance was read as it would be read now, or stays as it was read."""
    return held.mapping == trial.mapping_of(form) or form.keeps(version_of(tx, held))


def version_of(tx: Transaction, held: Instance) -> str:
    """The version of its form that an instance was read by, '' where nothing tells.

    Of what an earlier adapter took in, the QuestionnaireResponse says it, and where there is none,
    the newest Provenance of its cells.
    """
    known = readings.reading(tx, held.mapping)
    if known is not None:
        return known.version
    response = versions.latest(tx, "QuestionnaireResponse", held.unit)
    if response is not None:
        return _version_in(read_text(response.text)["questionnaire"])
    return _version_in(_cells_told(tx, held).get("mapping", [""])[-1])


def as_hashed_now(
    tx: Transaction, trial: Trial, held: Instance, whole: Record, source_hash: str
) -> Instance:
    """The instance with the hash of what is read of the row now, if its cells are as they were.

    Earlier adapters hashed all cells of a form, and earlier versions of it read other columns.
    """
    if held.source_hash == source_hash:
        return held
    form = trial.form_of(whole.form)
    is_same = held.source_hash == trial.identity.source_hash(whole)
    if not is_same and held.mapping != trial.mapping_of(form):
        is_same = version_of(tx, held) != form.version and _is_same(tx, trial, held, whole)
    return replace(held, source_hash=source_hash) if is_same else held


def see_unchanged(
    tx: Transaction, trial: Trial, before: Instance, hashed: Instance, whole: Record
) -> None:
    """Notes that this ingest met a row that is as it was; `hashed` is as it is read now."""
    now = hashed
    if hashed.mapping != trial.mapping_of(trial.form_of(whole.form)):
        now = _staying(tx, trial, hashed, whole)
    if now == replace(before, run=now.run):
        instances.see_again(tx, now.unit, now.run)
        return
    instances.keep_instance(tx, now)
    inbox.rehash(tx, now.unit, before.source_hash, now.source_hash)


def _staying(tx: Transaction, trial: Trial, held: Instance, whole: Record) -> Instance:
    """The instance under the reading of its own version that watches what is read now, too."""
    form = trial.form_of(whole.form)
    known = readings.reading(tx, held.mapping)
    # Of a reading that no adapter kept, the columns that nothing reads now are watched no more.
    columns = dict(trial.columns_of(form))
    for name, before in known.columns.items() if known else ():
        columns[name] = before | columns.get(name, frozenset())
    if known is None or columns != known.columns:
        version = version_of(tx, held)
        said = "\n".join((form.id, version, columns_text(columns)))
        mapping = hashlib.blake2b(said.encode(), digest_size=8).hexdigest()
        readings.keep_reading(tx, Reading(mapping, form.id, version, columns))
        held = replace(held, mapping=mapping)
    cells = of_columns(whole, columns[whole.form])
    return replace(held, source_hash=trial.identity.source_hash(cells))


def _is_same(tx: Transaction, trial: Trial, held: Instance, whole: Record) -> bool:
    """Whether the cells that an instance was read from are what they were."""
    known = readings.reading(tx, held.mapping)
    if known is None:  # no cell may have come that is read now: nobody knows whether it was blank
        columns = frozenset(_cells_told(tx, held).get("field", ()))
        is_more = not trial.as_read(whole).values.keys() <= columns
    else:
        columns, is_more = known.columns.get(whole.form, frozenset()), False
    cells = of_columns(whole, columns)
    return not is_more and trial.identity.source_hash(cells) == held.source_hash


def _cells_told(tx: Transaction, held: Instance) -> Mapping[str, list[str]]:
    """What the newest Provenance of an instance's very cells says of them, by what it is."""
    told: dict[str, list[str]] = {}
    for version in versions.of_unit(tx, held.unit):
        if version.type == "Provenance":
            cells = _cells(read_text(version.text))
            if held.source_hash in cells.get("hash", ()):
                told = cells
    return told


def _cells(provenance: Mapping[str, Any]) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for entity in provenance["entity"]:
        for extension in entity.get("extension", ()):
            for cell in extension["extension"] if extension["url"] == SOURCE_CELLS else ():
                value = cell.get("valueString", cell.get("valueCanonical", ""))
                told.setdefault(cell["url"], []).append(value)
    return told


def _version_in(canonical: str) -> str:
    """The version of a form in a canonical, without that of the words that a site laid over it."""
    return canonical.partition("|")[2].partition("+")[0]
