"""What each element of the metadata defines: an event, a group, an item, a list of choices."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from adapter.sources.odm.document import OPENCLINICA, REDCAP, Element


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
    redcap: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Item:
    """One item as it is defined; what REDCap adds to it is by the names of its attributes.

    `is_multiple`: it may hold several of its choices; `units` are the OIDs of measurement units;
    `low` and `high` are what its range checks say; `loinc` are its codes of LOINC.
    """

    oid: str
    data_type: str
    label: str
    code_list: str
    is_multiple: bool
    units: tuple[str, ...]
    low: str
    high: str
    loinc: tuple[str, ...]
    redcap: Mapping[str, str]


def event_of(oid: str, element: Element) -> Event:
    """A study event."""
    forms = [
        child.get("FormOID", "") or child.get("ItemGroupOID", "")
        for child in _in_order(element, "FormRef", "ItemGroupRef")
    ]
    return Event(
        oid=oid,
        name=redcap_attribute(element, "UniqueEventName") or oid,
        title=element.get("Name", oid),
        is_repeating=element.get("Repeating", "No") != "No",
        forms=tuple(forms),
        redcap=_redcap_attributes(element),
    )


def group_of(oid: str, element: Element) -> Group:
    """A form or an item group."""
    parts = [
        Part("group", child.get("ItemGroupOID", ""))
        if child.get("ItemGroupOID") is not None
        else Part("item", child.get("ItemOID", ""), child.get("UnitsItemOID", ""))
        for child in _in_order(element, "ItemGroupRef", "ItemRef")
    ]
    is_repeating = element.get("Repeating", "No") != "No"
    return Group(oid, element.get("Name", oid), is_repeating, tuple(parts))


def item_of(oid: str, element: Element) -> Item:
    """An item."""
    listed, code_list = element.find("{*}CodeListRef"), ""
    several = element.find(f"{{{OPENCLINICA}}}MultiSelectListRef")
    if several is not None:
        code_list = several.get("MultiSelectListID", "")
    elif listed is not None:
        code_list = listed.get("CodeListOID", "")
    limits: dict[str, str] = {}
    for check in element.iterchildren("{*}RangeCheck"):
        value = check.find("{*}CheckValue")
        if value is not None:
            limits[check.get("Comparator", "")] = "".join(value.itertext()).strip()
    return Item(
        oid=oid,
        data_type=element.get("DataType", "text"),
        label=text_of(element.find("{*}Question")) or text_of(element.find("{*}Description")),
        code_list=code_list,
        is_multiple=several is not None,
        units=tuple(
            unit.get("MeasurementUnitOID", "")
            for unit in element.iterchildren("{*}MeasurementUnitRef")
        ),
        low=limits.get("GE", ""),
        high=limits.get("LE", ""),
        loinc=tuple(dict.fromkeys(_loinc(element))),
        redcap=_redcap_attributes(element),
    )


def _loinc(element: Element) -> Iterator[str]:
    """Its codes of LOINC: an alias by that name, or a coding of ODM 2.0."""
    for child in element.iterchildren("{*}Alias", "{*}Coding"):
        said = f"{child.get('Context', '')} {child.get('System', '')}".lower()
        if "loinc" in said:
            yield child.get("Name", "") or child.get("Code", "")


def _redcap_attributes(element: Element) -> dict[str, str]:
    prefix = f"{{{REDCAP}}}"
    return {
        str(name).removeprefix(prefix): str(value)
        for name, value in element.attrib.items()
        if str(name).startswith(prefix)
    }


def choices_of(element: Element) -> dict[str, str]:
    """The codes of a code list with their labels; a code without one is its own."""
    return {
        item.get("CodedValue", ""): text_of(item.find("{*}Decode")) or item.get("CodedValue", "")
        for item in _in_order(element, "CodeListItem", "EnumeratedItem")
    }


def options_of(element: Element) -> dict[str, str]:
    """The same of OpenClinica's lists of several choices."""
    items = element.iterchildren(f"{{{OPENCLINICA}}}MultiSelectListItem")
    return {item.get("CodedOptionValue", ""): text_of(item.find("{*}Decode")) for item in items}


def boxes_of(element: Element) -> dict[str, str]:
    """The choices of a REDCap checkbox: its own list has only checked and unchecked."""
    said = redcap_attribute(element, "CheckboxChoices")
    pairs = (part.split(",", 1) for part in said.split("|") if "," in part)
    return {code.strip(): label.strip() for code, label in pairs}


def repeating_of(element: Element) -> set[tuple[str, str]]:
    """REDCap's events and forms that repeat, as (event, form); the form is empty for an event."""
    repeats = (f"{{{REDCAP}}}RepeatingInstrument", f"{{{REDCAP}}}RepeatingEvent")
    return {
        (redcap_attribute(each, "UniqueEventName"), redcap_attribute(each, "RepeatInstrument"))
        for each in element.iter(*repeats)
    }


def text_of(element: Element | None) -> str:
    """The words of an element of translated texts: without a language, else English, else any."""
    if element is None:
        return ""
    said: dict[str, str] = {}
    for child in element.iterchildren("{*}TranslatedText"):
        language = child.get("{http://www.w3.org/XML/1998/namespace}lang", "")
        said.setdefault(language[:2].lower(), " ".join("".join(child.itertext()).split()))
    return said.get("") or said.get("en") or next(iter(said.values()), "")


def missing_codes_of(text: str) -> dict[str, str]:
    """REDCap's list of them, a line or a stroke apart: `NI, No information`."""
    pairs = (re.split(r"[,=]", part, maxsplit=1) for part in re.split(r"[\n|]", text))
    return {pair[0].strip(): pair[-1].strip() for pair in pairs if pair[0].strip()}


def _in_order(element: Element, *names: str) -> list[Element]:
    """The children of these names by their order numbers, where they have some."""

    def place(child: Element) -> int:
        said = child.get("OrderNumber", "")
        return int(said) if said.isdecimal() and len(said) < 10 else 0  # noqa: PLR2004

    return sorted(element.iterchildren(*(f"{{*}}{name}" for name in names)), key=place)


def redcap_attribute(element: Element, name: str) -> str:
    """What REDCap adds to an element under this name, empty where it does not."""
    return element.get(f"{{{REDCAP}}}{name}", "")
