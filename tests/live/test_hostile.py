"""What no client would send in good faith: refused in time, as FHIR refuses, and never repeated."""

from __future__ import annotations

import json
import os
import re
import socket
import time
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.fhir.search.parameters import SERVED_TYPES, parameters
from adapter.server.exchange import FORM
from tests.live.served import Served

CANARY = "Xq7Zebra"
SECONDS, GROWN_BYTES = 5.0, 200_000_000
LONG = "a" * 30_000
PATHS = {
    "up": "/fhir/../../../etc/passwd",
    "up in disguise": "/fhir/%2e%2e/%2e%2e/etc/passwd",
    "up out of the files of the page": "/docs/..%2f..%2f..%2fetc%2fpasswd",
    "up out of the files of an export": "/fhir/bulk/..%2f../..%2f..%2fledger.sqlite",
    "backwards": "/fhir/..%5c..%5cledger.sqlite",
    "the character of number 0": "/fhir/Observation/x%00y",
    "its history": "/fhir/Observation/x%00y/_history",
    "its version": "/fhir/Observation/x%00y/_history/1",
    "no UTF-8": "/fhir/Observation/%ff%fe",
    "half a surrogate": "/fhir/Observation/%ed%a0%80",
    "nothing between": "/fhir//Observation//1",
    "a very long id": f"/fhir/Observation/{LONG}",
    "a very long type": f"/fhir/{LONG}",
    "a very large version": f"/fhir/Patient/1/_history/{'9' * 5_000}",
    "letters that look like others": "/fhir/" + quote("\uff30atient/\uff11"),
    "an operation of no name": "/fhir/Observation/$" + "x" * 999,
}
QUERIES = {
    "ten thousand ids": "_id=" + ",".join(map(str, range(10_000))),
    "a thousand conditions": "&".join(["code=1"] * 1_000),
    "a thousand includes in a circle": "&".join(["_include=Observation:has-member"] * 1_000),
    "a chain without end": "subject:Patient." + "_has:Observation:subject:subject:Patient." * 50,
    "a has of a has": "_has:" * 200 + "=1",
    "a chain in a has": "_has:Provenance:target:patient:Patient.active=true",
    "a has in a chain": "subject:Patient._has:Observation:subject:code=1",
    "nonsense for missing": "code:missing=perhaps",
    "missing of what is never missing": "_id:missing=true&_lastUpdated:missing=7",
    "a pattern of wildcards": "title:contains=" + "%25_" * 900,
    "a long pattern": "title:contains=" + "%25" * 19_000,
    "one letter that stands for eighteen": "title:contains=" + quote("\ufdfa") * 1_900,
    "backslashes": "code=" + "%5C" * 20_000,
    "an address of slashes": "subject=http://" + "/A" * 900,
    "a very large number": "value-quantity=gt1e99",
    "more than a number": "value-quantity=gt" + "9" * 400 + "e99999",
    "a date at the end of time": "date=9999-12-31",
    "a date before all time": "date=0001-01-01T00:00:00%2B14:00",
    "a zone that is none": "date=2024-01-01T00:00:00%2B99:99",
    "a page from elsewhere": "_page=WyJuYW4iLCAxZTMwOF0",
    "a page at the end of all": "_page=WyJOb25lIiw5OTk5OTk5OTk5OTk5OTk5OTk5OTk5XQ",
    "a page of brackets": "_page=" + "W1tb" * 5_000,
    "the character of number 0": "code=x%00y&identifier=%00",
    "thirty thousand elements": "_elements=" + ",".join(["a"] * 15_000),
    "a sort of many": "_sort=" + "-" * 999 + "date",
    "a statement of SQL": "code=x'%20OR%201=1--&identifier=%22;DROP%20TABLE%20version;--",
}
HEADERS = {
    "a date too far away": "If-Modified-Since: Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
    "a date without a zone": "If-Modified-Since: Mon, 01 Jan 2001 00:00:00 -0000",
    "spaces": "Accept-Encoding: gzip" + " " * 30_000 + "x",
    "tags": 'If-None-Match: "' + 'W/"' * 9_000,
    "kinds": "Accept: " + "a/b;q=0.1," * 3_000,
    "a preference": "Prefer: " + "handling=" * 3_000,
    "a length that is none": "Content-Length: -1",
    "two hosts": "Host: one.example\r\nHost: two.example",
}
KNOWN = sorted({*parameters("Observation"), "_id", "_lastUpdated", "_count", "_sort", "_include"})
SCRAPS = st.sampled_from(
    ["|", ",", "\\", "$", "%", "'", '"', "\x00", "\x1b", "ge", "..", ":", "é", "\U0001f600", "-"]
)
VALUES = st.lists(st.one_of(SCRAPS, st.text(max_size=8), st.just(CANARY)), max_size=12).map("".join)
NAMES = st.one_of(
    st.sampled_from(KNOWN),
    st.builds("{}{}".format, st.sampled_from(KNOWN), st.sampled_from([":not", ":missing", ".x"])),
    VALUES.map(lambda text: text.replace(CANARY, "")),  # a name may be repeated, no value may
)


def ask(analyst: Served, target: str, *headers: str, form: str = "") -> tuple[int, bytes]:
    """Status and content of what is answered in time, whatever it is that is asked."""
    host, port = analyst.origin.removeprefix("http://").split(":")
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    if form:
        lines[0] = f"POST {target} HTTP/1.1"
        if "Transfer-Encoding: chunked" not in headers:
            lines += [f"Content-Length: {len(form)}"]
        lines += [f"Content-Type: {FORM}"]
    began = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=60) as there:
        there.sendall("\r\n".join([*lines, "", form]).encode())
        with HTTPResponse(there) as answer:
            answer.begin()
            status, body = answer.status, answer.read()
    assert time.monotonic() - began < SECONDS
    return status, body


def check(status: int, body: bytes) -> None:
    """That it is an answer in order, or a refusal of FHIR that repeats nothing."""
    assert status < 500
    assert CANARY.encode() not in re.sub(rb'"url":"[^"]*"', b"", body)
    if status >= 400:
        outcome = json.loads(body)
        assert outcome["resourceType"] == "OperationOutcome"
        assert outcome["issue"]


@pytest.fixture(scope="module")
def signed(analyst: Served) -> str:
    """The header of who is signed in."""
    return f"Authorization: Bearer {analyst.token()}"


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_no_path_leads_anywhere_else(analyst: Served, signed: str, path: str) -> None:
    status, body = ask(analyst, path, signed)

    check(status, body)
    assert 400 <= status < 500


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_a_hostile_search_is_answered_or_refused_in_time(
    analyst: Served, signed: str, query: str
) -> None:
    for resource_type in ("Observation", "Questionnaire"):
        status, body = ask(analyst, f"/fhir/{resource_type}?{query}", signed)
        check(status, body)
        check(*ask(analyst, f"/fhir/{resource_type}/_search", signed, form=query))


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_hostile_header_is_passed_over_or_refused_in_time(
    analyst: Served, signed: str, header: str
) -> None:
    found = json.loads(ask(analyst, "/fhir/Patient?_count=1", signed)[1])["entry"][0]["resource"]

    for path in (f"/fhir/Patient/{found['id']}", "/fhir/Observation?_count=1", "/docs"):
        status, body = ask(analyst, path, signed, header)
        assert status < 500
        assert CANARY.encode() not in body


def test_what_stands_behind_a_body_is_no_header(analyst: Served, signed: str) -> None:
    in_parts = "Transfer-Encoding: chunked"

    for header, behind, expected in ((signed, "X-Behind: x", 200), ("X-Before: x", signed, 401)):
        status = ask(
            analyst, "/fhir/Patient/_search", header, in_parts, form=f"0\r\n{behind}\r\n\r\n"
        )[0]
        assert status == expected


def test_whatever_is_searched_for_is_answered_or_refused_and_takes_no_memory(
    analyst: Served, signed: str
) -> None:
    @settings(deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        resource_type=st.sampled_from(sorted(SERVED_TYPES)),
        said=st.lists(st.tuples(NAMES, VALUES), max_size=6),
        raw=st.binary(max_size=20),
    )
    def asked(resource_type: str, said: list[tuple[str, str]], raw: bytes) -> None:
        pairs = [f"{_quoted(name)}={_quoted(value)}" for name, value in said]
        query = "&".join([*pairs, quote_from_bytes(raw)])
        check(*ask(analyst, f"/fhir/{resource_type}?{query}", signed))

    before = _resident(analyst.pid)
    asked()
    assert _resident(analyst.pid) - before < GROWN_BYTES


def _quoted(text: str) -> str:
    return quote(text.encode(errors="surrogatepass"), safe=":.")


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
