"""The door that REDCap's Data Entry Trigger knocks at: it says that a record was saved.

Nothing of it is believed but the record's name, under which REDCap is then asked by its API: who
knows the address can make us look, and no more. REDCap signs nothing and never tries again, so the
answer comes at once, before anything is fetched. The secret is the last part of the path; keep it
out of a proxy's log.

The fields are those that receivers of other hands read; source: REDCap knowledge base RC-INTG-01.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

from adapter.fhir.operation_outcome import RefusalError, refuse
from adapter.server.audited import told
from adapter.server.exchange import FORM, read_body, refused

if TYPE_CHECKING:
    from starlette.requests import Request

MOST_BYTES = 65_536
_MOST_FIELDS = 200
_RECORD = re.compile(r"[^\x00-\x1f\x7f,\[\]]{1,100}")  # a list of names would ask for others, too


@dataclass(frozen=True, slots=True)
class Trigger:
    """One project's trigger: what lets it in, and how the project and its server name themselves.

    `source` is the project's name in the ledger.
    """

    source: str
    project: str
    redcap_url: str
    secret: Callable[[], str] = field(repr=False)


Heard = Callable[[str, str], None]
"""Told of a source and of a record in it that was saved; remembers that before it returns."""


def trigger_route(triggers: Sequence[Trigger], heard: Heard) -> Route:
    """`POST /redcap/trigger/{secret}`: 202 once it is remembered that the record was saved."""

    async def hear(request: Request) -> Response:
        told(request).interaction = "told"
        trigger = _find(triggers, request.path_params["secret"])
        if trigger is None:
            return Response(
                status_code=404
            )  # as for any other path: whoever guesses learns nothing
        try:
            record = _read(await _form(request), trigger)
        except RefusalError as wrong:
            return refused(wrong)
        await run_in_threadpool(heard, trigger.source, record)
        return Response(status_code=202)

    return Route("/redcap/trigger/{secret}", hear, methods=["POST"])


def _find(triggers: Sequence[Trigger], secret: str) -> Trigger | None:
    """The trigger of a secret; each is compared, and each in the same time."""
    said = secret.encode()
    equal = [each for each in triggers if hmac.compare_digest(each.secret().encode(), said)]
    return equal[0] if equal else None


async def _form(request: Request) -> dict[str, str]:
    """The fields of the form.

    Raises:
        RefusalError: it is none, or too long.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise refuse(415, "not-supported", f"The content is expected as {FORM}")
    body = await read_body(request, MOST_BYTES)
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise refuse(400, "structure", "A form in UTF-8 is expected") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise refuse(400, "structure", "Each field is expected once")
    return fields


def _read(said: dict[str, str], trigger: Trigger) -> str:
    """The record that was saved.

    Raises:
        RefusalError: it is another project's, or there is no name of a record.
    """
    url = said.get("redcap_url", "").rstrip("/")
    if said.get("project_id") != trigger.project or url != trigger.redcap_url.rstrip("/"):
        text = "`project_id` and `redcap_url` of the project that is read are expected"
        raise refuse(400, "value", text)
    record = said.get("record", "").strip()
    if not _RECORD.fullmatch(record) or not record.isprintable():
        raise refuse(400, "value", "`record` is expected, with the name of one record")
    return record
