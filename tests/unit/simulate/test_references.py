"""References between resources: what may be referred to, and how."""

from __future__ import annotations

import pytest

from adapter.simulate.references import rewrite
from tests.unit.simulate.clinic import (
    NEVER,
    Clinic,
    Resource,
    expressions,
    observation,
    patient,
    refusal,
)


@pytest.mark.parametrize(
    ("reference", "status", "code"),
    [
        pytest.param("Patient/nobody", 400, "not-found", id="to nobody"),
        pytest.param("Patient/gone", 400, "not-found", id="to a deleted resource"),
        pytest.param("Patient/nobody/_history/1", 400, "not-found", id="to a version of nobody"),
        pytest.param("Animal/1", 400, "not-found", id="of a type there is not"),
        pytest.param("http://elsewhere.test/fhir/Patient/p1", 400, "not-supported", id="abroad"),
        pytest.param(NEVER, 400, "not-found", id="to an entry, outside a transaction"),
        pytest.param("#p", 400, "invariant", id="to a contained resource that is not there"),
        pytest.param("p1", 400, "value", id="that is none"),
        pytest.param("Patient?identifier=none", 404, "not-found", id="a search without an answer"),
        pytest.param("Patient?identifier=1", 412, "multiple-matches", id="one with two"),
        pytest.param("Patient?nick=1", 400, "not-supported", id="one that is not understood"),
        pytest.param("Animal?identifier=1", 404, "not-found", id="one of an unknown type"),
    ],
)
def test_a_reference_to_what_is_not_there_is_refused(
    clinic: Clinic, reference: str, status: int, code: str
) -> None:
    clinic.put(patient("p1", "1"))
    clinic.put(patient("p2", "1"))
    clinic.put(patient("gone"))
    clinic.delete("Patient/gone")

    answer = clinic.put(observation("o1", reference))

    assert refusal(answer) == (status, [code])
    if status != 400 or code != "not-supported" or "?" not in reference:
        assert expressions(answer) == ["Observation.subject"]
    assert clinic.get("Observation/o1").status_code == 404


def test_a_missing_reference_is_named_as_hapi_does(clinic: Clinic) -> None:
    answer = clinic.put(observation("o1", "Patient/x"))

    text = "Resource Patient/x not found, specified in path: Observation.subject"
    assert answer.json()["issue"][0]["diagnostics"] == text


def test_every_broken_reference_is_named_wherever_it_stands(clinic: Clinic) -> None:
    hidden = {"url": "http://e.test/x", "valueReference": {"reference": "Patient/a"}}
    inner = patient("in", link=[{"type": "seealso", "other": {"reference": "Patient/c"}}])
    content = observation(
        "o1", performer=[{"reference": "Patient/b"}], extension=[hidden], contained=[inner]
    )

    answer = clinic.put({**content, "focus": [{"reference": "#in"}]})

    assert refusal(answer) == (400, ["not-found"] * 3)
    assert sorted(expressions(answer)) == [
        "Observation.contained[0].link[0].other",
        "Observation.extension[0].valueReference",
        "Observation.performer[0]",
    ]


def test_references_that_hold_are_kept_as_they_are(clinic: Clinic) -> None:
    clinic.put(patient("p1"))
    held: Resource = {
        "subject": {"reference": "Patient/p1/_history/1"},
        "meta": {"profile": ["http://p.test"]},
        "focus": [{"reference": "#in"}, {"identifier": {"value": "elsewhere"}}],
        "contained": [patient("in", link=[{"type": "seealso", "other": {"reference": "#"}}])],
    }

    answer = clinic.put({**observation("o1"), **held})

    assert answer.status_code == 201
    kept = clinic.get("Observation/o1").json()
    assert kept["meta"].pop("versionId")
    assert kept["meta"].pop("lastUpdated")
    assert kept == {**observation("o1"), **held}


def test_a_conditional_reference_becomes_the_one_it_finds(clinic: Clinic) -> None:
    clinic.put(patient("p1", "1"))

    answer = clinic.put(observation("o1", "Patient?identifier=1"))

    assert answer.json()["subject"] == {"reference": "Patient/p1"}


def test_a_rewrite_reaches_links_and_nothing_else() -> None:
    placeholder, place = NEVER, "Patient/1"
    resource: Resource = {
        "subject": {"reference": placeholder, "display": placeholder},
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": placeholder}],
        "instantiatesUri": [placeholder, "http://other.test"],
        "extension": [{"url": "http://e.test", "valueUrl": placeholder, "valueInteger": 1}],
        "text": {"div": f'<div><a href="{placeholder}">{placeholder}</a><a href="urn:x"/></div>'},
    }

    rewritten = rewrite(resource, {placeholder: place})

    assert rewritten == {
        "subject": {"reference": place, "display": placeholder},
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": placeholder}],
        "instantiatesUri": [place, "http://other.test"],
        "extension": [{"url": "http://e.test", "valueUrl": place, "valueInteger": 1}],
        "text": {"div": f'<div><a href="{place}">{placeholder}</a><a href="urn:x"/></div>'},
    }
