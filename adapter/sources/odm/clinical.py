"""A file's subjects, one after the other, each whole.

Most files have each subject once, and a subject is given as soon as it ends. A file may also come
back to a subject, and transactional ones do: then all of its parts are put together first. Which
subjects these are is found out in a pass before, by a mark for each name in a table of fixed size.
They are put together so many at a time, in a pass for each lot, so memory does not grow with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from adapter.errors import Origin, Problem, SourceError
from adapter.sources.odm.document import AGAIN, Element, Reading, Root, read_elements
from adapter.sources.odm.subject import LEVELS, MEND, Node, Subject
from adapter.sources.odm.value import TYPED

TOGETHER = 256
"""So many subjects that a file comes back to are put together in one pass."""
_MARKS = 1 << 23
_WHOLES = ("ItemData", "AuditRecord", *(f"ItemData{name}" for name in TYPED))


class _Marks:
    """Which names were met, and which again; two names may share a mark, and count as one."""

    def __init__(self) -> None:
        self._met, self._again = bytearray(_MARKS >> 3), bytearray(_MARKS >> 3)
        self.count_again = 0

    def add(self, name: str) -> None:
        at, bit = divmod(_digest(name) % _MARKS, 8)
        if self._met[at] & 1 << bit:
            self.count_again += not self._again[at] & 1 << bit
            self._again[at] |= 1 << bit
        self._met[at] |= 1 << bit

    def is_again(self, name: str) -> bool:
        at, bit = divmod(_digest(name) % _MARKS, 8)
        return bool(self._again[at] & 1 << bit)


class ClinicalData:
    """The subjects of one file."""

    def __init__(self, path: Path, root: Root) -> None:
        """`root` is what the file says of itself."""
        self._path, self._root = path, root
        prefix = f"{{{root.namespace}}}"
        names = ("ODM", "ClinicalData", *LEVELS)
        containers = {f"{prefix}{name}": name for name in names}
        wholes = {f"{prefix}{name}": name for name in _WHOLES}
        self._reading = Reading(containers, wholes)
        # What a subject holds is passed over where only their names are asked for.
        outer = {tag: name for tag, name in containers.items() if name in names[:3]}
        self._outline = Reading(outer, {})
        self._marks: _Marks | None = None

    def subjects(self) -> Iterator[Subject | Problem]:
        """Every subject once, whole, and what cannot be read.

        What stands before a fault of the XML is given, unless the file is transactional: what came
        after might have taken it back.
        """
        if self._root.is_transactional and (fault := self._fault()) is not None:
            yield from fault.problems
            return
        marks = self._marked()
        lots = max(1, -(-marks.count_again // TOGETHER))
        for lot in range(lots):
            together: dict[str, Subject] = {}

            def subject_of(name: str, line: int, study: str, lot: int = lot) -> Subject | None:
                if not marks.is_again(name):
                    return self._new(name, line, study) if lot == 0 else None
                if _digest(name) // _MARKS % lots != lot:
                    return None
                return together.setdefault(name, self._new(name, line, study))  # noqa: B023

            for subject in self._read(subject_of, is_first=lot == 0):
                if isinstance(subject, Problem) or not marks.is_again(subject.name):
                    yield subject
            yield from together.values()

    def _read(
        self, subject_of: Callable[[str, int, str], Subject | None], *, is_first: bool
    ) -> Iterator[Subject | Problem]:
        """One pass over the file: each part of a subject when it ends; faults in the first pass."""
        study = ""
        subject: Subject | None = None
        try:
            with closing(read_elements(self._path, self._reading)) as elements:
                for kind, name, element in elements:
                    if name == "ClinicalData" and kind == "start":
                        study = element.get("StudyOID", "")
                    elif name == "SubjectData" and kind == "start":
                        part = self._begin(element, study, subject_of)
                        subject = part if isinstance(part, Subject) else None
                        if isinstance(part, Problem) and is_first:
                            yield part
                    if subject is not None:
                        _apply(subject, kind, name, element)
                        if name == "SubjectData" and kind == "end":
                            yield subject
                            subject = None
        except SourceError as wrong:
            if is_first:
                yield from wrong.problems

    def _marked(self) -> _Marks:
        """Which subjects the file comes back to."""
        if self._marks is None:
            self._marks = _Marks()
            try:
                with closing(read_elements(self._path, self._outline)) as elements:
                    for kind, name, element in elements:
                        if name == "SubjectData" and kind == "start":
                            self._marks.add(element.get("SubjectKey", "").strip())
            except SourceError:
                pass  # what stands before the fault is marked; the reader proper tells of it
        return self._marks

    def _fault(self) -> SourceError | None:
        """Whether the file cannot be read to its end."""
        try:
            with closing(read_elements(self._path, self._outline)) as elements:
                for _ in elements:
                    pass
        except SourceError as wrong:
            return wrong
        return None

    def _begin(
        self, element: Element, study: str, subject_of: Callable[[str, int, str], Subject | None]
    ) -> Subject | Problem | None:
        """The subject that an element goes on with, None where it is not this pass's."""
        name, line = element.get("SubjectKey", "").strip(), element.sourceline or 0
        if not name or not name.isprintable():
            found = "a sign that cannot be printed" if name else "nothing"
            origin, expected = Origin(self._path.name, line, name), "the number of a subject"
            return Problem(origin, "SubjectKey", expected, found, AGAIN)
        subject = subject_of(name, line, study)
        if subject is not None and subject.study != study:
            # Two studies in one file may both have a subject 1, and not the same one.
            expected, found = "each subject in one study", "it in two studies of the file"
            problem = Problem(subject.origin(line), "SubjectKey", expected, found, MEND)
            if problem not in subject.problems:
                subject.problems.append(problem)
        return subject

    def _new(self, name: str, line: int, study: str) -> Subject:
        return Subject(name, self._path.name, study, line, Node(line))


def _apply(subject: Subject, kind: str, name: str, element: Element) -> None:
    if kind == "whole":
        subject.take(name, element)
    elif name in LEVELS:
        if kind == "start":
            subject.begin(name, element)
        else:
            subject.end()


def _digest(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")
