"""Opens a file as text, and says what is wrong with one that cannot be."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from adapter.errors import Origin, Problem, SourceError

AGAIN = "Export the file again."
RECODE = "Export as UTF-8, or set `encoding` of this source in adapter.toml (cp1252?)."
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how an .xlsx (a ZIP file) and an .xls begin
_LONGEST_MARK = 4  # bytes
_SURROGATE = re.compile("[\ud800-\udfff]")


@contextmanager
def opened(path: Path, encoding: str) -> Iterator[TextIO]:
    """The file as text; a byte that is none in this encoding comes as a lone surrogate.

    A UTF-8 byte-order mark outranks `encoding`, and is left out.

    Raises:
        SourceError: no such file or encoding, a spreadsheet, or, while it is read, bytes that the
        encoding has no way around, such as half a file in UTF-16.
    """
    try:
        told = _encoding_of(path, encoding)
        with path.open(encoding=told, errors="surrogateescape", newline="") as file:
            yield file
    except OSError as wrong:
        found, action = str(wrong.strerror), "Check its path."
        raise unreadable(Origin(path.name), "a readable file", found, action) from wrong
    except UnicodeError:
        expected, found = f"text in {encoding}", "bytes that are not"
        raise unreadable(Origin(path.name), expected, found, RECODE) from None


def unreadable(origin: Origin, expected: str, found: str, action: str) -> SourceError:
    """What stops the reading of a file."""
    problem = Problem(origin, "", expected, found, action)
    return SourceError(f"{origin.file} cannot be read.", (problem,))


def is_decoded(text: str) -> bool:
    """Whether every sign of a text that was opened here is a sign of its encoding."""
    return text.isascii() or not _SURROGATE.search(text)


def _encoding_of(path: Path, encoding: str) -> str:
    try:
        "".encode(encoding)  # there are encodings that are not of text
        is_utf8 = codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        expected, found = "an encoding that Python knows", f"`{encoding}`"
        raise unreadable(Origin(path.name), expected, found, RECODE) from None
    with path.open("rb") as file:
        begins = file.read(_LONGEST_MARK)
    _stop_if_other(path, begins, encoding)
    is_marked = begins.startswith(codecs.BOM_UTF8)
    return "utf-8-sig" if is_utf8 or is_marked else encoding


def _stop_if_other(path: Path, begins: bytes, encoding: str) -> None:
    """Refuses a spreadsheet, and text whose mark says that it is in another encoding."""
    if begins.startswith(_SHEETS):
        found = "a spreadsheet (.xlsx, .xls), or another packed file"
        action = "Save it as `CSV UTF-8`, and name that file."
        raise unreadable(Origin(path.name), "text", found, action)
    if begins.startswith(_UTF16) and not codecs.lookup(encoding).name.startswith(
        ("utf-16", "utf-32")
    ):
        found = "bytes in UTF-16"
        action = 'Export as UTF-8, or set `encoding = "utf-16"` of this source in adapter.toml.'
        raise unreadable(Origin(path.name), f"text in {encoding}", found, action)
