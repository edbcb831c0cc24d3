"""Moves outcomes to another rung of a clinic, by a person's word.

What was never accepted there is owed by the new way in place of the old one. What the clinic holds
is left, or taken back by its old way first; only when that is confirmed is it owed by the new one.
So it is there never twice, and however often somebody dies in between, it is not lost.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapter.fhir.document import document_name
from adapter.ingest.document import put_document
from adapter.ingest.owe import DOCUMENT, is_wanted, retractable, stays_away, take_back
from adapter.ingest.trial import Trial
from adapter.release import Receiver
from adapter.store import deliveries, moves, receivers, versions
from adapter.store.moves import Move
from adapter.store.transaction import Transaction
from adapter.store.versions import Version

_WITH_DOCUMENT = frozenset({"document", "hl7v2", "task"})


@dataclass(slots=True)
class Moved:
    """What a move did, counted in outcomes.

    `moved` are owed by the new way; `leaving` are taken back by the old one first; `kept` are held
    by the clinic, and stay; `in_doubt` may be there, and nobody knows; `pageless` have no page yet.
    """

    moved: int = 0
    leaving: int = 0
    kept: int = 0
    in_doubt: int = 0
    pageless: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """To which rung the outcomes of these forms go, and whether what is held there is replaced."""

    rung: str
    forms: tuple[str, ...]
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Moving:
    """A transaction in which outcomes of one receiver are moved; `now` as the ledger writes it."""

    tx: Transaction
    trial: Trial
    receiver: Receiver
    now: str


def move(at: Moving, order: Order) -> Moved:
    """Moves all outcomes of some forms; nothing is sent before the next push."""
    told = Moved()
    for form in order.forms:
        for unit in moves.movable(at.tx, at.receiver.name, form):
            if not _is_elsewhere(at, unit, form, order.rung):
                continue
            if moves.is_in_doubt(at.tx, at.receiver.name, unit):
                told.in_doubt += 1
            else:
                _move_unit(at, unit, order, told)
    return told


def arrive(at: Moving) -> int:
    """Owes by the new way what is taken back by the old one, and confirmed to be; how many."""
    arrived = [
        each
        for each in moves.under_way(at.tx, at.receiver.name)
        if moves.is_taken_back(at.tx, at.receiver.name, each.unit)
        and not moves.is_in_doubt(at.tx, at.receiver.name, each.unit)
    ]
    for each in arrived:
        _owe_by(at, each)
    return len(arrived)


# Private functions


def _is_elsewhere(at: Moving, unit: str, form: str, rung: str) -> bool:
    """Whether an outcome goes, or came, by another way than this one.

    What is held as the same resources as this way brings is corrected in its place.
    """
    move = moves.move_of(at.tx, at.receiver.name, unit)
    if move is not None:
        return move.rung != rung and not move.is_under_way
    types = _held(at, versions.of_unit(at.tx, unit))
    if types:
        return (DOCUMENT in types) != (rung in _WITH_DOCUMENT)
    return rung not in at.receiver.taking(form).rungs


def _move_unit(at: Moving, unit: str, order: Order, told: Moved) -> None:
    mine = versions.of_unit(at.tx, unit)
    held = _held(at, mine)
    if held and not order.replaces:
        told.kept += 1
    elif order.rung in _WITH_DOCUMENT and not _has_page(at, unit):
        told.pageless += 1
    elif not held:
        told.moved += 1
        _owe_by(at, Move(unit, order.rung, is_under_way=False))
    else:
        told.leaving += 1
        for version in mine:
            deliveries.cancel(at.tx, at.receiver.name, version, at.now)
        for version in retractable(mine):
            take_back(at.tx, at.receiver, version, at.now)
        moves.note_move(at.tx, at.receiver.name, Move(unit, order.rung, is_under_way=True))


def _held(at: Moving, mine: list[Version]) -> frozenset[str]:
    """The types of what the clinic holds of a unit."""
    return receivers.types_held(at.tx, at.receiver.name, mine[0]) - {"Provenance"}


def _has_page(at: Moving, unit: str) -> bool:
    put_document(at.tx, at.trial, unit, at.now, is_asked_for=True)
    page = versions.latest(at.tx, *document_name(unit, at.trial.identity))
    return page is not None and not page.is_retracted


def _owe_by(at: Moving, move: Move) -> None:
    """Owes what stands of a unit by the rung that it was moved to, and nothing else of it."""
    tx, receiver = at.tx, at.receiver
    moves.note_move(tx, receiver.name, Move(move.unit, move.rung, is_under_way=False))
    for version in versions.of_unit(tx, move.unit):
        owed = deliveries.last_owed(tx, receiver.name, version)
        if owed is not None and owed[1] == "put":
            deliveries.cancel(tx, receiver.name, version, at.now)
        if (
            not version.is_retracted
            and is_wanted(tx, at.trial, receiver, version)
            and not stays_away(tx, at.trial, receiver, version)
        ):
            deliveries.enqueue(tx, receiver.name, version, "put", at.now)
