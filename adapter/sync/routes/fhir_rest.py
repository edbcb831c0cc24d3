"""Full FHIR: transaction Bundles of PUTs with our own ids, https://hl7.org/fhir/R4/http.html#transaction.

A transaction is all or nothing, so one bad resource fails its whole bundle: the bundle is halved
until the bad one stands alone, and the rest goes through. What refers to a refused resource is not
sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson

from adapter.errors import EhrError
from adapter.fhir.comparison import is_same_content
from adapter.sync.answer import Answer, RecordSystem, reason_of, version_of
from adapter.sync.outgoing import Outgoing
from adapter.sync.profile import BundleLimits
from adapter.sync.receipt import Accepted, Receipt, Refused, Unknown, Unreachable

_CONFLICT = frozenset({409, 412})
_SIGN_IN = frozenset({401, 403})
_NO_FHIR = frozenset({404, 405, 415})
_GONE = frozenset({404, 410})


def deliver(client: RecordSystem, items: Sequence[Outgoing], limits: BundleLimits) -> list[Receipt]:
    """Sends everything, in bundles within the limits; one receipt for each, in order.

    Raises:
        EhrError: the address does not speak FHIR, or does not let us in.
    """
    receipts: list[Receipt] = []
    refused: list[bytes] = []
    for batch in _within(items, limits):
        receipts.extend(_deliver_batch(client, batch, refused))
    return receipts


def _deliver_batch(
    client: RecordSystem, batch: list[Outgoing], refused: list[bytes]
) -> list[Receipt]:
    """Sends a batch; halves it when it is refused. `refused` collects the names that were."""
    waiting = [item for item in batch if _refers_to(item, refused)]
    sent = [item for item in batch if item not in waiting] if waiting else batch
    receipts: dict[int, Receipt] = {
        item.delivery.seq: Refused("refers to a resource that was refused", 0) for item in waiting
    }
    receipts.update(
        zip((item.delivery.seq for item in sent), _send(client, sent, refused), strict=True)
    )
    return [receipts[item.delivery.seq] for item in batch]


def _send(client: RecordSystem, batch: list[Outgoing], refused: list[bytes]) -> list[Receipt]:
    if not batch:
        return []
    answer = client.exchange("POST", "", _bundle(batch))
    if not isinstance(answer, Answer):
        return [answer] * len(batch)
    if answer.is_success:
        return _accepted(batch, answer)
    _stop_if_no_entry(answer)
    if len(batch) > 1:
        middle = len(batch) // 2
        first = _deliver_batch(client, batch[:middle], refused)
        if any(isinstance(receipt, Unreachable | Unknown) for receipt in first):
            return [*first, *[Unreachable("not sent")] * (len(batch) - middle)]
        return [*first, *_deliver_batch(client, batch[middle:], refused)]
    if answer.status in _CONFLICT and batch[0].text is not None:
        receipt = _after_conflict(client, batch[0], answer)
    else:
        receipt = Refused(reason_of(answer.body), answer.status)
    if isinstance(receipt, Refused):
        refused.append(f'"{batch[0].delivery.name}"'.encode())
    return [receipt]


def _accepted(batch: list[Outgoing], answer: Answer) -> list[Receipt]:
    entries = answer.body.get("entry", [])
    if len(entries) != len(batch):
        reason = f"a transaction-response with {len(entries)} entries for {len(batch)}"
        return [Unknown(reason)] * len(batch)
    return [Accepted(version_of(entry.get("response", {}).get("etag", ""))) for entry in entries]


def _after_conflict(client: RecordSystem, item: Outgoing, conflict: Answer) -> Receipt:
    """Somebody else's version is there: ours already, ours from before, or a person's work.

    Only over our own earlier text do we write again; what a person changed is left for a person.
    """
    found = client.exchange("GET", item.delivery.name)
    if not isinstance(found, Answer):
        return found
    version = found.body.get("meta", {}).get("versionId", "")
    if found.is_success and item.text is not None and is_same_content(item.text, found.body):
        return Accepted(version)
    if found.is_success and item.before is not None and is_same_content(item.before, found.body):
        return _write_over(client, Outgoing(item.delivery, item.text, None, version))
    reason = "it was changed at the clinic since we wrote it"
    return Refused(reason if found.is_success else reason_of(conflict.body), conflict.status)


def _write_over(client: RecordSystem, item: Outgoing) -> Receipt:
    answer = client.exchange("POST", "", _bundle([item]))
    if not isinstance(answer, Answer):
        return answer
    if answer.is_success:
        return _accepted([item], answer)[0]
    return Refused(reason_of(answer.body), answer.status)


def _stop_if_no_entry(answer: Answer) -> None:
    if answer.status in _SIGN_IN:
        raise EhrError(
            f"Expected to be let in; the record system answered HTTP {answer.status}. "
            "Check the sign-in of this clinic in adapter.toml."
        )
    if answer.status in _NO_FHIR and answer.body.get("resourceType") != "OperationOutcome":
        raise EhrError(
            f"Expected a FHIR base that takes transactions; it answered HTTP {answer.status}. "
            "Check the `url` of this clinic in adapter.toml."
        )


def _refers_to(item: Outgoing, refused: list[bytes]) -> bool:
    return item.text is not None and any(name in item.text for name in refused)


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
    return orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries})


def read_back(client: RecordSystem, names: Sequence[str]) -> list[Answer] | Unreachable | Unknown:
    """What the clinic holds under these names (`Type/id`), in order; 404 or 410 for nothing."""
    entries = [{"request": {"method": "GET", "url": name}} for name in names]
    bundle = orjson.dumps({"resourceType": "Bundle", "type": "batch", "entry": entries})
    answer = client.exchange("POST", "", bundle)
    if not isinstance(answer, Answer):
        return answer
    found = answer.body.get("entry", [])
    if not answer.is_success or len(found) != len(names):
        _stop_if_no_entry(answer)
        return Unknown(f"HTTP {answer.status} to a batch of reads: {reason_of(answer.body)}")
    return [_entry_answer(entry) for entry in found]


def _entry_answer(entry: dict[str, object]) -> Answer:
    response = entry.get("response")
    status = str(response.get("status", "")) if isinstance(response, dict) else ""
    resource = entry.get("resource")
    body = resource if isinstance(resource, dict) else {}
    return Answer(int(status[:3]) if status[:3].isdecimal() else 500, body)


def is_gone(answer: Answer) -> bool:
    """Whether the clinic holds nothing under this name (any more)."""
    return answer.status in _GONE
