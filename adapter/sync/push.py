"""Delivers what is owed: claim, ask the gate, send, settle; and look before anything is sent twice.

The process may die at any line. What was claimed then is in doubt, and what is in doubt is read
back at the clinic: found there it is accepted, not found it is queued again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adapter.errors import EhrError
from adapter.store import deliveries, holdings, settling, standing
from adapter.store.database import Transaction
from adapter.store.deliveries import Delivery, Settlement
from adapter.store.places import keep_way
from adapter.sync.carry import carry
from adapter.sync.clinic import Clinic
from adapter.sync.decisions import note_decisions
from adapter.sync.delivering import outgoing_of, settlement_of
from adapter.sync.doubt import look_up_uncertain
from adapter.sync.encounters import file_results
from adapter.sync.gate import FOUND_THERE, Asked
from adapter.sync.ladder import DOCUMENT
from adapter.sync.outgoing import Outgoing
from adapter.sync.receipt import Accepted, Refused, Unknown, Unreachable
from adapter.sync.run import PushReport, Run, Sent
from adapter.sync.turn import Turn
from adapter.sync.whose import needs_nobody, rule_now


def push(clinic: Clinic, step: Callable[[int], None] = lambda _: None) -> PushReport:
    """Sends everything that is owed and released; ends when nothing more can be sent.

    Who meets trouble that others do not is left for a later push, after some tries.

    Raises:
        ConflictError: another process is delivering to this clinic.
        EhrError: the clinic cannot be reached, after some patience, or does not speak FHIR.
    """
    with clinic.alone() as (there, turn):
        with there.write() as tx:
            deliveries.reopen(tx, there.name, there.now())
        run = Run(there, step)
        while True:
            trouble = look_up_uncertain(there, run.report)
            if trouble is not None:
                _wait(turn, run, trouble)
                continue
            claimed = run.claim()
            if not claimed:
                return run.report
            sent = _push_batch(there, claimed, run)
            step(len(claimed))
            if sent.trouble is None:
                run.passed += bool(sent.is_asked)
                run.let_go({each.participant for each in claimed})
                if sent.is_asked:
                    turn.went_well()
                continue
            if sent.arrived:  # only trouble in a row tells against a clinic, or a patient
                run.let_go(sent.arrived)
                turn.went_well()
            if not run.blames_a_patient(sent):
                _wait(turn, run, sent.trouble)


def _wait(turn: Turn, run: Run, trouble: Unreachable | Unknown) -> None:
    try:
        turn.went_wrong(trouble)
    except EhrError:  # it is the clinic: nobody in particular has to wait for it
        run.let_all_go()
        raise


def _push_batch(clinic: Clinic, claimed: Sequence[Delivery], run: Run) -> Sent:
    """Asks the gate about a claim, sends what may leave, and settles all of it."""
    report, unfound = run.report, run.unfound
    released, settlements, trouble = _ask_gate(clinic, claimed, run)
    if trouble is None:
        released, waits, trouble = _file(clinic, released, run)
        settlements += waits
    note_decisions(clinic, released, settlements, claimed)
    if settlements:  # what is held is not under way, whatever happens while the rest is
        by_seq = {delivery.seq: delivery for delivery in claimed}
        with clinic.write() as tx:
            asked = Asked(clinic, tx)
            for said in settlements:
                delivery = by_seq[said.seq]
                # A consent may have changed since the gate was asked.
                is_gate_s = said.state == "held" and said.rule not in FOUND_THERE
                is_free = is_gate_s and not _held_now(asked, delivery, unfound)
                becomes = Settlement(said.seq, "queued") if is_free else said
                settling.settle(tx, [becomes], clinic.now())
    people = {"", *(each.participant for each in released)}
    clinic.addresses.keep({each.participant for each in released if each.action == "put"})
    absent = standing.refused_and_absent(clinic.database.read(), clinic.name, people)
    there = clinic.for_batch(released)
    outgoing, settlements = _in_its_terms(there, released, report, absent)
    receipts = carry(there, outgoing, absent)
    unknown: set[str] = set()
    arrived: set[str] = set()
    for item, receipt in zip(outgoing, receipts, strict=True):
        settlements.append(settlement_of(item, receipt, report))
        if isinstance(receipt, Unreachable | Unknown):
            trouble = trouble or receipt
        if isinstance(receipt, Unknown):
            unknown.add(item.delivery.participant)
        elif isinstance(receipt, Accepted | Refused):
            arrived.add(item.delivery.participant)
    if settlements:
        with clinic.write() as tx:
            _note_ways(clinic, tx, outgoing, arrived)
            settling.settle(tx, settlements, clinic.now())
    is_asked = bool(outgoing) or trouble is not None
    return Sent(is_asked, trouble, frozenset(unknown), frozenset(arrived))


def _note_ways(
    clinic: Clinic, tx: Transaction, sent: Sequence[Outgoing], arrived: set[str]
) -> None:
    """Notes by which rung resources went to whom something arrived; a document knows its own."""
    of_each = {
        item.delivery.unit: item.delivery
        for item in sent
        if item.delivery.type != DOCUMENT and item.delivery.participant in arrived
    }
    for unit, delivery in of_each.items():
        keep_way(tx, clinic.name, unit, clinic.rung_of(delivery))


def _ask_gate(
    clinic: Clinic, claimed: Sequence[Delivery], run: Run
) -> tuple[list[Delivery], list[Settlement], Unreachable | Unknown | None]:
    """Who may leave; the rest is held by the rule that says so.

    When the clinic cannot be asked for a patient, nothing leaves: it may have asked to wait.
    """
    released: list[Delivery] = []
    settlements: list[Settlement] = []
    asked, report = Asked(clinic, clinic.database.read()), run.report
    for delivery in claimed:
        rule: str | Unreachable | Unknown = _held_now(asked, delivery, run.unfound)
        if not rule:
            rule = _rule_of_person(clinic, delivery, run)
        if isinstance(rule, Unreachable | Unknown):
            held = {said.seq for said in settlements}
            rest = [Settlement(each.seq, "queued") for each in claimed if each.seq not in held]
            return [], [*settlements, *rest], rule
        if rule:
            report.held[delivery.type, rule] += 1
            settlements.append(Settlement(delivery.seq, "held", rule=rule))
        else:
            released.append(delivery)
    return released, settlements, None


def _rule_of_person(clinic: Clinic, delivery: Delivery, run: Run) -> str | Unreachable | Unknown:
    """Whether somebody is no patient there, or not any more; each is asked for once a push."""
    who = delivery.participant
    if needs_nobody(clinic, who, delivery.action):
        return ""
    found = rule_now(clinic, who, run.known)
    if isinstance(found, Unreachable | Unknown):
        return found
    if found:
        run.unfound[who] = found
    else:
        run.known.add(who)
    return found


def _file(
    clinic: Clinic, released: list[Delivery], run: Run
) -> tuple[list[Delivery], list[Settlement], Unreachable | Unknown | None]:
    """Who may leave still, when results are filed in Encounters; units without one are held."""
    held = file_results(clinic, released, run.encounters)
    if isinstance(held, Unreachable | Unknown):
        return [], [Settlement(each.seq, "queued") for each in released], held
    waits = [each for each in released if each.unit in held and each.type != DOCUMENT]
    for each in waits:
        run.report.held[each.type, held[each.unit]] += 1
    settlements = [Settlement(each.seq, "held", rule=held[each.unit]) for each in waits]
    return [each for each in released if each not in waits], settlements, None


def _in_its_terms(
    clinic: Clinic, released: Sequence[Delivery], report: PushReport, absent: list[str]
) -> tuple[list[Outgoing], list[Settlement]]:
    """What goes over the wire; what need not, or cannot be said there, is settled at once.

    `absent` gets the names of what is refused so, and is not there.
    """
    outgoing: list[Outgoing] = []
    settlements: list[Settlement] = []
    for delivery in released:
        item = outgoing_of(clinic, delivery)
        if item is None:
            settlements.append(Settlement(delivery.seq, "superseded"))
        elif isinstance(item, Refused):
            if not _is_held_there(clinic, delivery):
                absent.append(delivery.name)
            report.refused[delivery.type] += 1
            settlements.append(Settlement(delivery.seq, "refused", reason=item.reason))
        else:
            outgoing.append(item)
    return outgoing, settlements


def _held_now(asked: Asked, delivery: Delivery, unfound: dict[str, str]) -> str:
    rule, found = asked.rule_of(delivery), unfound.get(delivery.participant, "")
    is_free = bool(found) and needs_nobody(asked.clinic, delivery.participant, delivery.action)
    return rule or ("" if is_free else found)


def _is_held_there(clinic: Clinic, delivery: Delivery) -> bool:
    tx = clinic.database.read()
    return holdings.holding(tx, clinic.name, delivery.type, delivery.id) is not None
