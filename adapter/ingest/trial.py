"""What ingesting needs to know: the study, its forms, who receives, and how ids are derived."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from adapter.fhir.identity import Identity
from adapter.instruments.fields import columns_read
from adapter.instruments.form import Form
from adapter.instruments.response import Record
from adapter.instruments.study import Study
from adapter.release import Receiver


@dataclass(frozen=True)
class Trial:
    """One study on its way into the ledger. `software` is the adapter's own version.

    `changed` are the forms that are not what their version stood for: nothing of them is taken.

    `unblinded` says whether a person's arm (second) was made known to a receiver (first) by an act.
    """

    study: Study
    forms: Mapping[str, Form]
    identity: Identity
    receivers: tuple[Receiver, ...]
    software: str
    unblinded: Callable[[str, str], bool] = field(default=lambda *_: False, compare=False)
    changed: frozenset[str] = frozenset()
    _digests: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def form_of(self, source_form: str) -> Form:
        """The form that a form of the source is read by; KeyError where the study maps none."""
        placed = {placement.source_form: placement.form for placement in self.study.forms}
        return self.forms[placed[source_form]]

    def with_changed(self, changed: frozenset[str]) -> Trial:
        """The same trial, of which these forms wait."""
        return self if changed == self.changed else replace(self, changed=changed)

    def as_read(self, record: Record) -> Record:
        """The record with those cells alone that its mapping reads; the same where it has no other.

        What nobody mapped must leave no trace: who got the therapy may stand in it.
        """
        placement = self.study.placement_of(record.form)
        if placement is None:
            return record
        return of_columns(record, columns_read(self.forms[placement.form], self.study, placement))

    def columns_of(self, form: Form) -> Mapping[str, frozenset[str]]:
        """Every column that something of a form is read from, by the source's form."""
        return {
            each.source_form: columns_read(form, self.study, each)
            for each in self.study.forms
            if each.form == form.id
        }

    def mapping_of(self, form: Form) -> str:
        """A digest of everything that decides what a record of this form becomes."""
        known = self._digests.get(form.id)
        if known is None:
            said = (form.model_dump_json(), self.study.model_dump_json(), self.software)
            known = hashlib.blake2b("\n".join(said).encode(), digest_size=8).hexdigest()
            self._digests[form.id] = known
        return known

    def is_documented(self, form: str) -> bool:
        """Whether some receiver reads documents of a form."""
        return any(each.takes("DocumentReference", form) for each in self.receivers)

    def may_know(self, receiver: Receiver, participant: str) -> bool:
        """Whether a receiver may know who got the therapy: of everybody, or of this person."""
        is_told = bool(participant) and self.unblinded(receiver.name, participant)
        return receiver.is_unblinded or is_told

    @property
    def basis(self) -> str:
        """A digest of everything that decides what any record becomes."""
        said = "\n".join(self.mapping_of(self.forms[name]) for name in sorted(self.forms))
        return hashlib.blake2b(said.encode(), digest_size=8).hexdigest()


def of_columns(record: Record, columns: frozenset[str]) -> Record:
    """The record with the cells of these columns alone; the same where it has no other."""
    if record.values.keys() <= columns:
        return record
    cells = {name: value for name, value in record.values.items() if name in columns}
    return replace(record, values=cells)
