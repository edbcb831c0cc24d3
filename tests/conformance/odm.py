"""The little project as ODM: as REDCap writes it, and by the standard with a vendor's additions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from lxml import etree

from adapter.sources.odm import OdmFile
from adapter.sources.odm.document import OPENCLINICA, REDCAP, Element
from adapter.sources.source import Source
from tests.unit.ingest.project import FIELDS, FORM_NAMES, KEYS, Cells, columns, study

LOG, SENT = "log_arm_1", "2024-01-31T23:15:00Z"  # the time of `mood()`, told by another clock
EVENTS = ("week_0_arm_1", "week_4_arm_1", LOG)
STATES = {"2": "complete", "1": "initial data entry complete", "0": "initial data entry"}
TYPES = {"radio": "text", "yesno": "boolean", "checkbox": "text"}


@dataclass(frozen=True)
class Standard:
    """One way to write ODM by the standard; `typed` values stand in elements of their type."""

    namespace: str
    version: str
    is_typed: bool = False

    @property
    def has_forms(self) -> bool:
        """Whether a form has elements of its own, as before ODM 2.0."""
        return self.version != "2.0"

    def root(self, file_type: str) -> Element:
        prefixes = {None: self.namespace, "OpenClinica": OPENCLINICA, "redcap": REDCAP}
        return etree.Element(
            f"{{{self.namespace}}}ODM",
            {"ODMVersion": self.version, "FileType": file_type, "FileOID": "F.1"},
            nsmap=prefixes,
        )


def add(parent: Element, name: str, /, **attributes: str) -> Element:
    """A child in its parent's namespace; `vendor__Name` is an attribute of a vendor's."""
    spaces = {"redcap": REDCAP, "oc": OPENCLINICA}
    given = {}
    for key, value in attributes.items():
        vendor, _, local = key.rpartition("__")
        given[f"{{{spaces[vendor]}}}{local}" if vendor else key] = value
    space = etree.QName(parent).namespace
    tag = name if name.startswith("{") else f"{{{space}}}{name}"
    return etree.SubElement(parent, tag, given)


def worded(parent: Element, name: str, text: str) -> None:
    add(add(parent, name), "TranslatedText").text = text


def choices_of(kind: str, listed: str) -> dict[str, str]:
    text = "1, Yes | 0, No" if kind == "yesno" else listed
    pairs = (choice.strip().split(", ", 1) for choice in text.split("|") if choice)
    return dict(pairs)


def columns_of(form: str) -> list[str]:
    fields = tuple(field for field in FIELDS if field[1] == form and field[0] != "record_id")
    return [name for name in columns(fields) if name not in KEYS]


def told_forms(row: Cells) -> dict[str, Cells]:
    """Each form that a row holds, with its cells."""
    told = {
        form: {name: row[name] for name in columns_of(form) if row.get(name)} for form in FORM_NAMES
    }
    return {form: cells for form, cells in told.items() if cells}


def subjects_of(rows: list[Cells]) -> list[tuple[str, list[Cells]]]:
    """The rows of each record; a sign that XML does not have becomes one that is no better."""
    return [
        (name.replace("\x0b", "\x7f"), list(of))
        for name, of in groupby(rows, key=lambda row: row["record_id"])
    ]


def open_redcap(folder: Path, rows: list[Cells], spoilt: str) -> Source:
    way = Standard("http://www.cdisc.org/ns/odm/v1.3", "1.3.1")
    root = way.root("Snapshot")
    defined = add(root, "Study", OID="Project.Small")
    settings = add(defined, "GlobalVariables")
    repeats = add(settings, f"{{{REDCAP}}}RepeatingInstrumentsAndEvents")
    inner = etree.SubElement(repeats, f"{{{REDCAP}}}RepeatingInstruments")
    etree.SubElement(
        inner,
        f"{{{REDCAP}}}RepeatingInstrument",
        {f"{{{REDCAP}}}UniqueEventName": LOG, f"{{{REDCAP}}}RepeatInstrument": "incident"},
    )
    _define_as_redcap(add(defined, "MetaDataVersion", OID="M", redcap__RecordIdField="record_id"))
    data = add(root, "ClinicalData", StudyOID="Project.Small", MetaDataVersionOID="M")
    for name, of in subjects_of(rows):
        key = {} if name == spoilt else {"SubjectKey": name}
        subject = add(data, "SubjectData", redcap__RecordIdField="record_id", **key)
        for row in of:
            event = row.get("redcap_event_name", "")
            around = add(
                subject,
                "StudyEventData",
                StudyEventOID=f"Event.{event}",
                StudyEventRepeatKey="1",
                redcap__UniqueEventName=event,
            )
            for form, cells in told_forms(row).items():
                repeat = row.get("redcap_repeat_instance") or "1"
                data_of = add(around, "FormData", FormOID=f"Form.{form}", FormRepeatKey=repeat)
                for column, value in {**_unticked(form), **cells}.items():
                    group = f"{form}.{column}"
                    inside = add(
                        data_of, "ItemGroupData", ItemGroupOID=group, ItemGroupRepeatKey="1"
                    )
                    add(inside, "ItemData", ItemOID=column, Value=value)
    return _opened(folder, root)


def open_standard(way: Standard, folder: Path, rows: list[Cells], spoilt: str) -> Source:
    root = way.root("Transactional" if way.is_typed else "Snapshot")
    defined = add(root, "Study", OID="S")
    _define(add(defined, "MetaDataVersion", OID="M", Name="Version 1"), way)
    data = add(root, "ClinicalData", StudyOID="S", MetaDataVersionOID="M")
    for name, of in subjects_of(rows):
        key = {} if name == spoilt else {"SubjectKey": name}
        subject = add(data, "SubjectData", TransactionType="Insert", **key)
        add(subject, f"{{{OPENCLINICA}}}Annotations").text = "a vendor's own"
        for row in of:
            event = add(subject, "StudyEventData", StudyEventOID=row.get("redcap_event_name", ""))
            for form, cells in told_forms(row).items():
                _write_form(way, event, form, row, cells)
    return _opened(folder, root)


def _write_form(way: Standard, event: Element, form: str, row: Cells, cells: Cells) -> None:
    name = "FormData" if way.has_forms else "ItemGroupData"
    oid, key = (
        ("FormOID", "FormRepeatKey")
        if way.has_forms
        else (
            "ItemGroupOID",
            "ItemGroupRepeatKey",
        )
    )
    said = {oid: form}
    if row.get("redcap_repeat_instance") and form == "incident":
        said[key] = row["redcap_repeat_instance"]
    state = cells.pop(f"{form}_complete", "")
    around = add(event, name, oc__Status=STATES.get(state, ""), **said)
    sent = cells.pop(f"{form}_timestamp", "")
    if sent and sent != "[not completed]":
        record = add(around, "AuditRecord", EditPoint="Monitoring")
        add(record, "UserRef", UserOID="U.1")
        add(record, "LocationRef", LocationOID="L.1")
        add(record, "DateTimeStamp").text = SENT
    group = add(around, "ItemGroupData", ItemGroupOID=f"{form}.items")
    for item, values in _by_item(cells).items():
        _write_item(way, group, item, values)


def _write_item(way: Standard, group: Element, item: str, values: list[str]) -> None:
    if way.is_typed:
        add(group, "ItemDataString", ItemOID=item).text = ",".join(values)
    elif way.has_forms:
        add(group, "ItemData", ItemOID=item, Value=",".join(values))
    else:
        around = add(group, "ItemData", ItemOID=item)
        for number, value in enumerate(values, start=1):
            add(around, "Value", SeqNum=str(number)).text = value


def _by_item(cells: Cells) -> dict[str, list[str]]:
    """A row's cells by item: all ticked boxes of a checkbox are one."""
    boxes = {
        column: (name, code)
        for name, _, kind, listed in FIELDS
        for code in (choices_of(kind, listed) if kind == "checkbox" else ())
        for column in (f"{name}___{code.replace('-', '_')}",)
    }
    found: dict[str, list[str]] = {}
    for column, value in cells.items():
        name, told = boxes.get(column, (column, value))
        if column not in boxes or value == "1":
            found.setdefault(name, []).append(told)
    return found


def _define(version: Element, way: Standard) -> None:
    for oid in EVENTS:
        event = add(version, "StudyEventDef", OID=oid, Name=oid, Repeating="No", Type="Scheduled")
        for form in FORM_NAMES:
            if way.has_forms:
                add(event, "FormRef", FormOID=form, Mandatory="No")
            else:
                add(event, "ItemGroupRef", ItemGroupOID=form, Mandatory="No")
    for form in FORM_NAMES:
        repeats = "Yes" if form == "incident" else "No"
        name, said = ("FormDef", {}) if way.has_forms else ("ItemGroupDef", {"Type": "Form"})
        around = add(version, name, OID=form, Name=form, Repeating=repeats, **said)
        add(around, "ItemGroupRef", ItemGroupOID=f"{form}.items", Mandatory="Yes")
    for form in FORM_NAMES:
        group = add(version, "ItemGroupDef", OID=f"{form}.items", Name=form, Repeating="No")
        for name, of, kind, _ in FIELDS:
            if of == form and kind != "descriptive":
                add(group, "ItemRef", ItemOID=name, Mandatory="No")
    _define_items(version)
    _define_lists(version)


def _define_items(version: Element) -> None:
    for name, _, kind, listed in FIELDS:
        item = add(version, "ItemDef", OID=name, Name=name, DataType=TYPES.get(kind, "text"))
        worded(item, "Question", f"Label of {name}")
        if kind == "checkbox":
            add(item, f"{{{OPENCLINICA}}}MultiSelectListRef", MultiSelectListID=f"{name}.list")
        elif choices_of(kind, listed):
            add(item, "CodeListRef", CodeListOID=f"{name}.list")


def _define_lists(version: Element) -> None:
    for name, _, kind, listed in FIELDS:
        choices = choices_of(kind, listed)
        if not choices:
            continue
        if kind == "checkbox":
            around = add(version, f"{{{OPENCLINICA}}}MultiSelectList", ID=f"{name}.list")
            for code, label in choices.items():
                each = f"{{{OPENCLINICA}}}MultiSelectListItem"
                worded(add(around, each, CodedOptionValue=code), "Decode", label)
            continue
        around = add(version, "CodeList", OID=f"{name}.list", Name=name, DataType="text")
        for code, label in choices.items():
            worded(add(around, "CodeListItem", CodedValue=code), "Decode", label)


def _define_as_redcap(version: Element) -> None:
    for name in EVENTS:
        add(
            version,
            "StudyEventDef",
            OID=f"Event.{name}",
            Name=name,
            Repeating="No",
            redcap__UniqueEventName=name,
        )
    for form in FORM_NAMES:
        add(version, "FormDef", OID=f"Form.{form}", Name=form, redcap__FormName=form)
        around = version[-1]
        for column in _all_columns_of(form):
            add(around, "ItemGroupRef", ItemGroupOID=f"{form}.{column}", Mandatory="No")
    for form in FORM_NAMES:
        for column in _all_columns_of(form):
            group = add(version, "ItemGroupDef", OID=f"{form}.{column}", Name=form, Repeating="No")
            add(group, "ItemRef", ItemOID=column, Mandatory="No")
            name, kind, listed = _field_of(column)
            item = add(
                version,
                "ItemDef",
                OID=column,
                DataType="boolean" if kind in {"checkbox", "yesno"} else "text",
                redcap__Variable=name,
                redcap__FieldType=kind,
            )
            worded(item, "Question", f"Label of {name}")
            if listed or kind == "yesno":
                add(item, "CodeListRef", CodeListOID=f"{column}.choices")
                boxes = {"redcap__CheckboxChoices": listed} if kind == "checkbox" else {}
                around = add(
                    version, "CodeList", OID=f"{column}.choices", redcap__Variable=name, **boxes
                )
                ticked = {"1": "Checked", "0": "Unchecked"}
                choices = ticked if kind == "checkbox" else choices_of(kind, listed)
                for code, label in choices.items():
                    worded(add(around, "CodeListItem", CodedValue=code), "Decode", label)


def _field_of(column: str) -> tuple[str, str, str]:
    """The field that a column is of, its type and its choices."""
    for name, _, kind, listed in FIELDS:
        if column == name or (kind == "checkbox" and column.startswith(f"{name}___")):
            return name, kind, listed
    return column, "text", ""


def _all_columns_of(form: str) -> list[str]:
    first = ["record_id", "mood_intro"]
    return [*(name for name, of, _, _ in FIELDS if of == form and name in first), *columns_of(form)]


def _unticked(form: str) -> Cells:
    """REDCap writes every box, ticked or not."""
    return {column: "0" for column in columns_of(form) if "___" in column}


def _opened(folder: Path, root: Element) -> Source:
    etree.ElementTree(root).write(folder / "study.xml", xml_declaration=True, encoding="utf-8")
    return OdmFile(folder / "study.xml", study())
