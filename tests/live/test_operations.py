"""Operations tell and change nothing: `$validate`, `$extract` and `$populate`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from adapter.fhir.check import find_faults
from adapter.store import inbox
from tests.live.answering import PERSON, PROFILE
from tests.live.small import SmallTrial
from tests.live.writing import CLINIC, FHIR_JSON, NOWHERE, OTHER, Resource, Writer, take_in, writers

RESPONSE = "/QuestionnaireResponse"
Saying = dict[str, object]


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return take_in(tmp_path_factory.mktemp("two")).folder


@pytest.fixture(scope="module")
def ehr(tmp_path_factory: pytest.TempPathFactory, taken_in: Path) -> Iterator[Writer]:
    """A client; it writes in one test alone."""
    folder = tmp_path_factory.mktemp("operations")
    shutil.copytree(taken_in, folder, dirs_exist_ok=True)
    with writers(SmallTrial(folder, "", frozenset())) as opened:
        yield opened()


def call(ehr: Writer, path: str, said: Resource) -> httpx.Response:
    answer = ehr.client.post(path, json=said, headers=FHIR_JSON)
    assert find_faults(answer.json()) == (), answer.text
    return answer


def parameters(**said: object) -> Resource:
    """Parameters of an operation; a resource or a word of FHIR's types, by name."""
    listed: list[Saying] = []
    for name, value in said.items():
        known = name.replace("_", "-")
        kind = "resource" if isinstance(value, dict) and "resourceType" in value else "valueString"
        if isinstance(value, dict) and kind == "valueString":
            kind = "valueReference"
        listed.append({"name": known, kind: value})
    return {"resourceType": "Parameters", "parameter": listed}


def codes(answer: httpx.Response) -> list[str]:
    return [each["code"] for each in answer.json()["issue"]]


def test_validate_tells_everything_that_is_wrong_as_success(ehr: Writer) -> None:
    fits = ehr.response(1)
    other = {**ehr.response(1, status="in-progress"), "questionnaire": "http://x.example/q"}
    before = list(inbox.of_clinic(ehr.service.database.read(), "client:an-ehr"))

    well = call(ehr, f"{RESPONSE}/$validate", parameters(resource=fits, mode="create"))
    bare = call(ehr, f"{RESPONSE}/$validate", fits)
    wrong = call(ehr, f"{RESPONSE}/$validate", parameters(resource=other, mode="create"))
    shape = call(ehr, "/Patient/$validate", {"resourceType": "Patient", "gender": "canary"})
    profile = call(
        ehr, f"{RESPONSE}/$validate", parameters(resource=fits, profile="http://x.example")
    )

    assert {each.status_code for each in (well, bare, wrong, shape, profile)} == {200}
    assert codes(well) == codes(bare) == ["informational"]
    assert set(codes(wrong)) == {"not-found", "not-supported", "business-rule"}
    assert codes(shape) == ["code-invalid"]
    assert "canary" not in shape.text
    assert codes(profile) == ["not-supported"]
    assert list(inbox.of_clinic(ehr.service.database.read(), "client:an-ehr")) == before


def test_validate_needs_a_resource_of_its_type(ehr: Writer) -> None:
    answer = call(ehr, "/Patient/$validate", parameters(resource=ehr.response(1)))

    assert (answer.status_code, codes(answer)) == (400, ["required"])


def test_what_is_extracted_is_what_taking_it_in_makes(ehr: Writer) -> None:
    sent = ehr.response(1)
    before = call(ehr, f"{RESPONSE}/$extract", parameters(questionnaire_response=sent))
    stored = ehr.post(sent).json()
    after = ehr.client.get(f"{RESPONSE}/{stored['id']}/$extract")
    derived = ehr.found(f"Observation?derived-from=QuestionnaireResponse/{stored['id']}&_count=500")

    assert (before.status_code, after.status_code) == (200, 200), before.text
    assert len(derived) > 3
    assert after.json()["type"] == "transaction"
    assert find_faults(after.json()) == ()
    for answer in (before, after):
        extracted = {
            entry["resource"]["identifier"][0]["value"]: said(entry["resource"])
            for entry in answer.json()["entry"]
            if entry["resource"]["resourceType"] == "Observation"
        }
        assert extracted == {each["identifier"][0]["value"]: said(each) for each in derived}
    nothing = {"resourceType": "Parameters"}
    assert call(ehr, f"{RESPONSE}/{stored['id']}/$extract", nothing).json() == after.json()


def said(observation: Resource) -> list[object]:
    words = ("code", "status", "valueQuantity", "valueCodeableConcept", "effectiveDateTime")
    return [observation.get(word) for word in words]


@pytest.mark.parametrize("change", ["draft", "outside", "stranger"])
def test_what_would_not_be_taken_in_is_not_extracted(ehr: Writer, change: str) -> None:
    changes: dict[str, Saying] = {
        "draft": {"status": "in-progress"},
        "outside": {"authored": "2001-01-01T00:00:00Z"},
        "stranger": {"subject": {"reference": f"Patient/{ehr.patient(OTHER)}"}},
    }

    answer = call(ehr, f"{RESPONSE}/$extract", ehr.response(1, **changes[change]))

    assert answer.status_code == 422


def test_a_response_is_prepared_for_a_person(ehr: Writer) -> None:
    canonical = ehr.response(1)["questionnaire"]
    subject = {"reference": f"Patient/{ehr.patient()}"}
    (form,) = ehr.found(f"Questionnaire?url={canonical.partition('|')[0]}")

    by_canonical = call(
        ehr, "/Questionnaire/$populate", parameters(questionnaire=canonical, subject=subject)
    )
    by_id = call(ehr, f"/Questionnaire/{form['id']}/$populate", parameters(subject=subject))
    stranger = {"reference": f"Patient/{ehr.patient(OTHER)}"}
    refused = call(ehr, f"/Questionnaire/{form['id']}/$populate", parameters(subject=stranger))
    unknown = call(ehr, "/Questionnaire/$populate", parameters(subject=subject))

    assert by_canonical.json() == by_id.json()
    response, issues = (each["resource"] for each in by_id.json()["parameter"])
    assert response == {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": canonical,
        "status": "in-progress",
        "subject": subject,
    }
    assert issues["issue"][0]["severity"] == "information"
    assert (refused.status_code, unknown.status_code) == (422, 422)


@pytest.fixture(scope="module")
def open_historian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Writer]]:
    """Makes clients at the bundled trial, had its study file mapped the history of pain, too."""
    folder = tmp_path_factory.mktemp("history")
    bundled = SmallTrial(folder, NOWHERE, frozenset({PERSON, OTHER}), PROFILE)
    said = bundled.study.read_text("utf-8").partition("not_mapped:")[0]
    placed = "  - {form: pain-history, source_form: pain_history, at: [week-0]}\n"
    (folder / "study.yaml").write_text(said.replace("forms:\n", f"forms:\n{placed}"), "utf-8")
    trial = replace(bundled, study=folder / "study.yaml")
    trial.read()
    trial.run("link", CLINIC, PERSON, "p1")
    with writers(trial) as opened:
        yield opened


@pytest.fixture(scope="module")
def historian(open_historian: Callable[..., Writer]) -> Writer:
    """One that may read everything."""
    return open_historian()


def test_what_was_said_before_of_facts_is_filled_in_and_of_outcomes_it_is_not(
    historian: Writer,
) -> None:
    (history,) = historian.found("Questionnaire?name=PainHistory")
    (before,) = historian.found(f"QuestionnaireResponse?questionnaire={history['url']}")
    (outcome,) = historian.found("Questionnaire?name=PclC")
    subject = {"reference": f"Patient/{historian.patient()}"}

    filled = call(
        historian, f"/Questionnaire/{history['id']}/$populate", parameters(subject=subject)
    )
    afresh = call(
        historian, f"/Questionnaire/{outcome['id']}/$populate", parameters(subject=subject)
    )

    response, issues = (each["resource"] for each in filled.json()["parameter"])
    assert find_faults(response) == ()
    said = {item["linkId"]: item["answer"] for item in before["item"] if "answer" in item}
    assert {item["linkId"]: item["answer"] for item in response["item"]} == said
    assert set(said) == {"duration", "types"}
    assert response["status"] == "in-progress"
    assert issues["issue"][0]["diagnostics"].startswith("2 items")
    assert "item" not in afresh.json()["parameter"][0]["resource"]


def test_of_whom_a_client_may_not_know_nothing_is_filled_in(historian: Writer) -> None:
    (history,) = historian.found("Questionnaire?name=PainHistory")
    stranger = {"reference": f"Patient/{historian.patient(OTHER)}"}

    path = f"/Questionnaire/{history['id']}/$populate"
    answer = call(historian, path, parameters(subject=stranger))

    assert answer.status_code == 422


def test_of_a_type_that_may_not_be_read_an_operation_tells_nothing(
    historian: Writer, open_historian: Callable[..., Writer]
) -> None:
    (history,) = historian.found("Questionnaire?name=PainHistory")
    (before,) = historian.found(f"QuestionnaireResponse?questionnaire={history['url']}")
    asked = parameters(subject={"reference": f"Patient/{historian.patient()}"})
    reader = open_historian(scopes="system/Questionnaire.r system/Patient.r")
    writer = open_historian(scopes="system/*.cu")

    filled = call(reader, f"/Questionnaire/{history['id']}/$populate", asked)
    extracted = call(writer, f"{RESPONSE}/{before['id']}/$extract", {"resourceType": "Parameters"})

    assert "item" not in filled.json()["parameter"][0]["resource"]
    assert extracted.status_code == 403
    assert call(writer, f"/Questionnaire/{history['id']}/$populate", asked).status_code == 403
    assert call(writer, f"{RESPONSE}/$extract", writer.response(1)).status_code == 403
    assert call(writer, f"{RESPONSE}/$validate", writer.response(1)).status_code == 200


def test_a_launch_context_that_is_no_patient_of_r4_is_refused(historian: Writer) -> None:
    (history,) = historian.found("Questionnaire?name=PainHistory")
    patient = {"resourceType": "Patient", "birthDate": "Jane, in May"}
    parts = [{"name": "name", "valueString": "patient"}, {"name": "content", "resource": patient}]
    said = parameters(subject={"reference": f"Patient/{historian.patient()}"})
    said["parameter"].append({"name": "context", "part": parts})

    answer = call(historian, f"/Questionnaire/{history['id']}/$populate", said)

    assert answer.status_code == 400
    assert "Jane" not in answer.text


def test_an_operation_that_there_is_not_is_told_so(ehr: Writer) -> None:
    for path in ("/$everything", "/Patient/$match", "/Patient/1/$everything"):
        answer = call(ehr, path, {})
        assert (answer.status_code, codes(answer)) == (404, ["not-supported"])
    assert {each.interaction for each in ehr.noted()[-3:]} == {"operation"}
