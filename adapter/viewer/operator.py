"""The operator's pages: what is owed to each clinic, what needs a person, what they do about it.

Counts of deliveries can tell the arm: an operator who must not know it is shown what would be the
same in either arm, and is told so. To anybody else than operators the pages are like what never
was. Every act is confirmed on a page of its own before it is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from adapter.errors import AnswerError, ConflictError, NotFoundError
from adapter.viewer import page
from adapter.viewer.people import Person
from adapter.viewer.routes import Answering, Look, Pages, Visit

A_PAGE = 50
NONE = "\N{EN DASH}"
"""Stands in a table where there is nothing to say."""
ACTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "retry": ("Try again what the clinic refused", ("clinic",)),
    "filed": ("Note that a task was filed", ("clinic", "task")),
    "link": ("Link the record to this Patient", ("clinic", "record", "patient")),
    "although-different": (
        "Link the record to this Patient, although the identifiers there are others",
        ("clinic", "record", "patient"),
    ),
    "confirm": ("Confirm that the record is this Patient", ("clinic", "record", "patient")),
    "none": ("Note that the record is none of the candidates", ("clinic", "record")),
    "withdraw": ("Record that the consent was withdrawn", ("record", "consent")),
    "take": ("Let stand what the clinic wrote", ("clinic", "response", "timepoint")),
    "leave": ("Let stand what the trial holds", ("clinic", "response")),
}
"""What can be done, in words, and what has to be said for it."""
OPTIONAL = frozenset({"timepoint"})
"""What of it may be left out."""
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a person at a clinic, alike in state and reason."""

    state: str
    type: str
    why: str
    count: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A clinic: deliveries by state, how long the oldest has waited, and what needs a person.

    `written` is how much that was written there waits for a person's word.
    """

    name: str
    states: Mapping[str, int]
    waited: str
    waiting: Sequence[Waiting]
    written: int = 0


@dataclass(frozen=True, slots=True)
class NotTakenIn:
    """Safety signals of what was not taken in, and by form how much nobody could look at.

    Each signal is its level, the record, the form, its title and name, why it fired, what it is
    about, and where that is looked at. '' stands for what is of no form that is known.
    """

    signals: Sequence[tuple[str, ...]] = ()
    not_looked_at: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True, slots=True)
class Undecided:
    """Who a record may be at a clinic: Patients, each with how sure the clinic is."""

    clinic: str
    record: str
    patients: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Link:
    """A cell that leads to another of these pages, with what is asked of it."""

    text: str
    path: str
    asked: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under their headings; `after` is where the next page begins, '' behind the last."""

    headings: Sequence[str]
    rows: Sequence[Sequence[object]]
    after: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """One response that somebody wrote at a clinic, beside what the trial holds.

    `rows` are the question, what the trial holds, what the clinic wrote, and whether that is the
    same. `timepoints` are where it may belong, `timepoint` is where it is taken to.
    """

    clinic: str
    response: str
    record: str
    form: str
    timepoint: str
    state: str
    why: str
    received: str
    rows: Sequence[tuple[str, str, str, bool]]
    timepoints: Sequence[str]


class Operation(Protocol):
    """What the pages show and do: the same as at the terminal, as far as a person may know it."""

    def overview(self, person: Person) -> Sequence[Overview]:
        """Every clinic."""
        ...

    def undecided(self) -> Sequence[Undecided]:
        """Everybody who waits for a person's word."""
        ...

    def not_taken_in(self, person: Person) -> NotTakenIn:
        """The signals of what is kept back, as far as a person may know of its forms."""
        ...

    def consents(self) -> Sequence[str]:
        """The consents of the study, by id."""
        ...

    def owed(self, person: Person, asked: Mapping[str, str], after: int) -> Table:
        """Deliveries behind a place, by `clinic`, `state` and `record`."""
        ...

    def plan(self, person: Person, clinic: str) -> Table:
        """What a push would do there."""
        ...

    def inbox(self, person: Person, asked: Mapping[str, str], after: int) -> Table:
        """What was written at a `clinic` ('' for all) and is in a `state` ('' for any)."""
        ...

    def written(self, person: Person, clinic: str, response: str) -> Written | None:
        """One response, None for one that never came, or that they may not know of."""
        ...

    def audit(self, person: Person, before: int) -> Table:
        """The audit log before a place, the newest first."""
        ...

    def verify(self, person: Person) -> str:
        """What comes of checking the audit log's chain, in a sentence."""
        ...

    def act(self, person: Person, what: str, said: Mapping[str, str]) -> str:
        """Does one of `ACTS`, and tells in a sentence what came of it.

        Raises:
            NotFoundError: there is no such clinic, record, candidate, task or response.
            ConflictError: it is at odds with what is known.
            AnswerError: the trial's own row fits its form no more.
        """
        ...


def operator_pages(operation: Operation) -> dict[str, tuple[Answering, list[str]]]:
    """The pages by their path."""

    def overview(pages: Pages, visit: Visit) -> Response:
        _let_in(pages, visit, "operator")
        content = page.operator_page(
            visit.frame,
            operation.overview(visit.person),
            operation.undecided(),
            operation.consents(),
            operation.not_taken_in(visit.person),
            is_blinded=not visit.person.is_unblinded,
        )
        return HTMLResponse(content)

    def owed(pages: Pages, visit: Visit) -> Response:
        asked = _asked(visit, ("clinic", "state", "record"))
        _let_in(pages, visit, "operator-deliveries", asked["record"])
        found = operation.owed(visit.person, asked, _place(visit))
        return _table(visit, "Deliveries", "deliveries", asked, found)

    def plan(pages: Pages, visit: Visit) -> Response:
        asked = _asked(visit, ("clinic",))
        _let_in(pages, visit, "operator-plan")
        title = "What a push would do: nothing is sent by looking"
        return _table(visit, title, "plan", asked, operation.plan(visit.person, asked["clinic"]))

    def audit(pages: Pages, visit: Visit) -> Response:
        _let_in(pages, visit, "operator-audit")
        verified = operation.verify(visit.person) if "verify" in visit.request.query_params else ""
        found = operation.audit(visit.person, _place(visit))
        return _table(visit, "Audit log, the newest first", "audit", {}, found, verified)

    def act(pages: Pages, visit: Visit) -> Response:
        what = visit.request.path_params["act"]
        if what not in ACTS:
            raise HTTPException(404)
        words, names = ACTS[what]
        is_said = visit.request.method == "POST"
        given = visit.request.state.said if is_said else visit.request.query_params
        said = {name: str(given.get(name, "")).strip()[:_LONGEST] for name in names}
        _let_in(pages, visit, f"operator-{what}", said.get("record", ""))
        is_whole = all(word or name in OPTIONAL for name, word in said.items())
        if not is_said or not is_whole:
            return HTMLResponse(page.confirm_page(visit.frame, what, words, said, OPTIONAL))
        try:
            done = operation.act(visit.person, what, said)
        except (NotFoundError, ConflictError, AnswerError) as wrong:
            return HTMLResponse(page.done_page(visit.frame, "Not done", str(wrong)), 409)
        return HTMLResponse(page.done_page(visit.frame, "Done", done))

    return {
        "/operator": (overview, ["GET"]),
        "/operator/deliveries": (owed, ["GET"]),
        "/operator/plan": (plan, ["GET"]),
        **_inbox_pages(operation),
        "/operator/audit": (audit, ["GET"]),
        "/operator/acts/{act}": (act, ["GET", "POST"]),
    }


def _inbox_pages(operation: Operation) -> dict[str, tuple[Answering, list[str]]]:
    """What was written at clinics: the list, and one response beside what the trial holds."""

    def inbox(pages: Pages, visit: Visit) -> Response:
        asked = _asked(visit, ("clinic", "state"))
        _let_in(pages, visit, "operator-inbox")
        found = operation.inbox(visit.person, asked, _place(visit))
        return _table(visit, "Written at clinics, the newest first", "inbox", asked, found)

    def written(pages: Pages, visit: Visit) -> Response:
        asked = _asked(visit, ("clinic", "response"))
        may_see = visit.person.may_operate
        found = operation.written(visit.person, *asked.values()) if may_see else None
        _let_in(pages, visit, "operator-response", found.record if found else "")
        if found is None:
            raise HTTPException(404)
        return HTMLResponse(page.written_page(visit.frame, found))

    return {
        "/operator/inbox": (inbox, ["GET"]),
        "/operator/inbox/response": (written, ["GET"]),
    }


def _let_in(pages: Pages, visit: Visit, interaction: str, record: str = "") -> None:
    pages.look(visit.request, Look(interaction, visit.person.name, about=record))
    if not visit.person.may_operate:
        raise HTTPException(404)


def _asked(visit: Visit, names: Sequence[str]) -> dict[str, str]:
    return {name: visit.request.query_params.get(name, "")[:_LONGEST] for name in names}


def _place(visit: Visit) -> int:
    said = visit.request.query_params.get("after", "")
    return int(said) if said.isdecimal() and len(said) < 19 else 0  # noqa: PLR2004 - fits 64 bits


def _table(  # noqa: PLR0913, PLR0917 - what stands on one page
    visit: Visit, title: str, path: str, asked: Mapping[str, str], found: Table, text: str = ""
) -> Response:
    return HTMLResponse(page.table_page(visit.frame, title, path, asked, found, text))
