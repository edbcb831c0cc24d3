"""Safety signals: what a person is asked to look at, also where no total can be scored."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapter.instruments.response import parse_response
from adapter.instruments.safety import Safety
from adapter.scoring import score_response
from adapter.scoring.signals import signals_of, signals_since
from tests.forms import FORMS, form_of, record_of, study_with

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapter.instruments.response import ResponseStatus

RULES = (
    {
        "id": "item9",
        "title": "Thoughts of death or self-harm",
        "form": "phq-9",
        "items": ["phq9-9"],
        "at_least": 1,
        "unanswered": True,
        "level": "urgent",
    },
    {
        "id": "item9-high",
        "title": "Frequent ones",
        "form": "phq-9",
        "items": ["phq9-9"],
        "at_least": 2,
        "level": "immediate",
    },
    {
        "id": "severe",
        "title": "Severe",
        "form": "phq-9",
        "scale": "total",
        "at_least": 20,
        "level": "review",
    },
    {
        "id": "worse",
        "title": "Worse",
        "form": "phq-9",
        "scale": "total",
        "worse_by": 5,
        "level": "review",
    },
)
SAFETY = Safety.model_validate({"version": "2.0.0", "source": "made up", "signals": RULES})


def phq9(*answers: str) -> dict[str, str]:
    return {f"phq9_{number}": answer for number, answer in enumerate(answers, start=1)}


def fired(
    values: Mapping[str, str], status: ResponseStatus = "completed", safety: Safety = SAFETY
) -> dict[str, str]:
    """The signals of a PHQ-9, each with its reason."""
    response = parse_response(
        record_of("phq-9", values), FORMS["phq-9"], study_with("phq-9"), status
    )
    assert response is not None
    scores = score_response(response) if status == "completed" else ()
    return {each.signal.id: each.reason for each in signals_of(response, scores, safety)}


@pytest.mark.parametrize(
    ("ninth", "expected"),
    [
        ("0", {}),
        ("1", {"item9": "reached"}),
        ("2", {"item9": "reached", "item9-high": "reached"}),
        ("", {"item9": "not-answered"}),
        ("-97", {"item9": "not-answered"}),
    ],
)
def test_the_ninth_item_fires_by_its_answer_and_by_having_none(
    ninth: str, expected: dict[str, str]
) -> None:
    assert fired(phq9(*"00000000", ninth)) == expected


def test_an_item_that_was_not_asked_reaches_no_bound() -> None:
    low = RULES[0] | {"form": "c-ssrs-screen", "items": ["cssrs-3"], "at_most": 0}
    rule = {word: said for word, said in low.items() if word != "at_least"}
    safety = Safety.model_validate({"version": "2.0.0", "source": "made up", "signals": [rule]})
    study = study_with("c-ssrs-screen")

    def found(*answers: str) -> list[str]:
        values = {f"cssrs_{number}": said for number, said in enumerate(answers, start=1)}
        record = record_of("c-ssrs-screen", values)
        response = parse_response(record, FORMS["c-ssrs-screen"], study, "completed")
        assert response is not None
        return [each.reason for each in signals_of(response, (), safety)]

    assert found("1", "0") == []
    assert found("1", "1", "0", "0", "0", "0") == ["reached"]
    assert found("1", "1", "", "0", "0", "0") == ["not-answered"]


def test_an_item_fires_where_the_total_cannot_be_scored() -> None:
    assert fired(phq9("1", "", "", "", "", "", "", "", "3")) == {
        "item9": "reached",
        "item9-high": "reached",
    }


def test_a_score_fires_from_its_bound_on() -> None:
    assert "severe" not in fired(phq9(*"33333310", "0"))
    assert fired(phq9(*"33333320", "0")) == {"severe": "reached"}


@pytest.mark.parametrize(
    ("status", "expected"),
    [("in-progress", {}), ("stopped", {"item9": "not-answered"})],
)
def test_a_gap_is_a_signal_only_once_the_form_is_closed(
    status: ResponseStatus, expected: dict[str, str]
) -> None:
    assert fired(phq9("1"), status) == expected


@pytest.mark.parametrize("status", ["in-progress", "stopped"])
def test_an_answer_fires_on_a_form_that_nobody_sent(status: ResponseStatus) -> None:
    assert fired(phq9(*"00000000", "1"), status) == {"item9": "reached"}


def test_a_signal_carries_the_version_of_its_rules() -> None:
    response = parse_response(
        record_of("phq-9", phq9(*"000000001")), FORMS["phq-9"], study_with("phq-9"), "completed"
    )
    assert response is not None

    assert [each.version for each in signals_of(response, (), SAFETY)] == ["2.0.0"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [("5", "10", ["worse"]), ("5", "9", []), ("10", "5", []), ("5", "5", [])],
)
def test_worse_than_at_baseline_is_a_signal_and_better_is_none(
    before: str, after: str, expected: list[str]
) -> None:
    scale = FORMS["phq-9"].scales[0]

    found = signals_since(scale, "phq-9", (Decimal(before), Decimal(after)), SAFETY)

    assert [each.signal.id for each in found] == expected
    assert {each.reason for each in found} <= {"worse"}


@pytest.mark.parametrize(
    ("before", "after", "is_fired"),
    [
        ("4", "6", True),
        ("8", "10", False),  # two points, but a quarter
        ("2", "3", False),  # a half, but one point
        ("0", "3", False),  # from nothing there is no per cent
    ],
)
def test_where_points_and_per_cent_are_given_both_must_hold(
    before: str, after: str, *, is_fired: bool
) -> None:
    rule = {
        "id": "pain",
        "title": "Pain",
        "form": "nrs-pain-avg-week",
        "scale": "value",
        "worse_by": 2,
        "worse_by_percent": 30,
        "level": "review",
    }
    safety = Safety.model_validate({"version": "1.0.0", "source": "made up", "signals": [rule]})
    scale = FORMS["nrs-pain-avg-week"].scales[0]

    found = signals_since(scale, "nrs-pain-avg-week", (Decimal(before), Decimal(after)), safety)

    assert bool(found) == is_fired


EFFECTS = form_of("""
kind: instrument
id: effects
version: "1.0.0"
title: Effects
source: made for the tests
licence: {status: none, wording: shipped}
options:
  impact: [{value: 0}, {value: 1}, {value: 2}, {value: 3}, {value: 4}]
  cause: [{value: treatment}, {value: other}]
items:
  - {link_id: e-1, field: e_1, options: impact}
  - {link_id: e-2, field: e_2, options: impact}
  - {link_id: e-1-by, field: e_1_by, options: cause}
  - {link_id: e-2-by, field: e_2_by, options: cause}
scales: []
""")
CAUSED = Safety.model_validate(
    {
        "version": "1.0.0",
        "source": "made up",
        "signals": [
            {
                "id": "caused",
                "title": "A strong effect of the treatment",
                "form": "effects",
                "items": ["e-1", "e-2"],
                "where": {"items": ["e-1-by", "e-2-by"], "equals": "treatment"},
                "at_least": 3,
                "level": "ae-triage",
            }
        ],
    }
)


@pytest.mark.parametrize(
    ("values", "is_fired"),
    [
        ({"e_1": "3", "e_1_by": "treatment"}, True),
        ({"e_1": "3", "e_1_by": "other"}, False),
        ({"e_1": "3", "e_2": "1", "e_1_by": "other", "e_2_by": "treatment"}, False),
        ({"e_1": "0", "e_2": "4", "e_1_by": "other", "e_2_by": "treatment"}, True),
        ({"e_1": "4"}, False),
    ],
)
def test_an_item_counts_only_where_its_partner_says_so(
    values: dict[str, str], *, is_fired: bool
) -> None:
    response = parse_response(
        record_of("effects", values), EFFECTS, study_with("effects"), "completed"
    )
    assert response is not None

    assert bool(signals_of(response, (), CAUSED)) == is_fired


def test_a_bound_downwards_fires_from_there_on() -> None:
    rule = {**RULES[0], "at_least": None, "at_most": 1, "unanswered": False}
    safety = Safety.model_validate({"version": "1.0.0", "source": "made up", "signals": [rule]})

    assert [bool(fired(phq9(*"00000000", ninth), safety=safety)) for ninth in ("0", "1", "2")] == [
        True,
        True,
        False,
    ]
