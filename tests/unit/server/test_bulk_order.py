"""What a kick-off may say, and what is made of it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapter.fhir.operation_outcome import RefusalError
from adapter.server.bulk.order import (
    OF_PATIENTS,
    Asking,
    Level,
    kept_order,
    read_order,
    read_parameters,
)
from adapter.server.caller import Caller, read_scopes

REQUEST = "https://trial.example.org/fhir/$export"
ANYBODY = Caller("tester", "research", scopes=read_scopes(["system/*.rs"]))
NAME = "Anna-Maria"  # stands for anything that a client sends


def asking(
    *said: tuple[str, str], level: Level = "system", is_post: bool = False, is_lenient: bool = False
) -> Asking:
    return Asking(REQUEST, level, said, is_post, is_lenient)


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        (("_outputFormat", "text/csv"), 400, "not-supported"),
        (("_since", "2026-03-01"), 400, "value"),
        (("_since", "2026-03-01T09:30:00"), 400, "value"),
        (("_since", "2026-13-01T09:30:00Z"), 400, "value"),
        (("_since", "9999-12-31T23:59:59.999999999-23:59"), 400, "value"),
        (("_since", "0001-01-01T00:00:00+14:00"), 400, "value"),
        (("_since", f"{NAME}'; DROP TABLE export"), 400, "value"),
        (("_type", NAME), 400, "not-supported"),
        (("_type", "Observation,Immunization"), 400, "not-supported"),
        (("_elements", "id,../../etc"), 400, "value"),
        (("_typeFilter", NAME), 400, "value"),
        (("_typeFilter", "Immunization?date=2024"), 400, "value"),
        (("_typeFilter", ",".join(["Observation?code=1"] * 51)), 400, "too-costly"),
        (("includeAssociatedData", NAME), 400, "not-supported"),
        (("includeAssociatedData", f"LatestProvenanceResources,_{NAME}"), 400, "not-supported"),
        (("_until", NAME), 400, "not-supported"),
        (("patient", "Patient/1"), 400, "not-supported"),
        (("bogus", NAME), 400, "not-supported"),
    ],
    ids=lambda each: each[0] if isinstance(each, tuple) else "",
)
def test_what_is_not_understood_is_refused_and_not_repeated(
    said: tuple[str, str], status: int, code: str
) -> None:
    with pytest.raises(RefusalError) as refused:
        read_order(asking(said), ANYBODY)

    assert refused.value.status == status
    assert [issue.code for issue in refused.value.issues] == [code]
    assert NAME not in str(refused.value.issues)


def test_who_says_so_is_told_at_the_end_what_was_passed_over() -> None:
    said = asking(("bogus", NAME), ("_type", "Patient"), is_lenient=True)

    order = read_order(said, ANYBODY)

    assert order.types == ("Patient",)
    assert len(order.passed_over) == 1
    assert NAME not in order.as_text()


@pytest.mark.parametrize(
    "name", ["ndjson", "application/ndjson", "application/fhir+ndjson", "application/fhir ndjson"]
)
def test_every_name_of_the_format_is_known(name: str) -> None:
    assert read_order(asking(("_outputFormat", name)), ANYBODY).level == "system"


def test_a_list_and_a_repeated_parameter_say_the_same() -> None:
    listed = read_order(asking(("_type", "Patient,Observation")), ANYBODY)
    repeated = read_order(asking(("_type", "Observation"), ("_type", "Patient")), ANYBODY)

    assert listed == repeated


def test_a_comma_inside_a_filter_may_be_encoded_once_more_or_not() -> None:
    encoded = asking(("_typeFilter", "Observation?code=a%2Cb,Patient?active=true"))
    plain = asking(("_typeFilter", "Observation?code=a,b,Patient?active=true"))

    once, twice = (read_order(each, ANYBODY).filters for each in (encoded, plain))

    assert once == (("Observation", "code=a%2Cb"), ("Patient", "active=true"))
    assert twice == (("Observation", "code=a,b"), ("Patient", "active=true"))


def test_what_is_about_patients_is_all_that_there_is_at_their_level() -> None:
    order = read_order(asking(level="patient"), ANYBODY)
    both = read_order(asking(("_type", "Questionnaire,Patient"), level="patient"), ANYBODY)

    assert set(order.types) == OF_PATIENTS
    assert both.types == ("Patient",)
    with pytest.raises(RefusalError) as refused:
        read_order(asking(("_type", "Questionnaire"), level="group"), ANYBODY)
    assert refused.value.status == 400


def test_scopes_leave_out_what_was_not_asked_for_and_forbid_what_was() -> None:
    caller = Caller("tester", "research", scopes=read_scopes(["system/Observation.rs"]))

    assert read_order(asking(), caller).types == ("Observation",)
    with pytest.raises(RefusalError) as refused:
        read_order(asking(("_type", "Observation,Patient")), caller)
    assert refused.value.status == 403
    with pytest.raises(RefusalError) as nothing:
        read_order(asking(), Caller("tester", "research"))
    assert nothing.value.status == 403


def test_an_order_is_the_same_when_it_was_kept() -> None:
    said = [
        ("_since", "2026-03-01T09:30:00.000+11:00"),
        ("_typeFilter", "Observation?code=a"),
        ("_elements", "Observation.status,id"),
        ("patient", "Patient/1,2"),
        ("includeAssociatedData", "LatestProvenanceResources"),
    ]
    order = read_order(asking(*said, is_post=True), ANYBODY)

    assert kept_order(order.as_text()) == order
    assert order.patients == ("1", "2")
    assert order.elements_of("Observation") == {"status", "id"}
    assert order.elements_of("Patient") == {"id"}
    assert order.caller.reader == ANYBODY.reader


def test_parameters_are_read_whatever_kind_their_values_have() -> None:
    content = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "_since", "valueInstant": "2026-03-01T09:30:00Z"},
            {"name": "patient", "valueReference": {"reference": "Patient/1"}},
            {"name": "_type", "valueString": "Patient"},
        ],
    }

    assert read_parameters(orjson.dumps(content)) == [
        ("_since", "2026-03-01T09:30:00Z"),
        ("patient", "Patient/1"),
        ("_type", "Patient"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        "not JSON",
        [],
        {"resourceType": "Patient"},
        {"resourceType": "Parameters", "parameter": [{"name": "_type"}]},
        {"resourceType": "Parameters", "parameter": [{"name": "_type", "valueString": 1}]},
        {"resourceType": "Parameters", "parameter": {"name": "_type"}},
    ],
    ids=str,
)
def test_what_are_no_parameters_is_refused(content: Any) -> None:  # noqa: ANN401 - anything at all
    with pytest.raises(RefusalError) as refused:
        read_parameters(orjson.dumps(content))

    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ((), ""),
        (("LatestProvenanceResources",), "latest"),
        (("RelevantProvenanceResources",), "relevant"),
        (("LatestProvenanceResources,RelevantProvenanceResources",), "relevant"),
        (("RelevantProvenanceResources", "LatestProvenanceResources"), "relevant"),
    ],
)
def test_of_several_words_for_what_comes_along_the_one_that_gives_most_counts(
    said: tuple[str, ...], meant: str
) -> None:
    pairs = [("includeAssociatedData", each) for each in said]

    assert read_order(asking(*pairs), ANYBODY).associated == meant
    types = read_order(asking(*pairs, ("_type", "Observation")), ANYBODY).types
    assert types == (("Observation", "Provenance") if meant else ("Observation",))


def test_what_is_unknown_of_what_comes_along_may_be_passed_over() -> None:
    said = ("includeAssociatedData", f"_{NAME},LatestProvenanceResources")

    order = read_order(asking(said, is_lenient=True), ANYBODY)
    nothing = read_order(asking((said[0], NAME), is_lenient=True), ANYBODY)

    assert (order.associated, nothing.associated) == ("latest", "")
    assert len(order.passed_over) == len(nothing.passed_over) == 1
    assert NAME not in order.as_text() + nothing.as_text()


def test_provenances_come_along_where_the_scopes_allow_them_alone() -> None:
    caller = Caller("tester", "research", scopes=read_scopes(["system/Observation.rs"]))

    for types in ((), (("_type", "Observation"),)):
        said = asking(("includeAssociatedData", "LatestProvenanceResources"), *types)
        with pytest.raises(RefusalError) as refused:
            read_order(said, caller)
        assert refused.value.status == 403
