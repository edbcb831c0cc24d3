"""What the trial and a clinic say of one form instance, item by item, for who decides."""

from __future__ import annotations

from dataclasses import dataclass

from adapter.errors import AnswerError
from adapter.fhir.reading import validate_response
from adapter.fhir.reading.migration import as_present
from adapter.fhir.text import read_text
from adapter.ingest.decide import asked_form, record_of
from adapter.ingest.judge import held_answers
from adapter.ingest.reconcile import Answers, said
from adapter.ingest.trial import Trial
from adapter.instruments.answer import Value
from adapter.instruments.form import Option
from adapter.instruments.response import parse_response
from adapter.store.database import Transaction
from adapter.store.inbox import Received


@dataclass(frozen=True, slots=True)
class Side:
    """One item: what the trial says and what the clinic says, '' for no answer."""

    link_id: str
    ours: str
    theirs: str

    @property
    def is_same(self) -> bool:
        """Whether both say the same."""
        return self.ours == self.theirs


def both_sides(tx: Transaction, trial: Trial, found: Received) -> list[Side]:
    """Every item that either side answered, in the form's order."""
    resource = as_present(read_text(found.text), trial.forms)
    theirs = said(validate_response(resource, trial.forms).answers)
    ours = said(_ours(tx, trial, found))
    form = trial.forms.get(found.form)
    order = [item.link_id for item in form.items] if form else list(theirs)
    return [
        Side(link_id, _told(ours.get(link_id, ())), _told(theirs.get(link_id, ())))
        for link_id in order
        if link_id in ours or link_id in theirs
    ]


def _ours(tx: Transaction, trial: Trial, found: Received) -> Answers:
    """The trial's row where it waits, else what stands."""
    if not found.trial_row:
        return held_answers(tx, trial, found.unit) or {}
    record = record_of(found.trial_row)
    try:
        response = parse_response(record, asked_form(trial, record), trial.study, "completed")
    except AnswerError:  # the form has changed since, or the study asks it no more
        return {}
    return {} if response is None else response.answers


def _told(values: tuple[Value, ...]) -> str:
    return ", ".join(
        (each.display or each.value) if isinstance(each, Option) else str(each) for each in values
    )
