"""What must hold inside a form and between a study and its forms, beyond the shape of each word.

Every function gives findings; an empty list means that the declaration can be relied on. Items and
scales have their own modules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from adapter.errors import Problem
from adapter.instruments.adverse_event import adverse_event_findings
from adapter.instruments.form import Form
from adapter.instruments.items import (
    code_findings,
    correction_findings,
    item_findings,
    migration_findings,
    repeated,
)
from adapter.instruments.mapping import Lines
from adapter.instruments.safety import safety_findings
from adapter.instruments.scales import scale_findings
from adapter.instruments.study import FormPlacement, Study


def check_form(form: Form, lines: Lines) -> list[Problem]:
    """Link ids, options, scales, bands, tables, codes and wording of one form."""
    return [
        *item_findings(form, lines),
        *code_findings(form, lines),
        *migration_findings(form, lines),
        *correction_findings(form, lines),
        *adverse_event_findings(form, lines),
        *repeated(lines, ("scales",), "id", [scale.id for scale in form.scales]),
        *(
            problem
            for index, scale in enumerate(form.scales)
            for problem in scale_findings(form, scale, ("scales", index), lines)
        ),
        *_not_scored_findings(form, lines),
    ]


def check_study(study: Study, forms: Mapping[str, Form], lines: Lines) -> list[Problem]:
    """Timepoints, placements, consents and missing-data codes of one study against its forms."""
    return [
        *repeated(lines, ("timepoints",), "id", [point.id for point in study.timepoints]),
        *_event_findings(study, lines),
        *repeated(lines, ("forms",), "source_form", [form.source_form for form in study.forms]),
        *repeated(lines, ("consents",), "id", [consent.id for consent in study.consents]),
        *(
            problem
            for index, placement in enumerate(study.forms)
            for problem in _placement_findings(study, index, placement, forms, lines)
        ),
        *_baseline_findings(study, lines),
        *_embargo_findings(study, lines),
        *repeated(lines, ("from_care",), "type", [rule.type for rule in study.from_care]),
        *_care_findings(study, lines),
        *_therapy_findings(study, forms, lines),
        *(safety_findings(study.safety, forms, study.baseline, lines) if study.safety else ()),
        *_missing_code_findings(study, forms, lines),
    ]


def _event_findings(study: Study, lines: Lines) -> Iterator[Problem]:
    met: set[str] = set()
    for index, point in enumerate(study.timepoints):
        for event in point.events:
            if event in met:
                place, found = ("timepoints", index, "event"), f"`{event}` again"
                yield lines.problem(place, "each event once", found, "Give each its own.")
            met.add(event)


def _baseline_findings(study: Study, lines: Lines) -> Iterator[Problem]:
    known = [point.id for point in study.timepoints]
    if study.baseline is not None and study.baseline not in known:
        yield lines.problem(
            ("baseline",),
            f"a timepoint of this study ({', '.join(known)})",
            f"`{study.baseline}`",
            "Correct it, or declare it in `timepoints`.",
        )


def _embargo_findings(study: Study, lines: Lines) -> Iterator[Problem]:
    ends = [*(point.id for point in study.timepoints if point.week is not None), "off-study"]
    forms = [placement.form for placement in study.forms]
    for index, embargo in enumerate(study.embargoes):
        if embargo.after is not None and embargo.after not in ends:
            yield lines.problem(
                ("embargoes", index, "after"),
                f"a timepoint with a week, or `off-study` ({', '.join(ends)})",
                f"`{embargo.after}`",
                "Correct it; until then nothing of it would ever leave.",
            )
        for form in embargo.forms:
            if form not in forms:
                yield lines.problem(
                    ("embargoes", index, "forms"),
                    f"forms of this study ({', '.join(forms)})",
                    f"`{form}`",
                    "Correct it; until then the form that is meant is not held.",
                )


def _care_findings(study: Study, lines: Lines) -> Iterator[Problem]:
    known = [rule.id for rule in study.consents]
    for index, rule in enumerate(study.from_care):
        if rule.consent not in known:
            yield lines.problem(
                ("from_care", index, "consent"),
                f"a consent of this study ({', '.join(known)})",
                f"`{rule.consent}`",
                "Correct it; until then nobody is asked for.",
            )


def _therapy_findings(study: Study, forms: Mapping[str, Form], lines: Lines) -> Iterator[Problem]:
    """Relatedness is relatedness to something: without it, an answer would be lost."""
    for index, placement in enumerate(study.forms):
        items = forms[placement.form].items if placement.form in forms else ()
        if study.therapy is None and any(item.element == "relatedness" for item in items):
            yield lines.problem(
                ("forms", index),
                "`therapy`, because this form asks how far an event is related to it",
                "none",
                "Declare the therapy in the study file.",
            )


def _not_scored_findings(form: Form, lines: Lines) -> Iterator[Problem]:
    left_out = [scale.id for scale in form.not_scored]
    yield from repeated(lines, ("not_scored",), "id", left_out)
    for scale in form.scales:
        if scale.id in left_out:
            yield lines.problem(
                ("not_scored", left_out.index(scale.id), "id"),
                "the id of a score that is not computed",
                f"`{scale.id}`, which stands in `scales`",
                "Keep it in one of the two.",
            )


def _placement_findings(
    study: Study, index: int, placement: FormPlacement, forms: Mapping[str, Form], lines: Lines
) -> Iterator[Problem]:
    place = ("forms", index)
    points = {point.id for point in study.timepoints}
    for point in placement.at:
        if point not in points:
            yield lines.problem(
                (*place, "at"),
                "timepoints of this study",
                f"`{point}`",
                "Declare it in `timepoints`.",
            )
    if placement.form not in forms:
        yield lines.problem(
            (*place, "form"),
            "the id of a form in mappings/instruments",
            f"`{placement.form}`, which no file declares",
            "Correct the id or add the file.",
        )
        return
    not_computed = {"reported", "profile"}
    scores = {
        scale.id for scale in forms[placement.form].scales if scale.method not in not_computed
    }
    for scale in placement.compare:
        if scale not in scores:
            yield lines.problem(
                (*place, "compare", scale),
                f"a scale that the form computes ({', '.join(sorted(scores)) or 'it has none'})",
                f"`{scale}`",
                "Correct it, or leave it out.",
            )
    fields = _fields_of(forms[placement.form])
    read: set[str] = set()
    for name in placement.fields:
        if name not in fields:
            yield lines.problem(
                (*place, "fields", name),
                "a field of the form",
                f"`{name}`, which the form does not have",
                "Name the form's own field on the left, the source's on the right.",
            )
    for name in fields:
        column = placement.fields.get(name, name)
        if column in read:
            yield lines.problem(
                (*place, "fields"),
                "a column of its own for each field",
                f"`{column}` for `{name}` and for another",
                "Correct the column on the right.",
            )
        read.add(column)


def _fields_of(form: Form) -> list[str]:
    totals = [scale.field for scale in form.scales if scale.field]
    return [*(item.field for item in form.items), *totals]


def _missing_code_findings(
    study: Study, forms: Mapping[str, Form], lines: Lines
) -> Iterator[Problem]:
    """A code for a missing answer that is an answer too: nobody could tell which was meant."""
    for code in study.missing_codes:
        for name in dict.fromkeys(placement.form for placement in study.forms):
            fields = _fields_that_may_hold(code, forms[name]) if name in forms else []
            if fields:
                yield lines.problem(
                    ("missing_codes", code),
                    "a code that is no answer",
                    f"`{code}`, which `{name}` takes in {', '.join(fields)}",
                    "Leave it out here, or leave the answer out there.",
                )


def _fields_that_may_hold(text: str, form: Form) -> list[str]:
    """The fields to which a text is an answer: one of their codes, or a number between two ends."""
    number = Decimal(text) if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text) else None
    fields = []
    for item in form.items:
        offered = {option.value for option in form.offered(item)}
        if item.type == "boolean":
            offered = {"0", "1"}
        if text in offered or (not offered and _is_within(number, item.min, item.max)):
            fields.append(item.field)
    totals = [scale.field for scale in form.scales if _is_within(number, *scale.range)]
    return [*fields, *(field for field in totals if field)]


def _is_within(number: Decimal | None, low: Decimal | None, high: Decimal | None) -> bool:
    if number is None or low is None or high is None:
        return False
    return low <= number <= high
