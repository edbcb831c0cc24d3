"""The one door to fhir.resources: what comes in is checked, and given on exactly as it came."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from adapter.fhir.r4 import NotR4Error, check_resource, load_exactly, parse_json, read_resource

PATIENT: dict[str, Any] = {"resourceType": "Patient"}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"text": "x"},
}


def _findings(resource: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(NotR4Error) as refused:
        check_resource(resource)
    return refused.value.findings


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"resourceType":', id="half of it"),
        pytest.param(b'{"a":NaN}', id="no number of JSON"),
        pytest.param(b'{"a":"\xff"}', id="no UTF-8"),
        pytest.param(b'\xef\xbb\xbf{"a":1}', id="a byte order mark"),
        pytest.param(b'{"a":"\\ud800"}', id="half a character"),
        pytest.param(b'{"a":1e-99999999999999999999}', id="a number beyond every range"),
        pytest.param(b"[" * 251 + b"]" * 251, id="nested too deeply to be written again"),
        pytest.param(b"[" * 5000 + b"]" * 5000, id="nested too deeply to be read"),
        pytest.param(b"[]", id="an array"),
        pytest.param(b'"text"', id="a text"),
    ],
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(NotR4Error) as refused:
        parse_json(body)

    assert len(refused.value.findings) == 1
    assert (refused.value.http_status, refused.value.issue_code) == (400, "structure")


def test_a_fault_in_json_is_told_by_line_and_column() -> None:
    with pytest.raises(NotR4Error, match="line 2 column 11: ") as refused:
        parse_json(b'{\n  "name": Ruth\n}')

    assert "Ruth" not in str(refused.value)


@pytest.mark.parametrize("name", [None, 7, "", "Animal", "Account", "patient"])
def test_a_type_that_is_not_known_is_refused(name: object) -> None:
    assert _findings({"resourceType": name})[0].startswith("resourceType: expected one of Adverse")


@pytest.mark.parametrize(
    ("resource", "finding"),
    [
        pytest.param(
            {**PATIENT, "nick": "x"}, "Patient.nick: Extra inputs are not permitted", id="unknown"
        ),
        pytest.param(
            {**PATIENT, "Ruth Roe": 1}, "Patient.?: Extra inputs are not permitted", id="no name"
        ),
        pytest.param(
            {"resourceType": "Observation", "code": {"text": "x"}},
            "Observation.status: Value for the field 'status' is required.",
            id="missing",
        ),
        pytest.param(
            {**PATIENT, "name": {"family": "x"}},
            "Patient.name: Input should be a valid list",
            id="one instead of many",
        ),
        pytest.param(
            {**OBSERVATION, "effectiveDateTime": "2026-03-01T09:30:00"},
            "Observation.effectiveDateTime: DateTime value string does not match spec regex.",
            id="a time without a zone",
        ),
        pytest.param(
            {**OBSERVATION, "valueInteger": 1, "valueString": "x"},
            "Observation: Any of one field value is expected from this list "
            "['valueBoolean', 'valueCodeableConcept', 'valueDateTime', 'valueInteger', "
            "'valuePeriod', 'valueQuantity', 'valueRange', 'valueRatio', 'valueSampledData', "
            "'valueString', 'valueTime'], but got multiple!",
            id="two values",
        ),
        pytest.param(
            {**PATIENT, "contained": [{"resourceType": "Animal"}]},
            "Patient: a resource within is of a type that R4 does not have",
            id="contained of an unknown type",
        ),
        pytest.param(
            {**PATIENT, "contained": [{"resourceType": 5}]},
            "Patient: a resource within is of a type that R4 does not have",
            id="contained of a type that is no text",
        ),
        pytest.param(
            {**PATIENT, "maritalStatus": "Ruth"},
            "Patient.maritalStatus: a JSON object is expected",
            id="a text instead of an object",
        ),
        pytest.param(
            {**PATIENT, "maritalStatus": '{"text": "Ruth"}'},
            "Patient.maritalStatus: a JSON object is expected",
            id="a text that holds an object",
        ),
        pytest.param(
            {**PATIENT, "maritalStatus": 5},
            "Patient.maritalStatus: the value is not allowed here",
            id="a number instead of an object",
        ),
        pytest.param(
            {**PATIENT, "birthDate__ext": {"id": "a"}},
            "Patient.?: Extra inputs are not permitted",
            id="an element in the spelling of the library",
        ),
        pytest.param(
            {**OBSERVATION, "valueQuantity": {"value": "14"}},
            "Observation.valueQuantity.value: a JSON decimal is expected",
            id="a decimal as text",
        ),
        pytest.param(
            {**OBSERVATION, "valueInteger": Decimal("5.0")},
            "Observation.valueInteger: a JSON integer is expected",
            id="an integer with a fraction",
        ),
        pytest.param(
            {**OBSERVATION, "valueInteger": True},
            "Observation.valueInteger: a JSON integer is expected",
            id="an integer as boolean",
        ),
        pytest.param(
            {**OBSERVATION, "valueBoolean": "true"},
            "Observation.valueBoolean: a JSON boolean is expected",
            id="a boolean as text",
        ),
        pytest.param(
            {**OBSERVATION, "valueDateTime": 20260301},
            "Observation.valueDateTime: a JSON string is expected",
            id="a date as number",
        ),
        pytest.param({**PATIENT, "gender": None}, "Patient.gender: null is not allowed", id="null"),
        pytest.param({**PATIENT, "name": []}, "Patient.name: must not be empty", id="empty array"),
        pytest.param(
            {**PATIENT, "name": [{}]}, "Patient.name[0]: must not be empty", id="empty object"
        ),
    ],
)
def test_what_r4_forbids_is_told_by_path_and_rule(resource: dict[str, Any], finding: str) -> None:
    assert _findings(resource) == (finding,)


def test_what_is_nested_too_deeply_is_told() -> None:
    item: dict[str, Any] = {"linkId": "1"}
    for _ in range(1000):
        item = {"linkId": "1", "item": [item]}

    findings = _findings(
        {"resourceType": "QuestionnaireResponse", "status": "completed", "item": [item]}
    )

    assert findings == ("QuestionnaireResponse: nested too deeply",)


def test_every_finding_is_told_and_none_repeats_a_value() -> None:
    said = "Ruth Secret"
    resource = {
        **OBSERVATION,
        "id": said,
        "effectiveDateTime": said,
        "issued": said,
        "valueTime": said,
        "component": [{"code": {"text": "x"}, "valueInteger": said}, {said: said}],
    }

    findings = _findings(resource)

    assert sorted(finding.partition(":")[0] for finding in findings) == [
        "Observation.component[0].valueInteger",
        "Observation.component[1].?",
        "Observation.component[1].code",
        "Observation.effectiveDateTime",
        "Observation.id",
        "Observation.issued",
        "Observation.valueTime",
    ]
    assert "Secret" not in "\n".join(findings)


def test_a_resource_comes_through_as_it_was_written() -> None:
    body = (
        b'{"status": "final", "resourceType": "Observation", "code": {"text": "x"}, '
        b'"valueQuantity": {"value": 1.50}, "component": [{"code": {"text": "y"}, '
        b'"valueInteger": 3}, {"code": {"text": "z"}, "valueQuantity": '
        b'{"value": 12345678901234567890}}]}'
    )

    resource = read_resource(body)

    assert list(resource) == ["status", "resourceType", "code", "valueQuantity", "component"]
    assert str(resource["valueQuantity"]["value"]) == "1.50"
    assert resource["component"][0]["valueInteger"] == 3
    assert resource["component"][1]["valueQuantity"]["value"] == Decimal(12345678901234567890)
    assert load_exactly(body) == resource


@pytest.mark.parametrize(
    "resource",
    [
        pytest.param(
            {**PATIENT, "name": [{"given": [None, "A"], "_given": [{"id": "a"}, None]}]},
            id="nulls that keep the place of a primitive",
        ),
        pytest.param(
            {
                **PATIENT,
                "extension": [{"url": "http://e.test", "_valueString": {"id": "a"}}],
            },
            id="an extension whose value has only extensions",
        ),
        pytest.param({**OBSERVATION, "valueQuantity": {"value": 14}}, id="a decimal without point"),
        pytest.param({**OBSERVATION, "valueQuantity": {"value": 1.5}}, id="a float"),
        pytest.param({**PATIENT, "contained": [{**OBSERVATION, "id": "a"}]}, id="contained"),
        pytest.param(
            {"resourceType": "Task", "status": "draft", "intent": "plan", "for": {"id": "a"}},
            id="an element whose name is a word of Python",
        ),
    ],
)
def test_what_r4_allows_passes(resource: dict[str, Any]) -> None:
    check_resource(resource)


def test_only_the_type_that_is_read_is_imported() -> None:
    program = (
        "import sys\nfrom adapter.fhir.r4 import read_resource\n"
        f"read_resource({json.dumps(PATIENT)!r}.encode())\n"
        "print(sum(name.startswith('fhir.resources.R4B.') for name in sys.modules))"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert int(run.stdout) < 40
