"""A scale's rule as FHIRPath, so that any SDC form filler computes the same score.

What a choice counts is read from the answer's own ordinalValue extension, the form that every
engine we know evaluates alike. The missing-item rule stands inside: a sum over gaps would be a
silent partial sum, and a score that may not be given is empty, never 0.

Engines differ in their arithmetic: some count in decimals, some in binary fractions, where half a
point comes to a little less now and then; one gives a quotient no more digits than its operands
have. So whole numbers are divided by `div`, which is exact, and a power of ten comes last: a mean
of three to one place is `(sum * 20 + 3) div 6 / 10`, and not `(sum / 3).round(1)`. One engine takes
a function's argument relative to what the function stands on: everything begins at `%resource`.

https://hl7.org/fhirpath/N1/ and https://build.fhir.org/ig/HL7/sdc/expressions.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from adapter.fhir.coding import ORDINAL_VALUE
from adapter.instruments.form import Form, Item, Scale
from adapter.instruments.items import bounds_of

# A number with more decimals than any score has is counted to this one.
MOST_DIGITS = 6
WEIGHT = f".extension.where(url = '{ORDINAL_VALUE}').value"
Recode = Mapping[Decimal, Decimal]


def score_expression(form: Form, scale: Scale) -> str | None:
    """The FHIRPath of a scale over a QuestionnaireResponse, None where it cannot be said.

    It gives one number with the scale's places, or nothing where the score may not be given. It
    cannot be said for a total that is reported, nor where a quotient may lie below 0: `div` cuts
    towards 0.
    """
    if scale.method == "reported":
        return None
    of = len(scale.items)
    needed = scale.missing.at_least if scale.missing else of
    answered = _answered(form, scale)
    value = _value(scale, _total(form, scale), answered if needed < of else str(of))
    if " div " in value and scale.range[0] < 0:
        return None
    # The rule comes first: where too much is missing, some engines fail on what the rest comes to.
    return f"%resource.where({answered} >= {needed}).select({value})"


@dataclass(frozen=True, slots=True)
class _Quotient:
    """A whole number in FHIRPath, times a constant, by a number of answers if there is one."""

    whole: str
    times: Fraction = Fraction(1)
    answered: str = ""

    @property
    def is_whole(self) -> bool:
        return not self.answered and self.times.denominator == 1

    def above(self, times: int = 1) -> str:
        return _product(self.whole, self.times.numerator * times)

    def below(self, times: int = 1) -> str:
        below = _product(self.answered, self.times.denominator * times)
        return f"({below})" if " * " in below else below

    def scaled(self, times: Fraction | int) -> _Quotient:
        return replace(self, times=self.times * times)

    def divided(self, by: str) -> _Quotient:
        """The same by a constant, or by the number of answers."""
        return self.scaled(Fraction(1, int(by))) if by.isdigit() else replace(self, answered=by)

    def rounded(self, places: int) -> str:
        """As FHIRPath, halves rounded up at so many places."""
        if self.is_whole:
            return self.above()
        units = self.scaled(10**places)
        value = units.above()
        if not units.is_whole:
            value = f"({units.above(2)} + {units.below()}) div {units.below(2)}"
        return f"{value} / {10**places}" if places else value

    def rounded_up(self) -> _Quotient:
        """The next whole number."""
        return _Quotient(f"(({self.above()} + {self.below()} - 1) div {self.below()})")


def _product(text: str, times: int) -> str:
    """A FHIRPath times a constant; the constant alone where there is no FHIRPath."""
    if not text:
        return str(times)
    return text if times == 1 else f"{text} * {times}"


def _value(scale: Scale, total: _Quotient, answered: str) -> str:
    """The score of a total, `answered` being the number of its items that were answered."""
    if scale.method == "mean":
        return total.divided(answered).rounded(scale.places)
    if not answered.isdigit():  # there may be gaps: they get the mean of what was answered
        total = total.scaled(len(scale.items)).divided(answered)
        if scale.missing and scale.missing.round == "up":
            total = total.rounded_up()
    if scale.method == "lookup":
        return _looked_up(scale, total)
    return total.scaled(scale.multiply).rounded(scale.places)


def _looked_up(scale: Scale, total: _Quotient) -> str:
    """The table as text, from which the value of the raw sum is cut: all values are as long."""
    step = Decimal(1).scaleb(-scale.places)
    raws = sorted(scale.table)
    texts = [str(scale.table[raw].quantize(step, ROUND_HALF_UP)) for raw in raws]
    width = max(map(len, texts))
    if any(len(text) < width for text in texts) and not scale.places:
        texts, width = [f"{text}.0" for text in texts], width + 2
    values = " ".join(text.ljust(width, "0") for text in texts)  # a 0 more at its end is no other
    place = f"({total.rounded(0)} - {raws[0]}) * {width + 1}"
    return f"'{values}'.substring({place}, {width}).toDecimal()"


def _total(form: Form, scale: Scale) -> _Quotient:
    """What the answered items count together."""
    alike: dict[str, list[str]] = {}
    for link_id in scale.items:
        item = form.item(link_id)
        alike.setdefault(_number(form, item) + _counted(form, scale, item), []).append(link_id)
    sums = [
        f"{_values(link_ids)}{number}.aggregate($this + $total, 0)"
        for number, link_ids in alike.items()
    ]
    total = sums[0] if len(sums) == 1 else f"({' + '.join(sums)})"
    unit = 10 ** max(_digits(form, scale, form.item(link_id)) for link_id in scale.items)
    if unit == 1:  # weights are Decimals: 4.0 is no place in a text, nor is it divided exactly
        return _Quotient(f"{total}.truncate()")
    return _Quotient(f"({total} * {unit} + 0.5).floor()", Fraction(1, unit))


def _answered(form: Form, scale: Scale) -> str:
    """How many of the scale's items have an answer that counts."""
    alike: dict[str, list[str]] = {}
    for link_id in scale.items:
        weight = WEIGHT if form.offered(form.item(link_id)) else ""
        alike.setdefault(weight, []).append(link_id)
    counts = [f"{_values(link_ids)}{weight}.count()" for weight, link_ids in alike.items()]
    return counts[0] if len(counts) == 1 else f"({' + '.join(counts)})"


def _values(link_ids: list[str]) -> str:
    if len(link_ids) == 1:
        return f"%resource.item.where(linkId = '{link_ids[0]}').answer.value"
    # A list to look in would be built again for every item; in a link id, only a dot means more.
    names = "|".join(link_ids).replace(".", "[.]")
    return f"%resource.item.where(linkId.matches('^({names})$')).answer.value"


def _number(form: Form, item: Item) -> str:
    """From an answer to the number behind it."""
    if form.offered(item):
        return WEIGHT
    return ".select(iif($this, 1, 0))" if item.type == "boolean" else ""


def _counted(form: Form, scale: Scale, item: Item) -> str:
    """From the number behind an answer to what it counts in this scale."""
    if item.link_id in scale.recode:
        return _recoded(scale.recode[item.link_id])
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
            return f".select({start} - {term})"
        return f".select({term} {'-' if start < 0 else '+'} {abs(start)})"
    by_count: dict[Decimal, list[Decimal]] = {}
    for number, count in recode.items():
        by_count.setdefault(count, []).append(number)
    *rare, (counts, _) = sorted(by_count.items(), key=lambda one: len(one[1]))
    chosen = f"{counts}"
    for count, numbers in reversed(rare):
        named = " | ".join(map(str, numbers))
        test = f"= {named}" if len(numbers) == 1 else f"in ({named})"
        chosen = f"iif($this {test}, {count}, {chosen})"
    return f".select({chosen})"


def _line(recode: Recode) -> tuple[int, int] | None:
    """Slope and start of the line that a recode is, in whole numbers; None where it is none."""
    (first, low), *others = recode.items()
    slopes = {(count - low) / (number - first) for number, count in others}
    slope = slopes.pop() if len(slopes) == 1 else Decimal(0)
    start = low - slope * first
    is_whole = slope == slope.to_integral_value() and start == start.to_integral_value()
    return (int(slope), int(start)) if slope and is_whole else None


def _digits(form: Form, scale: Scale, item: Item) -> int:
    """The most decimals of anything that an item counts."""
    weights = [option.score for option in form.offered(item) if option.score is not None]
    counted = list(scale.recode.get(item.link_id, {}).values()) or weights
    if not counted and item.type == "decimal":
        return MOST_DIGITS
    return max(-int(count.normalize().as_tuple().exponent) for count in (Decimal(0), *counted))
