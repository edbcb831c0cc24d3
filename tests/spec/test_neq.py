"""NEQ, 20 items: which negative effects occurred, how strong each was, and what it is put down to.

Source: Rozental et al. 2016 and 2019, and the developers' site: occurred 1 or 0, impact 0 to 4, the
treatment 1 or other circumstances 0. Numbers and impacts are summed, in all and by attribution.
What did not occur has no impact and no cause. Missing items: no official rule; whatever is asked
must be answered.
"""

from __future__ import annotations

import pytest

from tests.spec.worked import refused, worked

NAMES = (
    "effects",
    "effects-treatment",
    "effects-other",
    "impact",
    "impact-treatment",
    "impact-other",
)


def answers(**effects: str) -> str:
    """Nothing occurred but these: `n3="2 1"` is effect 3 of impact 2, put down to the treatment."""
    given = []
    for number in range(1, 21):
        given += (
            ["1", *effects[f"n{number}"].split()] if f"n{number}" in effects else ["0", "_", "_"]
        )
    return " ".join(given)


def scored(**effects: str) -> str:
    """The six scores in order."""
    scores = worked("neq", answers(**effects))
    return "; ".join(scores[name] for name in NAMES)


EVERYTHING = {f"n{number}": "4 1" for number in range(1, 21)}


@pytest.mark.parametrize(
    ("effects", "scores"),
    [
        pytest.param({}, "0; 0; 0; 0; 0; 0", id="nothing occurred"),
        pytest.param(EVERYTHING, "20; 20; 0; 80; 80; 0", id="everything, by the treatment"),
        pytest.param({"n3": "2 1"}, "1; 1; 0; 2; 2; 0", id="one, by the treatment"),
        pytest.param({"n3": "2 0"}, "1; 0; 1; 2; 0; 2", id="one, by other circumstances"),
        pytest.param({"n3": "0 1"}, "1; 1; 0; 0; 0; 0", id="it occurred and did not matter"),
        pytest.param({"n3": "2 1", "n7": "4 0", "n12": "1 1"}, "3; 2; 1; 7; 3; 4", id="a person"),
    ],
)
def test_numbers_and_impacts_are_split_by_attribution(effects: dict[str, str], scores: str) -> None:
    assert scored(**effects) == scores


@pytest.mark.parametrize(
    ("effect", "scores"),
    [
        pytest.param(
            "_ 1",
            "2; 1; 1; none: unknown, 19 of 20; none: unknown, 19 of 20; 4",
            id="no impact, by the treatment",
        ),
        pytest.param(
            "_ 0",
            "2; 0; 2; none: unknown, 19 of 20; 0; none: unknown, 19 of 20",
            id="no impact, by other circumstances",
        ),
        pytest.param(
            "2 _",
            "2; none: unknown, 19 of 20; none: unknown, 19 of 20; 6; "
            "none: unknown, 19 of 20; none: unknown, 19 of 20",
            id="no cause",
        ),
        pytest.param(
            "_ -97",
            "2; none: asked-declined, 19 of 20; none: asked-declined, 19 of 20; "
            "none: unknown, 19 of 20; none: unknown, 19 of 20; none: unknown, 19 of 20",
            id="no impact, and the cause refused",
        ),
    ],
)
def test_a_gap_costs_only_what_it_could_change(effect: str, scores: str) -> None:
    """Beside it, effect 12 of impact 4, by other circumstances."""
    assert scored(n3=effect, n12="4 0") == scores


def test_where_nobody_knows_whether_it_occurred_nothing_is_summed() -> None:
    given = answers().split()
    given[0] = "_"

    scores = worked("neq", " ".join(given))

    assert scores == dict.fromkeys(NAMES, "none: unknown, 19 of 20")


@pytest.mark.parametrize(
    ("place", "answer", "fields"),
    [
        pytest.param(1, "3", ["neq_1_impact"], id="an impact of nothing"),
        pytest.param(2, "1", ["neq_1_cause"], id="a cause of nothing"),
        pytest.param(0, "2", ["neq_1"], id="neither yes nor no"),
    ],
)
def test_what_was_not_asked_cannot_be_answered(place: int, answer: str, fields: list[str]) -> None:
    given = answers().split()
    given[place] = answer

    assert refused("neq", " ".join(given)) == fields
