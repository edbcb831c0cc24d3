"""The pages that people read, judged by veraPDF: PDF/A-2a, as they say of themselves."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest

from adapter.fhir.retraction import retract
from adapter.render import Report, read_report
from adapter.render.pdf import render_pdf
from tests.live.java import JavaProcess
from tests.unit.render.reported import NAMES, PERSON, document_of, report_of


@pytest.fixture(scope="module")
def judge() -> Iterator[JavaProcess]:
    """A running veraPDF."""
    process = JavaProcess.start("live.PdfJudge", heap="512m")
    yield process
    process.stop()


def broken_rules(judge: JavaProcess, page: bytes) -> list[str]:
    judge.write(base64.b64encode(page))
    rules: list[str] = json.loads(judge.read_line())
    return rules


def withdrawn() -> Report:
    document = retract(document_of("ders-18"))
    assert document is not None
    return read_report(document)


def test_the_page_of_every_form_is_pdf_a_2a(judge: JavaProcess) -> None:
    assert {name: broken_rules(judge, render_pdf(report_of(name), PERSON)) for name in NAMES} == {
        name: [] for name in NAMES
    }


def test_a_corrected_a_withdrawn_and_a_nameless_page_are_too(judge: JavaProcess) -> None:
    pages = [
        render_pdf(report_of("phq-9", is_amended=True), PERSON),
        render_pdf(withdrawn(), PERSON),
        render_pdf(report_of("ders-18")),
    ]

    assert [broken_rules(judge, page) for page in pages] == [[], [], []]


def test_the_judge_tells_a_page_that_only_says_so(judge: JavaProcess) -> None:
    page = render_pdf(report_of("ders-18"), PERSON)
    untagged = page.replace(b"/StructTreeRoot", b"/StructTreeRool")
    assert untagged != page

    assert any(rule.startswith("6.7") for rule in broken_rules(judge, untagged))
