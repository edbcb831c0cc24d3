"""What people read says the numbers of the resources: in words, on the page, and as HL7 v2."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from dataclasses import replace

import pytest
from hl7apy.core import Message
from hl7apy.parser import parse_message
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from adapter.errors import ResourceError
from adapter.fhir.check import find_faults
from adapter.fhir.document import attached
from adapter.fhir.retraction import retract
from adapter.render import Line, Person, Report, read_report
from adapter.render.delivered import as_delivered
from adapter.render.hl7v2 import CHARSETS, Envelope, Version, escape, oid_of, render_message
from adapter.render.pdf import render_pdf
from adapter.render.text import render_text
from tests.unit.render.reported import (
    IHI,
    NAMES,
    PERSON,
    document_of,
    numbers_of,
    report_of,
)

SCORED = [name for name in NAMES if numbers_of(name)]
ENVELOPE = Envelope(
    "2.4", "0123456789abcdef0123", ("ADAPTER", "TRIAL"), ("PRACTICE", "NORTH"), "https://x.example"
)


def message_of(report: Report, version: Version = "2.4", **more: object) -> Message:
    """A report's message, as another reader of HL7 v2 has it."""
    envelope = replace(ENVELOPE, version=version, **more)  # type: ignore[arg-type]
    content = render_message(report, PERSON, envelope)
    charset = content.split(b"\r")[0].split(b"|")[17].decode()
    return parse_message(content.decode(CHARSETS[charset]), find_groups=False)


def results(message: Message) -> list[Message]:
    return list(message.children.get("OBX"))


def page_of(report: Report, person: Person | None = None) -> str:
    (page,) = PdfReader(io.BytesIO(render_pdf(report, person))).pages
    return page.extract_text()


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("phq-9", "the participant"),
        ("session-attendance", "the trial's staff"),
        ("c-ssrs-screen", "a clinician"),
        ("bdi", "the trial, as totals"),
    ],
)
def test_a_report_says_who_answered(name: str, by: str) -> None:
    assert report_of(name).by == by


@pytest.mark.parametrize("name", NAMES)
def test_the_document_of_every_form_is_valid(name: str) -> None:
    assert find_faults(document_of(name)) == ()


@pytest.mark.parametrize("name", SCORED)
def test_text_page_and_message_say_the_numbers_of_the_resources(name: str) -> None:
    report, numbers = report_of(name), numbers_of(name)

    text, page, message = render_text(report), page_of(report), message_of(report)

    said = [each.obx_5.value for each in results(message) if each.obx_2.value == "NM"]
    assert sorted(filter(None, said)) == sorted(numbers)
    # In text and on the page each stands behind its name, and the resources name them in order.
    lines = [line for line in report.lines if line.is_number and line.value]
    assert sorted(line.value for line in lines) == sorted(numbers)
    for line in lines:
        assert re.search(rf"{re.escape(line.name)}:\s+{re.escape(line.value)}(\s|$)", text)
        # A cell may break anywhere, so that only the letters of the page are in order.
        assert "".join(f"{line.name}{line.value}".split()) in "".join(page.split())


@pytest.mark.parametrize("version", ["2.4", "2.5.1"])
@pytest.mark.parametrize("name", NAMES)
def test_the_message_of_every_form_keeps_the_grammar_of_its_version(
    name: str, version: Version
) -> None:
    message = message_of(report_of(name), version, pdf=b"%PDF-1.7")

    assert (message.msh.msh_12.value, message.msh.msh_10.value) == (version, "0123456789abcdef0123")
    assert message.obr.obr_25.value == "F"
    assert {each.obx_11.value for each in results(message)} <= {"F", "X"}
    assert results(message)[-1].obx_2.value == "ED"


@pytest.mark.parametrize(
    ("version", "pdf"),
    [("2.4", ["PDF", "Display format in PDF", "AUSPDI"]), ("2.5.1", ["PDF", "Report as PDF", "L"])],
)
def test_a_message_asks_for_the_word_that_it_came_and_calls_its_page_as_its_readers_do(
    version: Version, pdf: list[str]
) -> None:
    message = message_of(report_of("phq-9"), version, pdf=b"%PDF-1.7")

    # Table 0155: always once it was accepted, never again once it was read.
    assert (message.msh.msh_15.value, message.msh.msh_16.value) == ("AL", "NE")
    name = results(message)[-1].obx_3
    assert [name.ce_1.value, name.ce_2.value, name.ce_3.value] == pdf


def test_an_attachment_has_the_hash_that_r4_asks_for() -> None:
    for content in document_of("phq-9")["content"]:
        attachment = content["attachment"]
        data = base64.b64decode(attachment["data"])

        # https://hl7.org/fhir/R4/datatypes-definitions.html#Attachment.hash: SHA-1, in base64.
        digest = base64.b64decode(attachment["hash"])
        assert digest == hashlib.sha1(data, usedforsecurity=False).digest()
        assert attachment["size"] == len(data)


def test_a_message_that_the_grammar_forbids_is_our_mistake() -> None:
    with pytest.raises(ResourceError) as raised:
        render_message(report_of("ders-18"), PERSON, replace(ENVELOPE, control_id=""))

    assert "HL7 v2 forbids the message" in str(raised.value)


def test_a_score_that_could_not_be_computed_has_no_value_the_status_x_and_the_reason() -> None:
    line = Line("DERS-18 total score", "", absent="3 of 18 items answered")
    report = replace(report_of("ders-18"), lines=(line,))

    message, text = message_of(report), render_text(report)

    first = results(message)[0]
    assert (first.obx_5.value, first.obx_11.value) == ("", "X")
    assert message.nte.nte_3.value == "3 of 18 items answered"
    assert "DERS-18 total score: not scored: 3 of 18 items answered" in text


def test_a_correction_has_the_number_of_what_it_replaces_and_a_later_time() -> None:
    first = report_of("ders-18")
    later = replace(first, made="2024-09-20T07:05:00+00:00", is_amended=True)

    before, after = message_of(first), message_of(later, is_correction=True)

    assert before.obr.obr_3.value == after.obr.obr_3.value
    assert before.obr.obr_22.value < after.obr.obr_22.value
    assert after.obr.obr_25.value == "C"
    assert {each.obx_11.value for each in results(after)} == {"C"}
    assert "CORRECTED" in render_text(later)
    assert "CORRECTED" in page_of(later)


def test_what_is_withdrawn_is_named_and_its_numbers_are_not_told_again() -> None:
    taken_back = retract(document_of("ders-18"))
    assert taken_back is not None
    report = read_report(taken_back)

    message, text, page = message_of(report), render_text(report), page_of(report)

    assert message.obr.obr_25.value == "X"
    assert {each.obx_11.value for each in results(message)} == {"W"}
    assert not any(each.obx_5.value for each in results(message) if each.obx_2.value == "NM")
    for number in numbers_of("ders-18"):
        assert f": {number}\n" not in text
    assert "56" not in text
    assert "WITHDRAWN" in text
    assert "WITHDRAWN" in page


def test_the_same_report_is_the_same_file_and_the_same_message() -> None:
    report = report_of("phq-9")

    assert render_pdf(report, PERSON) == render_pdf(report, PERSON)
    assert render_message(report, PERSON, ENVELOPE) == render_message(report, PERSON, ENVELOPE)


def test_the_file_says_that_it_is_pdf_a_2a() -> None:
    content = render_pdf(report_of("ders-18"))

    metadata = PdfReader(io.BytesIO(content)).xmp_metadata
    assert metadata is not None
    assert b"pdfaid:part>2<" in content
    assert b"pdfaid:conformance>A<" in content


def test_a_long_report_is_set_smaller_and_stays_on_one_page() -> None:
    report = report_of("pcl-5")

    assert len(report.lines) > 20
    assert len(PdfReader(io.BytesIO(render_pdf(report, PERSON))).pages) == 1


def test_nobody_can_tell_from_the_document_in_the_ledger_whose_it_is() -> None:
    document = document_of("ders-18")

    text = attached(document, "text/plain; charset=utf-8").decode()

    assert "Patient" not in text
    assert "Born" not in text


def test_the_delivered_document_says_whose_it_is_in_each_of_its_formats() -> None:
    document = as_delivered(document_of("ders-18"), PERSON, ("pdf", "text"))

    assert find_faults(document) == ()
    kinds = [each["attachment"]["contentType"] for each in document["content"]]
    assert kinds == ["application/pdf", "text/plain; charset=utf-8"]
    text = attached(document, "text/plain; charset=utf-8").decode()
    page = PdfReader(io.BytesIO(attached(document, "application/pdf"))).pages[0].extract_text()
    for said in (text, page):
        assert "O'Doe|Smith, Jo & Äna" in said
        assert "1980-02-29" in said
        assert "8003608166690503" in said


def test_an_ihi_is_named_as_australia_names_it() -> None:
    message = message_of(report_of("ders-18"))

    number = message.pid.pid_3
    assert (number.cx_1.value, number.cx_4.value, number.cx_5.value) == (
        "8003608166690503",
        "AUSHIC",
        "NI",
    )
    assert PERSON.identifiers[0][0] == IHI


def test_the_range_that_is_possible_is_told_beside_a_result_and_never_as_the_normal_one() -> None:
    segments = render_message(report_of("bdi"), PERSON, ENVELOPE).decode("latin-1").split("\r")

    assert not any(each.split("|")[7] for each in segments if each.startswith("OBX|"))
    told = segments[next(n for n, each in enumerate(segments) if each.startswith("OBX|1|NM|")) :]
    notes = next((told[:n] for n, each in enumerate(told[1:], 1) if each.startswith("OBX|")), told)
    assert any(each.endswith("|L|possible range 0 to 63") for each in notes)


def test_a_name_beyond_latin_goes_in_utf_8_and_says_so() -> None:
    person = replace(PERSON, family="Nguyễn")

    content = render_message(report_of("ders-18"), person, ENVELOPE)

    assert content.split(b"\r")[0].endswith(b"|UNICODE UTF-8")
    assert "Nguyễn" in content.decode("utf-8")


@given(text=st.text(st.characters(codec="latin-1", exclude_characters="\r"), max_size=40))
def test_no_text_breaks_out_of_its_field(text: str) -> None:
    report = replace(report_of("bdi"), lines=(Line("What", f"a{text}b", is_number=False),))

    segments = render_message(report, PERSON, ENVELOPE).decode("latin-1").split("\r")

    fields = next(each for each in segments if each.startswith("OBX|1|")).split("|")
    assert set("^&~").isdisjoint(fields[5])
    assert unescaped(fields[5]) == f"a{text}b"
    assert fields[11] == "F"


def unescaped(text: str) -> str:
    """An independent reading of HL7 v2's escapes."""
    letters = {"E": "\\", "F": "|", "S": "^", "T": "&", "R": "~", ".br": "\n"}
    return re.sub(r"\\(E|F|S|T|R|\.br)\\", lambda found: letters[found[1]], text)


def test_an_oid_is_derived_from_the_address_alone() -> None:
    assert oid_of("https://a.example") == oid_of("https://a.example")
    assert oid_of("https://a.example") != oid_of("https://b.example")
    assert re.fullmatch(r"2\.25\.[1-9]\d{30,38}", oid_of("https://a.example"))


def test_escaping_leaves_plain_words_alone() -> None:
    assert escape("Emotion dysregulation (DERS-18)") == "Emotion dysregulation (DERS-18)"
