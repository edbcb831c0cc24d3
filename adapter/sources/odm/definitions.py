"""What an ODM file defines: events, forms, groups, items, code lists and units.

ODM 1.3 has forms of item groups of items; in ODM 2.0 a form is an item group like any other, and
groups stand in groups. Both become groups here. Several versions of the metadata in one file are
read as one, in which the later definition of the same thing stands.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

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
from adapter.sources.odm.elements import (
    Event,
    Group,
    Item,
    boxes_of,
    choices_of,
    event_of,
    group_of,
    item_of,
    missing_codes_of,
    options_of,
    redcap_attribute,
    repeating_of,
    text_of,
)

LARGEST_METADATA = 128 << 20
"""Bytes of definitions: those of a large project take some millions."""
_DEFINED = (
    "StudyName",
    "StudyEventDef",
    "FormDef",
    "ItemGroupDef",
    "ItemDef",
    "CodeList",
    "MeasurementUnit",
)
_OF_VENDORS = {
    f"{{{REDCAP}}}RepeatingInstrumentsAndEvents": "Repeating",
    f"{{{REDCAP}}}MissingDataCodes": "MissingDataCodes",
    f"{{{OPENCLINICA}}}MultiSelectList": "MultiSelectList",
}
_IN_FRONT = ("ODM", "Study", "GlobalVariables", "BasicDefinitions", "MetaDataVersion")


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
    units: dict[str, str] = field(default_factory=dict)
    repeating: set[tuple[str, str]] = field(default_factory=set)
    missing_codes: dict[str, str] = field(default_factory=dict)
    record_id: str = ""
    title: str = ""
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
            if name == "Study" and kind == "start":
                found.title = found.title or element.get("StudyName", "")
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


def _take(found: Definitions, name: str, element: Element) -> None:
    oid = element.get("OID", "")
    match name:
        case "StudyName":
            found.title = found.title or (element.text or "").strip()
        case "StudyEventDef":
            found.events[oid] = event_of(oid, element)
        case "FormDef":
            found.forms[oid] = group_of(oid, element)
        case "ItemGroupDef":
            found.groups[oid] = group_of(oid, element)
            if element.get("Type") == "Form":
                found.forms[oid] = found.groups[oid]
        case "ItemDef":
            found.items[oid] = item_of(oid, element)
        case "MeasurementUnit":
            found.units[oid] = text_of(element.find("{*}Symbol")) or element.get("Name", "")
        case _:
            _take_list(found, name, element)


def _take_list(found: Definitions, name: str, element: Element) -> None:
    match name:
        case "CodeList":
            found.choices[element.get("OID", "")] = choices_of(element)
            if boxes := boxes_of(element):
                found.boxes[redcap_attribute(element, "Variable")] = boxes
        case "MultiSelectList":
            found.choices[element.get("ID", "")] = options_of(element)
        case "Repeating":
            found.repeating.update(repeating_of(element))
        case _:
            found.missing_codes.update(missing_codes_of("".join(element.itertext())))


def _settle_forms(found: Definitions, root: Root) -> None:
    """In ODM 2.0 what an event refers to is a form, whatever it calls itself."""
    if root.version == "2.0":
        for event in found.events.values():
            for oid in event.forms:
                if oid in found.groups:
                    found.forms.setdefault(oid, found.groups[oid])


def _too_large(path: Path, element: Element) -> SourceError:
    return unreadable(
        Origin(path.name, element.sourceline),
        f"at most {LARGEST_METADATA >> 20} MiB of definitions",
        "more",
        AGAIN,
    )
