"""Reads back what clinics accepted: the same content is confirmed, nothing is sent again or shown.

Accepted is what the clinic said; confirmed is what it holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from adapter.errors import EhrError, ResourceError
from adapter.fhir.check import write
from adapter.fhir.labels import as_once_redacted
from adapter.fhir.text import read_text
from adapter.store import deliveries, holdings, settling
from adapter.store.deliveries import Delivery, Settlement
from adapter.store.holdings import Holding
from adapter.sync.carry import look_up
from adapter.sync.clinic import Clinic
from adapter.sync.found import Found
from adapter.sync.linked import UNTRUE, look_at_linked
from adapter.sync.outgoing import Outgoing
from adapter.sync.receipt import Unknown, Unreachable

_WHO_IS_IT = (
    "look there who the person is, say so by `adapter confirm` or `adapter link`, then run "
    "`adapter retry`"
)
DRIFTED = "changed at the clinic: it no longer says what we wrote"


@dataclass(slots=True)
class VerifyReport:
    """What was found, by type: confirmed, missing (queued again), drifted (for a person).

    `awaiting` is what a person at the clinic has to sign yet. What an older backup of the clinic
    brought back is missing, too. `astray` counts people by the rule that holds what is new about
    them, because their Patient there is gone, merged, not in use, or has other identifiers.
    """

    confirmed: Counter[str] = field(default_factory=Counter)
    awaiting: Counter[str] = field(default_factory=Counter)
    astray: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    drifted: Counter[str] = field(default_factory=Counter)


def verify(
    clinic: Clinic, step: Callable[[int], None] = lambda _: None, *, everything: bool = True
) -> VerifyReport:
    """Compares what the clinic holds with what we wrote; `everything` reads confirmed ones again.

    Raises:
        ConflictError: another process is delivering to this clinic.
        EhrError: the clinic cannot be reached or cannot read in batches.
    """
    report = VerifyReport()
    size, seq = clinic.profile.bundle.entries, 0
    rules: dict[str, str] = {}
    with clinic.alone() as (there, _):
        while page := deliveries.after(
            clinic.database.read(), clinic.name, seq, size, everything=everything
        ):
            found = _look_up(there, page)
            if isinstance(found, Unreachable | Unknown):
                raise EhrError(f"expected an answer; found: {found.reason}. Run this again later.")
            earlier = _earlier(there, page, found)
            if isinstance(earlier, Unreachable | Unknown):
                raise EhrError(f"expected an answer; found: {earlier.reason}. Run it again later.")
            former = _in_former_words(there, page, found)
            if isinstance(former, Unreachable | Unknown):
                raise EhrError(f"expected an answer; found: {former.reason}. Run it again later.")
            trouble = _look_at_people(there, page, rules)
            if trouble is not None:
                raise EhrError(f"expected an answer; found: {trouble.reason}. Run it again later.")
            with there.write() as tx:
                for delivery, each in zip(page, found, strict=True):
                    before = earlier.get(delivery.seq)
                    word = Found("gone") if before is not None else each
                    word = former.get(delivery.seq, word)
                    if rules.get(delivery.participant) in UNTRUE and delivery.action == "put":
                        before, word = None, _of_nobody(each, rules[delivery.participant])
                    settlement = _judge(delivery, word, report)
                    if before is not None:
                        holdings.go_back(tx, delivery, before)
                    elif settlement.state == "queued":
                        holdings.lose(tx, delivery)
                    settling.settle(tx, (settlement,), there.now())
            seq = page[-1].seq
            step(len(page))
    report.astray.update(filter(None, rules.values()))
    return report


def _look_at_people(
    clinic: Clinic, page: Sequence[Delivery], rules: dict[str, str]
) -> Unreachable | Unknown | None:
    """Looks once at the Patient of everybody on a page; `rules` gets what was found."""
    for who in dict.fromkeys(each.participant for each in page):
        if who not in rules:
            rule = look_at_linked(clinic, who)
            if isinstance(rule, Unreachable | Unknown):
                return rule
            rules[who] = rule
    return None


def _of_nobody(found: Found, rule: str) -> Found:
    """What stands there with a Patient who is gone, merged or somebody else: a person's matter."""
    return Found("changed", found.remote_version, f"{rule}: {_WHO_IS_IT}")


def _look_up(clinic: Clinic, page: Sequence[Delivery]) -> list[Found] | Unreachable | Unknown:
    """What is there of each; what cannot be said in the clinic's terms any more is changed."""
    there = clinic.for_batch(page)
    written = [_written(there, delivery) for delivery in page]
    found = look_up(there, [each for each in written if isinstance(each, Outgoing)])
    if isinstance(found, Unreachable | Unknown):
        return found
    told = iter(found)
    return [each if isinstance(each, Found) else next(told) for each in written]


def _written(clinic: Clinic, delivery: Delivery) -> Outgoing | Found:
    tx = clinic.database.read()
    try:
        text = clinic.text_of(tx, delivery, delivery.version, delivery.action)
    except ResourceError as wrong:
        return Found("changed", reason=str(wrong))
    return Outgoing(delivery, text)


def _judge(delivery: Delivery, found: Found, report: VerifyReport) -> Settlement:
    match found.word:
        case "there":
            report.confirmed[delivery.type] += 1
            return Settlement(delivery.seq, "confirmed", remote_version=found.remote_version)
        case "gone":
            report.missing[delivery.type] += 1
            return Settlement(delivery.seq, "queued")
        case "changed":
            report.drifted[delivery.type] += 1
            reason, version = found.reason or DRIFTED, found.remote_version
            return Settlement(delivery.seq, "refused", reason=reason, remote_version=version)
        case "awaiting":
            report.awaiting[delivery.type] += 1
            version = found.remote_version
            return Settlement(delivery.seq, "awaiting", reason=found.reason, remote_version=version)


def _earlier(
    clinic: Clinic, page: Sequence[Delivery], found: Sequence[Found]
) -> dict[int, Holding] | Unreachable | Unknown:
    """Which are there as an earlier delivery left them, by place: the clinic lost what came since.

    It must be our text under the very version that the clinic gave it then: text of ours under
    another one was put back by somebody, and that is for a person.
    """
    tx = clinic.database.read()
    pairs = [
        (delivery, before)
        for delivery, each in zip(page, found, strict=True)
        if each.word == "changed" and each.remote_version
        for before in (holdings.landed_as(tx, delivery, each.remote_version),)
        if before is not None
    ]
    if not pairs:
        return {}
    texts = [
        Outgoing(delivery, clinic.text_of(tx, delivery, before.version, before.action))
        for delivery, before in pairs
    ]
    again = look_up(clinic, texts)
    if isinstance(again, Unreachable | Unknown):
        return again
    return {
        delivery.seq: before
        for (delivery, before), each in zip(pairs, again, strict=True)
        if each.word == "there"
    }


def _in_former_words(
    clinic: Clinic, page: Sequence[Delivery], found: Sequence[Found]
) -> dict[int, Found] | Unreachable | Unknown:
    """Which are there as an adapter before this one wrote them, by place: nobody changed them.

    It must stand under the very version that the clinic gave it then.
    """
    tx = clinic.database.read()
    texts = [
        Outgoing(delivery, former)
        for delivery, each in zip(page, found, strict=True)
        if each.word == "changed" and each.remote_version
        if each.remote_version == delivery.remote_version
        if (former := _formerly(clinic.text_of(tx, delivery, delivery.version, delivery.action)))
    ]
    again = look_up(clinic, texts) if texts else []
    if isinstance(again, Unreachable | Unknown):
        return again
    return {
        item.delivery.seq: each
        for item, each in zip(texts, again, strict=True)
        if each.word == "there"
    }


def _formerly(text: bytes | None) -> bytes | None:
    """The words before a copy for the blinded was labelled as such, None where there were others.

    The next ingest owes the label to all who have such copies.
    """
    now = read_text(text) if text is not None else {}
    before = as_once_redacted(now)
    return None if before is now else write(before)
