"""One request as HTTP has it, read into what FHIR means by it; and the answer.

https://hl7.org/fhir/R4/http.html. Nothing that was sent is repeated in an answer that refuses it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl

import orjson
from starlette.responses import Response

from adapter.errors import AdapterError
from adapter.fhir.operation_outcome import (
    RefusalError,
    operation_outcome,
    refuse,
)
from adapter.server.media import FHIR_JSON, check_accept, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from adapter.server.ledger import Seen

FORM = "application/x-www-form-urlencoded"
SHAPING = frozenset({"_format", "_pretty"})
"""What every interaction takes, and what is no criterion of any."""
_BEGINS_META = b',"meta":{"'
_QUOTE_OF_META = len(_BEGINS_META) - 1
_BEGINS_ID = b'","id":"'
_META = re.compile(rb',"meta":{(?=")')
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
MOST_FORM_BYTES = 65_536
_TOLD_WITH = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": "2"},
    503: {"Retry-After": "10"},
}

Handling = Literal["strict", "lenient"]
Returned = Literal["representation", "minimal", "OperationOutcome"]
_RETURN = re.compile(r"\breturn=(minimal|OperationOutcome)\b")
Parameters = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What every interaction needs of a request. `parameters` are those of FHIR, in order."""

    parameters: Parameters
    handling: Handling
    is_pretty: bool
    if_none_match: str = ""
    if_modified_since: datetime | None = None
    returned: Returned = "representation"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: a status, the content, and headers beside its type."""

    content: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


async def read_request(request: Request, *, has_form: bool = False) -> Asked:
    """What a request says, its form too, where it has one.

    Raises:
        RefusalError: 406 or 415, for a format or a version of FHIR that is not spoken; 413; 400,
            where who asks would have it strict, for a `_pretty` that is neither true nor false.
    """
    parameters = request.query_params.multi_items()
    form = await _read_form(request) if has_form else []
    check_accept(request, dict(form).get("_format"))
    parameters += form
    prefer = request.headers.get("prefer", "")
    handling: Handling = "strict" if re.search(r"\bhandling=strict\b", prefer) else "lenient"
    pretty = {value for name, value in parameters if name == "_pretty"}
    if handling == "strict" and not pretty <= {"true", "false"}:
        raise refuse(400, "value", "_pretty is expected to be true or false")
    return Asked(
        parameters=tuple(pair for pair in parameters if pair[0] not in SHAPING),
        handling=handling,
        is_pretty="true" in pretty,
        if_none_match=request.headers.get("if-none-match", ""),
        if_modified_since=_moment(request.headers.get("if-modified-since", "")),
        returned=_returned(prefer),
    )


def one_version(seen: Seen, asked: Asked) -> Answer:
    """One version of one resource.

    Raises:
        RefusalError: 410, for what was deleted.
    """
    if seen.text is None:
        raise refuse(410, "deleted", "The resource was deleted")
    headers = version_headers(seen)
    since, unchanged = asked.if_modified_since, False
    if asked.if_none_match:
        versions = {one.strip().removeprefix("W/") for one in asked.if_none_match.split(",")}
        unchanged = "*" in versions or seen.etag.removeprefix("W/") in versions
    elif since is not None and seen.updated:
        unchanged = datetime.fromisoformat(seen.updated).replace(microsecond=0) <= since
    if unchanged:
        return Answer(b"", HTTPStatus.NOT_MODIFIED, headers)
    return Answer(as_served(seen), 200, headers)


def version_headers(seen: Seen) -> dict[str, str]:
    """Which version it is, and since when, where that is known."""
    moment = {"Last-Modified": _http_date(seen.updated)} if seen.updated else {}
    return {"ETag": seen.etag, **moment}


def as_served(seen: Seen) -> bytes:
    """The text of a version, told which one it is."""
    text = seen.text or b""
    return with_version(text, seen.number, seen.updated) if seen.number else text


def with_version(text: bytes, number: int, updated: str) -> bytes:
    """The text of a resource, told which version it is: the rest is as the ledger holds it."""
    told, at = _told_version(number, updated), text.find(_BEGINS_META)
    # The only place of another one, before it; no string has this quote.
    if at >= 0 and text.find(b'"contained":[', 0, at) >= 0:
        at = _own_meta(text)
    if at >= 0:
        return b'%s,"meta":{%s,%s' % (text[:at], told, text[at + _QUOTE_OF_META :])
    at = text.index(b'"', text.index(_BEGINS_ID) + len(_BEGINS_ID)) + 1
    return b'%s,"meta":{%s}%s' % (text[:at], told, text[at:])


@lru_cache(maxsize=1024)  # most of what one ingest put is of one version and one moment
def _told_version(number: int, updated: str) -> bytes:
    return b'"versionId":"%d","lastUpdated":"%s"' % (number, updated.encode())


def _own_meta(text: bytes) -> int:
    """Where the resource's own `meta` begins, -1 without one: not that of a contained one."""
    for found in _META.finditer(text):
        before = _STRING.sub(b"", text[: found.start()])
        if before.count(b"[") == before.count(b"]"):  # contained ones stand in a list
            return found.start()
    return -1


def refusal_of(error: Exception) -> RefusalError:
    """What is told of whatever went wrong: no more than who caused it can use."""
    if isinstance(error, RefusalError):
        return error
    if isinstance(error, AdapterError):  # it names our own files; the log has it
        return refuse(503, "transient", "The ledger cannot be used now; ask again later")
    return refuse(500, "exception", "The server failed; the reason is in its log")


def refused(refusal: RefusalError, more: Mapping[str, str] | None = None) -> Response:
    """A refusal as HTTP has it; `more` are headers."""
    outcome = orjson.dumps(operation_outcome(*refusal.issues))
    headers = {**_TOLD_WITH.get(refusal.status, {}), **(more or {})}
    return Response(outcome, refusal.status, headers, FHIR_JSON)


def respond(answer: Answer, asked: Asked) -> Response:
    """The answer as HTTP has it."""
    content = answer.content
    if asked.is_pretty and content:
        content = orjson.dumps(orjson.loads(content), option=orjson.OPT_INDENT_2)
    return Response(content, answer.status, dict(answer.headers), FHIR_JSON)


def _returned(prefer: str) -> Returned:
    said = _RETURN.search(prefer)
    return said[1] if said else "representation"  # type: ignore[return-value]


async def _read_form(request: Request) -> list[tuple[str, str]]:
    body = await read_body(request, MOST_FORM_BYTES)
    if body and kind_of(request) != FORM:
        raise refuse(415, "not-supported", f"The content is expected as {FORM}")
    return parse_qsl(body.decode(errors="replace"), keep_blank_values=True)


async def read_body(request: Request, most: int) -> bytes:
    """The content of a request.

    Raises:
        RefusalError: 413, for more than `most` bytes; no more are read.
    """
    parts, size = list[bytes](), 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise refuse(413, "too-long", f"The content is longer than {most} bytes")
        parts.append(part)
    return b"".join(parts)


def _moment(said: str) -> datetime | None:
    """The moment of a header, None for what is none: HTTP has such a header passed over."""
    try:
        moment = parsedate_to_datetime(said) if said else None
    except (ValueError, OverflowError):
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


@lru_cache(maxsize=4096)
def _http_date(moment: str) -> str:
    return format_datetime(datetime.fromisoformat(moment).astimezone(UTC), usegmt=True)
