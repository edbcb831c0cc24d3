"""What must hold inside a form and between a study and its forms, beyond the shape of each word.

Every function gives findings; an empty list means that the declaration can be relied on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import pairwise

from adapter.errors import Problem
from adapter.instruments.codes import check_digit_holds
from adapter.instruments.form import Code, Form, Item, Scale
from adapter.instruments.mapping import Lines, Place
from adapter.instruments.study import Study


def check_form(form: Form, lines: Lines) -> list[Problem]:
    """Link ids, options, scales, bands, tables, codes and wording of one form."""
    return [
        *_repeated(lines, ("items",), "link_id", [item.link_id for item in form.items]),
        *_repeated(lines, ("items",), "field", [item.field for item in form.items]),
        *_repeated(lines, ("scales",), "id", [scale.id for scale in form.scales]),
        *_item_findings(form, lines),
        *_code_findings(form, lines),
        *(
            problem
            for index, scale in enumerate(form.scales)
            for problem in _scale_findings(form, scale, ("scales", index), lines)
        ),
    ]


def check_study(study: Study, forms: Mapping[str, Form], lines: Lines) -> list[Problem]:
    """Timepoints, placements and consents of one study against the forms there are."""
    points = {point.id for point in study.timepoints}
    found = [
        *_repeated(lines, ("timepoints",), "id", [point.id for point in study.timepoints]),
        *_repeated(lines, ("timepoints",), "event", [point.event for point in study.timepoints]),
        *_repeated(lines, ("forms",), "source_form", [form.source_form for form in study.forms]),
        *_repeated(lines, ("consents",), "id", [consent.id for consent in study.consents]),
    ]
    for index, placement in enumerate(study.forms):
        place = ("forms", index)
        if placement.form not in forms:
            found.append(
                lines.problem(
                    (*place, "form"),
                    "the id of a form in mappings/instruments",
                    f"`{placement.form}`, which no file declares",
                    "Correct the id or add the file.",
                )
            )
        else:
            fields = {item.field for item in forms[placement.form].items}
            fields |= {scale.field for scale in forms[placement.form].scales if scale.field}
            found.extend(
                lines.problem(
                    (*place, "fields", name),
                    "a field of the form",
                    f"`{name}`, which the form does not have",
                    "Name the form's own field on the left, the source's on the right.",
                )
                for name in placement.fields
                if name not in fields
            )
        found.extend(
            lines.problem(
                (*place, "at"),
                "timepoints of this study",
                f"`{point}`",
                "Declare it in `timepoints`.",
            )
            for point in placement.at
            if point not in points
        )
    return found


def _repeated(lines: Lines, place: Place, word: str, values: Iterable[str]) -> Iterator[Problem]:
    listed = list(values)
    counts = Counter(listed)
    for index, value in enumerate(listed):
        if counts[value] > 1 and listed.index(value) != index:
            yield lines.problem(
                (*place, index, word),
                f"each {word} once",
                f"`{value}` again",
                "Give each its own.",
            )


def _item_findings(form: Form, lines: Lines) -> Iterator[Problem]:
    for index, item in enumerate(form.items):
        place: Place = ("items", index)
        if item.options is not None and item.options not in form.options:
            yield lines.problem(
                (*place, "options"),
                "a list declared in `options`",
                f"`{item.options}`",
                "Declare the list or correct its name.",
            )
        if item.type == "choice" and item.options is None:
            yield lines.problem(
                place, "`options` for a choice", "none", "Name the list of options of this item."
            )
        if item.min is not None and item.max is not None and item.min > item.max:
            yield lines.problem((*place, "min"), "min not above max", "min above max", "Swap them.")
        if item.text is not None and form.licence.wording == "withheld":
            yield lines.problem(
                (*place, "text"),
                "no wording, because the licence withholds it",
                "wording",
                "Remove it; a site adds its own licensed wording as an overlay.",
            )
        if form.kind == "adverse-event" and item.element is None:
            yield lines.problem(
                place,
                "`element` on every item of an adverse-event form",
                "none",
                "Name the element.",
            )
    for name, options in form.options.items():
        yield from _repeated(
            lines, ("options", name), "value", [option.value for option in options]
        )
        for index, option in enumerate(options):
            if option.display is not None and form.licence.wording == "withheld":
                yield lines.problem(
                    ("options", name, index, "display"),
                    "no wording, because the licence withholds it",
                    "wording",
                    "Remove it; a site adds its own licensed wording as an overlay.",
                )


def _code_findings(form: Form, lines: Lines) -> Iterator[Problem]:
    for place, code in _codes_of(form):
        if not check_digit_holds(code):
            yield lines.problem(
                (*place, "code"),
                f"a {code.system} code whose check digit holds",
                f"`{code.code}`, whose check digit is wrong",
                "Look the code up again; a digit is mistyped.",
            )


def _codes_of(form: Form) -> Iterator[tuple[Place, Code]]:
    for index, code in enumerate(form.codes):
        yield ("codes", index), code
    for number, item in enumerate(form.items):
        for index, code in enumerate(item.codes):
            yield ("items", number, "codes", index), code
    for name, options in form.options.items():
        for number, option in enumerate(options):
            if option.code is not None:
                yield ("options", name, number, "code"), option.code
    for number, scale in enumerate(form.scales):
        for index, code in enumerate(scale.codes):
            yield ("scales", number, "codes", index), code
        for which, band in enumerate(scale.bands):
            for index, code in enumerate(band.codes):
                yield ("scales", number, "bands", which, "codes", index), code


def _scale_findings(form: Form, scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    yield from _source_findings(form, scale, place, lines)
    low, high = scale.range
    if low >= high:
        yield lines.problem(
            (*place, "range"), "lowest before highest", "the other way round", "Swap them."
        )
    if scale.missing and scale.missing.at_least > len(scale.items):
        yield lines.problem(
            (*place, "missing", "at_least"),
            f"at most the scale's {len(scale.items)} items",
            f"{scale.missing.at_least}",
            "Correct the number.",
        )
    yield from _recode_findings(form, scale, place, lines)
    yield from _table_findings(form, scale, place, lines)
    yield from _band_findings(scale, place, lines)


def _source_findings(form: Form, scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    if (scale.field is None) == (not scale.items):
        yield lines.problem(
            place, "either `items` or `field`", "both or neither", "Keep the one that is meant."
        )
    if (scale.method == "reported") != (scale.field is not None):
        yield lines.problem(
            (*place, "method"),
            "`reported` exactly when the scale has a `field`",
            f"`{scale.method}`",
            "Correct method or source.",
        )
    known = {item.link_id for item in form.items}
    for word, names in (
        ("items", scale.items),
        ("reverse", scale.reverse),
        ("recode", scale.recode),
    ):
        for name in names:
            if name not in (known if word == "items" else scale.items):
                yield lines.problem(
                    (*place, word),
                    "link ids of this form" if word == "items" else "items of this scale",
                    f"`{name}`",
                    "Correct the link id.",
                )


def _recode_findings(form: Form, scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    """Reversal needs bounds; a recode must say what every possible value counts."""
    for item in form.items:
        bounds = bounds_of(form, item)
        if item.link_id in scale.reverse and bounds is None:
            yield lines.problem(
                (*place, "reverse"),
                "items with options or with min and max",
                f"`{item.link_id}`, which has neither",
                "Give the item its bounds.",
            )
        if item.link_id in scale.recode:
            values = {option.score for option in form.offered(item)} or (
                {Decimal(value) for value in range(int(bounds[0]), int(bounds[1]) + 1)}
                if bounds
                else set()
            )
            if not values or values - set(scale.recode[item.link_id]):
                yield lines.problem(
                    (*place, "recode"),
                    f"every value that `{item.link_id}` can have",
                    "some of them left out",
                    "Say what each value counts.",
                )


def _table_findings(form: Form, scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    if (scale.method == "lookup") != bool(scale.table):
        yield lines.problem(
            (*place, "table"), "a table exactly for `lookup`", f"`{scale.method}`", "Correct one."
        )
    if not scale.table:
        return
    raws = sorted(scale.table)
    values = [scale.table[raw] for raw in raws]
    if any(later <= earlier for earlier, later in pairwise(values)):
        yield lines.problem(
            (*place, "table"),
            "values that rise with the raw sum",
            "a step that does not rise",
            "Compare the table with its source.",
        )
    reach = _reach(form, scale)
    if reach and raws != list(range(int(reach[0]), int(reach[1]) + 1)):
        yield lines.problem(
            (*place, "table"),
            f"every raw sum from {reach[0]} to {reach[1]}",
            f"{len(raws)} entries from {raws[0]} to {raws[-1]}",
            "Add or remove entries.",
        )


def _reach(form: Form, scale: Scale) -> tuple[Decimal, Decimal] | None:
    """The lowest and highest raw sum that the items allow, None where an item has no bounds."""
    low = high = Decimal(0)
    for item in form.items:
        if item.link_id in scale.items:
            bounds = bounds_of(form, item)
            if bounds is None:
                return None
            low, high = low + bounds[0], high + bounds[1]
    return low, high


def bounds_of(form: Form, item: Item) -> tuple[Decimal, Decimal] | None:
    """The lowest and highest value an item can count, None where nothing bounds it."""
    scores = [option.score for option in form.offered(item) if option.score is not None]
    if scores:
        return min(scores), max(scores)
    if item.min is not None and item.max is not None:
        return item.min, item.max
    return None


def _band_findings(scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    step = Decimal(1).scaleb(-scale.places)
    expected = scale.range[0]
    for index, band in enumerate(scale.bands):
        where = (*place, "bands", index)
        if (band.high is None) == (band.below is None):
            yield lines.problem(where, "either `high` or `below`", "both or neither", "Keep one.")
            return
        if band.low != expected:
            yield lines.problem(
                (*where, "low"),
                f"{expected}, where the band before ends",
                f"{band.low}",
                "Close the gap or the overlap.",
            )
        expected = band.high + step if band.high is not None else band.below or expected
    if scale.bands and expected <= scale.range[1]:
        yield lines.problem(
            (*place, "bands"),
            f"bands up to {scale.range[1]}",
            "the last one ends before",
            "Extend it or add one.",
        )
