"""Which forms of a source may be read: those whose fields are there, and are what they were.

What the source says of a form is kept when it is read for the first time, and again whenever
somebody raised a version. In between it is held against that; see `drift`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import orjson

from adapter.errors import Problem
from adapter.ingest import findings
from adapter.ingest.drift import drift
from adapter.ingest.fit import fact_misfits, form_misfits
from adapter.ingest.work import Ingest, reject
from adapter.instruments.fields import field_names, fields_of
from adapter.instruments.form import Form
from adapter.instruments.participant import fact_fields, participant_forms
from adapter.instruments.study import Study
from adapter.sources.source import FieldShape, FormShape, Source
from adapter.store.database import Transaction
from adapter.store.shapes import AcceptedShape, accept_shape, accepted_shape


@dataclass(frozen=True, slots=True)
class Readable:
    """What of a source may be read: what is said of people, and which forms.

    `withdrawals`: that people withdrew may be read, even where `people` may not.
    `waiting` are watched forms that are not, each with the fields that speak against it: what else
    stands in their rows is still watched.
    """

    people: bool
    withdrawals: bool
    forms: frozenset[str]
    waiting: Mapping[str, frozenset[str]]

    @property
    def rows(self) -> frozenset[str]:
        """The forms whose rows are gone through."""
        return self.forms | frozenset(self.waiting)


def find_readable(work: Ingest) -> Readable:
    """What may be read; whatever speaks against the rest is kept with its reason."""
    source, study = work.snapshot.source, work.trial.study
    people = participant_forms(study)
    missing = source.missing_facts()
    unreadable: dict[str, frozenset[str]] = {}
    with work.database.write() as tx:
        reject(tx, work, "participant", missing, counts=False)
        for name, shape in source.shapes.items():
            if study.placement_of(name) is None and name not in people:
                if name not in study.not_mapped:
                    reject(tx, work, name, (findings.not_mapped(name),), counts=False)
            elif against := _against(tx, work, shape):
                unreadable[name] = against
        for problem in findings.not_in_source(study, source.shapes):
            work.report.is_whole = False
            if work.snapshot.missing_limit is not None:  # it says that it is the whole project
                reject(tx, work, problem.field, (problem,), counts=False)
    if missing or unreadable:
        work.report.is_whole = False
    mapped = {name for name in source.shapes if study.placement_of(name) is not None}
    waiting = {
        name: against
        for name, against in unreadable.items()
        if name in mapped and study.safety and study.safety.watches(work.trial.form_of(name).id)
    }
    is_as_declared = unreadable.keys().isdisjoint(people)
    # A consent that is not read must not be taken for one that was not withdrawn.
    is_open, forms = not missing and is_as_declared, frozenset(mapped - unreadable.keys())
    return Readable(is_open, is_as_declared, forms, waiting)


def misfits(
    study: Study, forms: Mapping[str, Form], source: Source, shape: FormShape
) -> list[Problem]:
    """What a source lacks of what a form reads, or says otherwise than the declarations do."""
    found = fact_misfits(study, shape)
    placement = study.placement_of(shape.form)
    form = forms.get(placement.form) if placement else None
    if placement is not None and form is not None:
        found += source.missing_columns(shape.form, fields_of(form, placement, study))
        found += form_misfits(form, placement, study, shape)
    return found


def _against(tx: Transaction, work: Ingest, shape: FormShape) -> frozenset[str]:
    """The fields for which a form has to wait, none where it may be read."""
    trial = work.trial
    placement = trial.study.placement_of(shape.form)
    if placement is not None and placement.form in trial.changed:
        found = findings.other_meaning(trial.forms[placement.form])
        reject(tx, work, shape.form, (found,), counts=False)
        return frozenset((shape.form, *_fields(work, shape.form)))
    now = AcceptedShape(_versions(work, shape.form), orjson.dumps(asdict(shape)).decode())
    before = accepted_shape(tx, shape.form)
    problems: list[Problem] = []
    if before is not None and before.versions == now.versions:
        problems = drift(_shape(before.shape), shape, _fields(work, shape.form), now.versions)
    told = {problem.field for problem in problems}
    problems += [
        problem
        for problem in misfits(trial.study, trial.forms, work.snapshot.source, shape)
        if problem.field.partition("___")[0] not in told
    ]
    reject(tx, work, shape.form, problems, counts=False)
    if any(problem.severity == "error" for problem in problems):
        return frozenset(problem.field for problem in problems)
    if before != now:
        accept_shape(tx, shape.form, now, work.report.run)
    return frozenset()


def _versions(work: Ingest, source_form: str) -> str:
    """Of the declarations that read a form: raised by a person who has looked at them."""
    trial = work.trial
    study = f"the version of study `{trial.study.id}` ({trial.study.version})"
    if trial.study.placement_of(source_form) is None:
        return study
    form = trial.form_of(source_form)
    return f"the version of form `{form.id}` ({form.version}) or {study}"


def _fields(work: Ingest, source_form: str) -> list[str]:
    """The fields of a form that the declarations read."""
    study = work.trial.study
    facts = [name for form, name in fact_fields(study) if form == source_form]
    placement = study.placement_of(source_form)
    if placement is None:
        return facts
    names = field_names(work.trial.forms[placement.form], placement)
    return list(dict.fromkeys((*names, *facts)))


def _shape(text: str) -> FormShape:
    said = orjson.loads(text)
    fields = {name: FieldShape(**field) for name, field in said["fields"].items()}
    return FormShape(said["form"], fields, said["file"])
