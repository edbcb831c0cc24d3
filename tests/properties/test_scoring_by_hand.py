"""Rules that are no plain sums agree with the papers, on answers that nobody thought of."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.scoring import score_response
from tests import by_hand
from tests.answered import as_asked
from tests.forms import FORMS, respond

if TYPE_CHECKING:
    from adapter.scoring import Score

thoroughly = settings(max_examples=400, deadline=None)
CLUSTERS = {
    "pcl-5": (2, {"b": (1, 5, 1), "c": (6, 7, 1), "d": (8, 14, 2), "e": (15, 20, 2)}),
    "pcl-c": (3, {"b": (1, 5, 1), "c": (6, 12, 3), "d": (13, 17, 2)}),
}
clock = st.times().map(lambda time: time.isoformat("minutes"))
quarters = st.integers(0, 96).map(lambda n: f"{n // 4}.{n % 4 * 25:02}")
frequency = st.sampled_from("0123")


def scores_of(form: str, values: dict[str, str]) -> dict[str, Score]:
    """Our scores by scale; none where nobody answered anything."""
    response = respond(FORMS[form], values)
    scores = score_response(response) if response else ()
    return {score.scale.id: score for score in scores}


def exact(scores: dict[str, Score], names: by_hand.Scores) -> by_hand.Scores:
    """Our values of these scales."""
    return {
        name: None if score.value is None else Fraction(score.value)
        for name, score in scores.items()
        if name in names
    }


@st.composite
def in_bed(draw: st.DrawFn) -> dict[str, str]:
    """A night of eight or ten hours in bed, and a share of it asleep in half per cents."""
    begin, hours = draw(st.integers(0, 23)), draw(st.sampled_from([8, 10]))
    halves = draw(st.integers(120, 205))
    asleep = Fraction(halves * hours, 200)
    return {"1": f"{begin:02}:10", "3": f"{(begin + hours) % 24:02}:10", "4": str(float(asleep))}


@st.composite
def nights(draw: st.DrawFn) -> dict[str, str]:
    """Answers to the PSQI by question, some of them missing."""
    kinds = {"1": clock, "2": st.integers(0, 90).map(str), "3": clock, "4": quarters}
    kinds |= {f"5{letter}": frequency for letter in "abcdefghij"}
    kinds |= {"5j-text": st.just("pain")} | dict.fromkeys("6789", frequency)
    gaps = draw(st.sets(st.sampled_from(sorted(kinds)), max_size=3))
    night = {name: draw(kind) for name, kind in kinds.items()}
    night |= draw(st.one_of(st.just({}), in_bed()))
    return {name: said for name, said in night.items() if name not in gaps}


@thoroughly
@given(said=nights())
def test_psqi(said: dict[str, str]) -> None:
    expected = by_hand.psqi(said)

    scores = scores_of(
        "psqi", {f"psqi_{name.replace('-', '_')}": text for name, text in said.items()}
    )

    assert exact(scores, expected) == expected


@pytest.mark.parametrize("form", CLUSTERS)
@thoroughly
@given(data=st.data())
def test_the_rule_of_a_ptsd_checklist(form: str, data: st.DataObject) -> None:
    symptom, clusters = CLUSTERS[form]
    codes = [option.value for option in FORMS[form].options["extent"]]
    size = len(FORMS[form].items)
    gap = data.draw(st.sampled_from([[], [""]]))
    answers = data.draw(st.lists(st.sampled_from(codes + gap), min_size=size, max_size=size))
    answers[0] = answers[0] or codes[0]  # else it might be no response at all
    numbers = [Fraction(text) if text else None for text in answers]

    fields = [item.field for item in FORMS[form].items]
    scores = scores_of(form, dict(zip(fields, answers, strict=True)))

    expected = by_hand.pcl(numbers, symptom, clusters)
    assert exact(scores, expected) == expected


EFFECT = st.tuples(
    st.sampled_from(["0", "1"]), st.sampled_from("01234"), st.sampled_from(["0", "1"])
)


@thoroughly
@given(
    effects=st.lists(EFFECT, min_size=20, max_size=20),
    gaps=st.sets(st.tuples(st.integers(0, 19), st.integers(0, 2)), max_size=2),
)
def test_neq(effects: list[tuple[str, str, str]], gaps: set[tuple[int, int]]) -> None:
    values: dict[str, str] = {}
    for number, effect in enumerate(effects, 1):
        names = (f"neq_{number}", f"neq_{number}_impact", f"neq_{number}_cause")
        told = ["" if (number - 1, part) in gaps else text for part, text in enumerate(effect)]
        values |= dict(zip(names, told, strict=True))
    values = as_asked(FORMS["neq"], values)
    numbers = [
        tuple(
            Fraction(text) if (text := values.get(f"neq_{number}{part}", "")) else None
            for part in ("", "_impact", "_cause")
        )
        for number in range(1, 21)
    ]

    scores = scores_of("neq", values)

    expected = by_hand.neq([(first, second, third) for first, second, third in numbers])
    assert exact(scores, expected) == expected


@thoroughly
@given(
    answers=st.lists(st.sampled_from(["0", "1", ""]), min_size=5, max_size=5),
    behaviour=st.sampled_from(["0", "1"]),
)
def test_the_c_ssrs_screener(answers: list[str], behaviour: str) -> None:
    form = FORMS["c-ssrs-screen"]
    values = {f"cssrs_{number}": text for number, text in enumerate(answers, 1)}
    values = as_asked(form, {**values, "cssrs_6": behaviour})

    scores = scores_of(form.id, values)

    yes = [{"0": False, "1": True, "": None}[values[f"cssrs_{number}"]] for number in range(1, 6)]
    level = scores["ideation"].value
    assert (None if level is None else int(level)) == by_hand.ideation(yes)


@thoroughly
@given(levels=st.lists(st.sampled_from(["1", "2", "3", "4", "5", ""]), min_size=5, max_size=5))
def test_the_eq_5d_profile(levels: list[str]) -> None:
    values = {f"eq5d5l_{number}": level for number, level in enumerate(levels, 1)}

    scores = scores_of("eq-5d-5l", {**values, "eq5d5l_vas": "50"})

    assert scores["profile"].profile == by_hand.profile([level or None for level in levels])
