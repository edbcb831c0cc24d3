"""HL7 v2: each outcome as an ORU^R01 of its own, made of the document at the moment of sending.

MSH-10 is derived from what the message says, so that the same delivery is the same message however
often it is sent. Only after a refusal, and a person's word to try again, it is a new message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adapter.errors import ResourceError
from adapter.fhir.text import read_text
from adapter.render.hl7v2 import Envelope, render_message
from adapter.render.pdf import render_pdf
from adapter.render.person import Person
from adapter.render.report import read_report
from adapter.sync.found import Found
from adapter.sync.outgoing import Outgoing
from adapter.sync.post import MESSAGE, Post
from adapter.sync.profile import V2Rules
from adapter.sync.receipt import Receipt, Refused, Unknown, Unreachable

_ARRIVED = frozenset({"accepted", "awaiting", "confirmed"})


def deliver(
    post: Post,
    items: Sequence[Outgoing],
    message_of: Callable[[Outgoing, str], bytes],
    token_of: Callable[[Outgoing], str],
    await_leave: Callable[[], None],
) -> list[Receipt]:
    """Sends a message for each, in order; after the first trouble nothing more is sent.

    `token_of` gives 32 hexadecimal digits that stand for what is sent and for nothing else;
    `await_leave` is asked before each, and raises what forbids to go on.
    """
    receipts: list[Receipt] = []
    for item in items:
        if any(isinstance(receipt, Unreachable | Unknown) for receipt in receipts):
            receipts.append(Unreachable("not sent"))
            continue
        control_id = control_of(item, token_of)
        try:
            message = message_of(item, control_id)
        except ResourceError as wrong:  # it alone stays behind; the others need not wait
            receipts.append(Refused(str(wrong)))
        else:
            await_leave()
            receipts.append(post.send(control_id, message))
    return receipts


def look_up(
    post: Post, items: Sequence[Outgoing], token_of: Callable[[Outgoing], str]
) -> list[Found]:
    """What became of each message."""
    return [
        post.look_up(control_of(item, token_of), is_in_doubt=item.delivery.state not in _ARRIVED)
        for item in items
    ]


def control_of(item: Outgoing, token_of: Callable[[Outgoing], str]) -> str:
    """MSH-10 of a delivery's message: 20 letters, as many as version 2.4 allows."""
    delivery = item.delivery
    if delivery.state in _ARRIVED and delivery.remote_version:
        return delivery.remote_version
    return f"{MESSAGE}{token_of(item)[:17]}"


def message_of(item: Outgoing, control_id: str, rules: V2Rules, person: Person, base: str) -> bytes:
    """The message that tells a clinic what a document says, or that it is taken back."""
    report = read_report(read_text(item.text or b"{}"))
    envelope = Envelope(
        rules.version,
        control_id,
        rules.sender,
        rules.receiver,
        base,
        is_correction=item.before is not None,
        withdrawn=rules.withdrawn,
        pdf=render_pdf(report, person) if rules.pdf else None,
    )
    return render_message(report, person, envelope)
