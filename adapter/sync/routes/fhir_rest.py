"""Full FHIR: transaction Bundles of PUTs with our own ids, https://hl7.org/fhir/R4/http.html#transaction.

A transaction is all or nothing, so one bad resource fails its whole bundle: the bundle is halved
until the bad one stands alone, and the rest goes through. What refers to a refused resource is not
sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from adapter.fhir.comparison import is_same_content
from adapter.fhir.labels import highest
from adapter.sync.answer import (
    Answer,
    RecordSystem,
    reason_of,
    stop_if_no_entry,
    stop_if_not_let_in,
    version_of,
)
from adapter.sync.found import Found
from adapter.sync.outgoing import Outgoing
from adapter.sync.profile import BundleLimits
from adapter.sync.receipt import Accepted, Receipt, Refused, Unknown, Unreachable

_CONFLICT = frozenset({409, 412})
_GONE = frozenset({404, 410})


def deliver(
    client: RecordSystem,
    items: Sequence[Outgoing],
    limits: BundleLimits,
    absent: Iterable[str] = (),
) -> list[Receipt]:
    """Sends everything, in bundles within the limits; one receipt for each, in order.

    `absent` are names (`Type/id`) that were refused before. After the first trouble nothing more is
    sent: the record system may have asked to wait.

    Raises:
        EhrError: the address does not speak FHIR, or does not let us in.
    """
    receipts: list[Receipt] = []
    refused = [_quoted(name) for name in absent]
    for batch in _within(items, limits):
        receipts.extend(_unless_trouble(receipts, client, batch, refused))
    return receipts


def _unless_trouble(
    before: list[Receipt],
    client: RecordSystem,
    batch: list[Outgoing],
    refused: list[bytes],
    *,
    is_part: bool = False,
) -> list[Receipt]:
    if any(isinstance(receipt, Unreachable | Unknown) for receipt in before):
        return [Unreachable("not sent")] * len(batch)
    return _deliver_batch(client, batch, refused, is_part=is_part)


def _deliver_batch(
    client: RecordSystem, batch: list[Outgoing], refused: list[bytes], *, is_part: bool = False
) -> list[Receipt]:
    """Sends a batch; halves it when it is refused. `refused` collects the names that were.

    `is_part`: it is half of one that was.
    """
    receipts: dict[int, Receipt] = {}
    sent: list[Outgoing] = []
    for item in batch:
        if _refers_to(item, refused):
            refused.append(_quoted(item.delivery.name))
            receipts[item.delivery.seq] = Refused("refers to a resource that was refused")
        else:
            sent.append(item)
    said = _send(client, sent, refused, is_part=is_part)
    receipts.update(zip((item.delivery.seq for item in sent), said, strict=True))
    return [receipts[item.delivery.seq] for item in batch]


def _send(
    client: RecordSystem, batch: list[Outgoing], refused: list[bytes], *, is_part: bool
) -> list[Receipt]:
    if not batch:
        return []
    answer = client.exchange("POST", "", _bundle(batch))
    if not isinstance(answer, Answer):
        return [answer] * len(batch)
    if answer.is_success:
        return _accepted(batch, answer)
    stop_if_no_entry(answer)
    if len(batch) > 1:
        middle = len(batch) // 2
        first = _deliver_batch(client, batch[:middle], refused, is_part=True)
        return [*first, *_unless_trouble(first, client, batch[middle:], refused, is_part=True)]
    if answer.status in _CONFLICT:
        receipt = _after_conflict(client, batch[0], answer)
    else:
        receipt = Refused(reason_of(answer.body), is_found_out=is_part)
    if isinstance(receipt, Refused):
        refused.append(_quoted(batch[0].delivery.name))
    return [receipt]


def _accepted(batch: list[Outgoing], answer: Answer) -> list[Receipt]:
    entries = answer.body.get("entry", [])
    if len(entries) != len(batch):
        reason = f"a transaction-response with {len(entries)} entries for {len(batch)}"
        return [Unknown(reason)] * len(batch)
    return [Accepted(version_of(entry.get("response", {}).get("etag", ""))) for entry in entries]


def _after_conflict(client: RecordSystem, item: Outgoing, conflict: Answer) -> Receipt:
    """Somebody else's version is there: ours already, ours from before, or a person's work.

    Only over our own earlier text do we write again, and where nothing is left; what a person
    changed is left for a person.
    """
    found = client.exchange("GET", item.delivery.name)
    if not isinstance(found, Answer):
        return found
    stop_if_not_let_in(found)
    version = str(found.body.get("meta", {}).get("versionId", ""))
    if holds(found, item.text):
        return Accepted(version)
    if is_gone(found) or holds(found, item.before):
        return _write_over(client, Outgoing(item.delivery, item.text, None, version))
    if not found.is_success:
        return Refused(reason_of(conflict.body))
    return Refused("it was changed at the clinic since we wrote it", version)


def _write_over(client: RecordSystem, item: Outgoing) -> Receipt:
    answer = client.exchange("POST", "", _bundle([item]))
    if not isinstance(answer, Answer):
        return answer
    if answer.is_success:
        return _accepted([item], answer)[0]
    stop_if_no_entry(answer)
    return Refused(reason_of(answer.body))


def _refers_to(item: Outgoing, refused: list[bytes]) -> bool:
    """Whether it would point to nothing; a retraction points to no more than what is there does."""
    text = item.text if item.delivery.action == "put" else None
    return text is not None and any(name in text for name in refused)


def _quoted(name: str) -> bytes:
    return f'"{name}"'.encode()


def _within(items: Sequence[Outgoing], limits: BundleLimits) -> Iterator[list[Outgoing]]:
    batch: list[Outgoing] = []
    size = 0
    for item in items:
        more = len(item.text or b"") + 200
        if batch and (len(batch) >= limits.entries or size + more > limits.bytes):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += more
    if batch:
        yield batch


def _bundle(batch: Sequence[Outgoing]) -> bytes:
    entries = []
    for item in batch:
        request = {"method": "DELETE" if item.text is None else "PUT", "url": item.delivery.name}
        if item.if_match:
            request["ifMatch"] = f'W/"{item.if_match}"'
        entry: dict[str, object] = {"request": request}
        if item.text is not None:
            # The stored text goes out as it is: a fragment is not parsed or written again.
            entry = {"resource": orjson.Fragment(item.text), "request": request}
        entries.append(entry)
    label = highest(item.text for item in batch if item.text is not None)
    meta = {"meta": {"security": label}} if label else {}
    said = {"resourceType": "Bundle", **meta, "type": "transaction", "entry": entries}
    return orjson.dumps(said)


def look_up(client: RecordSystem, items: Sequence[Outgoing]) -> list[Found] | Unreachable | Unknown:
    """What the clinic holds of each, compared with its text."""
    if not items:
        return []
    answers = read_back(client, [item.delivery.name for item in items])
    if not isinstance(answers, list):
        return answers
    return [_found(answer, item) for answer, item in zip(answers, items, strict=True)]


def _found(answer: Answer, item: Outgoing) -> Found:
    version = str(answer.body.get("meta", {}).get("versionId", ""))
    if holds(answer, item.text):
        return Found("there", version)
    return Found("gone") if is_gone(answer) else Found("changed", version)


def read_back(client: RecordSystem, names: Sequence[str]) -> list[Answer] | Unreachable | Unknown:
    """What the clinic holds under these names (`Type/id`), in order; 404 or 410 for nothing."""
    entries = [{"request": {"method": "GET", "url": name}} for name in names]
    bundle = orjson.dumps({"resourceType": "Bundle", "type": "batch", "entry": entries})
    answer = client.exchange("POST", "", bundle)
    if not isinstance(answer, Answer):
        return answer
    found = answer.body.get("entry", [])
    if not answer.is_success or len(found) != len(names):
        stop_if_no_entry(answer)
        return Unknown(f"HTTP {answer.status} to a batch of reads: {reason_of(answer.body)}")
    answers = [_entry_answer(entry) for entry in found]
    for each in answers:
        if not each.is_success and not is_gone(each):
            return Unknown(f"HTTP {each.status} to a read in a batch: {reason_of(each.body)}")
    return answers


def _entry_answer(entry: dict[str, Any]) -> Answer:
    response = entry.get("response", {})
    status = str(response.get("status", ""))
    body = entry.get("resource") or response.get("outcome", {})
    return Answer(int(status[:3]) if status[:3].isdecimal() else 500, body)


def holds(answer: Answer, text: bytes | None) -> bool:
    """Whether the clinic holds just this text; None: whether it holds nothing any more."""
    if text is None:
        return is_gone(answer)
    return answer.is_success and is_same_content(text, answer.body)


def is_gone(answer: Answer) -> bool:
    """Whether the clinic holds nothing under this name (any more)."""
    return answer.status in _GONE
