"""Whether programs of other hands compute the scores that we compute, counted.

Every shipped form that is scored from items is answered some two hundred times. What our scoring
gives is compared with the second, naive scorer of `tests/`, and with what the engines make of the
expressions in the form's Questionnaire.

Run this file to write `docs/agreement.md` anew.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from adapter.fhir.check import write
from adapter.fhir.expression import score_expression
from adapter.fhir.identity import Identity
from adapter.fhir.questionnaire import build_questionnaire
from adapter.fhir.questionnaire_response import build_questionnaire_response
from adapter.scoring import score_response
from tests.conformance.scoring.answers import Answers, draw_answers
from tests.conformance.scoring.engines import NAMES, Engines
from tests.forms import FORMS, MAPPINGS, form_of, respond, study_with
from tests.naive import naive_scores

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from adapter.instruments.form import Form
    from tests.naive import Declared

TABLE = Path(__file__).parents[3] / "docs" / "agreement.md"
KEY = b"synthetic people need no secret"
MISSING_CODES = {"-97": "asked-declined", "-98": "not-applicable", "-99": "unknown"}
NAIVE = "naive scorer"
EVERYBODY = (NAIVE, *NAMES)
# The forms with a score that is computed; where only totals are held there is nothing to compute.
SCORED = [name for name, form in FORMS.items() if any(scale.items for scale in form.scales)]

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
`scores` and `not given` count over all responses, the columns after them differences.

## What the engines are not asked

These scores stand in no Questionnaire as FHIRPath.
"""

Scores = dict[str, Fraction | None]  # by the scale's id


@dataclass(frozen=True, slots=True)
class Case:
    """One set of answers, the QuestionnaireResponse that it becomes, and what we score."""

    answers: Answers
    response: bytes
    scores: Scores

    @property
    def is_complete(self) -> bool:
        """Whether every question has an answer."""
        return all(text and text not in MISSING_CODES for text in self.answers.values())


@dataclass(frozen=True, slots=True)
class Answered:
    """A form, its Questionnaire, and the answers to it: all lowest, all highest, any others."""

    form: Form
    questionnaire: bytes
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a form's scores compare: by the name of who computed them, each difference in words."""

    answered: Answered
    differences: Mapping[str, tuple[str, ...]]


def answer(form: Form) -> Answered:
    """Answers a form."""
    return Answered(form, write(build_questionnaire(form, form.id)), tuple(_cases(form)))


def compare(text: str, engines: Engines) -> Agreement:
    """Answers the form that a declaration describes, and lets everybody score the answers."""
    answered, declared = answer(form_of(text)), yaml.safe_load(text)
    cases = answered.cases
    everybody = {NAIVE: [_naively(declared, case.answers) for case in cases]}
    for name in NAMES:
        responses = [case.response for case in cases]
        everybody[name] = [
            {scale: _exact(computed.get(f"score-{scale}")) for scale in _said(answered.form)}
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
        _row("form", "responses", "with gaps", "scores", "not given", *EVERYBODY),
        _row(*["---"] * (5 + len(EVERYBODY))),
        *(_row(*_counts(agreement)) for agreement in agreements),
        "",
        *FOOT.splitlines(),
        "",
        *(
            f"- `{form.id}`: {', '.join(left)}"
            for form in FORMS.values()
            if (left := _unsaid(form))
        ),
    ]
    return "\n".join(rows) + "\n"


def _cases(form: Form) -> Iterator[Case]:
    identity = Identity(study_with(form.id), KEY)
    for answers in draw_answers(form):
        response = respond(form, answers)
        assert response is not None
        yield Case(
            answers,
            write(build_questionnaire_response(response, identity)),
            {score.scale.id: _exact(score.value) for score in score_response(response)},
        )


def _naively(declared: Declared, answers: Answers) -> Scores:
    return {score.scale: score.value for score in naive_scores(declared, answers, MISSING_CODES)}


def _said(form: Form) -> list[str]:
    """The scores that the Questionnaire says as FHIRPath."""
    return [scale.id for scale in form.scales if score_expression(form, scale)]


def _unsaid(form: Form) -> list[str]:
    return [
        f"`{scale.id}` (the trial reports it)" if scale.field else f"`{scale.id}`"
        for scale in form.scales
        if scale.id not in _said(form)
    ]


def _differences(cases: tuple[Case, ...], found: list[Scores]) -> Iterator[str]:
    for number, (case, scores) in enumerate(zip(cases, found, strict=True), 1):
        for scale, score in scores.items():
            if score != case.scores[scale]:
                ours, theirs = _words(case.scores[scale]), _words(score)
                yield f"response {number}, {scale}: we say {ours}, they say {theirs}"


def _words(score: Fraction | None) -> str:
    return "nothing" if score is None else str(float(score))


def _exact(value: Decimal | None) -> Fraction | None:
    return None if value is None else Fraction(value)


def _counts(agreement: Agreement) -> list[str]:
    cases = agreement.answered.cases
    scores = [score for case in cases for score in case.scores.values()]
    gaps = sum(not case.is_complete for case in cases)
    differences = [len(agreement.differences[name]) for name in EVERYBODY]
    counted = [len(cases), gaps, len(scores), scores.count(None), *differences]
    return [f"`{agreement.answered.form.id}`", *map(str, counted)]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    with Engines() as running:
        compared = [compare(read_form(each), running) for each in SCORED]
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(build_table(compared), "utf-8")
    sys.stderr.write(f"{TABLE.name}: {len(compared)} forms\n")
