"""What a scale may count: items of the form, scores before it, or a total that the source holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adapter.errors import Problem
from adapter.instruments.form import Form, Item, Scale
from adapter.instruments.items import bounds_of
from adapter.instruments.mapping import Lines, Place

# What a method counts; the others take items or scores, and as many as there are.
_SOURCES = {
    "reported": ("field", "`field`, the column of the total"),
    "between": ("items", "two `items`, each a time of day"),
    "profile": ("items", "`items`, each one choice of codes of one digit"),
    "percent": ("scales", "two `scales`, the part and the whole"),
}
_PAIRS = {"between", "percent"}


def member_findings(form: Form, scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    """What is wrong with the items, scores or field of a scale, and whether its method fits."""
    used = [word for word in ("items", "scales", "field") if getattr(scale, word)]
    if len(used) != 1:
        yield lines.problem(
            place,
            "either `items` or `scales` or `field`",
            " and ".join(f"`{word}`" for word in used) or "none of them",
            "Keep the one that is meant.",
        )
    elif not _fits(scale, used[0]):
        source = _SOURCES.get(scale.method, ("", "`items` or `scales`"))[1]
        yield lines.problem(
            (*place, "method"),
            f"{source} for the method `{scale.method}`",
            f"{len(getattr(scale, used[0]))} `{used[0]}`" if used[0] != "field" else "`field`",
            "Correct method or source.",
        )
    yield from _item_findings(form, scale, place, lines)
    yield from _score_findings(form, scale, place, lines)


def _fits(scale: Scale, word: str) -> bool:
    if scale.method in _PAIRS and len(scale.items or scale.scales) != 2:  # noqa: PLR2004 - a pair
        return False
    return word == _SOURCES[scale.method][0] if scale.method in _SOURCES else word != "field"


def _item_findings(form: Form, scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    known = {item.link_id: item for item in form.items}
    place = (*place, "items")
    yield from _name_findings(scale.items, known, "link ids of this form", place, lines)
    for name in dict.fromkeys(scale.items):
        if name in known and (expected := _expected(form, scale, known[name])):
            yield lines.problem(
                place,
                expected,
                f"`{name}`, which does not",
                "Leave it out, or correct the item.",
            )


def _score_findings(form: Form, scale: Scale, place: Place, lines: Lines) -> Iterator[Problem]:
    earlier = form.scales[: form.scales.index(scale)]
    before = [other.id for other in earlier if other.method != "profile"]  # it is no number
    place = (*place, "scales")
    expected = "ids of scales that stand before this one and have a number"
    yield from _name_findings(scale.scales, before, expected, place, lines)


def _name_findings(
    names: tuple[str, ...], known: Iterable[str], expected: str, place: Place, lines: Lines
) -> Iterator[Problem]:
    there_are = set(known)
    for name in names:
        if name not in there_are:
            yield lines.problem(place, expected, f"`{name}`", "Correct the id.")
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield lines.problem(place, "each once", f"`{name}` again", "Name it once.")


def _expected(form: Form, scale: Scale, item: Item) -> str | None:
    """What the method asks of an item that does not have it."""
    if item.optional:
        return "items that every source has"
    codes = [option.value for option in form.offered(item)]
    match scale.method:
        case "between":
            return None if item.type == "time" else "items that hold a time of day"
        case "profile":
            is_digit = all(len(code) == 1 and code.isdigit() for code in codes)
            fits = item.type == "choice" and not item.repeats and is_digit
            return None if fits else "items that hold one choice, each of a code of one digit"
        case _ if _counts(form, scale, item):
            return None
        case _:
            return "items that count: yes or no, numbers from min to max, one choice with a weight"


def _counts(form: Form, scale: Scale, item: Item) -> bool:
    """Whether answers are single and count something, between two ends."""
    if item.repeats:
        return False
    if item.type == "choice" and not form.offered(item):
        return True  # the list of answers is missing, which is told of the item
    is_number = item.type in {"integer", "decimal"} or bool(form.offered(item))
    is_bounded = item.link_id in scale.steps or bounds_of(form, item) is not None
    return item.type == "boolean" or (is_number and is_bounded)
