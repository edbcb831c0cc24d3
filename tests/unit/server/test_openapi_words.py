"""The patterns of search values in `/openapi.json` are what the server takes, and no more."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from adapter.fhir.search.asked import read_criterion
from adapter.fhir.search.criteria import BadSearchError
from adapter.server.openapi_words import value_of

SYDNEY = ZoneInfo("Australia/Sydney")
PARAMETERS = {
    ("Observation", "code"): "token",
    ("Observation", "_id"): "token",
    ("Observation", "subject"): "reference",
    ("Observation", "patient"): "reference",
    ("Observation", "value-quantity"): "quantity",
    ("Observation", "code-value-quantity"): "composite",
    ("Observation", "date"): "date",
    ("Questionnaire", "url"): "uri",
    ("Questionnaire", "name"): "string",
    ("Questionnaire", "context-type-value"): "composite",
    ("QuestionnaireResponse", "questionnaire"): "reference",
}
SOME_CHARACTERS = st.text("aZ19é -+.,|$\\/:#", max_size=16)
SOME_VALUES = st.lists(
    st.sampled_from(["Patient/", "http://", "urn:", "gt", "5", "a", "|", "$", ",", "\\", "é", "."]),
    max_size=7,
).map("".join)


def is_taken(of: str, name: str, value: str) -> bool:
    """Whether the server reads the value as one of the parameter's kind."""
    try:
        read_criterion(of, name, value, SYDNEY)
    except BadSearchError:
        return False
    return True


@pytest.mark.parametrize(("of", "name"), PARAMETERS)
@given(st.data())
def test_what_a_pattern_allows_is_taken(of: str, name: str, data: st.DataObject) -> None:
    pattern = value_of(PARAMETERS[of, name], name)["pattern"]

    value = data.draw(st.from_regex(pattern, fullmatch=True))

    assert is_taken(of, name, value)


@pytest.mark.parametrize(
    ("of", "name"), [each for each in PARAMETERS if PARAMETERS[each] != "date"]
)
@given(value=SOME_CHARACTERS | SOME_VALUES)
@example(value="a|b|c")
@example(value="a$5")
@example(value="5||mg")
def test_what_a_pattern_does_not_allow_is_refused(of: str, name: str, value: str) -> None:
    assume(value.count(",") < 4)  # more alternatives are taken than the pattern shows,
    assume(len(value) <= 30)  # and longer ones
    assume(not value.endswith("\\"))  # which escapes nothing there
    pattern = value_of(PARAMETERS[of, name], name)["pattern"]

    assert is_taken(of, name, value) == bool(re.fullmatch(pattern, value))
