"""Laws of scoring over forms that nobody wrote: every combination of the vocabulary's rules.

A form without findings is scored to the end, as the naive scorer says, and within its range.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adapter.instruments.coherence import check_form
from adapter.instruments.form import Form
from adapter.instruments.mapping import read_mapping
from adapter.scoring import score_response
from tests.forms import respond
from tests.naive import Declared, NaiveScore, Told, naive_scores

if TYPE_CHECKING:
    from adapter.errors import Problem
    from adapter.scoring import Score

Fields = dict[str, list[str]]  # all that each field may hold
MISSING_CODES = {"-97": "asked-declined", "-98": "not-applicable", "-99": "unknown"}
OPTIONS: Declared = {
    "plain": [{"value": "a", "weight": 0}, {"value": "b", "weight": 2}, {"value": "unsure"}],
    "weighted": [{"value": "a", "weight": 3.7}, {"value": "b", "weight": 0.5}, {"value": 1}],
}
HEAD: Declared = {
    "kind": "instrument",
    "id": "made",
    "version": "1.0.0",
    "title": "Made",
    "source": "made by chance",
    "licence": {"status": "none", "wording": "shipped"},
    "options": OPTIONS,
}
Recode = dict[float, float]
# What an item may be, what its column may hold (of decimals a few), a recode if it can have one.
KINDS: list[tuple[Declared, list[str], Recode]] = [
    ({"options": "plain"}, ["a", "b", "unsure"], {0: 5, 2: 1}),
    ({"options": "weighted"}, ["a", "b", "1"], {3.7: 0, 0.5: 2.5, 1: 7}),
    ({"type": "integer", "min": 0, "max": 2}, ["0", "1", "2"], {0: 0, 1: 3, 2: 1}),
    ({"type": "integer", "min": 2, "max": 4}, ["2", "3", "4"], {2: 0, 3: 10, 4: 20}),
    ({"type": "decimal", "min": 0, "max": 2.5}, ["0", "0.75", "1.333", "2.5"], {}),
    ({"type": "boolean"}, ["0", "1"], {}),
]
thoroughly = settings(max_examples=200, deadline=None)


GATE: Declared = {"link_id": "gate", "field": "gate", "type": "boolean"}
SAID: Declared = {"item": "gate", "equals": 1}
STEPS: list[Declared] = [{"high": 1, "counts": 2}, {"below": 2, "counts": 0.5}, {"counts": 3}]


@st.composite
def conditions(draw: st.DrawFn, scale: Declared, items: list[Declared]) -> None:
    """Adds conditions, steps, gaps that count and points to a scale and its items."""
    names = [item["link_id"] for item in items]
    some = st.lists(st.sampled_from(names), unique=True)
    for item in items:
        if draw(st.booleans()):
            item["asked_if"] = SAID
    scale["only_if"] = dict.fromkeys(draw(some), SAID)
    scale["if_missing"] = {name: draw(st.integers(0, 2)) for name in draw(some)}
    numbers = [item["link_id"] for item in items if item.get("type") in {"integer", "decimal"}]
    changed = {*scale.get("reverse", []), *scale.get("recode", {})}
    if draw(st.booleans()):
        scale["steps"] = {name: STEPS for name in numbers if name not in changed}
    if draw(st.booleans()):
        end = draw(st.sampled_from(["high", "below"]))
        counts = draw(st.permutations([0, 1.5, 4]))
        first, second = draw(st.sampled_from([(0.5, 2), (1, 3), (2, 5)]))
        scale["points"] = [{end: first, "counts": counts[0]}, {end: second, "counts": counts[1]}]
        scale["points"].append({"counts": counts[2]})
    if scale["method"] == "sum" and draw(st.booleans()):
        scale["method"], scale["multiply"] = "highest", 1
        scale.pop("missing", None)
    comes_in_steps = scale["method"] == "highest" or (
        scale["method"] == "sum" and "points" in scale
    )
    has_decimals = any(item.get("type") == "decimal" for item in items)
    if comes_in_steps and not has_decimals and draw(st.booleans()):
        scale["missing"] = {"at_least": draw(st.integers(1, len(names))), "fill": "settled"}


@st.composite
def forms(draw: st.DrawFn) -> tuple[Declared, Fields]:
    """A form of one scale, whose range is far too wide; its items are often of one kind."""
    kinds = [draw(st.sampled_from(KINDS))] * 3
    if draw(st.booleans()):
        kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
    items: list[Declared] = [
        kind | {"link_id": f"i-{n}", "field": f"i_{n}"} for n, (kind, _, _) in enumerate(kinds, 1)
    ]
    names = [item["link_id"] for item in items]
    recodes = {name: recode for name, (_, _, recode) in zip(names, kinds, strict=True) if recode}
    scale: Declared = {
        "id": "s",
        "title": "S",
        "items": draw(st.permutations(names)),
        "method": draw(st.sampled_from(["sum", "mean", "lookup"])),
        "range": [-1000, 1000],
        "places": draw(st.integers(0, 3)),
    }
    if recodes:
        scale["reverse"] = draw(st.lists(st.sampled_from(sorted(recodes)), unique=True))
        recoded = draw(st.lists(st.sampled_from(sorted(recodes)), unique=True))
        scale["recode"] = {name: recodes[name] for name in recoded}
    if scale["method"] == "sum":
        scale["multiply"] = draw(st.integers(1, 3))
    if draw(st.booleans()):
        scale["missing"] = {
            "at_least": draw(st.integers(1, len(names))),
            "fill": "none" if scale["method"] == "mean" else "mean",
            "round": draw(st.sampled_from(["up", "none"])),
        }
    fields = {item["field"]: texts for item, (_, texts, _) in zip(items, kinds, strict=True)}
    if scale["method"] != "lookup" and draw(st.booleans()):
        draw(conditions(scale, items))
        fields = {"gate": ["0", "1"]} | fields
        items = [GATE, *items]
    form = HEAD | {"items": items, "scales": [scale]}
    return (with_table(form, fields) if scale["method"] == "lookup" else form), fields


def with_table(form: Declared, fields: Fields) -> Declared:
    """The form with a table of all raw sums, which are those of the same form without one."""
    plain = with_scale(form, method="sum", places=6, multiply=1)
    raws = [score.value for score in every_score(plain, fields) if score.value is not None]
    assume(raws)
    rows = range(math.floor(min(raws)), math.ceil(max(raws)) + 1)
    return with_scale(form, table={raw: 40 + raw * 1.5 for raw in rows})


def with_scale(form: Declared, **words: object) -> Declared:
    """The form with other words in its scale."""
    return form | {"scales": [form["scales"][0] | words]}


def findings(declared: Declared) -> tuple[Form | None, list[Problem]]:
    """The form that a declaration describes, and what is wrong with it."""
    form, lines, problems = read_mapping(yaml.safe_dump(declared), "made.yaml", Form)
    return form, [*problems, *(check_form(form, lines) if form else [])]


def scored(form: Form | None, answers: dict[str, str]) -> Score:
    """The one score of a form."""
    response = respond(form, answers) if form else None
    assert response is not None
    (score,) = score_response(response)
    return score


def every_set(fields: Fields) -> list[dict[str, str]]:
    """All sets of answers there are, blanks among them, but not blanks alone."""
    sets = product(*(["", *texts] for texts in fields.values()))
    return [dict(zip(fields, texts, strict=True)) for texts in sets if any(texts)]


def as_asked(form: Declared, answers: dict[str, str]) -> dict[str, str]:
    """The answers without those to items that were not asked."""
    told = Told(form, answers, MISSING_CODES)
    unasked = {
        item["field"] for item in form["items"] if told.is_asked(item["link_id"]) is not True
    }
    return {
        field: "" if field in unasked and text not in MISSING_CODES else text
        for field, text in answers.items()
    }


def every_score(form: Declared, fields: Fields) -> list[NaiveScore]:
    """The naive scores of all sets of answers."""
    sets = [as_asked(form, answers) for answers in every_set(fields)]
    return [
        naive_scores(form, answers, MISSING_CODES)[0] for answers in sets if any(answers.values())
    ]


@thoroughly
@given(made=forms(), data=st.data())
def test_a_form_without_findings_is_scored_as_the_naive_scorer_says(
    made: tuple[Declared, Fields], data: st.DataObject
) -> None:
    declared, fields = made
    form, problems = findings(declared)
    assume(not problems)
    answers = data.draw(st.sampled_from(every_set(fields)))
    gap = data.draw(st.sampled_from(["", *MISSING_CODES]))
    answers = as_asked(declared, {field: text or gap for field, text in answers.items()})
    assume(any(answers.values()))

    score = scored(form, answers)

    expected = naive_scores(declared, answers, MISSING_CODES)[0]
    assert (score.value, score.answered) == (expected.value, expected.answered)
    assert (score.is_prorated, score.absent) == (expected.is_prorated, expected.absent)


@thoroughly
@given(made=forms())
def test_a_range_is_accepted_exactly_when_every_score_lies_in_it(
    made: tuple[Declared, Fields],
) -> None:
    """A range may be wider than a table needs, or a sum that is rounded up; or with conditions,
    where some that might be cannot be together.
    """
    declared, fields = made
    assume(not findings(declared)[1])
    values = [score.value for score in every_score(declared, fields) if score.value is not None]
    low, high = min(values), max(values)
    assume(low < high)
    scale = declared["scales"][0]
    step = Fraction(1, 10 ** scale["places"])

    accepted = findings(with_scale(declared, range=[float(low), float(high)]))[1]
    too_high = findings(with_scale(declared, range=[float(low), float(high - step)]))[1]
    too_low = findings(with_scale(declared, range=[float(low + step), float(high)]))[1]

    rounds_up = scale.get("missing", {}).get("round") == "up"
    if scale["method"] != "lookup" and not rounds_up and "only_if" not in scale:
        assert accepted == []
    assert too_high
    assert too_low
