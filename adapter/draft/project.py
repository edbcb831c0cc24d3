"""What a database says of itself, in one way: its forms, their fields, and when they are asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from adapter.instruments.codes import check_digit_holds
from adapter.instruments.form import Code
from adapter.sources.source import FieldShape, FieldType, FormShape

# Names, addresses and numbers of persons, as fields are called and labelled: too much rather than
# too little, because a draft is read and what leaves a trial is not.
_PERSONAL = re.compile(
    r"\b(?:\w*name|initials|surname|address|street|city|suburb|zip|postcode|postalcode|phone|mobile"
    r"|telephone|fax|e ?mail|dob|birth|birthday|birthdate|ssn|medicare|ihi|mrn|nhs|passport"
    r"|next of kin|signature)\b"
)
_LOINC = re.compile(r"\b[0-9]{1,6}-[0-9]\b")


@dataclass(frozen=True, slots=True)
class ProjectField:
    """One field: what it may hold, and what is known of it.

    `low` and `high` are as written; `unit` is the unit's symbol. `is_personal`: it is marked as an
    identifier, or looks like one.
    """

    name: str
    type: FieldType
    label: str
    choices: Mapping[str, str]
    low: str = ""
    high: str = ""
    unit: str = ""
    loinc: tuple[str, ...] = ()
    is_yes_or_no: bool = False
    is_notes: bool = False
    is_derived: bool = False
    is_personal: bool = False

    @property
    def shape(self) -> FieldShape:
        """The field in the words of every source."""
        return FieldShape(self.name, self.type, self.label, self.choices)


@dataclass(frozen=True, slots=True)
class ProjectForm:
    """One form; `events` are those at which it is asked, empty where nobody says."""

    name: str
    title: str
    fields: tuple[ProjectField, ...]
    events: tuple[str, ...] = ()

    @property
    def shape(self) -> FormShape:
        """The form in the words of every source."""
        return FormShape(self.name, {each.name: each.shape for each in self.fields}, self.name)


@dataclass(frozen=True, slots=True)
class ProjectEvent:
    """One event: its names in the source (one for each arm), and its days after enrolment."""

    names: tuple[str, ...]
    title: str
    day: int | None = None
    closes_days: int | None = None
    is_repeating: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """A whole database. `file` is where this was read; `source` are its words for adapter.toml."""

    title: str
    file: str
    record_id: str
    forms: tuple[ProjectForm, ...]
    events: tuple[ProjectEvent, ...] = ()
    missing_codes: Mapping[str, str] = field(default_factory=dict)
    source: Mapping[str, str] = field(default_factory=dict)


def looks_personal(name: str, label: str) -> bool:
    """Whether a field seems to hold who somebody is, told by its name and label."""
    words = re.sub(r"[^a-z0-9]+", " ", name.lower())
    said = re.sub(r"[^a-z0-9]+", " ", label.lower()) if len(label) < 80 else ""  # noqa: PLR2004
    return bool(_PERSONAL.search(words) or _PERSONAL.search(said))


def loinc_in(text: str) -> tuple[str, ...]:
    """The codes of LOINC that an annotation names, such as `LOINC=44250-9`."""
    if "loinc" not in text.lower():
        return ()
    codes = dict.fromkeys(_LOINC.findall(text))
    return tuple(each for each in codes if check_digit_holds(Code(system="loinc", code=each)))


def slug(text: str, taken: Iterable[str] = ()) -> str:
    """An id as declarations have them, other than those that are taken."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:44].strip("-") or "x"
    if plain not in (known := set(taken)):
        return plain
    return next(each for n in range(2, len(known) + 3) if (each := f"{plain}-{n}") not in known)
