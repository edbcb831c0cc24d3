"""Tells which declared instrument a form of a database is, by codes, wording, names and numbers.

A form is taken for an instrument when every item of it has a field of its own there, and what the
fields may hold does not contradict the declaration, by the same judge as before every reading.
Labels are compared with wording only where the instrument's file ships it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from adapter.draft.project import ProjectField, ProjectForm
from adapter.ingest.fit import form_misfits
from adapter.instruments.form import Form, Item
from adapter.instruments.study import FormPlacement, ParticipantForm, Study

_FEW = 3  # items that are told apart by number alone have to be some
_COUNTED = {"item", "question", "q", "no"}
_LONG = 4  # words that have to stand in a label for it to hold a question


@dataclass(frozen=True, slots=True)
class Recognised:
    """The instrument that a form is.

    `fields` are its renames, the instrument's name left; `by` says how each kind of evidence told;
    `left` are fields of the form that the instrument does not read; `also` fit as well.
    """

    form: str
    fields: Mapping[str, str]
    by: str
    left: tuple[str, ...]
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Near:
    """An instrument that a form might be, and why it is not taken for it."""

    form: str
    why: str


def recognise(
    form: ProjectForm, known: Mapping[str, Form], missing_codes: Mapping[str, str]
) -> tuple[Recognised | None, list[Near]]:
    """The instrument that a form is, None where it is none; and those that it nearly is."""
    found: list[Recognised] = []
    near: list[Near] = []
    for instrument in known.values():
        told = _assign(instrument, form)
        optional = {item.field for item in instrument.items if item.optional}
        wanted = [name for name in _wanted(instrument) if name not in optional]
        lacking = [name for name in wanted if name not in told]
        if not wanted or len(told) * 2 < len(wanted):
            continue
        if lacking:
            near.append(Near(instrument.id, f"no field was found for {', '.join(lacking[:5])}"))
            continue
        fields = {name: field.name for name, (field, _) in told.items()}
        why = _misfit(instrument, form, fields, missing_codes)
        if why:
            near.append(Near(instrument.id, why))
            continue
        read = set(fields.values())
        found.append(
            Recognised(
                instrument.id,
                {name: column for name, column in fields.items() if name != column},
                ", ".join(dict.fromkeys(by for _, by in told.values())),
                tuple(each.name for each in form.fields if each.name not in read),
            )
        )
    if not found:
        return None, near
    found.sort(key=lambda each: len(each.left))
    best, *others = found
    also = tuple(each.form for each in others if len(each.left) == len(best.left))
    return Recognised(best.form, best.fields, best.by, best.left, also), near


def _wanted(instrument: Form) -> list[str]:
    totals = [scale.field for scale in instrument.scales if scale.field]
    return [*(item.field for item in instrument.items), *totals]


def _assign(instrument: Form, form: ProjectForm) -> dict[str, tuple[ProjectField, str]]:
    """The field of each item and total, and what told; each field is used once."""
    told: dict[str, tuple[ProjectField, str]] = {}
    used: set[str] = set()
    ways = (_by_code(instrument, form), _by_words(instrument, form), _by_name(instrument, form))
    for way in (*ways, _by_number(instrument, form)):
        for name, field, by in way:
            if name not in told and field.name not in used:
                told[name] = (field, by)
                used.add(field.name)
    return told


Told = Iterator[tuple[str, ProjectField, str]]


def _by_code(instrument: Form, form: ProjectForm) -> Told:
    for item in instrument.items:
        codes = {code.code for code in item.codes if code.system == "loinc"}
        fields = [field for field in form.fields if codes.intersection(field.loinc)]
        if len(fields) == 1:
            yield item.field, fields[0], "LOINC"


def _by_words(instrument: Form, form: ProjectForm) -> Told:
    for item in instrument.items:
        words = _words(item.text or "")
        fields = [field for field in form.fields if _says(field, words)]
        if len(fields) == 1:
            yield item.field, fields[0], "wording"


def _says(field: ProjectField, words: str) -> bool:
    """Whether a label is the question, ends with it, or holds it where it is a long one."""
    label, count = _words(field.label), words.count(" ") + 1
    ends = count > 1 and label.endswith(f" {words}")
    holds = count >= _LONG and f" {words} " in f" {label} "
    return bool(words) and (label == words or ends or holds)


def _by_name(instrument: Form, form: ProjectForm) -> Told:
    """Fields that are called as the items are, or labelled so: `PHQ-9 item 3`."""
    named: dict[tuple[str, ...], ProjectField] = {}
    for field in form.fields:
        named.setdefault(_parts(field.name), field)
        label = tuple(part for part in _parts(field.label) if part not in _COUNTED)
        named.setdefault(label, field)
    own = _parts(instrument.id)
    labelled = {item.field: (*own, str(n)) for n, item in enumerate(instrument.items, start=1)}
    for name in _wanted(instrument):
        called = named.get(_parts(name)) or named.get(labelled.get(name, ("",)))
        if called is not None:
            yield name, called, "name"


def _by_number(instrument: Form, form: ProjectForm) -> Told:
    """Fields that are numbered through as the items are, under a name like the instrument's."""
    items: tuple[Item, ...] = instrument.items
    if len(items) < _FEW:
        return
    rows: dict[tuple[str, ...], dict[str, ProjectField]] = {}
    for field in form.fields:
        parts = _parts(field.name)
        if parts and parts[-1].isdecimal():
            rows.setdefault(parts[:-1], {}).setdefault(parts[-1], field)
    numbers = [str(number) for number in range(1, len(items) + 1)]
    needed = sum(not item.optional for item in items)
    for stem, fields in rows.items():
        is_whole = set(fields) in (set(numbers), set(numbers[:needed]))
        if is_whole and _is_called(instrument.id, stem, form.name):
            for number, item in zip(numbers[: len(fields)], items, strict=False):
                yield item.field, fields[number], "number"


def _is_called(instrument: str, stem: tuple[str, ...], form: str) -> bool:
    own, of_form = _parts(instrument), _parts(form)
    letters = "".join(part for part in own if part.isalpha())
    said = "".join(part for part in stem if part.isalpha())
    digits = [part for part in stem if part.isdecimal()]
    is_like = len(said) > 1 and letters.startswith(said) and all(each in own for each in digits)
    return own == of_form or (is_like and len(said) * 2 >= len(letters))


def _misfit(
    instrument: Form, form: ProjectForm, fields: Mapping[str, str], missing_codes: Mapping[str, str]
) -> str:
    """What the fields may hold and the declaration does not, or the other way round."""
    placement = FormPlacement(form=instrument.id, source_form=form.name, at=(), fields=dict(fields))
    # Only its missing-data codes are asked for; the rest of a study is not known yet.
    study = Study.model_construct(
        timezone="UTC",
        missing_codes=dict.fromkeys(missing_codes, "unknown"),
        participant=ParticipantForm(form=form.name),
    )
    problems = form_misfits(instrument, placement, study, form.shape)
    told = [f"{each.field}: expected {each.expected}; found {each.found}" for each in problems[:2]]
    more = f" (and {len(problems) - 2} more)" if len(problems) > len(told) else ""
    return "; ".join(told) + more


def _parts(name: str) -> tuple[str, ...]:
    """A name's letters and numbers: `PHQ9_01` and `phq-9-1` are the same."""
    return tuple(part.lstrip("0") or part for part in re.findall(r"[a-z]+|[0-9]+", name.lower()))


def _words(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))
