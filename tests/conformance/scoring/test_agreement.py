"""Programs of other hands compute the very scores that we compute, from what a clinic gets.

They are installed and started by the tests. Nothing is skipped: where one cannot run, its tests
fail.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from itertools import product

import pytest

from adapter.instruments.coherence import check_form
from adapter.instruments.form import Form
from adapter.instruments.mapping import read_mapping
from tests.conformance.scoring.agreement import (
    SCORED,
    TABLE,
    Agreement,
    answer,
    build_table,
    compare,
    read_form,
)
from tests.conformance.scoring.engines import NAMES, Engines
from tests.conformance.scoring.made import MADE
from tests.forms import form_of

Compared = Callable[[str], Agreement]  # by the name of a form, shipped or made
every_form = pytest.mark.parametrize("name", [*SCORED, *MADE])


@pytest.fixture(scope="module")
def compared(engines: Engines) -> Compared:
    """Compares each form once, when it is first asked for."""
    return functools.cache(lambda name: compare(MADE.get(name) or read_form(name), engines))


@every_form
def test_everybody_gives_the_score_that_we_give(name: str, compared: Compared) -> None:
    agreement = compared(name)

    differing = {who: found[:5] for who, found in agreement.differences.items() if found}

    assert differing == {}


@every_form
def test_each_score_is_met_given_and_not_given(name: str, compared: Compared) -> None:
    answered = compared(name).answered

    met = {
        (scale, score is not None)
        for case in answered.cases
        for scale, score in case.scores.items()
    }

    complete = sum(case.is_complete for case in answered.cases)
    assert (len(answered.cases) >= 200, complete >= 100) == (True, True)
    assert met == set(product((scale.id for scale in answered.form.scales), (True, False)))


@every_form
def test_a_form_drawn_on_the_page_scores_alike(
    name: str, compared: Compared, engines: Engines
) -> None:
    answered = compared(name).answered
    highest = answered.cases[1]

    (drawn,) = engines.draw(answered.questionnaire, [highest.response])

    ours = {scale: highest.scores[scale] for scale in answered.said}
    assert answered.scores_of(drawn) == ours


@pytest.mark.parametrize("who", NAMES)
def test_every_engine_counts_the_weight_that_the_form_says(who: str, engines: Engines) -> None:
    text = read_form("gad-7").replace("{value: 3,", "{value: 3, weight: 4,")
    heavier = answer(form_of(text))

    (computed,) = engines.compute(who, heavier.questionnaire, [heavier.cases[1].response])

    assert computed == {"score-total": 7 * 4}


def test_the_page_in_docs_says_what_this_run_found(compared: Compared) -> None:
    table = build_table([compared(name) for name in SCORED])

    assert TABLE.read_text("utf-8") == table, "If the change is meant, run: make agreement"


@pytest.mark.parametrize("name", MADE)
def test_engines_are_asked_for_every_score_of_the_made_forms(name: str, compared: Compared) -> None:
    answered = compared(name).answered

    assert answered.said == tuple(scale.id for scale in answered.form.scales)


@pytest.mark.parametrize("name", MADE)
def test_the_made_forms_have_no_findings(name: str) -> None:
    form, lines, problems = read_mapping(MADE[name], f"{name}.yaml", Form)

    assert form is not None
    assert [*problems, *check_form(form, lines)] == []
