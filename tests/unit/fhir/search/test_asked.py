"""A search as it is read: what is asked, and what is refused without saying it again."""

from __future__ import annotations

from datetime import UTC

import pytest

from adapter.fhir.search.asked import read_criterion
from adapter.fhir.search.criteria import (
    BadSearchError,
    Chained,
    Criterion,
    HasToken,
    HasWords,
    Ids,
    IsMissing,
    NamedBy,
    UnknownParameterError,
)
from adapter.fhir.search.index import Range, Token, Words, found_by
from adapter.fhir.search.parameters import SERVED_TYPES, parameters
from adapter.fhir.search.values import MOST_VALUES


def read(name: str, value: str, of: str = "Observation") -> Criterion:
    return read_criterion(of, name, value, UTC, base="http://x.example/fhir")


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
        ("subject", "http://y.example/fhir/Patient/1", (("", "http://y.example/fhir/Patient/1"),)),
        ("subject", "http://x.example/Patient/1", (("", "http://x.example/Patient/1"),)),
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
    assert read("_id:missing", "true") == IsMissing("_id", is_missing=True)
    assert read("_lastUpdated:missing", "false") == IsMissing("_lastUpdated", is_missing=False)
    assert read("_id", "a,b") == Ids(("a", "b"))
    assert read("title:contains", "Ä b", "Questionnaire") == HasWords("title", ("a b",), "contains")
    assert read("title:exact", "Ä b", "Questionnaire") == HasWords("title", ("Ä b",), "exact")
    inner = HasToken("identifier", ((None, "1"),))
    assert read("patient.identifier", "1") == Chained("patient", "Patient", inner)
    assert read("subject:Patient.identifier", "1") == Chained("subject", "Patient", inner)
    reverse = read("_has:Observation:patient:code", "a", "Patient")
    assert reverse == NamedBy("Observation", "patient", HasToken("code", ((None, "a"),)))


def test_words_of_codes_kinds_of_identifiers_and_contexts_are_read() -> None:
    assert read("code:text", "Ä  b") == HasWords("code", ("a b",), "starts")
    kind = HasToken("identifier:of-type", (('["s","MR"]', "1,2"),))
    assert read("identifier:of-type", r"s|MR|1\,2", "Patient") == kind
    context = HasToken("context-type-value", (('[null,"focus"]', '["s","a"]'),))
    assert read("context-type-value", "focus$s|a", "Questionnaire") == context


def test_a_value_set_stands_for_its_codes_alone_or_in_a_chain() -> None:
    known = {"http://v.example|1": (("s", "a"), ("t", "b"))}

    def asked(name: str, of: str = "Observation") -> Criterion:
        return read_criterion(of, name, "http://v.example\\|1", UTC, known.get)

    inside = HasToken("code", (("s", "a"), ("t", "b")))
    assert asked("code:in") == inside
    assert asked("code:not-in") == HasToken("code", inside.values, is_not=True)
    named = NamedBy("Observation", "patient", inside)
    assert asked("_has:Observation:patient:code:in", "Patient") == named
    with pytest.raises(BadSearchError) as refused:
        read("code:in", "http://v.example/a")
    assert refused.value.code == "not-supported"
    assert "v.example" not in refused.value.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("identifier:of-type", "MR|1"),
        ("identifier:of-type", "s||1"),
        ("code:of-type", "s|a|1"),
        ("date:text", "a"),
        ("subject:in", "http://v.example"),
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
        ("code-value-quantity:missing", "true"),
        ("_id:not", "abc"),
        ("_id:foo", "x"),
        ("_id:missing", "maybe"),
        ("_id.code", "x"),
        ("_lastUpdated:exact", "2024"),
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

    assert "bogus" not in refused.value.text
    assert "value-quantity" in refused.value.text
    with pytest.raises(UnknownParameterError) as refused:
        read("Maria_Mustermann_1970", "1")
    assert "Maria" not in refused.value.text


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


def test_codes_are_found_by_their_words_identifiers_by_their_kind_forms_by_their_context() -> None:
    concept = {"coding": [{"system": "s", "code": "a", "display": "Pain"}], "text": "How bad"}
    observation = {"resourceType": "Observation", "status": "final", "code": concept}
    kind = {"coding": [{"system": "k", "code": "MR"}], "text": "Record number"}
    patient = {"resourceType": "Patient", "identifier": [{"type": kind, "value": "7"}]}
    usage = {"code": {"system": "u", "code": "focus"}, "valueCodeableConcept": concept}
    form = {"resourceType": "Questionnaire", "useContext": [usage]}

    words = {each for each in found_by(observation, UTC) if isinstance(each, Words)}
    assert {each.plain for each in words if each.parameter == "code"} == {"pain", "how bad"}
    of_patient = found_by(patient, UTC)
    assert Token("identifier:of-type", '["k","MR"]', "7") in of_patient
    assert Words("identifier", "Record number", "record number") in of_patient
    asked = [each for each in found_by(form, UTC) if each.parameter == "context-type-value"]
    assert Token("context-type-value", '[null,"focus"]', '["s","a"]') in asked
    assert len(asked) == 9  # each of both with its system, without, and by its system alone


def test_words_compare_without_case_and_accents() -> None:
    found = found_by({"resourceType": "Questionnaire", "title": "Échelle  De STRESS"}, UTC)

    assert found == [Words("title", "Échelle  De STRESS", "echelle de stress")]


def test_every_type_is_found_by_its_profile_and_its_labels() -> None:
    for name in SERVED_TYPES:
        assert {"_profile", "_security", "_tag", "_source"} <= parameters(name).keys()
