"""Whether programs of other hands compute the scores that we compute, counted.

Every shipped form that is scored from items is answered some two hundred times. What our scoring
gives is compared with the second, naive scorer of `tests/`, and with what the engines make of the
expressions in the form's Questionnaire.

Run this file to write `docs/agreement.md` anew.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from adapter.fhir.check import write
from adapter.fhir.identity import Identity
from adapter.fhir.questionnaire import SDC, build_questionnaire, score_link_id
from adapter.fhir.questionnaire_response import build_questionnaire_response
from adapter.scoring import Score, score_response
from tests.conformance.scoring.answers import Answers, draw_answers
from tests.conformance.scoring.engines import NAMES, Computed, Engines
from tests.forms import FORMS, MAPPINGS, form_of, respond, study_with
from tests.naive import naive_scores

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from adapter.instruments.form import Form
    from tests.naive import Declared

TABLE = Path(__file__).parents[3] / "docs" / "agreement.md"
KEY = b"synthetic people need no secret"
MISSING_CODES = {"-97": "asked-declined", "-98": "not-applicable", "-99": "unknown"}
CALCULATED = f"{SDC}/sdc-questionnaire-calculatedExpression"
NAIVE = "naive scorer"
COLUMNS = ("form", "responses", "with gaps", "scores", "as FHIRPath", "not given")
EVERYBODY = (NAIVE, *NAMES)
# The forms with a score that is computed; where only totals are held there is nothing to compute.
SCORED = [name for name, form in FORMS.items() if form.items and form.scales]

HEAD = """\
# Agreement on every score

Written by `make agreement`; a test compares it with a new run.

Each form that is scored from items is answered by a seeded die, half of the times with gaps.
Programs of other hands evaluate the expressions in its Questionnaire, and each score is compared
with ours. A difference is another number, a score that they give and we do not, or one that we give
and they do not. The naive scorer is a second implementation of the form's file, in fractions; it is
ours, and reads no expression.
"""
FOOT = """\
`not given` counts scores that the rules forbid, over all responses. The columns after it count
differences: of the naive scorer from all scores, of the others from those said as FHIRPath.

## What the engines are not asked

These scores stand in no Questionnaire as FHIRPath; a total that the trial reports is computed by
nobody.
"""

Value = Fraction | str | None  # a number, a profile, or no score
Scores = dict[str, Value]  # by the scale's id


@dataclass(frozen=True, slots=True)
class Case:
    """One set of answers, the QuestionnaireResponse that it becomes, and what we score."""

    answers: Answers
    response: bytes
    scores: Scores
    is_complete: bool  # whether every question that was asked has an answer


@dataclass(frozen=True, slots=True)
class Answered:
    """A form, its Questionnaire, and the answers to it: all lowest, all highest, any others.

    `said` are the scores that the Questionnaire says as FHIRPath.
    """

    form: Form
    questionnaire: bytes
    said: tuple[str, ...]
    cases: tuple[Case, ...]

    def scores_of(self, computed: Computed) -> Scores:
        """What an engine made of one response, by the ids of the scores."""
        return {scale: _exact(computed.get(f"score-{scale}")) for scale in self.said}


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a form's scores compare: by the name of who computed them, each difference in words."""

    answered: Answered
    differences: Mapping[str, tuple[str, ...]]


def answer(form: Form) -> Answered:
    """Answers a form."""
    questionnaire = write(build_questionnaire(form, form.id))
    return Answered(form, questionnaire, tuple(_said(form)), tuple(_cases(form)))


def compare(text: str, engines: Engines) -> Agreement:
    """Answers the form that a declaration describes, and lets everybody score the answers."""
    answered, declared = answer(form_of(text)), yaml.safe_load(text)
    cases = answered.cases
    everybody = {NAIVE: [_naively(declared, case.answers) for case in cases]}
    for name in NAMES:
        responses = [case.response for case in cases]
        everybody[name] = [
            answered.scores_of(computed)
            for computed in engines.compute(name, answered.questionnaire, responses)
        ]
    differences = {name: tuple(_differences(cases, found)) for name, found in everybody.items()}
    return Agreement(answered, differences)


def read_form(name: str) -> str:
    """The declaration of a shipped form."""
    return (MAPPINGS / "instruments" / f"{name}.yaml").read_text("utf-8")


def build_table(agreements: list[Agreement]) -> str:
    """The page that says who agrees with us, how often, and on what."""
    rows = [
        *HEAD.splitlines(),
        "",
        _row(*COLUMNS, *EVERYBODY),
        _row(*["---"] * (len(COLUMNS) + len(EVERYBODY))),
        *(_row(*_counts(agreement)) for agreement in agreements),
        "",
        *FOOT.splitlines(),
        "",
        *(f"- `{form.id}`: {left}" for form in FORMS.values() if (left := _unsaid(form))),
    ]
    return "\n".join(rows) + "\n"


def _cases(form: Form) -> Iterator[Case]:
    identity = Identity(study_with(form.id), KEY)
    for answers in draw_answers(form):
        response = respond(form, answers)
        assert response is not None
        given = [response.answers.get(item.link_id) for item in form.items]
        yield Case(
            answers,
            write(build_questionnaire_response(response, identity)),
            {score.scale.id: _value_of(score) for score in score_response(response)},
            all(answer and (answer.values or not answer.is_asked) for answer in given),
        )


def _value_of(score: Score) -> Value:
    return score.profile or _exact(score.value)


def _naively(declared: Declared, answers: Answers) -> Scores:
    scores = naive_scores(declared, answers, MISSING_CODES)
    return {score.scale: score.profile or score.value for score in scores}


def _said(form: Form) -> list[str]:
    """The scores that the Questionnaire says as FHIRPath."""
    items = build_questionnaire(form, form.id)["item"]
    said = {
        item["linkId"]
        for item in items
        if any(extension["url"] == CALCULATED for extension in item.get("extension", ()))
    }
    return [scale.id for scale in form.scales if score_link_id(scale) in said]


def _unsaid(form: Form) -> str:
    """The scores that the Questionnaire does not say, with the reason that a form has."""
    said = _said(form)
    left = [scale for scale in form.scales if scale.id not in said]
    names = ", ".join(f"`{scale.id}`" for scale in left)
    return f"{names}, as the trial reports it" if left and all(s.field for s in left) else names


def _differences(cases: tuple[Case, ...], found: list[Scores]) -> Iterator[str]:
    for number, (case, scores) in enumerate(zip(cases, found, strict=True), 1):
        for scale, score in scores.items():
            if score != case.scores[scale]:
                ours, theirs = _words(case.scores[scale]), _words(score)
                yield f"response {number}, {scale}: we say {ours}, they say {theirs}"


def _words(score: Value) -> str:
    if score is None:
        return "nothing"
    return score if isinstance(score, str) else str(float(score))


def _exact(value: Decimal | str | None) -> Value:
    return Fraction(value) if isinstance(value, Decimal) else value


def _counts(agreement: Agreement) -> list[str]:
    answered = agreement.answered
    form, cases = answered.form, answered.cases
    gaps = sum(not case.is_complete for case in cases)
    absent = sum(score is None for case in cases for score in case.scores.values())
    differences = [len(agreement.differences[name]) for name in EVERYBODY]
    counted = [len(cases), gaps, len(form.scales), len(answered.said), absent, *differences]
    return [f"`{form.id}`", *map(str, counted)]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    with Engines() as running:
        compared = [compare(read_form(each), running) for each in SCORED]
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(build_table(compared), "utf-8")
    sys.stderr.write(f"{TABLE.name}: {len(compared)} forms\n")
