"""A transaction that a record system can store as it is, once or again, and what it says."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal

import pytest

from adapter.fhir.check import find_faults, write
from adapter.fhir.extraction import extract
from adapter.fhir.text import read_text
from tests.unit.fhir.extraction.observed import (
    IDENTITY,
    INTAKE,
    OCCASION,
    Resource,
    by_code,
    choosing,
    entries,
    extracted,
    of_type,
    own_code,
    response,
)
from tests.unit.simulate.clinic import Clinic

OBSERVATION = IDENTITY.identifier("observation", "")["system"]
PANEL, TOTAL, NIGHTS = "observed", "observed-total", "observed-nights"
LEVELS = "observed-levels"
MOOD, SLEEP, WHERE, HOURS = (f"observed-{item}" for item in ("mood", "sleep", "where", "hours"))


def observations(resource: Resource, before: Resource | None = None) -> dict[str, list[Resource]]:
    return {
        code: [entry["resource"] for entry in found]
        for code, found in by_code(entries(resource, before)).items()
    }


def told(resource: Resource, before: Resource | None = None) -> list[tuple[str, str, str]]:
    issues = extracted(resource, before).issues
    return [(issue.severity, issue.code, issue.expression) for issue in issues]


def with_totals(**totals: Decimal) -> Resource:
    resource = response()
    resource["item"] += [
        {"linkId": f"score-{scale}", "answer": [{"valueDecimal": total}]}
        for scale, total in totals.items()
    ]
    return resource


def test_the_bundle_is_a_transaction_of_what_is_observed_and_what_that_refers_to() -> None:
    extraction = extracted(response())

    assert extraction.issues == ()
    assert extraction.bundle is not None
    assert extraction.bundle["type"] == "transaction"
    assert find_faults(extraction.bundle) == ()
    kinds = [entry["resource"]["resourceType"] for entry in extraction.bundle["entry"]]
    assert kinds == ["Device", "ResearchStudy", *["Observation"] * 9, "Provenance"]


def test_what_was_not_to_be_observed_is_not_nor_is_what_nobody_answered() -> None:
    found = observations(response(without="mood"))

    assert {code: len(all_) for code, all_ in found.items()} == {
        SLEEP: 1,
        WHERE: 2,
        HOURS: 1,
        TOTAL: 1,
        NIGHTS: 1,
        LEVELS: 1,
        PANEL: 1,
    }
    assert "valueQuantity" not in found[TOTAL][0]
    assert found[TOTAL][0]["dataAbsentReason"]["coding"][0]["code"] == "unknown"
    assert not any("dataAbsentReason" in found[code][0] for code in (SLEEP, WHERE, HOURS, NIGHTS))


def test_several_answers_are_an_observation_each() -> None:
    found = observations(response())[WHERE]

    values = [each["valueCodeableConcept"] for each in found]
    assert [[coding["code"] for coding in value["coding"]] for value in values] == [
        ["observed-where-head"],
        ["observed-where-knee"],
    ]
    assert [value["text"] for value in values] == ["observed-where-head", "The knee"]
    assert len({each["identifier"][0]["value"] for each in found}) == 2


def test_an_observation_is_of_the_survey_at_the_response_s_time_and_never_has_a_focus() -> None:
    for found in observations(response()).values():
        for each in found:
            assert each["status"] == "final"
            assert each["category"][0]["coding"][0]["code"] == "survey"
            assert each["effectiveDateTime"] == each["issued"] == "2024-03-15T10:30:00+10:00"
            assert "focus" not in each


def test_what_is_extracted_refers_to_the_response_and_to_its_subject() -> None:
    for found in observations(response()).values():
        for each in found:
            assert each["derivedFrom"] == [{"reference": "QuestionnaireResponse/theirs-7"}]
            assert each["subject"] == {"reference": "Patient/theirs-41"}


def test_who_answered_performed_what_was_answered_and_nobody_performed_a_score() -> None:
    found = observations(response())

    assert found[MOOD][0]["performer"] == [{"reference": "RelatedPerson/theirs-5"}]
    assert not any("performer" in found[code][0] for code in (TOTAL, NIGHTS, PANEL))


def test_where_the_response_does_not_say_who_answered_nobody_performed() -> None:
    found = observations(response(source=None))

    assert not any("performer" in each for all_ in found.values() for each in all_)


def test_the_context_of_the_response_is_that_of_what_is_extracted() -> None:
    order, encounter = {"reference": "ServiceRequest/1"}, {"reference": "Encounter/2"}
    procedures = [
        {"reference": "Procedure/3"},
        {"reference": "https://x.example.org/Procedure/4/_history/1"},
        {"type": "Procedure", "display": "the programme"},
    ]
    resource = response(
        encounter=encounter, basedOn=[order], partOf=[*procedures, {"reference": "Observation/5"}]
    )

    for found in observations(resource).values():
        for each in found:
            assert each["encounter"] == encounter
            assert each["basedOn"] == [order]
            assert each["partOf"] == procedures
    assert told(resource) == [
        ("warning", "not-supported", "QuestionnaireResponse.partOf[3]"),
    ]


def test_references_within_the_bundle_lead_to_its_entries() -> None:
    listed = entries(response())
    urls = {entry["fullUrl"]: entry["resource"] for entry in listed}
    panel = by_code(listed)[PANEL][0]["resource"]
    (device,) = of_type(listed, "Device")
    (provenance,) = of_type(listed, "Provenance")

    members = [own_code(urls[member["reference"]]) for member in panel["hasMember"]]
    targets = [own_code(urls[target["reference"]]) for target in provenance["target"]]

    assert members == [MOOD, SLEEP, WHERE, WHERE, HOURS, TOTAL, NIGHTS, LEVELS]
    assert targets == [*members, PANEL]
    assert urls[panel["device"]["reference"]] == device
    assert urls[provenance["agent"][0]["who"]["reference"]] == device
    study = urls[panel["extension"][0]["valueReference"]["reference"]]
    assert study["resourceType"] == "ResearchStudy"
    assert not any("id" in resource for resource in urls.values())


def test_everything_is_found_again_by_its_identifier() -> None:
    for code, found in by_code(entries(response())).items():
        for entry in found:
            (identifier,) = entry["resource"]["identifier"]
            assert entry["request"] == {
                "method": "POST",
                "url": "Observation",
                "ifNoneExist": f"identifier={OBSERVATION}|{identifier['value']}",
            }, code


def test_one_provenance_tells_from_which_version_it_all_was_made_and_by_what() -> None:
    listed = entries(response())

    (provenance,) = of_type(listed, "Provenance")
    (device,) = of_type(listed, "Device")
    assert provenance["entity"] == [
        {
            "role": "source",
            "what": {"reference": "QuestionnaireResponse/theirs-7/_history/3"},
        }
    ]
    assert provenance["recorded"] == "2024-03-15T00:31:00.250Z"
    assert provenance["activity"]["coding"][0]["code"] == "CREATE"
    assert device["version"] == [{"value": "1.2.3"}]
    (tag,) = provenance["meta"]["tag"]
    assert listed[-1]["request"]["ifNoneExist"] == f"_tag={tag['system']}|{tag['code']}"
    assert tag["system"] == "https://every-form.example.org/fhir/NamingSystem/provenance"


def test_another_version_has_a_provenance_of_its_own() -> None:
    later = {"versionId": "4", "lastUpdated": "2024-03-15T00:31:00.250Z"}

    tags = [
        provenance["meta"]["tag"]
        for resource in (response(), response(meta=later), response(id="theirs-8"))
        for provenance in of_type(entries(resource), "Provenance")
    ]

    assert tags[0] != tags[1] != tags[2] != tags[0]


def test_the_device_is_kept_at_the_software_s_version() -> None:
    clinic = prepared()

    for software in ("1.2.3", "1.2.4"):
        intake = dataclasses.replace(INTAKE, software=software)
        bundle = extract(at_clinic(), intake, OCCASION).bundle
        assert clinic.ask("POST", "", write(bundle or {})).status_code == 200

    (device,) = (entry["resource"] for entry in clinic.get("Device").json()["entry"])
    assert device["version"] == [{"value": "1.2.4"}]


def test_a_response_without_versions_is_dated_by_its_author() -> None:
    (provenance,) = of_type(entries(response(meta=None)), "Provenance")

    assert provenance["entity"][0]["what"] == {"reference": "QuestionnaireResponse/theirs-7"}
    assert provenance["recorded"] == "2024-03-15T10:30:00+10:00"


@pytest.mark.parametrize(
    ("changes", "issues"),
    [
        pytest.param({"meta": None, "authored": "2024-03-15"}, [], id="only a day"),
        pytest.param(
            {"id": None},
            [("warning", "required", "QuestionnaireResponse.id")],
            id="neither id nor identifier",
        ),
    ],
)
def test_what_no_provenance_can_tell_of_has_none_and_that_is_said(
    changes: Resource, issues: list[tuple[str, str, str]]
) -> None:
    resource = response(**changes)

    assert of_type(entries(resource), "Provenance") == []
    assert told(resource) == [
        *issues,
        ("information", "informational", "QuestionnaireResponse"),
    ]


def test_a_response_without_an_id_is_referred_to_by_its_identifier() -> None:
    identifier = {"system": "https://theirs.example.org", "value": "7"}

    found = observations(response(id=None, identifier=identifier))
    unknown = observations(response(id=None))

    assert found[TOTAL][0]["derivedFrom"] == [
        {"type": "QuestionnaireResponse", "identifier": identifier}
    ]
    assert "derivedFrom" not in unknown[TOTAL][0]
    (provenance,) = of_type(entries(response(id=None, identifier=identifier)), "Provenance")
    assert [each["what"] for each in provenance["entity"]] == found[TOTAL][0]["derivedFrom"]


@pytest.mark.parametrize("status", ["in-progress", "stopped", "entered-in-error"])
def test_a_form_that_nobody_sent_gives_no_bundle_and_says_so(status: str) -> None:
    assert extracted(response(status=status)).bundle is None
    assert told(response(status=status)) == [
        ("information", "informational", "QuestionnaireResponse.status")
    ]


def test_a_response_that_does_not_fit_its_form_gives_no_bundle_but_every_issue() -> None:
    resource = choosing("mood", "often-9", subject={"reference": "Patient/other"})

    assert extracted(resource).bundle is None
    assert told(resource) == [
        ("error", "code-invalid", "QuestionnaireResponse.item[0].answer[0].value"),
        ("error", "not-found", "QuestionnaireResponse.subject"),
    ]


def test_an_identifier_of_ours_must_be_that_of_this_person_on_this_occasion() -> None:
    unit = IDENTITY.unit("1001", "observed", "week-0", None)
    another = IDENTITY.unit("1001", "observed", "week-9", None)
    theirs = {"system": "https://theirs.example.org", "value": another}

    ours, wrong = (IDENTITY.identifier("response", value) for value in (unit, another))

    assert told(response(identifier=ours)) == []
    assert told(response(identifier=theirs)) == []
    assert told(response(identifier=wrong)) == [
        ("error", "conflict", "QuestionnaireResponse.identifier")
    ]
    assert extracted(response(identifier=wrong)).bundle is None


def test_a_total_that_the_renderer_computed_otherwise_is_told_and_ours_is_extracted() -> None:
    resource = with_totals(total=Decimal("3.0"), nights=Decimal(1))

    assert told(resource) == [
        ("warning", "business-rule", "QuestionnaireResponse.item[6]"),
    ]
    found = observations(resource)
    assert found[TOTAL][0]["valueQuantity"]["value"] == 3
    assert found[NIGHTS][0]["valueQuantity"]["value"] == 2


def test_a_total_where_no_score_may_be_given_is_told() -> None:
    resource = with_totals(total=Decimal(0))
    del resource["item"][0]

    (issue,) = extracted(resource).issues

    assert issue.expression == "QuestionnaireResponse.item[4]"
    assert issue.expected == "no total, because the form's rule forbids one"


@pytest.mark.parametrize(("profile", "issues"), [("12", 0), ("21", 1)])
def test_a_profile_is_compared_as_the_text_that_it_is(profile: str, issues: int) -> None:
    resource = response()
    resource["item"].append({"linkId": "score-levels", "answer": [{"valueString": profile}]})

    assert len(told(resource)) == issues


def test_a_profile_as_a_number_is_an_error() -> None:
    resource = response()
    resource["item"].append({"linkId": "score-levels", "answer": [{"valueDecimal": 12}]})

    assert told(resource) == [
        ("error", "structure", "QuestionnaireResponse.item[5].answer[0].value")
    ]


def test_an_amended_response_takes_the_place_of_what_was_there() -> None:
    for found in by_code(entries(response(status="amended"))).values():
        for entry in found:
            (identifier,) = entry["resource"]["identifier"]
            assert entry["resource"]["status"] == "amended"
            assert entry["request"] == {
                "method": "PUT",
                "url": f"Observation?identifier={OBSERVATION}|{identifier['value']}",
            }


def test_of_an_amended_response_only_what_differs_from_before_is_amended() -> None:
    before = response(without="hours")
    before["item"][2]["answer"].pop(0)
    amended = choosing("sleep", "often-0", status="amended")
    del amended["item"][0]

    found = by_code(entries(amended, before))

    assert {
        code: [(entry["request"]["method"], entry["resource"]["status"]) for entry in all_]
        for code, all_ in found.items()
    } == {
        SLEEP: [("PUT", "amended")],
        WHERE: [("PUT", "final"), ("POST", "final")],
        HOURS: [("PUT", "final")],
        TOTAL: [("PUT", "amended")],
        NIGHTS: [("PUT", "amended")],
        LEVELS: [("PUT", "amended")],
        PANEL: [("PUT", "amended")],
        MOOD: [("PUT", "entered-in-error")],
    }
    (provenance,) = of_type(entries(amended, before), "Provenance")
    assert provenance["activity"]["coding"][0]["code"] == "UPDATE"


def test_a_response_entered_in_error_takes_back_what_was_extracted_before() -> None:
    listed = entries(response(status="entered-in-error"), response())

    statuses = {each["status"] for each in of_type(listed, "Observation")}
    (provenance,) = of_type(listed, "Provenance")
    assert statuses == {"entered-in-error"}
    assert len(of_type(listed, "Observation")) == 9
    assert provenance["activity"]["coding"][0]["code"] == "NULLIFY"
    assert told(response(status="entered-in-error"), response()) == []


def test_a_first_version_that_does_not_fit_is_told_too() -> None:
    extraction = extracted(response(status="amended"), choosing("mood", "often-9"))

    assert extraction.bundle is None
    assert [issue.code for issue in extraction.issues] == ["code-invalid"]


def test_it_is_the_same_whenever_it_is_asked_for() -> None:
    bundle, again = (extracted(response()).bundle for _ in range(2))
    other_software = extract(
        response(),
        dataclasses.replace(INTAKE, software="1.2.4"),
        OCCASION,
    ).bundle

    assert bundle is not None
    assert again is not None
    assert other_software is not None
    assert write(bundle) == write(again)
    assert write(bundle) != write(other_software)


def test_a_record_system_stores_it_once_however_often_it_is_sent() -> None:
    clinic = prepared()
    text = write(extracted(at_clinic()).bundle or {})

    answers = [clinic.ask("POST", "", text) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    statuses = [
        [entry["response"]["status"][:3] for entry in answer.json()["entry"]] for answer in answers
    ]
    assert statuses == [["201"] * 12, ["200"] * 12]
    assert count(clinic) == {"Observation": 9, "Provenance": 1, "Device": 1, "ResearchStudy": 1}


def test_a_record_system_that_is_sent_an_amendment_holds_it_in_place_of_the_first() -> None:
    clinic = prepared()
    patient = {"reference": "Patient/theirs-41"}
    amended = choosing("sleep", "often-0", status="amended", source=patient)
    del amended["item"][0]

    for bundle in (extracted(at_clinic()).bundle, extracted(amended, at_clinic()).bundle):
        assert clinic.ask("POST", "", write(bundle or {})).status_code == 200

    stored = [entry["resource"] for entry in clinic.get("Observation?_count=50").json()["entry"]]
    said = {own_code(each): each["status"] for each in stored if own_code(each) != WHERE}
    assert count(clinic)["Observation"] == 9
    assert said == {
        MOOD: "entered-in-error",
        SLEEP: "amended",
        HOURS: "final",
        TOTAL: "amended",
        NIGHTS: "amended",
        LEVELS: "amended",
        PANEL: "amended",
    }


def at_clinic(**changes: object) -> Resource:
    """The response as the record system holds it, which knows no RelatedPerson."""
    return response("", source={"reference": "Patient/theirs-41"}, **changes)


def prepared() -> Clinic:
    """A record system that holds the person and the response already."""
    clinic = Clinic()
    clinic.put({"resourceType": "Patient", "id": "theirs-41"})
    clinic.put(json.loads(write(at_clinic())))
    return clinic


def count(clinic: Clinic) -> dict[str, int]:
    """How many of each type a record system holds."""
    return {
        kind: read_text(clinic.get(f"{kind}?_summary=count").content)["total"]
        for kind in ("Observation", "Provenance", "Device", "ResearchStudy")
    }
