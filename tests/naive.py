"""A second scorer: the rules of `mappings/README.md` read literally, in fractions and plain loops.

It knows the YAML file and nothing of the program. It is slow, and that is no matter: it is there to
disagree.
"""

from __future__ import annotations

import itertools
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
    profile: str | None = None


def naive_scores(
    form: Declared, raw: Mapping[str, str], missing_codes: Mapping[str, str]
) -> list[NaiveScore]:
    """Every scale of a form, from the raw text of its fields; a blank one is empty or left out."""
    told = Told(form, raw, missing_codes)
    scores: list[NaiveScore] = []
    for scale in form["scales"]:
        if "field" in scale:
            scores.append(_reported(scale, raw, missing_codes))
        elif "scales" in scale:
            before = [score for name in scale["scales"] for score in scores if score.scale == name]
            scores.append(_of_scores(scale, before))
        elif scale["method"] == "profile":
            scores.append(_profile(told, scale))
        elif scale["method"] == "between":
            scores.append(_between(told, scale))
        else:
            scores.append(_computed(told, scale))
    return scores


@dataclass(frozen=True)
class Told:
    """What a person said: the form, the raw text of its fields, and what stands for a gap."""

    form: Declared
    raw: Mapping[str, str]
    missing_codes: Mapping[str, str]

    def item(self, link_id: str) -> Declared:
        """One item with what all share."""
        return next(item for item in items_of(self.form) if item["link_id"] == link_id)

    def text(self, link_id: str) -> str:
        """What was answered, empty where nothing was: blank, or a missing-data code."""
        text = self.raw.get(self.item(link_id)["field"], "")
        return "" if text in self.missing_codes else text

    def gap(self, link_id: str) -> str:
        """The reason that the source gives for a gap, or `blank`."""
        return self.missing_codes.get(self.raw.get(self.item(link_id)["field"], ""), "blank")

    def is_asked(self, link_id: str) -> bool | None:
        """Whether an item was asked; None where nobody can know."""
        item = self.item(link_id)
        return self.says(item["asked_if"]) if "asked_if" in item else True

    def says(self, condition: Declared) -> bool | None:
        """Whether the other item says so; None where nobody can know."""
        other = condition["item"]
        text = self.text(other)
        if text != "":
            return "equals" not in condition or text == str(condition["equals"])
        return False if self.is_asked(other) is False else None


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


def _of_scores(scale: Declared, before: list[NaiveScore]) -> NaiveScore:
    values = [score.value for score in before if score.value is not None]
    of = len(scale["scales"])
    if len(values) < of:
        reasons = {score.absent for score in before if score.value is None}
        absent = reasons.pop() if len(reasons) == 1 else "unknown"
        return NaiveScore(scale["id"], None, len(values), of, is_prorated=False, absent=absent)
    if scale["method"] == "percent":
        part, whole = values
        if whole == 0 or part > whole:
            return NaiveScore(scale["id"], None, of, of, is_prorated=False, absent="error")
        values = [100 * part / whole]
    filled = any(score.is_prorated for score in before)
    value = _value(scale, values, filled=False)
    return NaiveScore(scale["id"], value, of, of, is_prorated=filled, absent=None)


def _profile(told: Told, scale: Declared) -> NaiveScore:
    members = spread(told.form, scale["items"])
    codes = [told.text(link_id) for link_id in members]
    gaps = [told.gap(link_id) for link_id in members if told.text(link_id) == ""]
    answered = len(members) - len(gaps)
    of = len(members)
    if gaps:
        return NaiveScore(scale["id"], None, answered, of, is_prorated=False, absent=_reason(gaps))
    row = "".join(codes)
    return NaiveScore(scale["id"], None, of, of, is_prorated=False, absent=None, profile=row)


def _between(told: Told, scale: Declared) -> NaiveScore:
    gaps = [told.gap(link_id) for link_id in scale["items"] if told.text(link_id) == ""]
    if gaps:
        absent = _reason(gaps)
        return NaiveScore(scale["id"], None, 2 - len(gaps), 2, is_prorated=False, absent=absent)
    start, end = [told.text(link_id) for link_id in scale["items"]]
    clock, minutes = start, 0
    while clock != end:
        hour, minute = int(clock[:2]), int(clock[3:]) + 1
        hour, minute = (hour, minute) if minute < 60 else (hour + 1, 0)
        clock = f"{hour % 24:02}:{minute:02}"
        minutes += 1
    if minutes == 0:
        return NaiveScore(scale["id"], None, 2, 2, is_prorated=False, absent="error")
    return NaiveScore(scale["id"], Fraction(minutes), 2, 2, is_prorated=False, absent=None)


def _computed(told: Told, scale: Declared) -> NaiveScore:
    counted: list[Fraction] = []
    told_anyway = 0
    gaps: list[str] = []
    members = spread(told.form, scale["items"])
    for link_id in members:
        count = _count_of(told, scale, link_id)
        for_a_gap = _word(told.form, scale, "if_missing", link_id)
        if count is not None:
            counted.append(count)
        elif for_a_gap is not None:
            counted.append(_exact(for_a_gap))
            told_anyway += 1
        else:
            gaps.append(told.gap(link_id))
    rule = scale.get("missing")
    at_least = rule["at_least"] if rule else len(members)
    if len(counted) - (told_anyway if rule and rule["fill"] == "settled" else 0) < at_least:
        return NaiveScore(
            scale["id"],
            None,
            len(counted) - told_anyway,
            len(members),
            is_prorated=False,
            absent=_reason(gaps),
        )
    if rule and rule["fill"] == "settled":
        return _settled(told, scale, counted, gaps, told_anyway)
    filled = False
    while rule and rule["fill"] == "mean" and len(counted) < len(members):
        if not filled:
            mean = sum(counted) / Fraction(len(counted))
        filled = True
        counted.append(mean)
    answered = len(members) - len(gaps) - told_anyway
    value = _value(scale, counted, filled=filled)
    return NaiveScore(scale["id"], value, answered, len(members), is_prorated=filled, absent=None)


def _settled(
    told: Told, scale: Declared, counted: list[Fraction], gaps: list[str], told_anyway: int
) -> NaiveScore:
    """Tries every answer to every gap; a score that is always the same is the score."""
    open_items = [
        link_id
        for link_id in spread(told.form, scale["items"])
        if _count_of(told, scale, link_id) is None
        and _word(told.form, scale, "if_missing", link_id) is None
    ]
    possible = [_every_count(told.form, scale, told.item(link_id)) for link_id in open_items]
    values = {
        _value(scale, [*counted, *filling], filled=False)
        for filling in itertools.product(*possible)
    }
    value = values.pop() if len(values) == 1 else None
    of = len(counted) + len(gaps)
    absent = _reason(gaps) if value is None else None
    answered = len(counted) - told_anyway
    return NaiveScore(scale["id"], value, answered, of, is_prorated=False, absent=absent)


def _every_count(form: Declared, scale: Declared, item: Declared) -> set[Fraction]:
    """All that an item may count in a scale."""
    match item.get("type", "choice"):
        case "choice":
            options = form["options"][item["options"]]
            texts = [str(option["value"]) for option in options if _weight(option) is not None]
        case "boolean":
            texts = ["0", "1"]
        case _:
            texts = [str(number) for number in range(item["min"], item["max"] + 1)]
    may_be_nothing = "asked_if" in item or _word(form, scale, "only_if", item["link_id"])
    nothing = {Fraction(0)} if may_be_nothing else set()
    return nothing | {_counts(form, scale, item, text) for text in texts}


def _reason(gaps: list[str]) -> str:
    return gaps[0] if len(set(gaps)) == 1 and gaps[0] != "blank" else "unknown"


def _count_of(told: Told, scale: Declared, link_id: str) -> Fraction | None:
    """What one item counts in one scale, None where it is missing."""
    condition = _word(told.form, scale, "only_if", link_id)
    if condition is not None:
        match told.says(condition):
            case False:
                return Fraction(0)
            case None:
                return None
    if told.is_asked(link_id) is False:
        return Fraction(0)
    text = told.text(link_id)
    item = told.item(link_id)
    if text == "" or _answer_weight(told.form, item, text) is None:
        return None
    return _counts(told.form, scale, item, text)


def _word(form: Declared, scale: Declared, word: str, link_id: str) -> Any:  # noqa: ANN401 - YAML
    """What a word of the scale says of an item, None where it says nothing."""
    for names, said in scale.get(word, {}).items():
        if link_id in spread(form, [names]):
            return said
    return None


def _counts(form: Declared, scale: Declared, item: Declared, text: str) -> Fraction:
    """What one answer counts in one scale."""
    count = _answer_weight(form, item, text)
    assert count is not None
    recode = _word(form, scale, "recode", item["link_id"])
    if recode is not None:
        return next(_exact(new) for old, new in recode.items() if _exact(old) == count)
    steps = _word(form, scale, "steps", item["link_id"])
    if steps is not None:
        return _in_steps(steps, count)
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
        total = total / len(counted)
    if scale["method"] == "highest":
        total = max(counted)
    if scale["method"] != "mean" and filled and scale["missing"].get("round", "none") == "up":
        total = Fraction(math.ceil(total))
    if scale["method"] == "lookup":
        total = _exact(scale["table"][int(_half_up(total, 0))])
    total = total * scale.get("multiply", 1)
    if "points" in scale:
        total = _in_steps(scale["points"], total)
    return _half_up(total, scale.get("places", 0))


def _in_steps(steps: list[Declared], number: Fraction) -> Fraction:
    """What the first step counts whose end the number does not pass."""
    for step in steps:
        if "high" in step and number > _exact(step["high"]):
            continue
        if "below" in step and number >= _exact(step["below"]):
            continue
        return _exact(step["counts"])
    raise AssertionError("the last step has no end")


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
