"""What the items of a scale count together, and how many of them count, as FHIRPath.

An item that was not asked has no answer and counts 0, so it stands among those that count and adds
nothing to a sum. So does one whose condition another item does not meet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal

from adapter.fhir.coding import ORDINAL_VALUE, option_coding
from adapter.fhir.expression.arithmetic import Quotient, chosen, decimals_of, steps_of
from adapter.instruments.form import Form, Item, Scale
from adapter.instruments.items import bounds_of
from adapter.instruments.rules import Condition

# A number with more decimals than any score has is counted to this one.
MOST_DECIMALS = 6
WEIGHT = f".extension.where(url = '{ORDINAL_VALUE}').value"
Recode = Mapping[Decimal, Decimal]
Counts = Mapping[str, Decimal]
"""What each item counts, by its link id."""
Telling = tuple[str, str]
"""An item whose answer tells something of another, and how, as FHIRPath."""


def values_of(link_ids: Iterable[str]) -> str:
    """The answers of these items."""
    names = list(link_ids)
    if len(names) == 1:
        return f"%resource.item.where(linkId = '{names[0]}').answer.value"
    # A list to look in would be built again for every item; in a link id, only a dot means more.
    pattern = "|".join(names).replace(".", "[.]")
    return f"%resource.item.where(linkId.matches('^({pattern})$')).answer.value"


def total_of(form: Form, scale: Scale, gaps: Counts) -> Quotient:
    """What the items come to together: their sum, or the highest of them.

    `gaps` is what an item counts where it is missing; without, it counts nothing.
    """
    parts = [
        _if_said(form, condition, f"{values_of(link_ids)}{counted}")
        for (condition, counted), link_ids in _alike(form, scale).items()
    ]
    filled = {name: count for name, count in gaps.items() if count}
    decimals = max(_decimals(form, scale, form.item(link_id)) for link_id in scale.items)
    decimals = max([decimals, *map(decimals_of, filled.values())])
    if scale.method == "highest":
        for name, count in filled.items():
            parts.append(f"%resource.where({counted_of(form, scale, [name])} = 0).select({count})")
        counts = parts[0] if len(parts) == 1 else f"({' | '.join(parts)})"
        highest = f"{counts}.aggregate(iif($this > $total, $this, $total), 0)"
        return Quotient.of(highest, decimals)
    sums = [f"{part}.aggregate($this + $total, 0)" for part in parts]
    for count in sorted(set(filled.values())):
        names = [name for name, other in filled.items() if other == count]
        sums.append(f"({len(names)} - {counted_of(form, scale, names)}) * {count}")
    return Quotient.of(sums[0] if len(sums) == 1 else f"({' + '.join(sums)})", decimals)


def counted_of(form: Form, scale: Scale, link_ids: Iterable[str]) -> str:
    """How many of these items count by what was answered, and not although they are missing."""
    answered: dict[tuple[Condition | None, str], list[str]] = {}
    told: Counter[Telling] = Counter()
    for link_id in link_ids:
        item, condition = form.item(link_id), scale.only_if.get(link_id)
        weight = WEIGHT if form.offered(item) else ""
        answered.setdefault((condition, weight), []).append(link_id)
        told.update(_unasked(form, item) if condition is None else _otherwise(form, condition))
    terms = [
        f"{_if_said(form, condition, f'{values_of(names)}{weight}')}.count()"
        for (condition, weight), names in answered.items()
    ]
    alike: dict[tuple[str, int], list[str]] = {}
    for (link_id, test), times in told.items():
        alike.setdefault((test, times), []).append(link_id)
    for (test, times), names in alike.items():
        terms.append(f"{values_of(names)}{test}.count()" + (f" * {times}" if times > 1 else ""))
    return terms[0] if len(terms) == 1 else f"({' + '.join(terms)})"


def can_be_said(form: Form, scale: Scale) -> bool:
    """Whether no item hangs on two others, and the highest item is no less than 0.

    An item hangs on two where one tells whether it is asked, and another one whether it counts.
    """
    for link_id, condition in scale.only_if.items():
        own, others = form.item(link_id).asked_if, form.item(condition.item).asked_if
        if own not in {None, others, condition}:
            return False
    return scale.method != "highest" or scale.range[0] >= 0


def _alike(form: Form, scale: Scale) -> dict[tuple[Condition | None, str], list[str]]:
    """The items by what they depend on and by how their answers become what they count."""
    alike: dict[tuple[Condition | None, str], list[str]] = {}
    for link_id in scale.items:
        item = form.item(link_id)
        counted = _number(form, item) + _counted(form, scale, item)
        alike.setdefault((scale.only_if.get(link_id), counted), []).append(link_id)
    return alike


def _if_said(form: Form, condition: Condition | None, path: str) -> str:
    """A path that is empty where the other item says otherwise, or nothing."""
    if condition is None:
        return path
    return f"{values_of([condition.item])}{_test(form, condition, '=')}.select({path})"


def _otherwise(form: Form, condition: Condition) -> list[Telling]:
    """What tells that a condition is not met: another answer, or that none was asked."""
    told = _unasked(form, form.item(condition.item))
    if condition.equals is not None:
        told.append((condition.item, _test(form, condition, "!=")))
    return told


def _unasked(form: Form, item: Item) -> list[Telling]:
    """What tells that an item was not asked."""
    return [] if item.asked_if is None else _otherwise(form, item.asked_if)


def _test(form: Form, condition: Condition, sign: str) -> str:
    other = form.item(condition.item)
    if condition.equals is None:
        return ""
    for option in form.offered(other):
        if option.value == condition.equals:
            return f".where(code {sign} '{option_coding(form, other, option)['code']}')"
    return f".where($this {sign} {'true' if condition.equals == '1' else 'false'})"


def _number(form: Form, item: Item) -> str:
    """From an answer to the number behind it."""
    if form.offered(item):
        return WEIGHT
    return ".select(iif($this, 1, 0))" if item.type == "boolean" else ""


def _counted(form: Form, scale: Scale, item: Item) -> str:
    """From the number behind an answer to what it counts in this scale."""
    if item.link_id in scale.steps:
        return f".select({steps_of(scale.steps[item.link_id])})"
    if item.link_id in scale.recode:
        counted = _recoded(scale.recode[item.link_id])
        return "" if counted == "$this" else f".select({counted})"
    if item.link_id in scale.reverse:
        low, high = bounds_of(form, item) or (0, 0)  # coherence: there are bounds
        return f".select({low + high} - $this)"
    return ""


def _recoded(recode: Recode) -> str:
    """A recode as a straight line if it is one, else as what each number counts."""
    if line := _line(recode):
        slope, start = line
        term = "$this" if abs(slope) == 1 else f"$this * {abs(slope)}"
        if slope < 0:
            return f"{start} - {term}"
        return f"{term} {'-' if start < 0 else '+'} {abs(start)}" if start else term
    by_count: dict[Decimal, list[Decimal]] = {}
    for number, count in recode.items():
        by_count.setdefault(count, []).append(number)
    *rare, (common, _) = sorted(by_count.items(), key=lambda one: len(one[1]))
    return chosen(((_is_one_of(numbers), count) for count, numbers in rare), common)


def _is_one_of(numbers: list[Decimal]) -> str:
    if len(numbers) == 1:
        return f"$this = {numbers[0]}"
    return f"$this in ({' | '.join(map(str, numbers))})"


def _line(recode: Recode) -> tuple[int, int] | None:
    """Slope and start of the line that a recode is, in whole numbers; None where it is none."""
    (first, low), *others = recode.items()
    slopes = {(count - low) / (number - first) for number, count in others}
    slope = slopes.pop() if len(slopes) == 1 else Decimal(0)
    start = low - slope * first
    is_whole = slope == slope.to_integral_value() and start == start.to_integral_value()
    return (int(slope), int(start)) if slope and is_whole else None


def _decimals(form: Form, scale: Scale, item: Item) -> int:
    """The most decimals of anything that an item counts."""
    name = item.link_id
    counts = [step.counts for step in scale.steps.get(name, ())]
    counts += scale.recode.get(name, {}).values()
    if not counts:
        counts = [option.score for option in form.offered(item) if option.score is not None]
    if not counts and item.type == "decimal":
        return MOST_DECIMALS
    return max(map(decimals_of, counts), default=0)
