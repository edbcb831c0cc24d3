"""What a practice takes, refuses, replaces and withdraws."""

from __future__ import annotations

import hashlib

import pytest

from tests.unit.simulate.hl7v2.messages import (
    JANE,
    PDF,
    document,
    header,
    message,
    obr,
    obx,
    pid,
    practice,
    told,
)

PV1 = "PV1|1|O"


def test_a_good_message_is_acknowledged_and_filed() -> None:
    northside = practice(JANE)
    note = "NTE|1|L|severe \\T\\ rising\\.br\\since June"

    answer = northside.receive(message(header(), pid(), PV1, obr(), obx(), note, document()))

    assert told(answer) == ("AA", "c1", [])
    (report,) = northside.shown()
    total, pdf = report.pop("results")
    assert report == {
        "number": "r1^UNIVERSITY",
        "control_id": "c1",
        "patient": "8003608166690503",
        "code": "ders-18",
        "status": "F",
        "reported": "20260301203000",
        "is_withdrawn": False,
        "count": 1,
    }
    assert total == {
        "type": "NM",
        "code": "total",
        "name": "Total",
        "system": "L",
        "value": "41",
        "unit": "{score}",
        "status": "F",
        "notes": ("severe & rising\nsince June",),
    }
    assert (pdf["type"], pdf["value"]) == ("ED", hashlib.sha256(PDF).hexdigest())


def test_a_message_that_comes_again_gets_the_same_answer_and_is_not_filed_again() -> None:
    northside = practice()

    first, again = (northside.receive(message()) for _ in range(2))

    assert first == again
    assert [report["count"] for report in northside.shown()] == [1]


def test_a_control_id_that_comes_again_with_another_content_is_rejected() -> None:
    northside = practice()
    northside.receive(message())

    answer = northside.receive(message(header(), pid(), obr(), obx("42")))

    assert told(answer) == ("AR", "c1", ["205"])
    assert [report["results"][0]["value"] for report in northside.shown()] == ["41"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"type": "ADT^A01"}, "200"),
        ({"processing": "T"}, "202"),
        ({"version": "3.0"}, "203"),
        ({"control": ""}, "101"),
        ({"control": "c" * 21}, "102"),
    ],
)
def test_a_header_that_is_not_taken_is_rejected(change: dict[str, str], code: str) -> None:
    northside = practice()

    answer = northside.receive(message(header(**change), pid(), obr(), obx()))

    assert told(answer) == ("AR", change.get("control", "c1"), [code])
    assert northside.shown() == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"hello", id="no message"),
        pytest.param(b"PID|1\r", id="no header"),
        pytest.param(message().replace(b"\r", b"\r\n"), id="line feeds"),
        pytest.param(message()[:-1], id="without its end"),
        pytest.param(message(header(), pid(), obr(), "NTE|1|L|a\nb"), id="a line feed in a field"),
        pytest.param(message(header(charset="EBCDIC"), pid()), id="unknown character set"),
        pytest.param(
            message(header(charset="UNICODE UTF-8"), pid(name="Müller^Jürgen")), id="latin as UTF-8"
        ),
        pytest.param(message(header(), "no segment|"), id="no segment"),
    ],
)
def test_what_is_no_message_is_rejected_without_a_control_id(content: bytes) -> None:
    assert told(practice().receive(content)) == ("AR", "", ["100"])


@pytest.mark.parametrize(
    ("segments", "code"),
    [
        pytest.param((PV1, obr(), obx()), "100", id="no patient"),
        pytest.param((pid("8003608000000570"), obr(), obx()), "204", id="another number"),
        pytest.param((pid(name="Other^Jane"), obr(), obx()), "204", id="another name"),
        pytest.param((pid(born="19710102"), obr(), obx()), "204", id="another birth date"),
        pytest.param((pid(),), "100", id="no report"),
        pytest.param((pid(), obr(number=""), obx()), "101", id="no report number"),
        pytest.param((pid(), obr(status="Q"), obx()), "103", id="unknown report status"),
        pytest.param((pid(), obr(), obx(status="")), "103", id="no result status"),
        pytest.param((pid(), obr(), obx(kind="XX")), "103", id="unknown type"),
        pytest.param((pid(), obr(), obx("many")), "102", id="no number"),
        pytest.param((pid(), obr(), obx("")), "101", id="no value"),
        pytest.param((pid(), obr(), obx(code="")), "101", id="no code"),
        pytest.param((pid(), obr(), obx("^a^b^Base64^?", kind="ED")), "102", id="no Base64"),
        pytest.param((pid(), obr(), obx("^a^b^Hex^00", kind="ED")), "102", id="not as Base64"),
    ],
)
def test_content_that_is_wrong_is_an_error_and_nothing_is_filed(
    segments: tuple[str, ...], code: str
) -> None:
    northside = practice(JANE)

    answer = northside.receive(message(header(), *segments))

    assert told(answer) == ("AE", "c1", [code])
    assert northside.shown() == []


def test_every_finding_is_told_with_its_place_and_never_with_what_was_sent() -> None:
    content = message(header(version="2.5.1"), pid(), obr(), obx("secret"), obx("", "Z"))

    answer = practice().receive(content).decode()

    assert "OBX^1^5" in answer
    assert "OBX^2^11" in answer
    assert "secret" not in answer
    assert told(answer.encode())[2] == ["102", "103", "101"]


def test_what_was_not_filed_is_judged_anew_when_it_comes_again() -> None:
    northside = practice(JANE)
    wrong = northside.receive(message(header(), pid("1"), obr(), obx()))

    mended = northside.receive(message(header(), pid(), obr(), obx()))

    assert (told(wrong)[0], told(mended)[0]) == ("AE", "AA")


def test_a_correction_replaces_the_whole_report_of_its_number() -> None:
    northside = practice()
    northside.receive(message(header(), pid(), obr(), obx(), document()))
    later = obr(status="C", reported="20260302090000+1100")

    northside.receive(message(header(control="c2"), pid(), later, obx("40", "C")))

    (report,) = northside.shown()
    assert (report["status"], report["count"], report["is_withdrawn"]) == ("C", 2, False)
    assert [(each["value"], each["status"]) for each in report["results"]] == [("40", "C")]


@pytest.mark.parametrize(
    ("report_status", "result_status", "is_withdrawn"),
    [("X", "W", True), ("C", "W", True), ("C", "D", True), ("F", "X", False)],
)
def test_a_report_is_withdrawn_by_its_own_status_or_by_those_of_its_results(
    report_status: str, result_status: str, *, is_withdrawn: bool
) -> None:
    northside = practice()
    northside.receive(message())
    later = obr(status=report_status, reported="20260302090000+1100")

    answer = northside.receive(message(header(control="c2"), pid(), later, obx("", result_status)))

    assert told(answer)[0] == "AA"
    assert [report["is_withdrawn"] for report in northside.shown()] == [is_withdrawn]


def test_an_older_report_than_the_one_that_is_filed_is_an_error() -> None:
    northside = practice()
    northside.receive(message())
    older = obr(reported="20260228090000+1100")

    answer = northside.receive(message(header(control="c2"), pid(), older, obx("40")))

    assert told(answer) == ("AE", "c2", ["205"])
    assert northside.shown()[0]["results"][0]["value"] == "41"


def test_a_message_may_hold_several_reports_each_with_its_own_results() -> None:
    northside = practice()

    northside.receive(message(header(), pid(), obr(), obx(), obr("r2"), obx("7"), obx("8")))

    values = [[each["value"] for each in report["results"]] for report in northside.shown()]
    assert values == [["41"], ["7", "8"]]


def test_a_name_in_another_script_is_read_in_the_character_set_that_is_declared() -> None:
    utf_8 = header(charset="UNICODE UTF-8")
    said = "NTE|1|L|größer 痛"

    northside = practice()
    northside.receive(message(utf_8, pid(), obr(), obx(), said, charset="utf-8"))

    assert northside.shown()[0]["results"][0]["notes"] == ("größer 痛",)
