"""What an ODM file defines: events, forms, groups, items, code lists and units.

ODM 1.3 has forms of item groups of items; in ODM 2.0 a form is an item group like any other, and
groups stand in groups. Both become groups here. Several versions of the metadata in one file are
read as one, in which the later definition of the same thing stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from lxml import etree

from adapter.errors import Origin, SourceError
from adapter.sources.odm.document import (
    AGAIN,
    OPENCLINICA,
    REDCAP,
    Element,
    Reading,
    Root,
    read_elements,
    unreadable,
)

LARGEST_METADATA = 128 << 20
"""Bytes of definitions: those of a large project take some millions."""
_DEFINED = ("StudyEventDef", "FormDef", "ItemGroupDef", "ItemDef", "CodeList", "MeasurementUnit")
_OF_VENDORS = {
    f"{{{REDCAP}}}RepeatingInstrumentsAndEvents": "Repeating",
    f"{{{REDCAP}}}MissingDataCodes": "MissingDataCodes",
    f"{{{OPENCLINICA}}}MultiSelectList": "MultiSelectList",
}
_IN_FRONT = ("ODM", "Study", "GlobalVariables", "BasicDefinitions", "MetaDataVersion")


@dataclass(frozen=True, slots=True)
class Part:
    """What a group refers to: an item or a group; `unit` is ODM 2.0's item that holds its unit."""

    kind: Literal["item", "group"]
    oid: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A form or an item group: what it is called, and its parts in order."""

    oid: str
    title: str
    is_repeating: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """A study event: its name in the study file, and the forms it has, in order."""

    oid: str
    name: str
    title: str
    is_repeating: bool
    forms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One item as it is defined; what REDCap adds to it is by the names of its attributes.

    `units` are the OIDs of measurement units; `low` and `high` are what its range checks say.
    """

    oid: str
    data_type: str
    label: str
    code_list: str
    units: tuple[str, ...]
    low: str
    high: str
    redcap: Mapping[str, str]


@dataclass(slots=True)
class Definitions:
    """All that a file defines, by OID, in order.

    `choices` has code to label for each code list, and `boxes` the choices of REDCap's checkboxes,
    whose lists only say checked and unchecked. `repeating` has REDCap's events that repeat, and its
    forms that do, as (event, form).
    """

    events: dict[str, Event] = field(default_factory=dict)
    forms: dict[str, Group] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    choices: dict[str, dict[str, str]] = field(default_factory=dict)
    boxes: dict[str, dict[str, str]] = field(default_factory=dict)
    multiple: set[str] = field(default_factory=set)
    units: dict[str, str] = field(default_factory=dict)
    repeating: set[tuple[str, str]] = field(default_factory=set)
    missing_codes: dict[str, str] = field(default_factory=dict)
    record_id: str = ""
    size: int = 0

    @property
    def is_redcap(self) -> bool:
        """Whether REDCap wrote it: its own names are used then."""
        return bool(self.record_id)


def read_definitions(path: Path, root: Root) -> Definitions:
    """What a file defines before its clinical data.

    Raises:
        SourceError: it cannot be read so far, defines no form, or more than can be true.
    """
    of_odm = f"{{{root.namespace}}}"
    reading = Reading(
        {f"{of_odm}{name}": name for name in (*_IN_FRONT, "ClinicalData")},
        {**{f"{of_odm}{name}": name for name in _DEFINED}, **_OF_VENDORS},
    )
    found = Definitions()
    with closing(read_elements(path, reading)) as elements:
        for kind, name, element in elements:
            if name == "ClinicalData":
                break
            if name == "MetaDataVersion" and kind == "start":
                found.record_id = element.get(f"{{{REDCAP}}}RecordIdField", found.record_id)
            if kind == "whole":
                found.size += len(etree.tostring(element))
                if found.size > LARGEST_METADATA:
                    raise _too_large(path, element)
                _take(found, name, element)
    _settle_forms(found, root)
    if not found.forms:
        raise unreadable(
            Origin(path.name),
            "definitions of forms before the clinical data",
            "none",
            "Export with the metadata, or name the file that has them as `definitions`.",
        )
    return found


def text_of(element: Element | None) -> str:
    """The words of an element of translated texts: without a language, else English, else any."""
    if element is None:
        return ""
    said: dict[str, str] = {}
    for child in element.iterchildren("{*}TranslatedText"):
        language = child.get("{http://www.w3.org/XML/1998/namespace}lang", "")
        said.setdefault(language[:2].lower(), " ".join("".join(child.itertext()).split()))
    return said.get("") or said.get("en") or next(iter(said.values()), "")


def _take(found: Definitions, name: str, element: Element) -> None:
    oid = element.get("OID", "")
    match name:
        case "StudyEventDef":
            found.events[oid] = _event(oid, element)
        case "FormDef":
            found.forms[oid] = _group(oid, element)
        case "ItemGroupDef":
            found.groups[oid] = _group(oid, element)
            if element.get("Type") == "Form":
                found.forms[oid] = found.groups[oid]
        case "ItemDef":
            found.items[oid] = _item(oid, element, found.multiple)
        case "CodeList":
            _take_list(found, oid, element)
        case "MultiSelectList":
            items = element.iterchildren(f"{{{OPENCLINICA}}}MultiSelectListItem")
            found.choices[element.get("ID", "")] = {
                item.get("CodedOptionValue", ""): text_of(item.find("{*}Decode")) for item in items
            }
        case "MeasurementUnit":
            found.units[oid] = text_of(element.find("{*}Symbol")) or element.get("Name", "")
        case "Repeating":
            found.repeating.update(
                (_redcap(each, "UniqueEventName"), _redcap(each, "RepeatInstrument"))
                for each in element.iter(
                    f"{{{REDCAP}}}RepeatingInstrument", f"{{{REDCAP}}}RepeatingEvent"
                )
            )
        case _:
            found.missing_codes.update(_missing_codes("".join(element.itertext())))


def _event(oid: str, element: Element) -> Event:
    forms = [
        child.get("FormOID", "") or child.get("ItemGroupOID", "")
        for child in _in_order(element, "FormRef", "ItemGroupRef")
    ]
    return Event(
        oid=oid,
        name=_redcap(element, "UniqueEventName") or oid,
        title=element.get("Name", oid),
        is_repeating=element.get("Repeating", "No") != "No",
        forms=tuple(forms),
    )


def _group(oid: str, element: Element) -> Group:
    parts = [
        Part("group", child.get("ItemGroupOID", ""))
        if child.get("ItemGroupOID") is not None
        else Part("item", child.get("ItemOID", ""), child.get("UnitsItemOID", ""))
        for child in _in_order(element, "ItemGroupRef", "ItemRef")
    ]
    is_repeating = element.get("Repeating", "No") != "No"
    return Group(oid, element.get("Name", oid), is_repeating, tuple(parts))


def _item(oid: str, element: Element, multiple: set[str]) -> Item:
    listed, code_list = element.find("{*}CodeListRef"), ""
    several = element.find(f"{{{OPENCLINICA}}}MultiSelectListRef")
    if several is not None:
        multiple.add(oid)
        code_list = several.get("MultiSelectListID", "")
    elif listed is not None:
        code_list = listed.get("CodeListOID", "")
    limits: dict[str, str] = {}
    for check in element.iterchildren("{*}RangeCheck"):
        value = check.find("{*}CheckValue")
        if value is not None:
            limits[check.get("Comparator", "")] = "".join(value.itertext()).strip()
    prefix = f"{{{REDCAP}}}"
    return Item(
        oid=oid,
        data_type=element.get("DataType", "text"),
        label=text_of(element.find("{*}Question")) or text_of(element.find("{*}Description")),
        code_list=code_list,
        units=tuple(
            unit.get("MeasurementUnitOID", "")
            for unit in element.iterchildren("{*}MeasurementUnitRef")
        ),
        low=limits.get("GE", ""),
        high=limits.get("LE", ""),
        redcap={
            str(name).removeprefix(prefix): str(value)
            for name, value in element.attrib.items()
            if str(name).startswith(prefix)
        },
    )


def _take_list(found: Definitions, oid: str, element: Element) -> None:
    found.choices[oid] = {
        item.get("CodedValue", ""): text_of(item.find("{*}Decode")) or item.get("CodedValue", "")
        for item in _in_order(element, "CodeListItem", "EnumeratedItem")
    }
    if said := _redcap(element, "CheckboxChoices"):
        pairs = (part.split(",", 1) for part in said.split("|") if "," in part)
        found.boxes[_redcap(element, "Variable")] = {
            code.strip(): label.strip() for code, label in pairs
        }


def _missing_codes(text: str) -> dict[str, str]:
    """REDCap's list of them, a line or a stroke apart: `NI, No information`."""
    pairs = (re.split(r"[,=]", part, maxsplit=1) for part in re.split(r"[\n|]", text))
    return {pair[0].strip(): pair[-1].strip() for pair in pairs if pair[0].strip()}


def _in_order(element: Element, *names: str) -> list[Element]:
    """The children of these names by their order numbers, where they have some."""

    def place(child: Element) -> int:
        said = child.get("OrderNumber", "")
        return int(said) if said.isdecimal() and len(said) < 10 else 0  # noqa: PLR2004

    return sorted(element.iterchildren(*(f"{{*}}{name}" for name in names)), key=place)


def _settle_forms(found: Definitions, root: Root) -> None:
    """In ODM 2.0 what an event refers to is a form, whatever it calls itself."""
    if root.version == "2.0":
        for event in found.events.values():
            for oid in event.forms:
                if oid in found.groups:
                    found.forms.setdefault(oid, found.groups[oid])


def _redcap(element: Element, name: str) -> str:
    return element.get(f"{{{REDCAP}}}{name}", "")


def _too_large(path: Path, element: Element) -> SourceError:
    return unreadable(
        Origin(path.name, element.sourceline),
        f"at most {LARGEST_METADATA >> 20} MiB of definitions",
        "more",
        AGAIN,
    )
