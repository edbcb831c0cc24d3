r"""A report as an HL7 v2 result, ORU^R01, in version 2.4 as Australia uses it, or in 2.5.1.

One OBR for the outcome; for each score an OBX with its number, unit and range, its band and notes
in NTE behind it, and an OBX of its own for the change since baseline; then the report in words (FT)
and, where the receiver wants it, as PDF (ED), which stands last. What could not be scored has no
value and the status X, with the reason in its NTE.

The report's number (OBR-3) stays through corrections: the same number with a later OBR-22 replaces
what was filed. OBR-25 and OBX-11 are F at first and C in a correction. In a withdrawal OBR-25 is X,
OBX-11 what the receiver knows (W: posted as wrong), and no value is told again.

Every text is escaped (`\F\ \S\ \T\ \R\ \E\`); a line break is `\.br\`. MSH-18 names the character
set that the bytes are in. Nothing here knows the time: MSH-7 is when the report was made.

Sources: HL7 2.4 and 2.5.1 chapters 2 and 7, whose grammar `hl7apy` holds the message to. Its tables
0123 and 0085 have OBR-25 X and OBX-11 W in both versions, without their meanings, which are from
memory and unverified. So are the words of the Australian localisation (HL7AUSD-STD-OO-ADRM-2021.1),
for it was not at hand: AUSPDI and MSH-15 to 18 are as messages in public test files have them.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from adapter.errors import ResourceError
from adapter.fhir.identity import code_system
from adapter.render.person import Person
from adapter.render.report import Line, Report
from adapter.render.text import render_text

Version = Literal["2.4", "2.5.1"]
Withdrawn = Literal["W", "X", "D"]
CHARSETS = {"8859/1": "latin-1", "UNICODE UTF-8": "utf-8"}
_LETTERS = {"\\": "E", "|": "F", "^": "S", "&": "T", "~": "R", "\n": ".br"}
_ESCAPES = str.maketrans({letter: f"\\{word}\\" for letter, word in _LETTERS.items()} | {"\r": ""})
_SYSTEMS = {"http://loinc.org": "LN", "http://snomed.info/sct": "SCT"}
_SEXES = {"male": "M", "female": "F", "other": "O", "unknown": "U"}
_IHI = "http://ns.electronichealth.net.au/id/hi/ihi/1.0"
_PDF = {"2.4": "PDF^Display format in PDF^AUSPDI", "2.5.1": "PDF^Report as PDF^L"}


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends what to whom, and how. Each side is an application and a facility.

    `control_id` is the message's (at most 20 characters); `base` is the study's address, from which
    the name of its numbers is derived. `pdf` is the report as PDF, None for none.
    """

    version: Version
    control_id: str
    sender: tuple[str, str]
    receiver: tuple[str, str]
    base: str
    is_correction: bool = False
    withdrawn: Withdrawn = "W"
    pdf: bytes | None = None


def render_message(report: Report, person: Person, envelope: Envelope) -> bytes:
    """The message, each segment ended by CR, in the character set that it names.

    Raises:
        ResourceError: the grammar of its version forbids it.
    """
    segments = [*_pid(person), "PV1|1|O", _obr(report, envelope), *_results(report, envelope)]
    is_latin = all(ord(letter) < 256 for segment in segments for letter in segment)  # noqa: PLR2004
    charset = "8859/1" if is_latin else "UNICODE UTF-8"
    text = "".join(f"{each}\r" for each in (_msh(report, envelope, charset), *segments))
    _check(text)
    return text.encode(CHARSETS[charset])


def escape(text: str) -> str:
    r"""A text without the letters that HL7 v2 keeps for itself.

    >>> print(escape("sleep & pain | 1^2"))
    sleep \T\ pain \F\ 1\S\2
    """
    return text.translate(_ESCAPES)


def timestamp(said: str) -> str:
    """A FHIR day or instant as a time stamp: `20240302093000+1100`; '' for ''."""
    day, _, clock = said.partition("T")
    if not clock:
        return day.replace("-", "")
    zone = "+0000" if clock.endswith("Z") else clock[-6:].replace(":", "")
    return f"{day.replace('-', '')}{clock[:8].replace(':', '')}{zone}"


def oid_of(base: str) -> str:
    """An OID for whoever counts at this address: the UUID of the address under 2.25 (X.667)."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_URL, base).int}"


def _check(text: str) -> None:
    from hl7apy.consts import VALIDATION_LEVEL  # noqa: PLC0415 - only who sends HL7 v2 pays for it
    from hl7apy.exceptions import HL7apyException  # noqa: PLC0415
    from hl7apy.parser import parse_message  # noqa: PLC0415

    try:
        parse_message(text, validation_level=VALIDATION_LEVEL.TOLERANT).validate()
    except HL7apyException as wrong:
        # The library may quote a value: only what kind of rule was broken is told.
        rule = str(wrong) if str(wrong).startswith("Missing required child") else ""
        told = ": ".join(filter(None, (type(wrong).__name__, rule)))
        raise ResourceError(f"HL7 v2 forbids the message: {told}", ()) from None


def _msh(report: Report, envelope: Envelope, charset: str) -> str:
    kind = "ORU^R01" if envelope.version == "2.4" else "ORU^R01^ORU_R01"
    country = "AUS" if envelope.version == "2.4" else ""
    names = map(escape, (*envelope.sender, *envelope.receiver))
    head = ["MSH", r"^~\&", *names, timestamp(report.made), "", kind, envelope.control_id, "P"]
    return "|".join([*head, envelope.version, "", "", "AL", "NE", country, charset])


def _pid(person: Person) -> Iterator[str]:
    numbers = "~".join(_number(system, number) for system, number in person.identifiers)
    name = f"{escape(person.family)}^{escape(person.given)}" if person.family else "^^^^^^U"
    sex = _SEXES.get(person.sex, "")
    yield f"PID|1||{numbers}||{name}||{timestamp(person.birth_date)}|{sex}"


def _number(system: str, number: str) -> str:
    if system == _IHI:
        return f"{escape(number)}^^^AUSHIC^NI"
    return f"{escape(number)}^^^{escape(system.rpartition('/')[2])[:20]}&{oid_of(system)}&ISO^MR"


def _obr(report: Report, envelope: Envelope) -> str:
    filler = f"{report.id}^{escape(envelope.sender[1])}^{oid_of(envelope.base)}^ISO"
    code = f"{escape(report.form)}^{escape(report.title)}^L"
    fields = ["OBR", "1", "", filler, code, "", "", timestamp(report.answered)]
    fields += [""] * 14 + [timestamp(report.made), "", "PHY", _report_status(report, envelope)]
    return "|".join(fields)


def _report_status(report: Report, envelope: Envelope) -> str:
    if report.is_withdrawn:
        return "X"
    return "C" if envelope.is_correction else "F"


def _results(report: Report, envelope: Envelope) -> Iterator[str]:
    number = 0
    for results in (*map(_line, report.lines), _words(report, envelope)):
        for result in results:
            number += 1
            yield from _obx(number, result, report, envelope)


@dataclass(frozen=True, slots=True)
class _Result:
    """One OBX: its type, code, value and unit, and the NTE behind it."""

    kind: str
    code: str
    value: str
    unit: str = ""
    notes: Sequence[str] = ()
    is_absent: bool = False


def _line(line: Line) -> list[_Result]:
    if line.absent:
        notes = (line.absent, line.note) if line.note else (line.absent,)
        return [_Result("NM", _code(line), "", notes=notes, is_absent=True)]
    if not line.is_number:
        return [_Result("TX", _code(line), escape(line.value), notes=_notes(line))]
    unit = f"{line.unit}^{line.unit.strip('{}')}^UCUM"
    # In a note: what stands in OBX-7 is shown as the normal range, and this is the possible one.
    extent = (f"possible range {line.low} to {line.high}",) if line.low else ()
    results = [_Result("NM", _code(line), line.value, unit, (*_notes(line), *extent))]
    if line.change:
        own = next(code for system, code in line.codes if system == code_system("score"))
        code = f"{own}-change^{escape(line.name)}, change since baseline^L"
        results.append(_Result("NM", code, line.change, unit, notes=(line.meaning,)))
    return results


def _notes(line: Line) -> tuple[str, ...]:
    return tuple(filter(None, (line.band, line.note)))


def _words(report: Report, envelope: Envelope) -> list[_Result]:
    told = [_Result("FT", "report^Report in words^L", escape(render_text(report)))]
    if envelope.pdf is not None:
        data = base64.b64encode(envelope.pdf).decode()
        told.append(_Result("ED", _PDF[envelope.version], f"^application^pdf^Base64^{data}"))
    return told


def _code(line: Line) -> str:
    """The best known code and the project's own, as a coded element."""
    listed = [(_SYSTEMS.get(system, "L"), code) for system, code in line.codes]
    known = [each for each in listed if each[0] != "L"][:1]
    own = [each for each in listed if each[0] == "L"][:1]
    chosen = known + own or [("L", line.name.lower().replace(" ", "-"))]
    return "^".join(f"{escape(code)}^{escape(line.name)}^{system}" for system, code in chosen)


def _obx(number: int, result: _Result, report: Report, envelope: Envelope) -> Iterator[str]:
    status = "C" if envelope.is_correction else "F"
    if report.is_withdrawn:
        status = envelope.withdrawn
    elif result.is_absent:
        status = "X"
    fields = ["OBX", str(number), result.kind, result.code, "", result.value, result.unit]
    fields += ["", "", "", "", status, "", "", timestamp(report.answered)]
    yield "|".join(fields)
    for place, note in enumerate(result.notes, start=1):
        yield f"NTE|{place}|L|{escape(note)}"
