"""What must hold of a form's items, answers and codes, beyond the shape of each word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal

from adapter.errors import Problem
from adapter.instruments.codes import check_digit_holds
from adapter.instruments.declared import is_earlier
from adapter.instruments.form import Code, Form, Item, ItemType, Option
from adapter.instruments.mapping import Lines, Place
from adapter.instruments.rules import Condition, Prefill

_PREFILLED: Mapping[Prefill, tuple[ItemType, ...]] = {
    "patient-gender": ("choice", "string"),
    "patient-birth-date": ("date",),
    "patient-birth-year": ("integer",),
}
"""Of which type an item is that Patient answers."""


def item_findings(form: Form, lines: Lines) -> Iterator[Problem]:
    """What is wrong with the questions and with the lists of answers."""
    names = [item.link_id for item in form.items]
    yield from repeated(lines, ("items",), "link_id", names)
    yield from repeated(lines, ("items",), "field", [item.field for item in form.items])
    for index, item in enumerate(form.items):
        yield from _of_item(form, item, ("items", index), lines)
        yield from _prefill_findings(form, item, ("items", index, "prefill"), lines)
        if item.asked_if is not None:
            where, before = ("items", index, "asked_if"), names[:index]
            yield from condition_findings(form, item.asked_if, before, where, lines)
    for name, options in form.options.items():
        if not options:
            yield lines.problem(
                ("options", name), "answers to choose from", "none", "Add them, or leave it out."
            )
        yield from repeated(lines, ("options", name), "value", [option.value for option in options])
        for index, option in enumerate(options):
            for word in ("display", "translations"):
                if getattr(option, word) and form.licence.wording == "withheld":
                    yield _wording(("options", name, index, word), lines)
        yield from _accepted_findings(options, ("options", name), lines)


def _accepted_findings(options: Iterable[Option], place: Place, lines: Lines) -> Iterator[Problem]:
    """Further codes of an answer that are a code of another, or its own: one of them says it."""
    taken = {(option.code.url, option.code.code) for option in options if option.code is not None}
    for index, option in enumerate(options):
        for number, code in enumerate(option.accepts):
            if (code.url, code.code) in taken:
                yield lines.problem(
                    (*place, index, "accepts", number),
                    "a code by which no answer of the list is taken yet",
                    f"`{code.code}` again",
                    "Remove it here, or there.",
                )
            taken.add((code.url, code.code))


def _prefill_findings(form: Form, item: Item, place: Place, lines: Lines) -> Iterator[Problem]:
    """What is filled in ahead must be no outcome, and of the type that its source gives."""
    if item.prefill is None:
        return
    counted = {name for scale in form.scales for name in (*scale.items, *scale.only_if)}
    if form.kind == "adverse-event" or item.link_id in counted:
        expected = "`prefill` for what no scale counts: an outcome is asked afresh"
        yield lines.problem(place, expected, "it for another item", "Remove it.")
    types = _PREFILLED.get(item.prefill, (item.type,))
    if item.type not in types:
        expected = f"an item of type {' or '.join(types)} for `{item.prefill}`"
        yield lines.problem(place, expected, f"`{item.type}`", "Correct one of them.")


def migration_findings(form: Form, lines: Lines) -> Iterator[Problem]:
    """What is wrong with how responses to earlier versions are read."""
    yield from repeated(lines, ("migrates",), "version", [said.version for said in form.migrates])
    link_ids = {item.link_id for item in form.items}
    for index, said in enumerate(form.migrates):
        place = ("migrates", index)
        if said.version == form.version:
            yield lines.problem(
                (*place, "version"), "an earlier version", "the form's own", "Raise `version`."
            )
        for old, new in said.link_ids.items():
            if new not in link_ids:
                yield lines.problem(
                    (*place, "link_ids", old), "a link id of the form", f"`{new}`", "Correct it."
                )
        taken = [*said.link_ids.values()]
        for new in dict.fromkeys(taken):
            if taken.count(new) > 1:
                yield lines.problem(
                    (*place, "link_ids"),
                    "a name of its own for each item",
                    f"`{new}` for two",
                    "Correct one of them.",
                )
        for old in said.dropped:
            if old in said.link_ids or old in link_ids:
                yield lines.problem(
                    (*place, "dropped"),
                    "items that the form has no longer",
                    f"`{old}`, which it has",
                    "Take it out here, or out of the form.",
                )


def correction_findings(form: Form, lines: Lines) -> Iterator[Problem]:
    """What is wrong with the earlier versions that a form says were wrong."""
    for index, version in enumerate(form.corrects):
        place = ("corrects", index)
        if not is_earlier(version, form.version):
            yield lines.problem(
                place,
                f"a version lower than the form's own, {form.version}",
                f"`{version}`",
                "Name an earlier version, or raise `version`.",
            )
        elif version in form.corrects[:index]:
            yield lines.problem(place, "each version once", f"`{version}` again", "Remove it.")


def code_findings(form: Form, lines: Lines) -> Iterator[Problem]:
    """Mistyped codes, and names of codes where the licence withholds the wording."""
    for place, code in _codes_of(form):
        if not check_digit_holds(code):
            yield lines.problem(
                (*place, "code"),
                f"a {code.system} code whose check digit holds",
                f"`{code.code}`, whose check digit is wrong",
                "Look the code up again; a digit is mistyped.",
            )
        if code.display is not None and form.licence.wording == "withheld":
            yield _wording((*place, "display"), lines)


def repeated(lines: Lines, place: Place, word: str, values: Iterable[str]) -> Iterator[Problem]:
    """Each value of a list that has stood in it before."""
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


def bounds_of(form: Form, item: Item) -> tuple[Decimal, Decimal] | None:
    """The lowest and highest value an item can count, None where nothing bounds it."""
    scores = [option.score for option in form.offered(item) if option.score is not None]
    if scores:
        return min(scores), max(scores)
    if item.min is not None and item.max is not None:
        return item.min, item.max
    return None


def condition_findings(
    form: Form, condition: Condition, others: Collection[str], place: Place, lines: Lines
) -> Iterator[Problem]:
    """A condition names one of the `others`, and something that it can say."""
    if condition.item not in others:
        yield lines.problem(
            (*place, "item"),
            "another item, for `asked_if` one that stands before",
            f"`{condition.item}`",
            "Correct the link id, or the order of the items.",
        )
        return
    other = form.item(condition.item)
    codes = [option.value for option in form.offered(other)]
    if other.type == "boolean":
        codes = ["0", "1"]
    if other.repeats or (condition.equals is not None and condition.equals not in codes):
        yield lines.problem(
            (*place, "equals"),
            f"one of the single answers of `{condition.item}`"
            + (f": {', '.join(codes)}" if codes and not other.repeats else ""),
            "something that it never says",
            "Correct the code, or the item.",
        )


def _of_item(form: Form, item: Item, place: Place, lines: Lines) -> Iterator[Problem]:
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
    if item.type != "choice" and item.options is not None:
        yield lines.problem(
            (*place, "options"),
            "`options` for a choice alone",
            f"them for the type `{item.type}`",
            "Remove them here; what `each` says, it says of every item.",
        )
    if item.min is not None and item.max is not None and item.min > item.max:
        yield lines.problem((*place, "min"), "min not above max", "min above max", "Swap them.")
    for word in ("text", "translations"):
        if getattr(item, word) and form.licence.wording == "withheld":
            yield _wording((*place, word), lines)
    if form.kind == "adverse-event" and item.element is None:
        yield lines.problem(
            place, "`element` on every item of an adverse-event form", "none", "Name the element."
        )


def _wording(place: Place, lines: Lines) -> Problem:
    return lines.problem(
        place,
        "no wording, because the licence withholds it",
        "wording",
        "Remove it; a site adds its own licensed wording as an overlay.",
    )


def _codes_of(form: Form) -> Iterator[tuple[Place, Code]]:
    yield from _listed(("codes",), form.codes)
    for number, item in enumerate(form.items):
        yield from _listed(("items", number, "codes"), item.codes)
    for name, options in form.options.items():
        for number, option in enumerate(options):
            if option.code is not None:
                yield ("options", name, number, "code"), option.code
            yield from _listed(("options", name, number, "accepts"), option.accepts)
    for number, scale in enumerate(form.scales):
        yield from _listed(("scales", number, "codes"), scale.codes)
        for which, band in enumerate(scale.bands):
            yield from _listed(("scales", number, "bands", which, "codes"), band.codes)
    for number, left_out in enumerate(form.not_scored):
        yield from _listed(("not_scored", number, "codes"), left_out.codes)


def _listed(place: Place, codes: tuple[Code, ...]) -> Iterator[tuple[Place, Code]]:
    for index, code in enumerate(codes):
        yield (*place, index), code
