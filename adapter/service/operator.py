"""What the operator's pages show and do, out of the ledger that is served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass

from adapter.errors import NotFoundError
from adapter.service import operating
from adapter.service.running import Service
from adapter.store import standing
from adapter.store.audit import newest, verify
from adapter.store.states import STATES
from adapter.sync.clinic import Clinic
from adapter.sync.plan import plan
from adapter.viewer.operator import A_PAGE, Overview, Table, Undecided, Waiting
from adapter.viewer.people import Person

_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


@dataclass(frozen=True)
class Operated:
    """The ledger as operators see it."""

    service: Service

    def overview(self) -> list[Overview]:
        """Every clinic, the one that waits longest first."""
        states = [operating.state_of(self.service, each.name) for each in self.service.clinics]
        states.sort(key=lambda each: -(each["oldest_undelivered_seconds"] or 0))
        return [
            Overview(
                each["name"],
                {state: each[state] for state in STATES},
                _in_words(each["oldest_undelivered_seconds"]),
                [Waiting(**waiting) for waiting in each["needs_a_person"]],
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

    def consents(self) -> list[str]:
        """The consents of the study, by id."""
        return [rule.id for rule in self.service.trial.study.consents]

    def owed(self, clinic: str, state: str, record: str, after: int) -> Table:
        """Deliveries behind a place; none of a clinic that is not known."""
        tx = self.service.database.read()
        found = standing.owed(tx, clinic, state, record, after, A_PAGE + 1)
        headings = ("Record", "Resource", "Form", "Does", "State", "Why", "Tried", "Owed since")
        return Table(
            headings,
            [
                (
                    each.participant or "-",
                    f"{each.type}/{each.id}/{each.version}",
                    each.form or "-",
                    each.action,
                    each.state,
                    each.why or "-",
                    each.attempts,
                    each.created,
                )
                for each in found[:A_PAGE]
            ],
            str(found[A_PAGE - 1].seq) if len(found) > A_PAGE else "",
        )

    def plan(self, clinic: str) -> Table:
        """What a push would do there; nothing for a clinic that is not known."""
        told = next((plan(each) for each in self.service.clinics if each.name == clinic), None)
        if told is None:
            return Table((), ())
        sent = (("create", told.create), ("update", told.update), ("retract", told.retract))
        rows = [(word, kind, "", n) for word, counts in sent for kind, n in sorted(counts.items())]
        held = [("held", kind, rule, n) for (kind, rule), n in sorted(told.held.items())]
        return Table(("Does", "Resource", "Rule", "Count"), [*rows, *held])

    def audit(self, before: int) -> Table:
        """The audit log before a line, the newest first."""
        found = newest(self.service.audit.path, before, A_PAGE)
        last = found[-1].number if found else 1
        return Table(
            ("Line", "At", "Act", "Clinic", "Record", "What", "Rule, or who"),
            [(each.number, *astuple(each.act)) for each in found],
            str(last) if last > 1 else "",
        )

    def verify(self) -> str:
        """What comes of checking the audit log's chain, in a sentence."""
        count, last, problems = verify(self.service.audit.path, self.service.seal)
        if problems:
            return f"{len(problems)} of the lines do not fit; `adapter audit verify` names them."
        return f"All {count} lines fit; the last hash is {last or 'none'}."

    def act(self, person: Person, what: str, said: Mapping[str, str]) -> str:
        """Does one act in a person's name.

        Raises:
            NotFoundError: there is no such clinic, record, candidate or task.
            ConflictError: it is at odds with what is known.
        """
        service, by = self.service, person.name
        match what:
            case "retry":
                count = operating.retry_all(service, self._clinic(said), by)
                return f"Queued again: {count}. The next push sends them."
            case "filed":
                operating.note_filed(service, self._clinic(said), said["task"])
                return "The task is noted as filed."
            case "withdraw":
                operating.note_withdrawal(service, said["record"], said["consent"], by)
                return "The withdrawal is recorded; the plan shows what it retracts."
            case "none":
                operating.turn_down(service, self._clinic(said), said["record"], by)
                return "Noted: none of the candidates."
        clinic, record, patient = self._clinic(said), said["record"], said["patient"]
        linking = operating.confirm_candidate if what == "confirm" else operating.link_to
        linking(service, clinic, record, patient, by)
        return "The record is linked; the next push sends what waited for it."

    def _clinic(self, said: Mapping[str, str]) -> Clinic:
        for clinic in self.service.clinics:
            if clinic.name == said["clinic"]:
                return clinic
        raise NotFoundError("Expected one of the clinics; found another name.")


def _in_words(seconds: int | None) -> str:
    """How long something has waited, in the largest unit that fits."""
    if seconds is None:
        return "nothing waits"
    unit, size = next((each for each in _UNITS if seconds >= each[1]), _UNITS[-1])
    count = seconds // size
    return f"{count} {unit}{'' if count == 1 else 's'}"
