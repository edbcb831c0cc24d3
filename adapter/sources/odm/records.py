"""A subject's tree becomes records: one for each form, and for each repeat of a group inside it.

Repeats are told by one number. A single repeat key that is a whole number is that number. Where
events, forms and groups repeat within each other, or keys are words, the number is derived from all
keys, so that the same cell is the same record in every export. An event that repeats may be mapped
repeat by repeat, under the name `EVENT[KEY]`; its key is then none of the record's repeat.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from adapter.errors import Origin, Problem
from adapter.instruments.fields import checkbox_column
from adapter.instruments.response import MARKED, Record
from adapter.instruments.study import Study
from adapter.sources.odm.document import AGAIN
from adapter.sources.odm.layout import Column, Layout, Layouts, form_name, is_status
from adapter.sources.odm.subject import Key, Node, Subject
from adapter.sources.odm.value import Cell, as_read, instant, local_time

_WHOLE = re.compile(r"[1-9][0-9]{0,8}")
# What is derived lies above every number that is taken as it stands, within FHIR's integers.
_DERIVED, _DERIVED_COUNT = 1_000_000_000, 1_147_000_000
# What OpenClinica's states of a form are in the words of every source; it may enter everything
# twice, and what was entered once is not verified. From memory, unverified.
_STATES = {
    "not started": "0",
    "data entry started": "0",
    "initial data entry": "0",
    "double data entry": "1",
    "initial data entry complete": "1",
    "complete": "2",
    "data entry complete": "2",
    "validation completed": "2",
}


@dataclass(slots=True)
class _Instance:
    """The cells of one record: a form's, or those of one repeat of a group in it.

    `entered` has the first times of the groups around the cells; `problems` keep it back.
    """

    layout: Layout
    origin: Origin
    keys: tuple[str, ...]
    cells: dict[str, Cell] = field(default_factory=dict)
    entered: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, what: str, expected: str, found: str, action: str = AGAIN) -> None:
        """Notes what is wrong with it."""
        self.problems.append(Problem(self.origin, what, expected, found, action))


class RecordMaker:
    """What makes records of subjects: the forms of the file, and the study that names them."""

    def __init__(self, layouts: Layouts, study: Study) -> None:
        """`layouts` are the file's forms; `study` is the one that they belong to."""
        self._layouts, self._study = layouts.of, study
        self._definitions = layouts.definitions
        self._names: dict[str, set[str]] = {}
        for (oid, _), layout in layouts.of.items():
            self._names.setdefault(oid, set()).add(layout.form)

    def records_of(self, subject: Subject, forms: frozenset[str]) -> Iterator[Record | Problem]:
        """Every record of these forms of a subject, or what is wrong with it."""
        if subject.problems:
            yield from subject.problems
            return
        for key, node in subject.root.children.items():
            if key[0] == "StudyEventData":
                for form_key, form in node.children.items():
                    yield from self._of_form(subject, key, (form_key, form), forms)
            else:  # REDCap writes no event around the forms of a project that has none
                yield from self._of_form(subject, ("", "", ""), (key, node), forms)

    def _of_form(
        self, subject: Subject, event: Key, form: tuple[Key, Node], forms: frozenset[str]
    ) -> Iterator[Record | Problem]:
        (_, oid, form_key), node = form
        names = self._names.get(oid)
        if names is None:
            if _has_cells(node):
                origin, expected = subject.origin(node.line, event[1]), "a form that is defined"
                yield Problem(origin, "FormOID", expected, "another one", AGAIN)
            return
        if forms.isdisjoint(names):
            return
        for problem in node.problems:
            yield replace(problem, origin=replace(problem.origin, event=event[1]))
        if node.problems:
            return
        layout = self._layouts[oid, ""]
        name, keys = self._place(event, oid, form_key)
        whole = _Instance(layout, subject.origin(node.line, name), keys)
        for instance in self._instances(oid, whole, node):
            state = _STATES.get(node.status, "")
            is_there = instance.cells or instance.problems or state in MARKED
            if instance.layout.form in forms and is_there:
                yield from self._record(instance, whole, state)

    def _place(self, event: Key, form: str, form_key: str) -> tuple[str, tuple[str, ...]]:
        """The event by its name in the study file, and the keys that tell repeats apart."""
        known = self._definitions.events.get(event[1])
        name = known.name if known else event[1]
        if self._definitions.is_redcap:
            return self._place_in_redcap(name, event[2], form, form_key)
        keys: list[str] = []
        if event[2] and (known is None or known.is_repeating):
            numbered = f"{name}[{event[2]}]"
            if self._study.timepoint_of(numbered) is None:
                keys.append(event[2])
            else:
                name = numbered
        if form_key and self._definitions.forms[form].is_repeating:
            keys.append(form_key)
        return name, tuple(keys)

    def _place_in_redcap(
        self, name: str, event_key: str, form: str, form_key: str
    ) -> tuple[str, tuple[str, ...]]:
        """REDCap numbers every event and every form, and says elsewhere which of them repeat.

        A project without events has none in its flat export either. How REDCap numbers an event
        that repeats was not to be seen in a real export, so either key is taken.
        """
        repeating, keys = self._definitions.repeating, tuple[str, ...]()
        place = name or "event_1_arm_1"
        if (place, "") in repeating:
            keys = (form_key if event_key in {"", "1"} else event_key,)
        elif (place, form_name(self._definitions, form)) in repeating:
            keys = (form_key,)
        return (name if self._definitions.events else ""), keys

    def _instances(self, form: str, whole: _Instance, node: Node) -> list[_Instance]:
        """What the form holds, and after it each repeat of a group in it."""
        found = [whole]
        waiting: list[tuple[Node, _Instance]] = [(node, whole)]
        while waiting:
            around, instance = waiting.pop()
            for oid, cell in around.cells.items():
                before = instance.cells.setdefault(oid, cell)
                if before.values != cell.values:
                    instance.refuse(oid, "each item of a form once", "a second, other value")
            instance.entered.append(around.entered)
            for (_, oid, key), child in around.children.items():
                layout = self._layouts.get((form, oid))
                if layout is not None:
                    origin = replace(instance.origin, line=child.line)
                    keys = (*instance.keys, *([key] if key else []))
                    repeat = _Instance(layout, origin, keys)
                    found.append(repeat)
                    waiting.append((child, repeat))
                elif oid in self._definitions.groups:
                    waiting.append((child, instance))
                elif _has_cells(child):
                    expected = "an item group that is defined"
                    instance.refuse("ItemGroupOID", expected, "another one")
        return found

    def _record(
        self, instance: _Instance, whole: _Instance, state: str
    ) -> Iterator[Record | Problem]:
        layout, zone = instance.layout, self._study.timezone
        if self._definitions.is_redcap and not all(map(_WHOLE.fullmatch, instance.keys)):
            what = "FormRepeatKey, StudyEventRepeatKey"
            instance.refuse(what, "a whole number from 1", "something else")
        _check_units(instance)
        _check_counts(instance)
        if instance.problems:
            yield from instance.problems
            return
        values: dict[str, str] = {}
        own: dict[str, str] = {}
        for oid, cell in instance.cells.items():
            is_own = is_status(self._definitions, layout, oid)
            if is_own or oid != self._study.record_id:
                told = own if is_own else values
                told.update(_values(oid, cell, layout.columns.get(oid), zone))
        complete = own.get(f"{layout.form}_complete", state)
        if values or complete in MARKED:
            yield Record(
                participant=instance.origin.record,
                event=instance.origin.event,
                form=layout.form,
                repeat=_repeat(instance.keys),
                values=values,
                origin=instance.origin,
                complete=complete,
                completed_at=self._completed_at(instance, whole, {**own, **values}),
            )

    def _completed_at(self, instance: _Instance, whole: _Instance, told: dict[str, str]) -> str:
        layout, zone = instance.layout, self._study.timezone
        placement = self._study.placement_of(layout.form)
        name = placement.completed_at if placement else None
        if name is not None:
            cell = whole.cells.get(name)
            return told.get(name) or (as_read(cell.values[0], "datetime", zone) if cell else "")
        stamp = told.get(f"{layout.form}_timestamp", "") if self._definitions.is_redcap else ""
        if stamp:
            return "" if stamp == "[not completed]" else stamp
        entered = [cell.entered for cell in instance.cells.values() if cell.entered]
        entered = entered or [time for time in (*instance.entered, *whole.entered) if time]
        moments = [(moment, text) for text in entered if (moment := instant(text, zone))]
        return local_time(min(moments)[1], zone) if moments else ""


def _check_units(instance: _Instance) -> None:
    """Refuses values in another unit than the first of their definition: a mapping goes by it."""
    for oid, cell in instance.cells.items():
        column = instance.layout.columns.get(oid)
        if column is None:
            continue
        holder = instance.cells.get(column.unit_item)
        told = holder.values[0] if holder else cell.unit
        if told and told != column.unit:
            expected = f"`{column.unit}`, its first unit" if column.unit else "no unit, as defined"
            action = "Convert it in the source; this form is kept back until then."
            instance.refuse(oid, expected, "another unit", action)


def _check_counts(instance: _Instance) -> None:
    """Refuses several choices where one is to be read: none of them would be the answer."""
    for oid, cell in instance.cells.items():
        column = instance.layout.columns.get(oid)
        if column is not None and len(cell.values) > 1 and column.codes and not column.is_multiple:
            action = "Name the item in `multiple` of this source in adapter.toml."
            instance.refuse(oid, "one value", "several", action)


def _values(oid: str, cell: Cell, column: Column | None, zone: str) -> dict[str, str]:
    """A cell's columns; boxes that are not ticked have none."""
    data_type = column.item.data_type if column else ""
    values = [as_read(value, data_type, zone) for value in cell.values]
    if column is not None and column.is_box:
        return {oid: values[0]} if values[0] != "0" else {}
    if column is not None and column.is_multiple:
        # OpenClinica writes all of them into one value; ODM 2.0 has a `Value` for each.
        codes = [code for value in values for code in value.split(",")]
        return {checkbox_column(oid, code.strip()): "1" for code in codes}
    return {oid: "\n".join(values)}


def _repeat(keys: tuple[str, ...]) -> int | None:
    if not keys:
        return None
    if len(keys) == 1 and _WHOLE.fullmatch(keys[0]):
        return int(keys[0])
    text = "\x1f".join(keys).encode()
    digest = hashlib.blake2b(text, digest_size=8).digest()
    return _DERIVED + int.from_bytes(digest, "big") % _DERIVED_COUNT


def _has_cells(node: Node) -> bool:
    return bool(node.cells) or any(map(_has_cells, node.children.values()))
