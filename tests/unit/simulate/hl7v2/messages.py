"""HL7 v2 messages written by hand, for the tests of a practice that reads them."""

from __future__ import annotations

import base64
from datetime import datetime
from zoneinfo import ZoneInfo

from adapter.simulate.hl7v2 import Known, Practice

NOW = datetime(2026, 3, 1, 20, 30, tzinfo=ZoneInfo("Australia/Sydney"))
PDF = b"%PDF-1.7 synthetic"
JANE = Known(frozenset({"8003608166690503"}), "Citizen", "19700102")
HEADER = {
    "sender": "TRIAL|UNIVERSITY",
    "receiver": "PRACTICE|NORTHSIDE",
    "type": "ORU^R01",
    "control": "c1",
    "processing": "P",
    "version": "2.4",
    "charset": "8859/1",
}


def practice(*people: Known) -> Practice:
    """A practice that knows these people, or anybody."""
    return Practice(lambda: NOW, people or None)


def header(**changes: str) -> str:
    said = {**HEADER, **changes}
    fields = ["MSH|^~\\&", said["sender"], said["receiver"], "20260301203000+1100", ""]
    fields += [said["type"], said["control"], said["processing"], said["version"]]
    return "|".join([*fields, "", "", "AL", "NE", "AUS", said["charset"]])


def pid(
    number: str = "8003608166690503", name: str = "Citizen^Jane", born: str = "19700102"
) -> str:
    return f"PID|1||{number}^^^AUSHIC^NI~77^^^CLINIC^MR||{name}||{born}|F"


def obr(number: str = "r1", status: str = "F", reported: str = "20260301203000+1100") -> str:
    number = f"{number}^UNIVERSITY" if number else ""
    middle = "|" * 15
    return f"OBR|1||{number}|ders-18^DERS-18^L|||20260301200000{middle}{reported}||PHY|{status}"


def obx(value: str = "41", status: str = "F", kind: str = "NM", code: str = "total^Total^L") -> str:
    return f"OBX|1|{kind}|{code}||{value}|{{score}}^score^UCUM|18-90||||{status}"


def document(content: bytes = PDF) -> str:
    data = base64.b64encode(content).decode()
    return obx(f"^application^pdf^Base64^{data}", "F", "ED", "PDF^Report^L")


def message(*segments: str, charset: str = "latin-1") -> bytes:
    """The segments as one message; a good one of one result where none are given."""
    said = segments or (header(), pid(), "PV1|1|O", obr(), obx())
    return "".join(f"{each}\r" for each in said).encode(charset)


def told(answer: bytes) -> tuple[str, str, list[str]]:
    """Of an acknowledgement: MSA-1, MSA-2, and the codes of its ERR segments."""
    lines = [line.split("|") for line in answer.decode("ascii").rstrip("\r").split("\r")]
    assert [lines[0][0], lines[1][0]] == ["MSH", "MSA"]
    errors = [line for line in lines[2:] if line[0] == "ERR"]
    codes = [each[1].split("^")[3].split("&")[0] for each in errors if each[1]]
    codes += [each[3].split("^")[0] for each in errors if not each[1]]
    return lines[1][1], lines[1][2] if len(lines[1]) > 2 else "", codes
