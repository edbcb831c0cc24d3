"""The JSON content of a request, held to its limits before anything is made of it.

What is too long is not read to its end, what is nested too deeply is not parsed, and a name that
comes twice is refused: two readers could take it for two things (RFC 8259, section 4).
"""

from __future__ import annotations

import asyncio
import json
import re
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import orjson

from adapter.fhir.check import find_faults
from adapter.fhir.operation_outcome import Issue, RefusalError, not_r4, refuse
from adapter.fhir.r4 import NotR4Error, load_exactly, parse_json
from adapter.fhir.reading.findings import Findings
from adapter.server.exchange import read_body
from adapter.server.media import FHIR_JSON, JSON_TYPES, kind_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from starlette.requests import Request

    from adapter.fhir.issue import Issue as Finding

MOST_BYTES = 5_000_000
DEEPEST = 64
SECONDS = 30.0
Resource = dict[str, Any]
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_STEPS = {ord("{"): 1, ord("["): 1, ord("}"): -1, ord("]"): -1}
_OTHERS = bytes(byte for byte in range(256) if byte not in _STEPS)


async def read_resource(request: Request) -> Resource:
    """The JSON object that a request carries; whether it is R4 is not asked yet.

    Raises:
        RefusalError: 400, 408, 413 or 415.
    """
    return parse(await read_content(request, JSON_TYPES, FHIR_JSON))


async def read_content(request: Request, kinds: Collection[str], expected: str) -> bytes:
    """The content of a request that is of one of these kinds; `expected` names them.

    Raises:
        RefusalError: 408, 413 or 415.
    """
    if kind_of(request) not in kinds:
        raise refuse(415, "not-supported", f"The content is expected as {expected}")
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > MOST_BYTES:
        raise refuse(413, "too-long", f"The content is longer than {MOST_BYTES} bytes")
    try:
        async with asyncio.timeout(SECONDS):
            return await read_body(request, MOST_BYTES)
    except TimeoutError:
        raise refuse(408, "timeout", f"The content did not come in {SECONDS:.0f} s") from None


def parse(body: bytes) -> Resource:
    """The object in JSON that keeps the limits.

    Raises:
        RefusalError: 400, with the line and column where it is no JSON.
    """
    _check_depth(body)
    try:
        parsed = parse_json(body)
    except NotR4Error as wrong:
        raise not_r4(wrong) from None
    _check_names(body)
    return parsed


def parse_list(body: bytes) -> list[Any]:
    """The list in JSON that keeps the limits.

    Raises:
        RefusalError: 400.
    """
    _check_depth(body)
    try:
        orjson.loads(body)  # the judge, as of a resource
        parsed = load_exactly(body)
    except (ValueError, TypeError, ArithmeticError):
        parsed = {}
    if not isinstance(parsed, list):
        raise refuse(400, "structure", "The content is expected as a list in JSON")
    _check_names(body)
    return parsed


def _check_depth(body: bytes) -> None:
    if depth(body) > DEEPEST:
        raise refuse(400, "too-costly", f"The content is nested more than {DEEPEST} deep")


def _check_names(body: bytes) -> None:
    try:
        json.loads(body, object_pairs_hook=_once, parse_int=str, parse_float=str)
    except _TwiceError:
        text = "A name stands twice in one object"
        raise refuse(400, "structure", text) from None


def depth(body: bytes) -> int:
    """How deeply arrays and objects stand in each other, seen by their brackets alone."""
    brackets = _STRING.sub(b"", body).translate(None, _OTHERS)
    return max(accumulate(_STEPS[bracket] for bracket in brackets), default=0)


def check_r4(resource: Resource) -> None:
    """That R4 allows it, by its own definitions: https://hl7.org/fhir/R4/validation.html.

    Raises:
        RefusalError: 400, with every fault.
    """
    found = Findings()
    found.add_faults(find_faults(resource))
    if found.issues:
        raise RefusalError(400, *as_issues(found.issues))


def as_issues(findings: Iterable[Finding]) -> list[Issue]:
    """Findings of a reader, as a refusal says them."""
    return [
        Issue(
            each.code,
            f"Expected {each.expected}; found {each.found}. {each.action}",
            each.expression,
            each.severity,
        )
        for each in findings
    ]


class _TwiceError(Exception):
    """A name that comes twice."""


def _once(pairs: list[tuple[str, object]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise _TwiceError
