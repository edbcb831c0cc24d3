"""Worked examples: answers as a person gives them, scores in words that a reader can check.

Answers stand in the form's order, one an item; `_` is an item left blank, and items that a source
need not have are left out. What comes out is
the score, and how many items it rests on where that is not all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapter.errors import AnswerError
from adapter.fhir.identity import Identity
from adapter.fhir.observation import build_observations
from adapter.fhir.reading.answer import options_of
from adapter.scoring import Score, band_of, score_response
from tests.forms import FORMS, respond, study_with

if TYPE_CHECKING:
    from decimal import Decimal

    from adapter.instruments.form import Form, Scale


def worked(form: str, answers: str) -> dict[str, str]:
    """Each score of the form in words, by the scale's id."""
    return {score.scale.id: _in_words(score) for score in scored(form, answers)}


def scored(form: str, answers: str) -> tuple[Score, ...]:
    """Each score of the form."""
    response = respond(FORMS[form], _by_field(form, answers))
    assert response is not None
    return score_response(response)


def banded(form: str, scale: str, value: Decimal) -> str:
    """The name of the band that a score lies in."""
    band = band_of(scale_of(form, scale), value)
    assert band is not None
    return band.id


def refused(form: str, answers: str) -> list[str]:
    """The field of every answer that does not fit the form."""
    try:
        respond(FORMS[form], _by_field(form, answers))
    except AnswerError as wrong:
        return [problem.field for problem in wrong.problems]
    return []


def coded(form: str, item: str, code: str) -> dict[str, Any]:
    """The answer that a code of LOINC is to an item, as we tell it; KeyError where it is none."""
    declared = FORMS[form]
    option = options_of(declared, item)["http://loinc.org", code]
    return _observed(declared, {declared.item(item).field: option.value})


def scale_of(form: str, scale: str) -> Scale:
    """One scale of a form."""
    return next(found for found in FORMS[form].scales if found.id == scale)


def _observed(form: Form, values: dict[str, str]) -> dict[str, Any]:
    """What is observed of a form with one answer."""
    response = respond(form, values)
    assert response is not None
    identity = Identity(study_with(form.id), b"synthetic people need no secret")
    observed = build_observations(response, (), identity)
    (said,) = (each.whole for each in observed if "valueCodeableConcept" in each.whole)
    told: dict[str, Any] = said["valueCodeableConcept"]
    return {"code": told["coding"][0]["code"], "text": told["text"]}


def _by_field(form: str, answers: str) -> dict[str, str]:
    items, scales = FORMS[form].items, FORMS[form].scales
    fields = [item.field for item in items if not item.optional]
    fields += [scale.field for scale in scales if scale.field]
    given = ["" if raw == "_" else raw for raw in answers.split()]
    return dict(zip(fields, given, strict=True))


def _in_words(score: Score) -> str:
    of = f"{score.answered} of {score.of}"
    if score.profile is not None:
        return score.profile
    if score.value is None:
        return f"none: {score.absent}, {of}"
    if score.is_prorated:
        return f"{score.value}, prorated from {of}"
    rests = "mean of" if score.scale.method == "mean" else "from"
    return str(score.value) if score.answered == score.of else f"{score.value}, {rests} {of}"
