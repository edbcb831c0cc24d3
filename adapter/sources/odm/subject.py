"""One subject's data, put together from the elements that tell it.

A subject is a tree: events, in them forms, in them item groups, in them items. Elements are applied
in the order in which they stand, by their `TransactionType`, which an element takes from the one
around it where it has none (ODM 1.3.2, 2.9 and 2.10). What is left in the end is what stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from adapter.errors import Origin, Problem
from adapter.sources.odm.document import OPENCLINICA, Element
from adapter.sources.odm.value import Cell, read_cell

LARGEST_SUBJECT = 128 << 20
"""Bytes that the values of one subject may take: a large trial's take some hundred thousand."""
MEND = "Correct it in the source and export again; nothing of this subject is taken until then."
_MEND_FORM = "Correct it in the source and export again; this form is kept back until then."
LEVELS = {
    "SubjectData": ("SubjectKey", ""),
    "StudyEventData": ("StudyEventOID", "StudyEventRepeatKey"),
    "FormData": ("FormOID", "FormRepeatKey"),
    "ItemGroupData": ("ItemGroupOID", "ItemGroupRepeatKey"),
}
Key = tuple[str, str, str]
"""What tells a child from its siblings: element, OID, repeat key."""


@dataclass(slots=True)
class Node:
    """A subject, event, form or group: what is in it, and where it was first told of.

    `entered` is the first time of its audit trail, as written, with that of what is around it where
    it has none of its own; `problems` keep a form back.
    """

    line: int
    children: dict[Key, Node] = field(default_factory=dict)
    cells: dict[str, Cell] = field(default_factory=dict)
    entered: str = ""
    status: str = ""
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class _Frame:
    """An element that has begun; `node` is None while nothing is held for it."""

    key: Key
    line: int
    transaction: str
    is_removed: bool
    node: Node | None
    entered: str = ""
    status: str = ""


@dataclass(slots=True)
class Subject:
    """A subject while it is read; `problems` keep all of it back."""

    name: str
    file: str
    study: str
    line: int
    root: Node
    problems: list[Problem] = field(default_factory=list)
    size: int = 0
    _frames: list[_Frame] = field(default_factory=list)

    def begin(self, name: str, element: Element) -> None:
        """An element of `LEVELS` begins."""
        line = element.sourceline or self.line
        said = element.get("TransactionType", "")
        if not self._frames:
            self._frames.append(_Frame((name, "", ""), line, said, said == "Remove", self.root))
            if said == "Remove":
                self.root.children.clear()
            return
        oid, repeat = LEVELS[name]
        around = self._frames[-1]
        key = (name, element.get(oid, ""), element.get(repeat, ""))
        transaction = said or around.transaction
        node = around.node.children.get(key) if around.node is not None else None
        is_removed = around.is_removed or transaction == "Remove"
        status = element.get(f"{{{OPENCLINICA}}}Status", "")
        frame = _Frame(key, line, transaction, is_removed, node, "", status)
        self._frames.append(frame)
        if around.is_removed and transaction != "Remove":
            self._refuse(line, "TransactionType", "`Remove` inside what is removed", "another")
        elif transaction == "Remove" and node is not None and around.node is not None:
            around.node.children.pop(key)
            frame.node = None
        elif transaction == "Update" and node is None and _is_form(frame, around):
            expected = "an update of a form that this file has"
            self._refuse(line, "TransactionType", expected, "one of a form that it has not")

    def take(self, name: str, element: Element) -> None:
        """A value, or an entry of the audit trail, is complete."""
        frame = self._frames[-1]
        if name == "AuditRecord":
            stamp = element.find("{*}DateTimeStamp")
            if stamp is not None:
                frame.entered = frame.entered or "".join(stamp.itertext()).strip()
            return
        transaction = element.get("TransactionType", "") or frame.transaction
        if frame.is_removed:
            if transaction != "Remove":
                line = element.sourceline or frame.line
                self._refuse(line, "TransactionType", "`Remove` inside what is removed", "another")
        elif transaction != "Context":
            self._set(element.get("ItemOID", ""), element, transaction)

    def end(self) -> None:
        """The element that began last ends."""
        frame = self._frames.pop()
        if frame.node is not None:
            frame.node.entered = frame.node.entered or frame.entered
            frame.node.status = frame.status or frame.node.status

    def origin(self, line: int, event: str = "") -> Origin:
        """A place in this subject's data."""
        return Origin(self.file, line, self.name, event)

    def _set(self, oid: str, element: Element, transaction: str) -> None:
        cell = read_cell(element)
        if transaction == "Remove" or cell is None:
            node = self._frames[-1].node
            if node is not None:
                node.cells.pop(oid, None)
            return
        node = self._node()
        before = node.cells.get(oid)
        if before is not None and transaction in {"", "Insert"} and before.values != cell.values:
            expected = "each value once, or an update of it"
            self._refuse(cell.line, oid, expected, "a second, other one")
            return
        self.size += cell.size
        if self.size > LARGEST_SUBJECT:
            expected = f"at most {LARGEST_SUBJECT >> 20} MiB of values of one subject"
            self.problems = [Problem(self.origin(self.line), "", expected, "more", MEND)]
            return
        if before is not None:
            cell.entered = before.entered or cell.entered
        node.cells[oid] = cell

    def _node(self, depth: int | None = None) -> Node:
        """What is held for an element that has begun, the innermost or one around it.

        It is made where nothing was held yet.
        """
        node = self.root
        for frame in self._frames[1:depth]:
            if frame.node is None:
                frame.node = node.children.setdefault(frame.key, Node(frame.line))
            node = frame.node
        return node

    def _refuse(self, line: int, what: str, expected: str, found: str) -> None:
        """Keeps back the form that this is in, or the whole subject where it is in none."""
        frames = self._frames
        forms = (n for n in range(1, len(frames)) if _is_form(frames[n], frames[n - 1]))
        depth = next(forms, None)
        problems = self.problems if depth is None else self._node(depth + 1).problems
        action = MEND if depth is None else _MEND_FORM
        problem = Problem(self.origin(line), what, expected, found, action)
        if problem not in problems and len(problems) < _MOST_PROBLEMS:
            problems.append(problem)


def _is_form(frame: _Frame, around: _Frame) -> bool:
    """Whether an element is a form: ODM 2.0 has no element of its own for it."""
    name = frame.key[0]
    return name == "FormData" or (name == "ItemGroupData" and around.key[0] == "StudyEventData")


_MOST_PROBLEMS = 20  # of one form: enough to see what is wrong with the file
