"""PROMIS-29 v2 and Pain Interference 6a and 6b: what is scored, and what is not.

T-scores of anxiety, depression, fatigue and pain interference come from a table over the raw sum of
four items (4 to 20). Physical function, sleep and social roles are not scored: in which direction a
source stores their items was not verified. Of 6a and 6b the raw sum alone is scored: no table was
verified. Source of the tables: a public implementation.
"""

from __future__ import annotations

import pytest

from tests.forms import FORMS
from tests.spec.worked import refused, worked


def profile(anxiety: str, depression: str, fatigue: str, pain: str, intensity: str) -> str:
    """The answers; what is not scored is answered in the middle."""
    middle = "3 3 3 3"
    return f"{middle} {anxiety} {depression} {fatigue} {middle} {middle} {pain} {intensity}"


@pytest.mark.parametrize(
    ("answers", "scores"),
    [
        pytest.param(
            profile("1 1 1 1", "1 1 1 1", "1 1 1 1", "1 1 1 1", "0"),
            "40.3 41.0 33.7 41.6 0",
            id="lowest",
        ),
        pytest.param(
            profile("5 5 5 5", "5 5 5 5", "5 5 5 5", "5 5 5 5", "10"),
            "81.6 79.4 75.8 75.6 10",
            id="highest",
        ),
        # sums of 8, 10, 15 and 16
        pytest.param(
            profile("2 3 2 1", "3 2 2 3", "4 3 4 4", "4 4 3 5", "7"),
            "55.8 58.9 62.7 66.6 7",
            id="a person",
        ),
    ],
)
def test_four_domains_have_t_scores(answers: str, scores: str) -> None:
    found = worked("promis-29-v2", answers)

    names = ("anxiety-t", "depression-t", "fatigue-t", "pain-interference-t", "pain-intensity")
    assert " ".join(found[name] for name in names) == scores
    assert set(found) == set(names)


def test_a_domain_with_a_gap_has_no_t_score() -> None:
    answers = profile("2 _ 2 1", "3 2 2 3", "4 3 4 4", "4 4 3 5", "7")

    scores = worked("promis-29-v2", answers)

    assert scores["anxiety-t"] == "none: unknown, 3 of 4"
    assert scores["depression-t"] == "58.9"


def test_what_was_not_verified_is_named_and_not_scored() -> None:
    left_out = {
        name: {scale.id for scale in form.not_scored}
        for name, form in FORMS.items()
        if name.startswith("promis")
    }

    assert left_out == {
        "promis-29-v2": {"physical-function-t", "sleep-disturbance-t", "social-roles-t"},
        "promis-pi-4a": set(),
        "promis-pi-6a": {"t"},
        "promis-pi-6b": {"t"},
        "promis-pi-8a": set(),
    }


@pytest.mark.parametrize("form", ["promis-pi-6a", "promis-pi-6b"])
@pytest.mark.parametrize(
    ("answers", "raw"),
    [
        pytest.param("1 1 1 1 1 1", "6", id="lowest"),
        pytest.param("5 5 5 5 5 5", "30", id="highest"),
        pytest.param("3 4 3 2 4 3", "19", id="a person"),
        pytest.param("3 4 3 2 4 _", "none: unknown, 5 of 6", id="one missing"),
    ],
)
def test_six_items_of_pain_interference_have_a_raw_sum(form: str, answers: str, raw: str) -> None:
    assert worked(form, answers) == {"raw": raw}


@pytest.mark.parametrize("answer", ["0", "6"])
def test_an_answer_outside_1_to_5_is_refused(answer: str) -> None:
    assert refused("promis-pi-6b", f"1 1 1 1 1 {answer}") == ["promis_pi_6b_6"]
