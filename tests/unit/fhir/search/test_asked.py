"""A search as it is read: what is asked, and what is refused without saying it again."""

from __future__ import annotations

from datetime import UTC

import pytest

from adapter.fhir.search.asked import (
    MOST_VALUES,
    BadSearchError,
    Chained,
    Criterion,
    HasToken,
    HasWords,
    Ids,
    IsMissing,
    NamedBy,
    UnknownParameterError,
    read_criterion,
)
from adapter.fhir.search.index import Range, Token, Words, found_by
from adapter.fhir.search.parameters import SERVED_TYPES, parameters


def read(name: str, value: str, of: str = "Observation") -> Criterion:
    return read_criterion(of, name, value, UTC)


@pytest.mark.parametrize(
    ("name", "value", "tokens"),
    [
        ("code", "a", ((None, "a"),)),
        ("code", "s|a", (("s", "a"),)),
        ("code", "|a", (("", "a"),)),
        ("code", "s|", (("s", None),)),
        ("code", r"s|a\,b\|c,d", (("s", "a,b|c"), (None, "d"))),
        ("subject", "Patient/1", (("Patient", "1"),)),
        ("subject", "1", ((None, "1"),)),
        ("patient", "1", (("Patient", "1"),)),
        ("subject:Patient", "1", (("Patient", "1"),)),
        ("subject", "http://x.example/fhir/Patient/1/_history/2", (("Patient", "1"),)),
    ],
)
def test_codes_and_references_are_read(
    name: str, value: str, tokens: tuple[tuple[str | None, str | None], ...]
) -> None:
    criterion = read(name, value)

    assert isinstance(criterion, HasToken)
    assert criterion.values == tokens


def test_modifiers_chains_and_the_reverse_are_read() -> None:
    assert read("code:not", "a") == HasToken("code", ((None, "a"),), is_not=True)
    assert read("code:missing", "true") == IsMissing("code", is_missing=True)
    assert read("_id", "a,b") == Ids(("a", "b"))
    assert read("title:contains", "Ä b", "Questionnaire") == HasWords("title", ("a b",), "contains")
    assert read("title:exact", "Ä b", "Questionnaire") == HasWords("title", ("Ä b",), "exact")
    inner = HasToken("identifier", ((None, "1"),))
    assert read("patient.identifier", "1") == Chained("patient", "Patient", inner)
    assert read("subject:Patient.identifier", "1") == Chained("subject", "Patient", inner)
    reverse = read("_has:Observation:patient:code", "a", "Patient")
    assert reverse == NamedBy("Observation", "patient", HasToken("code", ((None, "a"),)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("code", ""),
        ("code", "a,,b"),
        ("code", "a|b|c"),
        ("code", "|"),
        ("code:exact", "a"),
        ("code:foo", "a"),
        ("code:missing", "maybe"),
        ("date", "geyesterday"),
        ("date:not", "2024"),
        ("value-quantity", "gt"),
        ("value-quantity", "1|2"),
        ("code-value-quantity", "a"),
        ("code-value-quantity", "a$b"),
        ("subject:Patient", "Group/1"),
        ("subject", "not a reference"),
        ("subject.identifier", "1"),
        ("subject:Patient.managingOrganization.name", "x"),
        ("_has:Observation:code:code", "a"),
        ("_has:Observation:patient", "a"),
        ("code", ",".join("a" * (MOST_VALUES + 1))),
    ],
)
def test_what_is_not_of_its_kind_is_refused_and_not_repeated(name: str, value: str) -> None:
    with pytest.raises(BadSearchError) as refused:
        read(name, value)

    assert not isinstance(refused.value, UnknownParameterError)
    assert refused.value.text
    assert len(value) < 5 or value not in refused.value.text


def test_an_unknown_parameter_is_told_apart_and_those_that_are_known_are_listed() -> None:
    with pytest.raises(UnknownParameterError) as refused:
        read("bogus", "1")

    assert "bogus" in refused.value.text
    assert "value-quantity" in refused.value.text
    with pytest.raises(UnknownParameterError) as refused:
        read("<script>alert(1)</script>", "1")
    assert "script" not in refused.value.text


def test_an_observation_is_found_by_its_codes_people_times_and_numbers() -> None:
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "s", "code": "a"}, {"code": "b"}]},
        "component": [{"code": {"coding": [{"system": "s", "code": "c"}]}}],
        "subject": {"reference": "Patient/1"},
        "derivedFrom": [{"reference": "QuestionnaireResponse/2/_history/1"}],
        "effectivePeriod": {"start": "2024-01-01", "end": "2024-01-02"},
        "valueQuantity": {"value": 5.25, "system": "u", "code": "{score}"},
        "meta": {"profile": ["p"]},
    }
    found = set(found_by(observation, UTC))

    assert {Token("code", "s", "a"), Token("code", "", "b")} <= found
    assert Token("combo-code", "s", "c") in found
    assert Token("code", "s", "c") not in found
    assert {Token("patient", "Patient", "1"), Token("subject", "Patient", "1")} <= found
    assert Token("derived-from", "QuestionnaireResponse", "2") in found
    assert Range("date", 1704067200.0, 1704240000.0) in found
    assert Range("value-quantity", 5.25, 5.25, "u", "{score}") in found
    assert Token("_profile", "", "p") in found


def test_words_compare_without_case_and_accents() -> None:
    found = found_by({"resourceType": "Questionnaire", "title": "Échelle  De STRESS"}, UTC)

    assert found == [Words("title", "Échelle  De STRESS", "echelle de stress")]


def test_every_type_is_found_by_its_profile_and_its_labels() -> None:
    for name in SERVED_TYPES:
        assert {"_profile", "_security", "_tag", "_source"} <= parameters(name).keys()
