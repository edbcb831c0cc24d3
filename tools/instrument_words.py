"""What an instrument's file says, in sentences and tables for somebody who scores by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TypeVar

from adapter.instruments.form import Band, Code, Form, Item, NotScored, Option, Scale, Threshold
from adapter.instruments.items import bounds_of
from adapter.instruments.rules import Condition, Step

Said = TypeVar("Said")
_METHODS = {
    "sum": "The sum of",
    "mean": "The mean of",
    "highest": "The highest of",
    "lookup": "The sum of",
    "profile": "The codes in a row, which are never added up, of",
    "between": "The minutes from the first to the second, over midnight if need be, of",
}
_INTERPRETATIONS = {
    "N": "normal",
    "H": "high",
    "HX": "very high",
    "HH": "critically high",
    "L": "low",
    "LX": "very low",
    "LL": "critically low",
    "A": "abnormal",
    "POS": "positive",
    "NEG": "negative",
}
_UNITS = {"{score}": "", "{T-score}": ", T-score", "h": " hours", "min": " minutes", "%": " %"}


def page_of(form: Form) -> str:
    """The page of one form, in Markdown."""
    return "\n".join(_lines(form)) + "\n"


def _lines(form: Form) -> Iterator[str]:
    yield f"# {form.title}"
    yield ""
    where = f"mappings/instruments/{form.id}.yaml"
    yield f"`{form.id}`, version {form.version}. Written from `{where}`."
    yield ""
    yield from _table(("", ""), _head(form))
    if form.unverified:
        yield from ("", "## Not verified", "")
        yield from (f"- {sentence}" for sentence in form.unverified)
    if form.items:
        yield from ("", "## Items", "")
        yield from _table(_item_columns(form), (_item(form, item) for item in form.items))
    for name, options in form.options.items():
        yield from ("", f"### Answers `{name}`", "")
        yield from _table(("code", "counts", "words", "codes"), map(_option, options))
    for scale in form.scales:
        yield from _scale(form, scale)
    if form.not_scored:
        yield from ("", "## Not scored", "")
        columns = ("score", "why", "codes")
        yield from _table(columns, map(_not_scored, form.not_scored))


def _head(form: Form) -> Iterator[tuple[str, str]]:
    yield "Source", form.source
    yield "Licence", form.licence.status
    yield "Wording", form.licence.wording
    if form.answered_by != "participant":
        yield "Answered by", form.answered_by
    if form.recall:
        yield "Asks about", form.recall
    yield "Codes", _codes(form.codes)


def _item_columns(form: Form) -> tuple[str, ...]:
    words = ("wording",) if any(item.text for item in form.items) else ()
    return ("item", "column", "answer", *words, "codes")


def _item(form: Form, item: Item) -> tuple[str, ...]:
    words = (item.text or "",) if any(each.text for each in form.items) else ()
    return (f"`{item.link_id}`", f"`{item.field}`", _answer(form, item), *words, _codes(item.codes))


def _answer(form: Form, item: Item) -> str:
    said = f"`{item.options}`" if item.options else item.type
    if item.min is not None and item.max is not None:
        said += f" from {item.min} to {item.max}"
    if item.unit is not None:
        said += f" ({item.unit.code})"
    if item.repeats:
        said += ", several"
    if item.asked_if is not None:
        said += f", asked if {_condition(form, item.asked_if)}"
    return f"{said}, not in every source" if item.optional else said


def _condition(form: Form, condition: Condition) -> str:
    if condition.equals is None:
        return f"`{condition.item}` is answered"
    if form.item(condition.item).type == "boolean":
        return f"`{condition.item}` is {'yes' if condition.equals == '1' else 'no'}"
    return f"`{condition.item}` is `{condition.equals}`"


def _option(option: Option) -> tuple[str, ...]:
    counts = "-" if option.score is None else str(option.score)
    codes = _codes((option.code,) if option.code else ())
    if option.accepts:
        codes += f"; taken as well: {_codes(option.accepts)}"
    return (f"`{option.value}`", counts, option.display or "", codes)


def _scale(form: Form, scale: Scale) -> Iterator[str]:
    yield from ("", f"## Score `{scale.id}`: {scale.title}", "")
    yield " ".join(_sentences(form, scale))
    if scale.note:
        yield from ("", scale.note)
    if scale.codes:
        yield from ("", f"Codes: {_codes(scale.codes)}.")
    if scale.table:
        yield from ("", "Raw sum and score:", "")
        yield ", ".join(f"{raw}: {value}" for raw, value in sorted(scale.table.items()))
    if scale.bands:
        yield ""
        yield from _table(("from", "to", "band", "read as", "codes"), map(_band, scale.bands))
    if scale.change:
        yield ""
        yield from _table(("change", "at least", "source"), map(_threshold, scale.change))


def _sentences(form: Form, scale: Scale) -> Iterator[str]:
    low, high = scale.range
    yield _what(form, scale)
    yield from _counting(form, scale)
    if scale.multiply > 1:
        yield f"The sum is multiplied by {scale.multiply}."
    if scale.method == "lookup":
        yield "The table below turns it into the score."
    if scale.points:
        yield f"Points: {_steps(scale.points)}."
    yield _missing(scale)
    decimals = f", {scale.places} decimal{'s' * (scale.places > 1)}" if scale.places else ""
    yield f"Range: {low} to {high}{_UNITS[scale.unit]}{decimals}."
    if scale.better:
        yield f"The {scale.better} the better."


def _what(form: Form, scale: Scale) -> str:
    if scale.field:
        return f"The total as the source holds it, in the column `{scale.field}`."
    if scale.method == "percent":
        part, whole = (f"`{name}`" for name in scale.scales)
        return f"The score {part} as per cent of the score {whole}."
    if scale.scales:
        return f"{_METHODS[scale.method]} the scores {_listed(scale.scales)}."
    return f"{_METHODS[scale.method]} {_stretches(form, scale.items)}."


def _counting(form: Form, scale: Scale) -> Iterator[str]:
    if scale.reverse:
        both = sorted({sum(bounds_of(form, form.item(name)) or ()) for name in scale.reverse})
        rule = " or ".join(f"{each} minus the answer" for each in both)
        yield f"Reversed ({rule}): {_stretches(form, scale.reverse)}."
    for names, recode in _alike(scale.recode):
        values = ", ".join(f"{old} counts {new}" for old, new in sorted(recode.items()))
        yield f"In {_stretches(form, names)}, {values}."
    for names, steps in _alike(scale.steps):
        yield f"In {_stretches(form, names)}, {_steps(steps)}."
    for name, condition in scale.only_if.items():
        yield f"`{name}` counts only if {_condition(form, condition)}."
    for names, count in _alike(scale.if_missing):
        yield f"Where {_stretches(form, names)} is missing, it counts {count}."


def _missing(scale: Scale) -> str:
    if scale.field:
        return "Missing items: the total is taken as it is."
    if scale.missing is None:
        what = "scores must be there" if scale.scales else "items must be answered"
        others = ", but for those with a count of their own" if scale.if_missing else ""
        return f"Missing items: all {what}{others}."
    at_least, of = scale.missing.at_least, len(scale.items)
    match scale.missing.fill:
        case "mean":
            rounded = ", and the sum is rounded up" if scale.missing.round == "up" else ""
            how = f"the gaps get the person's own mean{rounded}; the score is marked as prorated"
        case "none":
            how = "the mean is that of the answered items"
        case _:
            how = "the score is told where no answer to the gaps could change it"
    return f"Missing items: at least {at_least} of {of} must be answered; {how}."


def _steps(steps: Iterable[Step]) -> str:
    said = []
    for step in steps:
        if step.high is not None:
            said.append(f"up to {step.high} counts {step.counts}")
        elif step.below is not None:
            said.append(f"below {step.below} counts {step.counts}")
        else:
            said.append(f"more counts {step.counts}")
    return ", ".join(said)


def _alike(words: Mapping[str, Said]) -> Iterator[tuple[tuple[str, ...], Said]]:
    """The items that have the same said of them, together."""
    groups: list[tuple[list[str], Said]] = []
    for name, said in words.items():
        group = next((names for names, other in groups if other == said), None)
        if group is None:
            groups.append(([name], said))
        else:
            group.append(name)
    for names, said in groups:
        yield tuple(names), said


def _stretches(form: Form, names: tuple[str, ...]) -> str:
    """Link ids as a reader lists them: neighbours in the form as a stretch."""
    order = [item.link_id for item in form.items]
    parts: list[list[str]] = []
    for name in names:
        follows = parts and order.index(name) == order.index(parts[-1][-1]) + 1
        if follows:
            parts[-1].append(name)
        else:
            parts.append([name])
    return ", ".join(
        f"`{part[0]}` to `{part[-1]}`" if len(part) > 2 else _listed(part)  # noqa: PLR2004 - a pair
        for part in parts
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _band(band: Band) -> tuple[str, ...]:
    end = str(band.high) if band.high is not None else f"below {band.below}"
    read = _INTERPRETATIONS[band.interpretation] if band.interpretation else "-"
    return (str(band.low), end, band.label, read, _codes(band.codes))


def _threshold(threshold: Threshold) -> tuple[str, ...]:
    sizes = []
    if threshold.points is not None:
        sizes.append(f"{_number(threshold.points)} points")
    if threshold.percent is not None:
        sizes.append(f"{_number(threshold.percent)} %")
    too = ", and another band" if threshold.new_band else ""
    return (threshold.kind, " or ".join(sizes) + too, threshold.source)


def _number(number: Decimal) -> str:
    return f"{number:f}"


def _not_scored(scale: NotScored) -> tuple[str, ...]:
    return (f"`{scale.id}`: {scale.title}", scale.reason, _codes(scale.codes))


def _codes(codes: Iterable[Code]) -> str:
    said = [
        f"{code.system} {code.code}" + (f" ({code.display})" if code.display else "")
        for code in codes
    ]
    return ", ".join(said) or "-"


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield _row(columns)
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield _row(row)


def _row(cells: tuple[str, ...]) -> str:
    said = (cell.replace("|", "\\|").replace("\n", " ") for cell in cells)
    return "| " + " | ".join(said) + " |"
