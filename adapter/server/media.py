"""Which formats are spoken: what a client takes, and what it sends.

https://hl7.org/fhir/R4/http.html#mime-type and #version-parameter; RFC 9110, sections 8.3 and 12.5.
What a header says is worked out once for each text of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from adapter.fhir.operation_outcome import refuse

if TYPE_CHECKING:
    from starlette.requests import Request

FHIR_JSON = "application/fhir+json"
JSON_TYPES = frozenset({FHIR_JSON, "application/json", "text/json"})
_ACCEPTED = frozenset({*JSON_TYPES, "application/*", "*/*", "json"})
_OUR_VERSION = re.compile(r"4\.0(?:\.\d)?")
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})
_PIECE = re.compile(r'(?:[^,;"]|"(?:[^"\\]|\\.)*"?)*')
_NONE = re.compile(r"0(?:\.0*)?")


def check_accept(request: Request, posted: str | None = None) -> None:
    """That the client takes what this server speaks; `posted` is the `_format` of a form.

    Raises:
        RefusalError: 406, for another format, or another version of FHIR.
    """
    accepted = request.headers.get("accept") or "*/*"
    said = request.query_params.get("_format", accepted) if posted is None else posted
    if not is_spoken(said):
        raise refuse(406, "not-supported", f"This server answers with {FHIR_JSON} of FHIR 4.0 only")


def kind_of(request: Request) -> str:
    """Of which type the content is that came along, '' where its parameters cannot be had."""
    return kind_said(request.headers.get("content-type", ""))


@lru_cache(maxsize=256)
def is_spoken(said: str) -> bool:
    """Whether an `Accept`, or a `_format`, takes what this server answers with.

    A quality of 0 refuses, and of what is said of the very type that is answered it counts first.

    >>> is_spoken("application/fhir+json; fhirVersion=3.0, application/fhir+json; fhirVersion=4.0")
    True
    >>> is_spoken("application/fhir+json;q=0, */*")
    False
    """
    is_taken = False
    for named, words in _ranges(said):
        kind = named.replace(" ", "+")  # of an address, where a plus is one
        if kind not in _ACCEPTED or not _is_ours(words):
            continue
        if not _NONE.fullmatch(words.get("q", "1")):
            is_taken = True
        elif kind == FHIR_JSON:
            return False
    return is_taken


@lru_cache(maxsize=256)
def kind_said(said: str) -> str:
    """The type that a `Content-Type` names, '' for another version of FHIR or character set.

    >>> kind_said("Application/JSON; charset=UTF-8")
    'application/json'
    >>> kind_said("application/fhir+json; fhirVersion=3.0")
    ''
    """
    kind, words = next(_ranges(said))
    is_read = _is_ours(words) and words.get("charset", "utf-8").lower() in _CHARSETS
    return kind if is_read else ""


def _is_ours(words: Mapping[str, str]) -> bool:
    return _OUR_VERSION.fullmatch(words.get("fhirversion", "4.0")) is not None


def _ranges(said: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each type that a header names, with its parameters; neither case nor quotes matter."""
    kind, words = "", dict[str, str]()
    at = 0
    while at <= len(said):
        piece = _PIECE.match(said, at)
        assert piece is not None  # noqa: S101 - it matches nothing, too
        name, _, value = piece[0].partition("=")
        if not kind:
            kind = piece[0].strip().lower()
        else:
            words.setdefault(name.strip().lower(), value.strip().strip('"'))
        at = piece.end() + 1
        if said[at - 1 : at] != ";":
            yield kind, words
            kind, words = "", {}
