"""What is missing is never 0: unanswered forms and scales, and missing-data codes.

The trap: a sum that starts at 0 and skips what is blank scores an unanswered PHQ-9 as 0, no
depression at all. Source of the reasons: HL7's data-absent-reason code system. In these examples
-97 stands for a refused answer, -98 for one that does not apply, -99 for one that is not known.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapter.scoring import score_response
from tests.forms import FORMS, respond
from tests.spec.worked import worked

REASONS = [("-97", "asked-declined"), ("-98", "not-applicable"), ("-99", "unknown")]


@pytest.mark.parametrize("form", FORMS)
def test_a_form_without_an_answer_is_no_response(form: str) -> None:
    response = respond(FORMS[form], {item.field: "" for item in FORMS[form].items})

    assert response is None


@pytest.mark.parametrize("form", [form.id for form in FORMS.values() if form.scales])
def test_a_response_without_an_answer_has_no_score_and_not_the_score_0(form: str) -> None:
    fields = [item.field for item in FORMS[form].items]
    fields += [scale.field for scale in FORMS[form].scales if scale.field]
    response = respond(FORMS[form], {fields[0]: "-99"})
    assert response is not None
    unanswered = replace(response, answers={}, totals={})

    scores = score_response(unanswered)

    assert [(score.value, score.answered, score.absent) for score in scores] == [
        (None, 0, "unknown")
    ] * len(FORMS[form].scales)


@pytest.mark.parametrize(("code", "reason"), REASONS)
def test_a_missing_data_code_is_kept_as_the_reason_of_the_answer(code: str, reason: str) -> None:
    response = respond(FORMS["phq-9"], {"phq9_1": "2", "phq9_3": code})

    assert response is not None
    assert {
        link_id: (answer.values, answer.absent) for link_id, answer in response.answers.items()
    } == {
        "phq9-1": ((FORMS["phq-9"].options["frequency"][2],), None),
        "phq9-3": ((), reason),
    }


@pytest.mark.parametrize("gap", REASONS, ids=[reason for _, reason in REASONS])
@pytest.mark.parametrize(
    ("form", "answers", "scale", "score"),
    [
        ("phq-9", "1 1 1 1 1 1 {} {} {}", "total", "none: {}, 6 of 9"),
        ("gad-7", "{} {} {} {} {} {} {}", "total", "none: {}, 0 of 7"),
        ("nrs-pain-avg-week", "{}", "value", "none: {}, 0 of 1"),
        ("peg", "5 {} 5", "mean", "none: {}, 2 of 3"),
        ("promis-pi-4a", "1 2 3 {}", "t", "none: {}, 3 of 4"),
        ("ders-18", "1 1 1 1 1 1 {} 1 1 1 1 1 1 1 1 1 1 1", "total", "none: {}, 17 of 18"),
        ("mos-sleep", "3 {} 2 5 6 4 3 5 3 1 6 3", "optimal", "none: {}, 0 of 1"),
        ("session-attendance", "1 1 1 1 {} 1 1 1", "attended", "none: {}, 7 of 8"),
    ],
    ids=["PHQ-9", "GAD-7", "NRS", "PEG", "PROMIS 4a", "DERS-18", "MOS Sleep", "attendance"],
)
def test_a_score_that_cannot_be_carries_the_reason_of_its_gaps(
    form: str, answers: str, scale: str, score: str, gap: tuple[str, str]
) -> None:
    code, reason = gap

    scores = worked(form, answers.replace("{}", code))

    assert scores[scale] == score.format(reason)


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param("1 1 1 1 1 1 -97 -98 -97", id="two reasons"),
        pytest.param("1 1 1 1 1 1 -97 -97 _", id="one reason and a blank"),
        pytest.param("1 1 1 1 1 1 _ _ _", id="blanks"),
    ],
)
def test_gaps_without_one_common_reason_leave_the_score_unknown(answers: str) -> None:
    scores = worked("phq-9", answers)

    assert scores == {"total": "none: unknown, 6 of 9"}


def test_a_refused_item_is_a_gap_and_may_be_filled() -> None:
    """Eight items of 1 and one refusal: 8 / 8 x 9 = 9; the code -97 itself is never counted."""
    scores = worked("phq-9", "1 1 1 1 1 1 1 1 -97")

    assert scores == {"total": "9, prorated from 8 of 9"}
