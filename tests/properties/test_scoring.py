"""Laws of scoring, over every instrument file and over answers that nobody thought of.

The judge is a second implementation, `tests/naive.py`, which reads the YAML files on its own.
"""

from __future__ import annotations

import functools
import itertools
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.scoring import score_response
from tests.forms import FORMS, MAPPINGS, respond
from tests.naive import Declared, NaiveScore, Told, items_of, naive_scores, spread

if TYPE_CHECKING:
    from adapter.scoring import Score

Answers = dict[str, str]
MISSING_CODES = {"-97": "asked-declined", "-98": "not-applicable", "-99": "unknown"}
BLANK = ""
DECLARED: dict[str, Declared] = {
    name: yaml.safe_load((MAPPINGS / "instruments" / f"{name}.yaml").read_text("utf-8"))
    for name in FORMS
}
SCORED = [name for name, form in DECLARED.items() if form.get("scales")]

TURNING = {"scales", "steps", "points", "only_if"}  # what may turn the direction of an answer

every_form = pytest.mark.parametrize("name", SCORED)
thoroughly = settings(max_examples=200, deadline=None)


def possible(form: Declared, item: Declared) -> list[str]:
    """All that a source may hold for an item, from the least to the most it can count."""
    match item.get("type", "choice"):
        case "choice":
            return [str(option["value"]) for option in form["options"][item["options"]]]
        case "boolean":
            return ["0", "1"]
        case "time":
            return [f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 15, 20, 31)]
        case "string":
            return ["said"]
        case "decimal":
            quarters = range(4 * item["min"], 4 * item["max"] + 1)
            return [f"{n // 4}.{n % 4 * 25:02}" for n in quarters]
        case _:
            return [str(number) for number in range(item["min"], item["max"] + 1)]


@functools.cache
def fields_of(name: str) -> dict[str, list[str]]:
    """Every field of a form with all it may hold; a total has two decimals."""
    form = DECLARED[name]
    fields = {item["field"]: possible(form, item) for item in items_of(form)}
    for scale in form["scales"]:
        if "field" in scale:
            low, high = scale["range"]
            hundredths = range(low * 100, high * 100 + 1)
            fields[scale["field"]] = [f"{n // 100}.{n % 100:02}" for n in hundredths]
    return fields


every_form_of_several_fields = pytest.mark.parametrize(
    "name", [name for name in SCORED if len(fields_of(name)) > 1]
)


def as_asked(name: str, answers: Answers) -> Answers:
    """The answers without those to items that the others say were not asked."""
    form = DECLARED[name]
    kept = dict(answers)
    for item in items_of(form):
        told = Told(form, kept, MISSING_CODES)
        if told.is_asked(item["link_id"]) is not True and told.text(item["link_id"]):
            kept[item["field"]] = BLANK
    return kept


@functools.cache
def complete(name: str) -> st.SearchStrategy[Answers]:
    """An answer in every field; two bytes choose each, as one draw is faster than one a field."""
    fields = fields_of(name)

    def chosen(chance: bytes) -> Answers:
        pairs = zip(chance[::2], chance[1::2], strict=True)
        return as_asked(
            name,
            {
                field: fields[field][(256 * first + second) % len(fields[field])]
                for field, (first, second) in zip(fields, pairs, strict=True)
            },
        )

    return st.binary(min_size=2 * len(fields), max_size=2 * len(fields)).map(chosen)


@functools.cache
def incomplete(name: str) -> st.SearchStrategy[Answers]:
    """Answers with one gap up to all: blanks, missing-data codes, or both, but not blanks alone."""
    size = len(fields_of(name))
    kinds = [[BLANK], *([code] for code in MISSING_CODES), [BLANK, *MISSING_CODES]]

    def with_gaps(drawn: tuple[Answers, int, bytes, list[str]]) -> Answers:
        answers, gaps, chance, kind = drawn
        order = sorted(zip(chance, answers, strict=True))
        gapped = {field: kind[byte % len(kind)] for byte, field in order[:gaps]}
        return as_asked(name, answers | gapped)

    drawn = st.tuples(
        complete(name),
        st.integers(1, size),
        st.binary(min_size=size, max_size=size),
        st.sampled_from(kinds),
    )
    return drawn.map(with_gaps).filter(lambda answers: any(answers.values()))


@functools.cache
def any_answers(name: str) -> st.SearchStrategy[Answers]:
    """Complete or not."""
    return st.one_of(complete(name), incomplete(name))


def ours(name: str, answers: Answers) -> tuple[Score, ...]:
    """What the program scores."""
    response = respond(FORMS[name], answers)
    assert response is not None
    return score_response(response)


def naively(score: Score) -> NaiveScore:
    """Our score in the words of the naive one."""
    value = None if score.value is None else Fraction(score.value)
    return NaiveScore(
        score.scale.id,
        value,
        score.answered,
        score.of,
        score.is_prorated,
        score.absent,
        score.profile,
    )


@every_form
@thoroughly
@given(data=st.data())
def test_complete_answers_score_as_the_naive_scorer_says(name: str, data: st.DataObject) -> None:
    answers = data.draw(complete(name))

    scores = [naively(score) for score in ours(name, answers)]

    assert scores == naive_scores(DECLARED[name], answers, MISSING_CODES)


@every_form
@thoroughly
@given(data=st.data())
def test_incomplete_answers_score_as_the_naive_scorer_says(name: str, data: st.DataObject) -> None:
    answers = data.draw(incomplete(name))

    scores = [naively(score) for score in ours(name, answers)]

    assert scores == naive_scores(DECLARED[name], answers, MISSING_CODES)


@every_form
@thoroughly
@given(data=st.data())
def test_a_score_has_a_value_in_its_range_or_a_reason(name: str, data: st.DataObject) -> None:
    answers = data.draw(any_answers(name))

    scores = ours(name, answers)

    for score in scores:
        low, high = score.scale.range
        has_none = score.value is None and score.profile is None
        assert has_none == (score.absent is not None)
        assert score.value is None or low <= score.value <= high
        assert score.value is None or score.value.as_tuple().exponent == -score.scale.places
        assert not (score.is_prorated and score.answered in {0, score.of})


@every_form_of_several_fields
@thoroughly
@given(data=st.data())
def test_the_order_of_the_fields_changes_nothing(name: str, data: st.DataObject) -> None:
    answers = data.draw(any_answers(name))
    turned = data.draw(st.sampled_from(sorted(answers)))
    other_order = dict(sorted(answers.items(), key=lambda item: (item[0] < turned, item[1])))

    scores = ours(name, other_order)

    assert scores == ours(name, answers)


@functools.cache
def asked_of_everybody(name: str) -> list[Declared]:
    """The items that hang on no other, and on which no other hangs."""
    items = items_of(DECLARED[name])
    gates = {item["asked_if"]["item"] for item in items if "asked_if" in item}
    return [
        item
        for item in items
        if "asked_if" not in item and item["link_id"] not in gates and pairs_of(name, item["field"])
    ]


@functools.cache
def pairs_of(name: str, field: str) -> list[tuple[str, str]]:
    """Each two neighbouring answers, the lower one first."""
    answers = fields_of(name)[field]
    return list(itertools.pairwise(answers))


@pytest.mark.parametrize("name", [name for name in SCORED if asked_of_everybody(name)])
@thoroughly
@given(data=st.data())
def test_a_higher_answer_moves_a_score_one_way_alone(name: str, data: st.DataObject) -> None:
    """It never lowers a score, unless the item is reversed: then it never raises it."""
    form = DECLARED[name]
    answers = data.draw(any_answers(name))
    item = data.draw(st.sampled_from(asked_of_everybody(name)))
    answer, other = data.draw(st.sampled_from(pairs_of(name, item["field"])))

    lower = ours(name, answers | {item["field"]: answer})
    higher = ours(name, answers | {item["field"]: other})

    for scale, before, after in zip(form["scales"], lower, higher, strict=True):
        if item["link_id"] in spread(form, list(scale.get("recode", {}))) or before.value is None:
            continue
        if TURNING.intersection(scale) or scale["method"] == "between":
            continue
        assert after.value is not None
        if item["link_id"] in spread(form, scale.get("reverse", [])):
            assert after.value <= before.value
        else:
            assert after.value >= before.value
