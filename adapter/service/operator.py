"""What the operator's pages show and do, out of the ledger that is served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from itertools import islice

from adapter.errors import NotFoundError
from adapter.ingest.standing import count_kept_back, urgency
from adapter.service import operating
from adapter.service.correspondence import Correspondence
from adapter.service.running import Service
from adapter.service.shown import (
    Forms,
    forms_shown,
    is_shown,
    may_know_form,
    signals_kept_back,
)
from adapter.store import standing
from adapter.store.audit import Act, newest_first, verify
from adapter.store.states import STATES
from adapter.sync.clinic import Clinic
from adapter.sync.plan import plan
from adapter.viewer.operator import (
    A_PAGE,
    NONE,
    NotTakenIn,
    Overview,
    Table,
    Undecided,
    Waiting,
    Written,
)
from adapter.viewer.people import Person
from adapter.viewer.words import moment_in_words

_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


@dataclass(frozen=True)
class Operated:
    """The ledger as operators see it."""

    service: Service

    def overview(self, person: Person) -> list[Overview]:
        """Every clinic, the one that waits longest first."""
        states = [
            operating.state_of(self.service, each.name, self._forms(person, each.name))
            for each in self.service.clinics
        ]
        states.sort(key=lambda each: -(each["oldest_undelivered_seconds"] or 0))
        return [
            Overview(
                each["name"],
                {state: each[state] for state in STATES},
                _in_words(each["oldest_undelivered_seconds"]),
                [Waiting(**waiting) for waiting in each["needs_a_person"]],
                each["inbox_waiting"],
            )
            for each in states
        ]

    def undecided(self) -> list[Undecided]:
        """Everybody who waits for a person's word."""
        return [
            Undecided(
                each.clinic,
                each.participant,
                [(patient.patient, patient.grade) for patient in each.patients],
            )
            for each in self.service.crosswalk.undecided()
        ]

    def not_taken_in(self, person: Person) -> NotTakenIn:
        """The signals of what is kept back, and how much of it nobody could look at."""
        tx, study = self.service.database.read(), self.service.trial.study
        signals = sorted(
            signals_kept_back(self.service, is_unblinded=person.is_unblinded), key=urgency
        )
        counted = count_kept_back(tx, study).not_looked_at
        shown = may_know_form(self.service, is_unblinded=person.is_unblinded)
        return NotTakenIn(
            [
                (
                    each.level,
                    each.record,
                    each.form,
                    f"{each.title} ({each.signal})",
                    each.reason,
                    each.about,
                )
                for each in signals
            ],
            [(form, count) for form, count in counted.items() if shown(form)],
        )

    def consents(self) -> list[str]:
        """The consents of the study, by id."""
        return [rule.id for rule in self.service.trial.study.consents]

    def owed(self, person: Person, asked: Mapping[str, str], after: int) -> Table:
        """Deliveries behind a place; none of a clinic that is not known.

        Who is blinded sees no version of an event, and not how often anything was tried: both may
        be of what they are not shown.
        """
        tx, clinic, forms = self.service.database.read(), asked["clinic"], None
        if not person.is_unblinded:
            forms = self._forms(person, clinic)
        found = standing.owed(tx, clinic, asked["state"], asked["record"], after, A_PAGE + 1, forms)
        names = ("Record", "Resource", "Form", "Does", "State", "Why", "Tried", "Owed since")
        whole = [
            (
                each.participant or NONE,
                f"{each.type}/{each.id}/{each.version}" if forms is None else each.type,
                each.form or NONE,
                each.action,
                each.state,
                each.why or NONE,
                each.attempts,
                moment_in_words(each.created),
            )
            for each in found[:A_PAGE]
        ]
        is_more, last = len(found) > A_PAGE, found[A_PAGE - 1].seq if len(found) > A_PAGE else 0
        if forms is None:
            return Table(names, whole, str(last) if is_more else "")
        rows = [(*row[:6], row[7]) for row in whole]
        return Table((*names[:6], names[7]), rows, str(after + A_PAGE) if is_more else "")

    def plan(self, person: Person, clinic: str) -> Table:
        """What a push would do there; nothing for a clinic that is not known."""
        forms = self._forms(person, clinic)
        known = (plan(each, forms) for each in self.service.clinics if each.name == clinic)
        told = next(known, None)
        if told is None:
            return Table((), ())
        sent = (("create", told.create), ("update", told.update), ("retract", told.retract))
        rows = [(word, kind, "", n) for word, counts in sent for kind, n in sorted(counts.items())]
        held = [("held", kind, rule, n) for (kind, rule), n in sorted(told.held.items())]
        return Table(("Does", "Resource", "Rule", "Count"), [*rows, *held])

    def inbox(self, person: Person, asked: Mapping[str, str], after: int) -> Table:
        """What was written at clinics, as far as a person may know of it."""
        return Correspondence(self.service, person).listed(asked["clinic"], asked["state"], after)

    def written(self, person: Person, clinic: str, response: str) -> Written | None:
        """One response, beside what the trial holds."""
        return Correspondence(self.service, person).written(clinic, response)

    def audit(self, person: Person, before: int) -> Table:
        """The audit log before a place, the newest first; a line's number, or how many were passed.

        Who is blinded sees no numbers of lines: a gap would tell of what they are not shown.
        """
        headings = ("At", "Act", "Clinic", "Record", "What", "Rule, or who")
        if person.is_unblinded:
            found = list(islice(newest_first(self.service.audit.path, before), A_PAGE))
            last = found[-1].number if found else 1
            rows = [(each.number, *_told(each.act)) for each in found]
            return Table(("Line", *headings), rows, str(last) if last > 1 else "")
        acts = (each.act for each in newest_first(self.service.audit.path))
        shown = (act for act in acts if is_shown(self.service, act))
        some = list(islice(shown, before, before + A_PAGE + 1))
        more = str(before + A_PAGE) if len(some) > A_PAGE else ""
        return Table(headings, [_told(_without_version(act)) for act in some[:A_PAGE]], more)

    def verify(self, person: Person) -> str:
        """What comes of checking the audit log's chain, in a sentence."""
        count, last, problems = verify(self.service.audit.path, self.service.seal)
        if not person.is_unblinded:
            return "Lines do not fit." if problems else "All lines fit."
        if problems:
            return f"{len(problems)} of the lines do not fit; `adapter audit verify` names them."
        return f"All {count} lines fit; the last hash is {last or 'none'}."

    def act(self, person: Person, what: str, said: Mapping[str, str]) -> str:
        """Does one act in a person's name.

        Raises:
            NotFoundError: there is no such clinic, record, candidate, task or response.
            ConflictError: it is at odds with what is known.
            AnswerError: the trial's own row fits its form no more.
        """
        service, by = self.service, person.name
        match what:
            case "retry":
                count = operating.retry_all(service, self._clinic(said), by)
                told = f": {count}" if person.is_unblinded else " what was refused"
                return f"Queued again{told}. The next push sends it."
            case "filed":
                operating.note_filed(service, self._clinic(said), said["task"])
                return "The task is noted as filed."
            case "withdraw":
                operating.note_withdrawal(service, said["record"], said["consent"], by)
                return "The withdrawal is recorded; the plan shows what it retracts."
            case "none":
                operating.turn_down(service, self._clinic(said), said["record"], by)
                return "Noted: none of the candidates."
            case "take" | "leave":
                return Correspondence(service, person).decide(what, said)
        about = self._clinic(said), said["record"], said["patient"], by
        if what == "confirm":
            operating.confirm_candidate(service, *about)
        else:
            operating.link_to(service, *about, although_different=what == "although-different")
        return "The record is linked; the next push sends what waited for it."

    def _forms(self, person: Person, clinic: str) -> Forms:
        return forms_shown(self.service, clinic, is_unblinded=person.is_unblinded)

    def _clinic(self, said: Mapping[str, str]) -> Clinic:
        for clinic in self.service.clinics:
            if clinic.name == said["clinic"]:
                return clinic
        raise NotFoundError("Expected one of the clinics; found another name.")


def _told(act: Act) -> tuple[str, ...]:
    at, *words = astuple(act)
    return (moment_in_words(at), *(word or NONE for word in words))


def _without_version(act: Act) -> Act:
    """The act on a resource: its version may have come of what is not shown."""
    kind, _, rest = act.what.partition("/")
    return replace(act, what=f"{kind}/{rest.partition('/')[0]}" if rest else act.what)


def _in_words(seconds: int | None) -> str:
    """How long something has waited, in the largest unit that fits."""
    if seconds is None:
        return "nothing waits"
    unit, size = next((each for each in _UNITS if seconds >= each[1]), _UNITS[-1])
    count = seconds // size
    return f"{count} {unit}{'' if count == 1 else 's'}"
