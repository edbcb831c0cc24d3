r"""HL7 v2 as a practice reads it: segments, fields, repetitions, components, escapes.

Read by hand, on purpose: the sender builds and checks its messages with a library, and what is read
here must not rest on the same one. Source: HL7 v2.4 and v2.5.1, chapter 2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CHARSETS = {"": "ascii", "ASCII": "ascii", "8859/1": "latin-1", "UNICODE UTF-8": "utf-8"}
_SMALLEST = len("MSH|^~\\&|")
_ESCAPED = re.compile(r"\\(?:([FSTRE])|(\.br)|X((?:[0-9A-Fa-f]{2})+)|H|N)\\")


class NotHl7Error(Exception):
    """What came is no message; the text says why, and quotes nothing."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its name and its fields as they came; field 1 is the first behind the name.

    MSH counts its field separator as field 1, so that MSH-9 is field 9 here, too.
    """

    name: str
    fields: tuple[str, ...]
    separators: str

    def field(self, number: int) -> str:
        """A field as it came, '' where there is none."""
        return self.fields[number - 1] if number <= len(self.fields) else ""

    def repetitions(self, number: int) -> list[str]:
        """The repetitions of a field as they came; none of an empty one."""
        said = self.field(number)
        return said.split(self.separators[2]) if said else []

    def text(self, number: int) -> str:
        """A field as a person reads it."""
        return unescape(self.field(number), self.separators)

    def component(self, number: int, place: int) -> str:
        """A component of the first repetition of a field, as a person reads it."""
        return component(next(iter(self.repetitions(number)), ""), place, self.separators)


@dataclass(frozen=True, slots=True)
class Message:
    """A message: its header, and what follows it."""

    header: Segment
    segments: tuple[Segment, ...]

    @property
    def control_id(self) -> str:
        """MSH-10."""
        return self.header.text(10)

    def named(self, name: str) -> list[Segment]:
        """The segments of one name, in order."""
        return [segment for segment in self.segments if segment.name == name]


def parse(content: bytes) -> Message:
    r"""The message that bytes say; segments end with CR, as HL7 has it, and with nothing else.

    Raises:
        NotHl7Error: they say none.
    """
    start = content[: content.find(b"\r")] if b"\r" in content else content
    if len(start) < _SMALLEST or not start.startswith(b"MSH"):
        raise NotHl7Error("A message begins with MSH and its separators")
    separators = start[3:8].decode("latin-1")
    declared = start.decode("latin-1").split(separators[0])
    charset = declared[17] if len(declared) > 17 else ""  # noqa: PLR2004 - MSH-18
    if charset not in CHARSETS:
        raise NotHl7Error("MSH-18 names a character set that is not known here")
    try:
        text = content.decode(CHARSETS[charset])
    except UnicodeDecodeError:
        raise NotHl7Error("The bytes are not of the character set that MSH-18 names") from None
    if "\n" in text or not text.endswith("\r"):
        raise NotHl7Error("Each segment ends with CR, and no line feed stands anywhere")
    header, *segments = [_segment(line, separators) for line in text[:-1].split("\r")]
    return Message(header, tuple(segments))


def component(said: str, place: int, separators: str) -> str:
    """The component at `place`, from 1, of a field that came as `said`."""
    parts = said.split(separators[1])
    return unescape(parts[place - 1], separators) if place <= len(parts) else ""


def unescape(said: str, separators: str) -> str:
    r"""`said` without its escapes; a `\.br\` is a line break.

    >>> unescape("sleep \\T\\ pain\\.br\\1 \\F\\ 2", "|^~\\&")
    'sleep & pain\n1 | 2'
    """
    field, part, repeat, escape, subpart = tuple(separators)
    letters = {"F": field, "S": part, "T": subpart, "R": repeat, "E": escape}

    def letter(found: re.Match[str]) -> str:
        if found[1]:
            return letters[found[1]]
        if found[2]:
            return "\n"
        return bytes.fromhex(found[3]).decode("latin-1") if found[3] else ""

    return _ESCAPED.sub(letter, said)


def _segment(line: str, separators: str) -> Segment:
    name, *fields = line.split(separators[0])
    if not re.fullmatch(r"[A-Z][A-Z0-9]{2}", name):
        raise NotHl7Error("A segment begins with its name of three letters")
    return Segment(name, (separators[0], *fields) if name == "MSH" else tuple(fields), separators)
