"""Which forms a file has, which fields they have, and where each item belongs.

A form is called as the study file calls it: by REDCap's name where REDCap wrote the file, else by
its OID. Groups that occur once in a form are part of it. A group that repeats inside a form is a
form of its own, `FORM/GROUP`, because each of its repeats is a set of answers of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from adapter.errors import Origin
from adapter.sources.odm.definitions import Definitions
from adapter.sources.odm.document import AGAIN, unreadable
from adapter.sources.odm.elements import Group, Item
from adapter.sources.source import FieldShape, FieldType, FormShape

LARGEST_LAYOUT = 500_000
"""Items in all forms together: a large project has some ten thousand."""
_YES_AND_NO = {"1": "Yes", "0": "No"}
_TYPES: dict[str, FieldType] = {
    "integer": "integer",
    "float": "decimal",
    "decimal": "decimal",
    "double": "decimal",
    "date": "date",
    "datetime": "dateTime",
    "partialDatetime": "dateTime",
    "time": "time",
    "base64Binary": "file",
    "hexBinary": "file",
}
_OF_REDCAP: dict[str, FieldType] = {"calc": "decimal", "slider": "integer", "file": "file"}


@dataclass(frozen=True, slots=True)
class Column:
    """One item in a form; its OID is its name in the study file, with REDCap's files too.

    `is_box`: one choice of a REDCap checkbox. `unit` is what it is told in where nothing else is
    said, the OID of a unit or, with `unit_item`, a value of that item; empty where it has none.
    """

    item: Item
    is_box: bool
    codes: Mapping[str, str]
    is_multiple: bool
    unit: str = ""
    unit_item: str = ""


@dataclass(slots=True)
class Layout:
    """One form of the source: its columns by item OID, and its fields."""

    form: str
    title: str
    columns: dict[str, Column] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layouts:
    """All forms: `of` by the OID of a form and of the repeating group in it (empty: the form)."""

    of: Mapping[tuple[str, str], Layout]
    definitions: Definitions
    file: str

    @property
    def shapes(self) -> dict[str, FormShape]:
        """The forms in the words of every source."""
        return {
            layout.form: FormShape(layout.form, _fields(layout, self.definitions), self.file)
            for layout in self.of.values()
            if layout.columns
        }

    @property
    def by_name(self) -> dict[str, Layout]:
        """The forms by their names in the study file."""
        return {layout.form: layout for layout in self.of.values() if layout.columns}


def lay_out(definitions: Definitions, file: str, multiple: Collection[str] = ()) -> Layouts:
    """The forms of a file; `multiple` are more items that may hold several choices.

    Raises:
        SourceError: so many groups refer to so many items that nobody can have meant it.
    """
    layouts: dict[tuple[str, str], Layout] = {}
    count = 0
    for oid, form in definitions.forms.items():
        name = form_name(definitions, oid)
        layouts[oid, ""] = Layout(name, form.title)
        for group, inside in _groups(definitions, form):
            layout = layouts[oid, ""]
            if inside is not None:
                called = f"{name}/{inside.oid}"
                layout = layouts.setdefault((oid, inside.oid), Layout(called, inside.title))
            for column in _columns(definitions, group, multiple):
                layout.columns.setdefault(column.item.oid, column)
            count += 1 + len(group.parts)
            if count > LARGEST_LAYOUT:
                expected = f"at most {LARGEST_LAYOUT} items in all forms"
                raise unreadable(Origin(file), expected, "more", AGAIN)
    return Layouts(layouts, definitions, file)


def form_name(definitions: Definitions, oid: str) -> str:
    """What the study file calls a form."""
    return oid.removeprefix("Form.") if definitions.is_redcap else oid


def is_status(definitions: Definitions, layout: Layout, name: str) -> bool:
    """Whether a column is REDCap's own: whether and when the form was completed."""
    own = {f"{layout.form}_complete", f"{layout.form}_timestamp"}
    return definitions.is_redcap and name in own


def _groups(definitions: Definitions, form: Group) -> Iterator[tuple[Group, Group | None]]:
    """A form's groups in order, itself first, each once, with the repeating group it is part of."""
    waiting: list[tuple[Group, Group | None]] = [(form, None)]
    met = {form.oid}
    while waiting:
        group, inside = waiting.pop()
        yield group, inside
        inner = [
            definitions.groups[part.oid]
            for part in group.parts
            if part.kind == "group" and part.oid in definitions.groups
        ]
        for each in reversed(inner):
            if each.oid not in met:
                met.add(each.oid)
                waiting.append((each, each if each.is_repeating else inside))


def _columns(definitions: Definitions, group: Group, multiple: Collection[str]) -> Iterator[Column]:
    for part in group.parts:
        item = definitions.items.get(part.oid) if part.kind == "item" else None
        if item is None or item.redcap.get("FieldType") == "descriptive":
            continue
        units = tuple(definitions.choices.get(_list_of(definitions, part.unit), ()))
        yield Column(
            item=item,
            is_box=item.redcap.get("FieldType") == "checkbox",
            codes=definitions.choices.get(item.code_list, {}),
            is_multiple=item.is_multiple or item.oid in multiple,
            unit=units[0] if units else next(iter(item.units), ""),
            unit_item=part.unit,
        )


def _list_of(definitions: Definitions, oid: str) -> str:
    item = definitions.items.get(oid)
    return item.code_list if item else ""


def _fields(layout: Layout, definitions: Definitions) -> dict[str, FieldShape]:
    """The fields of a form; all boxes of a REDCap checkbox are one."""
    fields: dict[str, FieldShape] = {}
    for column in layout.columns.values():
        item = column.item
        name = item.redcap.get("Variable", item.oid) if column.is_box else item.oid
        if name in fields or is_status(definitions, layout, name):
            continue
        kind = _type_of(column)
        choices = definitions.boxes.get(name, {}) if column.is_box else column.codes
        if kind == "choice":
            choices = choices or _YES_AND_NO
        fields[name] = FieldShape(name, kind, item.label, choices)
    return fields


def _type_of(column: Column) -> FieldType:
    item = column.item
    if column.is_box or column.is_multiple:
        return "choices"
    if column.codes or item.data_type == "boolean":
        return "choice"
    of_redcap = _OF_REDCAP.get(item.redcap.get("FieldType", ""))
    return of_redcap or _TYPES.get(item.data_type, "text")
