"""A second scorer: the rules of `mappings/README.md` read literally, in fractions and plain loops.

It knows the YAML file and nothing of the program. It is slow, and that is no matter: it is there to
disagree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Declared = dict[str, Any]


@dataclass(frozen=True)
class NaiveScore:
    """What one scale comes to: a value, or the reason why there is none."""

    scale: str
    value: Fraction | None
    answered: int
    of: int
    is_prorated: bool
    absent: str | None


def naive_scores(
    form: Declared, raw: Mapping[str, str], missing_codes: Mapping[str, str]
) -> list[NaiveScore]:
    """Every scale of a form, from the raw text of its fields; a blank one is empty or left out."""
    scores = []
    for scale in form["scales"]:
        if "field" in scale:
            scores.append(_reported(scale, raw, missing_codes))
        else:
            scores.append(_computed(form, scale, raw, missing_codes))
    return scores


def items_of(form: Declared) -> list[Declared]:
    """The items with what they share written out."""
    return [{**form.get("each", {}), **item} for item in form.get("items", [])]


def spread(form: Declared, names: list[str]) -> list[str]:
    """Link ids, each stretch (`phq9-1 .. phq9-9`) written out in the form's order."""
    order = [item["link_id"] for item in form["items"]]
    spread_out = []
    for name in names:
        if " .. " in name:
            first, last = name.split(" .. ")
            inside = False
            for link_id in order:
                if link_id == first:
                    inside = True
                if inside:
                    spread_out.append(link_id)
                if link_id == last:
                    inside = False
        else:
            spread_out.append(name)
    return spread_out


def lowest_and_highest(form: Declared, item: Declared) -> tuple[Fraction, Fraction]:
    """The smallest and the largest number that an item can count."""
    if item.get("type", "choice") == "choice":
        weights = [_weight(option) for option in form["options"][item["options"]]]
        known = [weight for weight in weights if weight is not None]
        return min(known), max(known)
    return _exact(item["min"]), _exact(item["max"])


def _reported(
    scale: Declared, raw: Mapping[str, str], missing_codes: Mapping[str, str]
) -> NaiveScore:
    text = raw.get(scale["field"], "")
    if text == "":
        return NaiveScore(scale["id"], None, 0, 1, is_prorated=False, absent="unknown")
    if text in missing_codes:
        return NaiveScore(scale["id"], None, 0, 1, is_prorated=False, absent=missing_codes[text])
    value = _half_up(Fraction(text), scale.get("places", 0))
    return NaiveScore(scale["id"], value, 1, 1, is_prorated=False, absent=None)


def _computed(
    form: Declared, scale: Declared, raw: Mapping[str, str], missing_codes: Mapping[str, str]
) -> NaiveScore:
    counted = []
    gaps = []
    members = spread(form, scale["items"])
    for link_id in members:
        item = next(item for item in items_of(form) if item["link_id"] == link_id)
        text = raw.get(item["field"], "")
        if text == "":
            gaps.append("blank")
        elif text in missing_codes:
            gaps.append(missing_codes[text])
        elif _answer_weight(form, item, text) is None:
            gaps.append("blank")
        else:
            counted.append(_counts(form, scale, item, text))
    rule = scale.get("missing")
    at_least = rule["at_least"] if rule else len(members)
    if len(counted) < at_least:
        absent = gaps[0] if len(set(gaps)) == 1 and gaps[0] != "blank" else "unknown"
        return NaiveScore(
            scale["id"], None, len(counted), len(members), is_prorated=False, absent=absent
        )
    filled = False
    while rule and rule["fill"] == "mean" and len(counted) < len(members):
        if not filled:
            mean = sum(counted) / Fraction(len(counted))
        filled = True
        counted.append(mean)
    answered = len(members) - len(gaps)
    value = _value(scale, counted, filled=filled)
    return NaiveScore(scale["id"], value, answered, len(members), is_prorated=filled, absent=None)


def _counts(form: Declared, scale: Declared, item: Declared, text: str) -> Fraction:
    """What one answer counts in one scale."""
    count = _answer_weight(form, item, text)
    assert count is not None
    for names, recode in scale.get("recode", {}).items():
        if item["link_id"] in spread(form, [names]):
            return next(_exact(new) for old, new in recode.items() if _exact(old) == count)
    if item["link_id"] in spread(form, scale.get("reverse", [])):
        lowest, highest = lowest_and_highest(form, item)
        return lowest + highest - count
    return count


def _answer_weight(form: Declared, item: Declared, text: str) -> Fraction | None:
    """The number behind an answer, None for an option that has none."""
    if item.get("type", "choice") != "choice":
        return Fraction(text)
    offered = form["options"][item["options"]]
    return _weight(next(option for option in offered if str(option["value"]) == text))


def _value(scale: Declared, counted: list[Fraction], *, filled: bool) -> Fraction:
    total = Fraction(0)
    for count in counted:
        total = total + count
    if scale["method"] == "mean":
        return _half_up(total / len(counted), scale.get("places", 0))
    if filled and scale["missing"].get("round", "none") == "up":
        total = Fraction(math.ceil(total))
    if scale["method"] == "lookup":
        total = _exact(scale["table"][int(_half_up(total, 0))])
    return _half_up(total * scale.get("multiply", 1), scale.get("places", 0))


def _weight(option: Declared) -> Fraction | None:
    if "weight" in option:
        return _exact(option["weight"])
    return _exact(option["value"]) if str(option["value"]).lstrip("-").isdigit() else None


def _exact(number: float | str) -> Fraction:
    return Fraction(str(number))


def _half_up(number: Fraction, places: int) -> Fraction:
    """Rounded to so many decimals; what lies in the middle goes up."""
    factor = 10**places
    return Fraction(math.floor(number * factor + Fraction(1, 2)), factor)
