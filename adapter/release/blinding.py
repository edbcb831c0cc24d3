"""What would tell a blinded reader the arm: never released to them.

The arm itself is nowhere in the ledger, because the allocation list is not read; what remains is
what betrays it. Some forms do so as a whole, such as attendance at sessions that one arm alone has,
and so does the therapy. An adverse event leaves without the part that does: what it is put down to,
a category that only the therapy can have, and, where the study says so, its note.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from adapter.fhir.adverse_event import NOTE
from adapter.fhir.coding import answer_concept
from adapter.fhir.labels import as_concealing, as_very_restricted
from adapter.fhir.provenance import SOURCE_CELLS
from adapter.instruments.fields import columns_read
from adapter.instruments.form import Form
from adapter.instruments.response import Record
from adapter.instruments.study import FormPlacement, Study

Resource = dict[str, Any]
THERAPY: Final = "therapy/"
"""Stands in `Subject.form` for the therapy itself; no form has a name with a slash."""
CONCEALED: Final = "concealed/"
"""Stands in `Subject.form` before the form of a change that nobody who is blinded can see."""
PARTICIPATION: Final = "participation"
"""Stands in `Subject.form` for what says that and how a person takes part."""
CARE: Final = "standard-care/"
"""Stands in `Subject.form` before the type of what was fetched from standard care."""
_OF_NO_FORM = frozenset({"", PARTICIPATION})
TELLING: Final = frozenset({"AdverseEvent", "Provenance"})
"""The types of which a part may tell the arm."""


def reveals_allocation(study: Study, form: str) -> bool:
    """Whether this form reveals the arm: the study file says so, or has no word of it any more.

    What is from a form that was taken out of the study file may have been just that: nobody says
    that it tells nothing. The therapy always tells, and so does a change that nobody who is blinded
    can see.
    """
    if form in _OF_NO_FORM or form.startswith(CARE):
        return False
    placed = [each for each in study.forms if each.form == form]
    return not placed or any(each.reveals_allocation for each in placed)


def as_published(form: Form) -> Form:
    """The form without the answers that would tell the arm: what its lists of codes show."""
    options = {
        name: tuple(option for option in listed if option.blinded_as is None)
        for name, listed in form.options.items()
    }
    return form.model_copy(update={"options": options}) if options != form.options else form


def blinded_cells(record: Record, form: Form, study: Study) -> Record | None:
    """The record of an event as if nothing in it told the arm, None for that of any other form.

    What only the therapy can have stands in it as what everybody is told instead.
    """
    placement = study.placement_of(record.form)
    if form.kind != "adverse-event" or placement is None:
        return None
    concealed = _columns(form, [placement])
    told = {
        placement.fields.get(item.field, item.field): {
            option.value: option.blinded_as for option in form.offered(item) if option.blinded_as
        }
        for item in form.items
    }
    values = {
        column: told.get(column, {}).get(value.strip(), value)
        for column, value in record.values.items()
        if column not in concealed
    }
    return replace(record, values=values)


def as_blinded(resource: Resource, form: Form | None, study: Study) -> Resource:
    """The resource as a blinded receiver may have it; the same one where no such one would tell.

    Every event, and every Provenance of one, is labelled as redacted, whether or not something was
    taken out of it: else the label would tell. Of an event whose form no mapping declares any more
    (None), nothing is known to be harmless: category, note and columns go, too; so do note and
    columns where the study file does not place the form any more.
    """
    if form is not None and form.kind != "adverse-event":
        return resource
    placed = [each for each in study.forms if form is not None and each.form == form.id]
    match resource["resourceType"]:
        case "AdverseEvent":
            told = _without_cause(resource, form)
            return as_concealing(_without_note(told) if _conceals_note(form, placed) else told)
        case "Provenance" if _is_of_event(resource):
            return as_concealing(_without_columns(resource, _told_columns(form, placed, study)))
    return resource


def as_whole(resource: Resource, form: str, study: Study) -> Resource:
    """The resource as one who may know the arm has it: labelled, where its kind tells the arm."""
    is_telling = resource["resourceType"] == "AdverseEvent" or _is_of_event(resource)
    return (
        as_very_restricted(resource) if is_telling or reveals_allocation(study, form) else resource
    )


def _is_of_event(resource: Resource) -> bool:
    """Whether it is the Provenance of an event."""
    if resource["resourceType"] != "Provenance":
        return False
    names = (each["reference"] for each in resource.get("target", ()))
    return any(name.startswith("AdverseEvent/") for name in names)


def _conceals_note(form: Form | None, placed: Sequence[FormPlacement]) -> bool:
    return form is None or not placed or any(each.conceals_note for each in placed)


def _without_cause(event: Resource, form: Form | None) -> Resource:
    told = {name: value for name, value in event.items() if name != "suspectEntity"}
    if "category" in told:
        categories = [] if form is None else _categories(told["category"], form)
        told |= {"category": categories}
        if not categories:
            del told["category"]
    return event if told == event else told


def _categories(concepts: Sequence[Resource], form: Form) -> list[Resource]:
    found = (_category(each, form) for each in concepts)
    return [each for each in found if each is not None]


def _category(concept: Resource, form: Form) -> Resource | None:
    """The category that everybody may know, in place of one that only the therapy can have.

    None for one that the form does not offer: of what an earlier version did, nothing is known.
    """
    for item in form.items:
        offered = {option.value: option for option in form.offered(item)}
        for option in offered.values() if item.element == "category" else ():
            if answer_concept(form, item, option) == concept:
                return answer_concept(form, item, offered[option.blinded_as or option.value])
    return None


def _without_note(event: Resource) -> Resource:
    extensions = event.get("extension", [])
    kept = [each for each in extensions if each["url"] != NOTE]
    return event if kept == extensions else {**event, "extension": kept}


def _without_columns(provenance: Resource, told: frozenset[str]) -> Resource:
    """Where it was read from, with these columns alone, and without the hash over all of them."""

    def tells(cell: Resource) -> bool:
        is_column = cell["url"] == "field"
        return cell["url"] == "hash" or (is_column and cell["valueString"] not in told)

    def kept(cells: Resource) -> Resource:
        if cells["url"] != SOURCE_CELLS:
            return cells
        parts = [cell for cell in cells["extension"] if not tells(cell)]
        return {**cells, "extension": parts}

    entities = [
        {**entity, "extension": [kept(each) for each in entity["extension"]]}
        if "extension" in entity
        else entity
        for entity in provenance.get("entity", ())
    ]
    is_same = entities == provenance.get("entity", [])
    return provenance if is_same else {**provenance, "entity": entities}


def _told_columns(
    form: Form | None, placed: Sequence[FormPlacement], study: Study
) -> frozenset[str]:
    """The columns that a blinded receiver may know to be filled in.

    What nobody mapped is none of them: a Provenance of an earlier adapter names it, too.
    """
    if form is None:
        return frozenset()
    read = (columns_read(form, study, each) for each in placed)
    return frozenset().union(*read) - _columns(form, placed)


def _columns(form: Form | None, placed: Sequence[FormPlacement]) -> frozenset[str]:
    """The columns whose being filled in would tell the arm."""
    concealed = {"relatedness", *(("note",) if _conceals_note(form, placed) else ())}
    return frozenset(
        each.fields.get(item.field, item.field)
        for each in placed
        for item in (form.items if form is not None else ())
        if item.element in concealed
    )
