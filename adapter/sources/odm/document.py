"""Reads an ODM file element by element, and lets nothing in that could harm.

ODM 1.3 and 2.0 (https://www.cdisc.org/standards/data-exchange/odm) are told apart by their
namespace. A document type is refused; nothing is fetched or read besides the file itself; text,
nesting and parts have limits. What has been read is dropped, so memory does not grow with the file.
No message holds text of the file; libxml2's own messages would.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

from lxml import etree

from adapter.errors import Origin, Problem, SourceError

Element = etree._Element  # noqa: SLF001 - lxml gives its element no other name
Version = Literal["1.3", "2.0"]
Event = Literal["start", "end", "whole"]
NAMESPACES: dict[str, Version] = {
    "http://www.cdisc.org/ns/odm/v1.3": "1.3",
    "http://www.cdisc.org/ns/odm/v2.0": "2.0",
}
REDCAP = "https://projectredcap.org"
OPENCLINICA = "http://www.openclinica.org/ns/odm_ext_v130/v3.1"
AGAIN = "Export the file again."
LARGEST_PART = 250_000
"""Elements in one definition or value: a real one has some hundreds."""
_CHUNK_BYTES = 1 << 16
_LONGEST_TOKEN_BYTES = 1 << 24  # beside libxml2's own limits, which comments and names do not have


@dataclass(frozen=True, slots=True)
class Root:
    """What the root element says of the file.

    `as_of` is the moment it tells of, as written; `is_partial`: it goes on from an earlier file.
    """

    namespace: str
    version: Version
    is_transactional: bool
    is_partial: bool
    as_of: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What to make of the elements, by tag.

    `containers` are told when they begin and when they end; `wholes` when they are complete, with
    all that is in them; any other element is passed over with everything inside it.
    """

    containers: Mapping[str, str]
    wholes: Mapping[str, str]


def read_root(path: Path) -> Root:
    """What the file says of itself.

    Raises:
        SourceError: no such file, no XML, a document type, or not ODM of a known version.
    """
    with closing(_events(path)) as events:
        _, root = next(events)  # a file without any element has raised already
        space, _, name = str(root.tag).rpartition("}")
        namespace = space.removeprefix("{")
        version = NAMESPACES.get(namespace)
        said = root.get("ODMVersion", "")
        if name != "ODM" or version is None or not (said or version).startswith(version):
            raise unreadable(
                Origin(path.name, root.sourceline),
                "ODM 1.3 or 2.0 (the root element `ODM` in its namespace, and `ODMVersion`)",
                "another version" if name == "ODM" else "another root element",
                "Export as ODM 1.3.2 or ODM 2.0.",
            )
        return Root(
            namespace=namespace,
            version=version,
            is_transactional=root.get("FileType") == "Transactional",
            is_partial=bool(root.get("PriorFileOID")),
            as_of=root.get("AsOfDateTime") or root.get("CreationDateTime") or "",
        )


def read_elements(path: Path, reading: Reading) -> Generator[tuple[Event, str, Element]]:
    """The file's elements in order, as `reading` says; each has to be used before the next.

    Raises:
        SourceError: the file cannot be read on, at this line.
    """
    depth, size, whole = 0, 0, ""  # depth counts inside a whole, or inside what is passed over
    for event, element in _events(path):
        tag = str(element.tag)
        if depth:
            depth += 1 if event == "start" else -1
            size += 1
            if whole and size > LARGEST_PART:
                raise unreadable(
                    Origin(path.name, element.sourceline),
                    f"at most {LARGEST_PART} elements in a part",
                    "more",
                    AGAIN,
                )
            if whole and not depth:
                yield "whole", whole, element
            if not depth or not whole:
                _drop(element)
        elif event == "end":
            yield "end", reading.containers[tag], element
            _drop(element)
        elif tag in reading.containers:
            yield "start", reading.containers[tag], element
        else:
            depth, size, whole = 1, 0, reading.wholes.get(tag, "")


def unreadable(origin: Origin, expected: str, found: str, action: str) -> SourceError:
    """The one thing that keeps a file from being read."""
    problem = Problem(origin, "", expected, found, action)
    return SourceError(f"{origin.file} cannot be read.", (problem,))


def _events(path: Path) -> Generator[tuple[str, Element]]:
    parser = etree.XMLPullParser(
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    silent, has_begun = 0, False
    with closing(_chunks(path)) as chunks:
        for chunk in chain(chunks, (None,)):
            fault = _feed(parser, chunk)
            silent += len(chunk or b"")
            for event in parser.read_events():
                if not has_begun:
                    _check_prolog(path, event[1])
                silent, has_begun = 0, True
                yield event
            if fault is not None:
                raise _faulty(path, fault)
            if silent > _LONGEST_TOKEN_BYTES:
                raise _too_long(path)


def _check_prolog(path: Path, root: Element) -> None:
    """Refuses a document type. Its entities count for nothing yet, but in the root's attributes.

    There the parser's own limit stops those that grow, and those that would read a file are none.
    """
    if root.getroottree().docinfo.doctype:
        raise unreadable(
            Origin(path.name, 1),
            "XML without a document type",
            "a `<!DOCTYPE`, which could make the file read others or grow without end",
            "Export again without it.",
        )


def _feed(parser: etree.XMLPullParser, chunk: bytes | None) -> etree.XMLSyntaxError | None:
    """Gives the parser the next bytes, or tells it that there are none; gives what is wrong."""
    try:
        if chunk is None:
            parser.close()
        else:
            parser.feed(chunk)
    except etree.XMLSyntaxError as wrong:
        return wrong
    return None


def _chunks(path: Path) -> Generator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk
    except OSError as wrong:
        found = str(wrong.strerror)
        origin = Origin(path.name)
        raise unreadable(origin, "a readable file", found, "Check its path.") from wrong


def _faulty(path: Path, wrong: etree.XMLSyntaxError) -> SourceError:
    # The kind of fault by libxml2's own name: its message may quote the file.
    logged = [entry for entry in wrong.error_log if entry.type == wrong.code][-1:]
    kind = "".join(f" ({entry.type_name.removeprefix('ERR_').lower()})" for entry in logged)
    line = wrong.lineno or next((entry.line for entry in logged), None)
    return unreadable(Origin(path.name, line or 1), "XML to its end", f"a fault{kind}", AGAIN)


def _too_long(path: Path) -> SourceError:
    mib = _LONGEST_TOKEN_BYTES >> 20
    return unreadable(Origin(path.name), "XML elements", f"{mib} MiB without one", AGAIN)


def _drop(element: Element) -> None:
    """Lets go of an element that has been read, and of those before it."""
    element.clear()
    before = element.getprevious()
    while before is not None:
        parent = element.getparent()
        if parent is not None:
            parent.remove(before)
        before = element.getprevious()
