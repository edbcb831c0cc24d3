"""Whatever is sent, the answer is a clear OperationOutcome, nothing is lost, nothing leaks."""

from __future__ import annotations

import copy
import json
import logging
import shutil
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.fhir.check import find_faults
from adapter.server.body import DEEPEST, MOST_BYTES
from adapter.store import versions
from tests.live.small import SmallTrial
from tests.live.writing import FHIR_JSON, Resource, Writer, take_in, writers

CANARY = "Kanarienvogel"
PATHS = (
    ("POST", "/QuestionnaireResponse"),
    ("PUT", "/QuestionnaireResponse/x"),
    ("PUT", f"/QuestionnaireResponse?identifier=http://x.example|{CANARY}"),
    ("POST", "/QuestionnaireResponse/$validate"),
    ("POST", "/QuestionnaireResponse/$extract"),
    ("POST", "/Questionnaire/$populate"),
    ("POST", "/"),
)


@pytest.fixture(scope="module")
def ehr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Writer]:
    folder = tmp_path_factory.mktemp("taken-in")
    take_in(folder)
    there = tmp_path_factory.mktemp("hostile")
    shutil.copytree(folder, there, dirs_exist_ok=True)
    with writers(SmallTrial(there, "", frozenset())) as opened:
        yield opened()


def send(ehr: Writer, body: bytes, method: str = "POST", path: str = "") -> httpx.Response:
    path = path or "/QuestionnaireResponse"
    return ehr.client.request(method, path, content=body, headers=FHIR_JSON)


def check(ehr: Writer, answer: httpx.Response) -> None:
    """That a refusal is one, and that neither it nor its line repeats what was sent."""
    assert answer.status_code < 500, answer.text
    line = ehr.noted()[-1]
    # What came in a batch has lines of its own.
    said = answer.json() if answer.content else {}
    parts = [int(entry["response"]["status"][:3]) for entry in said.get("entry", ())]
    assert line.status == (parts or [answer.status_code])[-1]
    assert CANARY not in repr(line)
    if answer.status_code >= 400:
        outcome = answer.json()
        assert outcome["resourceType"] == "OperationOutcome"
        assert find_faults(outcome) == ()
        assert CANARY not in answer.text


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "structure"),
        (b"null", 400, "structure"),
        (b"[]", 400, "structure"),
        (b'"Kanarienvogel"', 400, "structure"),
        (b'{"resourceType": "Kanarienvogel"}', 400, "invalid"),
        (b'{"resourceType": "QuestionnaireResponse", "status": NaN}', 400, "structure"),
        (b'\xef\xbb\xbf{"resourceType": "QuestionnaireResponse"}', 400, "structure"),
        (b'{"resourceType": "\xff"}', 400, "structure"),
        (b'{"resourceType": "\\ud800"}', 400, "structure"),
        (b'{"Kanarienvogel": 1, "Kanarienvogel": 2}', 400, "structure"),
        (b'{"a": {"b": [{"c": 1, "c": 2}]}}', 400, "structure"),
        (b'{"a": ' + b"[" * DEEPEST + b"]" * DEEPEST + b"}", 400, "too-costly"),
        (b"[" * 1_000_000, 400, "too-costly"),
        (b'{"a":' * 100_000, 400, "too-costly"),
        (b'{"a": "' + b"[" * 100 + b'"}', 400, "invalid"),
        (b'{"a": "\\"' + b"[" * 100 + b'\\\\"}', 400, "invalid"),
        (b'{"a": ' + b"9" * 100_000 + b"}", 400, "structure"),
        (b'{"a": 1e999999999}', 400, "structure"),
        (
            b'{"resourceType": "QuestionnaireResponse", "status": "' + b"x" * 4_000_000,
            400,
            "structure",
        ),
        (b'"' * 999_999, 400, "structure"),
        (b" " * (MOST_BYTES + 1), 413, "too-long"),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else None,
)
def test_a_body_that_cannot_be_read_is_refused(
    ehr: Writer, body: bytes, status: int, code: str
) -> None:
    answer = send(ehr, body)

    check(ehr, answer)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (status, code)


def test_what_comes_in_pieces_is_read_no_further_than_its_limit(ehr: Writer) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(400):
            yield b" " * 20_000

    try:
        answer = ehr.client.post(
            "/QuestionnaireResponse", content=pieces(), headers=FHIR_JSON, timeout=20
        )
    except httpx.WriteError:  # the server has answered, and listens no more
        return

    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (413, "too-long")


def test_another_kind_of_content_is_refused(ehr: Writer) -> None:
    answer = ehr.client.post(
        "/QuestionnaireResponse", content=b"<a/>", headers={"Content-Type": "application/fhir+xml"}
    )

    check(ehr, answer)
    assert answer.status_code == 415


ODD = st.one_of(
    st.sampled_from(
        [CANARY, "", None, True, 0, -1, 1.5, 10**30, [], {}, [[]], [None], {"colour": CANARY}]
    ),
    st.sampled_from([f"Patient/{CANARY}", f"2024-13-45{CANARY}", f"urn:uuid:{CANARY}", "#x"]),
    st.builds(lambda text: CANARY + text, st.text(max_size=20)),
    st.sampled_from([{"reference": f"Patient/{CANARY}"}, {"coding": [{"code": CANARY}]}]),
)
WORDS = (
    "resourceType",
    "id",
    "meta",
    "status",
    "subject",
    "questionnaire",
    "authored",
    "item",
    "contained",
    "extension",
    "text",
    "identifier",
    "source",
    "encounter",
    "partOf",
)


@st.composite
def changes(draw: st.DrawFn) -> list[tuple[tuple[float, ...], str, Any]]:
    """Where to go down in a resource, which element to set there, and to what."""
    step = st.lists(st.floats(0, 1, exclude_max=True), max_size=6).map(tuple)
    return draw(st.lists(st.tuples(step, st.sampled_from(WORDS), ODD), min_size=1, max_size=3))


def changed(resource: Resource, how: list[tuple[tuple[float, ...], str, Any]]) -> Resource:
    told = copy.deepcopy(resource)
    for path, word, value in how:
        node: Any = told
        for step in path:
            below = list(node.values()) if isinstance(node, dict) else list(node)
            inner = [each for each in below if isinstance(each, dict | list) and each]
            if not inner:
                break
            node = inner[int(step * len(inner))]
        if isinstance(node, dict):
            known = [name for name in node if name != "resourceType"]
            name = known[len(path) % len(known)] if known and len(path) % 2 else word
            node[name] = copy.deepcopy(value)
        else:
            node[0] = copy.deepcopy(value)
    return told


def wrapped(path: str, resource: Resource) -> Resource:
    """The body that a path takes: the resource, or something around it."""
    if path == "/":
        request = {"method": "POST", "url": "QuestionnaireResponse"}
        return {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [{"resource": resource, "request": request}],
        }
    if "$" in path:
        return {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "resource", "resource": resource},
                {"name": "subject", "valueReference": resource.get("subject")},
                {"name": "questionnaire", "valueString": resource.get("questionnaire")},
            ],
        }
    return resource


def test_no_change_of_a_body_breaks_anything_or_comes_back(
    ehr: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "uvicorn")
    whole = ehr.response(1)

    @given(path=st.sampled_from(PATHS), how=changes())
    def holds(path: tuple[str, str], how: list[tuple[tuple[float, ...], str, Any]]) -> None:
        method, address = path
        body = json.dumps(wrapped(address, changed(whole, how))).encode()

        answer = send(ehr, body, method, address)

        check(ehr, answer)
        if "$validate" in address:
            assert CANARY not in answer.text

    holds()

    assert CANARY not in caplog.text
    kept = versions.of_type(ehr.service.database.read(), "QuestionnaireResponse")
    assert all(CANARY.encode() not in version.text for version in kept)
