"""What was written at clinics, as the operator's page shows it and a person decides on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adapter.errors import NotFoundError
from adapter.ingest.both_sides import Side, both_sides
from adapter.service.deciding import leave_written, take_written
from adapter.service.running import Service
from adapter.service.shown import forms_shown
from adapter.store import inbox
from adapter.store.inbox import Received
from adapter.viewer.operator import A_PAGE, NONE, Link, Table, Written
from adapter.viewer.people import Person
from adapter.viewer.words import moment_in_words

RESPONSE = "QuestionnaireResponse"
_HEADINGS = ("Clinic", "Record", "Resource", "Form", "Timepoint", "State", "Why", "Came")


@dataclass(frozen=True)
class Correspondence:
    """What came from clinics and from clients that write, as far as one person may know of it."""

    service: Service
    person: Person

    def listed(self, clinic: str, state: str, skip: int) -> Table:
        """What came, the newest first, behind so many; of all clinics one after the other."""
        tx = self.service.database.read()
        senders = [*(each.name for each in self.service.clinics), *inbox.clients(tx)]
        found: list[Received] = []
        for name in senders if not clinic else [clinic] if clinic in senders else []:
            forms = forms_shown(self.service, name, is_unblinded=self.person.is_unblinded)
            found += inbox.listed(tx, name, state, 0, skip + A_PAGE + 1, forms)
        some = found[skip : skip + A_PAGE + 1]
        more = str(skip + A_PAGE) if len(some) > A_PAGE else ""
        return Table(_HEADINGS, [_row(each) for each in some[:A_PAGE]], more)

    def written(self, clinic: str, response: str) -> Written | None:
        """One response, with both sides."""
        found = self._found(clinic, response)
        if found is None:
            return None
        trial = self.service.trial
        form = trial.forms.get(found.form)
        asked = {item.link_id: item.text for item in form.items} if form else {}

        def row(side: Side) -> tuple[str, str, str, bool]:
            question = asked.get(side.link_id) or side.link_id
            return question, side.ours, side.theirs, side.is_same

        sides = both_sides(self.service.database.read(), trial, found)
        return Written(
            found.clinic,
            found.remote_id,
            found.participant,
            form.title if form else "A questionnaire that is not known here",
            found.timepoint,
            found.state,
            found.why,
            found.received,
            [row(side) for side in sides],
            [point.id for point in trial.study.timepoints],
        )

    def decide(self, word: str, said: Mapping[str, str]) -> str:
        """Does what `adapter inbox take` or `leave` does.

        Raises:
            NotFoundError: nothing of this name waits, or it cannot be taken.
            AnswerError: the trial's own row fits its form no more.
        """
        found = self._found(said["clinic"], said["response"])
        if found is None:
            raise NotFoundError("Expected something that waits; found nothing of this name.")
        if word == "take":
            take_written(self.service, found.number, said["timepoint"], self.person.name)
            return "What the clinic wrote stands; the next push sends what came of it."
        leave_written(self.service, found.number, self.person.name)
        return "What the trial holds stands, until the clinic writes something else."

    def _found(self, clinic: str, response: str) -> Received | None:
        found = inbox.find(self.service.database.read(), clinic, RESPONSE, response)
        forms = forms_shown(self.service, clinic, is_unblinded=self.person.is_unblinded)
        return None if found is None or (forms is not None and found.form not in forms) else found


def _row(each: Received) -> tuple[object, ...]:
    shown: object = each.type
    if each.type == RESPONSE:
        asked = {"clinic": each.clinic, "response": each.remote_id}
        shown = Link("Both sides", "inbox/response", asked)
    return (
        each.clinic,
        each.participant or NONE,
        shown,
        each.form or NONE,
        each.timepoint or NONE,
        each.state,
        each.why,
        moment_in_words(each.received),
    )
