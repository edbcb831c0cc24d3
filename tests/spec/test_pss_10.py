"""PSS-10: ten items from 0 to 4; items 4, 5, 7 and 8 are reversed; all ten must be answered.

Source: Cohen & Williamson 1988. The trap: LOINC's own answer scores of these four items are
reversed already; here the raw answers are reversed, once.
"""

from __future__ import annotations

import pytest

from tests.spec.worked import refused, worked


@pytest.mark.parametrize(
    ("answers", "total"),
    [
        pytest.param("0 0 0 4 4 0 4 4 0 0", "0", id="least stress"),
        pytest.param("4 4 4 0 0 4 0 0 4 4", "40", id="most stress"),
        # six of 0 and four reversed from 0 to 4
        pytest.param("0 0 0 0 0 0 0 0 0 0", "16", id="never to everything"),
        pytest.param("4 4 4 4 4 4 4 4 4 4", "24", id="very often to everything"),
        # reversed: 1, 2, 1, 2 become 3, 2, 3, 2
        pytest.param("3 2 4 1 2 3 1 2 3 3", "28", id="a person"),
        pytest.param("3 2 4 1 2 3 1 2 3 _", "none: unknown, 9 of 10", id="one missing"),
    ],
)
def test_four_items_are_reversed_once(answers: str, total: str) -> None:
    assert worked("pss-10", answers) == {"total": total}


@pytest.mark.parametrize("item", range(1, 11))
def test_a_higher_answer_means_more_stress_but_for_the_reversed_items(item: int) -> None:
    answers = ["2"] * 10
    answers[item - 1] = "3"

    scores = worked("pss-10", " ".join(answers))

    assert scores == {"total": "19" if item in {4, 5, 7, 8} else "21"}


@pytest.mark.parametrize("answer", ["-1", "5"])
def test_an_answer_outside_0_to_4_is_refused(answer: str) -> None:
    assert refused("pss-10", f"0 0 0 0 {answer} 0 0 0 0 0") == ["pss10_5"]
