"""What the study asks of standard care: of whom agreed, codes and dates alone, for research."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from adapter.release import Reader, Subject, decide
from adapter.store import deliveries, instances, versions
from adapter.store.versions import Version
from tests.unit.ingest import project
from tests.unit.sync.far_side import Fault, Take, answering
from tests.unit.sync.ward import Ward, opened

STUDY = (
    project.STUDY.replace(
        "forms:\n",
        """\
  - id: records
    purpose: from-care
    form: consent
    given: {field: agree_care, equals: "1"}
    date: agree_date
    withdrawn: {field: stop_care, equals: "1"}
    withdrawn_date: stop_date
    on_withdrawal: retract
forms:
""",
    )
    + """\
from_care:
  - {type: MedicationStatement, consent: records}
  - {type: Condition, consent: records}
  - {type: Encounter, consent: records, since: ever}
"""
)
REQUESTS = STUDY.replace("type: MedicationStatement", "type: MedicationRequest")
SNOMED = "http://snomed.info/sct"
STATE = "http://terminology.hl7.org/CodeSystem/condition-clinical"
TOLD = {"display": "Ada Example, told in words"}
MEDICATION: dict[str, Any] = {
    "resourceType": "MedicationStatement",
    "id": "m1",
    "identifier": [{"system": "https://north.example.org", "value": "Ada-7"}],
    "status": "active",
    "medicationCodeableConcept": {
        "text": "Ada's tablets",
        "coding": [{"system": SNOMED, "code": "387517004", "version": "Ada", **TOLD}],
    },
    "subject": {"reference": "Patient/77", **TOLD},
    "effectivePeriod": {"start": "2024-02-10"},
    "informationSource": {"reference": "Patient/77", **TOLD},
    "note": [{"text": "Ada said so"}],
    "dosage": [{"text": "two, Ada"}],
}
CONDITION: dict[str, Any] = {
    "resourceType": "Condition",
    "id": "c1",
    "clinicalStatus": {"coding": [{"system": STATE, "code": "active"}]},
    "code": {"coding": [{"system": SNOMED, "code": "82423001"}]},
    "subject": {"reference": "Patient/77"},
    "onsetDateTime": "2019",
}
RESOLVED = {
    **CONDITION,
    "clinicalStatus": {"coding": [{"system": STATE, "code": "resolved"}]},
}
REQUEST: dict[str, Any] = {
    "resourceType": "MedicationRequest",
    "id": "q1",
    "identifier": [{"system": "https://north.example.org", "value": "Ada-8"}],
    "status": "stopped",
    "statusReason": {"text": "Ada felt ill"},
    "intent": "plan",
    "category": [{"text": "Ada's", "coding": [{"system": SNOMED, "code": "373784005", **TOLD}]}],
    "doNotPerform": True,
    "reportedBoolean": False,
    "medicationCodeableConcept": {"coding": [{"system": SNOMED, "code": "322236009"}]},
    "subject": {"reference": "Patient/77", **TOLD},
    "authoredOn": "2024-02-10T09:00:00+11:00",
    "requester": TOLD,
    "reasonCode": [{"text": "Ada's pain"}],
    "note": [{"text": "Ada said so"}],
    "dosageInstruction": [{"text": "two, Ada"}],
}
VISIT: dict[str, Any] = {
    "resourceType": "Encounter",
    "id": "v1",
    "status": "finished",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
    "subject": {"reference": "Patient/77"},
    "period": {"start": "2019-03-01T09:00:00+11:00", "end": "2019-03-01T09:30:00+11:00"},
}


@pytest.fixture
def ward(tmp_path: Path, where: Path | str) -> Iterator[Ward]:
    """Person 1 agreed to this, too."""
    with opened(tmp_path, where, study=STUDY) as made:
        made.ingest(p1={"agree_care": "1"})
        yield made


def care(ward: Ward, *, is_full: bool = False) -> dict[str, int]:
    """What a pull made of what it found of standard care."""
    return dict(ward.pull(is_full=is_full).care)


def standing(ward: Ward) -> list[Version]:
    """What standard care gave, and still stands, the Provenances last."""
    of_person = versions.of_participant(ward.database.read(), "1")
    mine = [each for each in of_person if each.form.startswith("standard-care/")]
    return [each for each in mine if not each.is_retracted]


def kept(ward: Ward) -> list[dict[str, Any]]:
    return [json.loads(each.text) for each in standing(ward) if each.type != "Provenance"]


def test_codes_dates_and_states_are_kept_and_nothing_else(ward: Ward) -> None:
    ward.far.put(MEDICATION)

    became = care(ward)

    (said,) = kept(ward)
    pseudonym = ward.trial.identity.patient("1")
    assert became == {"taken": 1}
    assert said == {
        "resourceType": "MedicationStatement",
        "id": said["id"],
        "meta": said["meta"],
        "status": "active",
        "medicationCodeableConcept": {"coding": [{"system": SNOMED, "code": "387517004"}]},
        "effectivePeriod": {"start": "2024-02-10"},
        "subject": {"reference": f"Patient/{pseudonym}"},
    }


def test_its_provenance_names_the_clinic_the_version_and_no_id_there(ward: Ward) -> None:
    ward.far.put({**CONDITION, "id": "the-id-there"})

    care(ward)

    condition, provenance = standing(ward)
    said = json.loads(provenance.text)
    assert said["target"] == [{"reference": f"Condition/{condition.id}"}]
    assert b'"north-clinic"' in provenance.text
    assert b'"valueInstant"' in provenance.text
    assert b"the-id-there" not in condition.text + provenance.text


def test_the_same_again_changes_nothing_and_a_change_is_another_version(ward: Ward) -> None:
    ward.far.put(CONDITION)
    care(ward)

    again, full = care(ward), care(ward, is_full=True)
    ward.far.put({**RESOLVED, "abatementDateTime": "2024-03-02"})
    changed = care(ward)

    assert (again, full, changed) == ({"unchanged": 1}, {"unchanged": 1}, {"changed": 1})
    assert [each["abatementDateTime"] for each in kept(ward)] == ["2024-03-02"]


def test_it_is_owed_to_nobody_whatever_becomes_of_consents(ward: Ward) -> None:
    ward.far.put(MEDICATION)

    care(ward)
    ward.ingest(p1={"stop_share": "1", "stop_date": "2024-03-01"})
    ward.ingest(p1={"stop_share": "", "stop_date": ""})

    read = ward.database.read()
    owed = [
        deliveries.last_owed(read, receiver.name, version)
        for receiver in ward.trial.receivers
        for version in standing(ward)
    ]
    assert owed == [None] * 2 * len(ward.trial.receivers)


def test_each_person_is_asked_for_in_the_body(ward: Ward) -> None:
    ward.pull()

    asked = [parse_qs(request.content.decode()) for request in ward.far.requests]
    places = [request.url.path.split("/")[-2] for request in ward.far.requests]
    assert [each["patient"] for each in asked] == [["Patient/77"]] * 4
    assert places[1:] == ["MedicationStatement", "Condition", "Encounter"]


@pytest.mark.parametrize("agreed", ["", "0"])
def test_who_did_not_agree_to_this_is_asked_for_responses_alone(ward: Ward, agreed: str) -> None:
    ward.far.put(MEDICATION)
    ward.ingest(p1={"agree_care": agreed})

    ward.pull()

    assert [request.url.path.split("/")[-2] for request in ward.far.requests] == [
        "QuestionnaireResponse"
    ]


@pytest.mark.parametrize(
    "ended",
    [
        pytest.param({"abatementDateTime": "2024-01-31"}, id="the day before"),
        pytest.param({"abatementDateTime": "2023"}, id="a year before"),
        # 23:30 in UTC is the next day in Sydney, and this is the day before that
        pytest.param({"abatementDateTime": "2024-01-31T12:30:00Z"}, id="another zone"),
        pytest.param({"clinicalStatus": None, "onsetDateTime": None}, id="it does not say"),
    ],
)
def test_what_had_ended_before_enrolment_is_left(ward: Ward, ended: dict[str, Any]) -> None:
    said = {**RESOLVED, **ended}
    ward.far.put({name: value for name, value in said.items() if value is not None})

    assert (care(ward), kept(ward)) == ({"left": 1}, [])


@pytest.mark.parametrize("ended", ["2024-02-01", "2024-01-31T13:30:00Z", "2024-02", "2024"])
def test_what_may_have_ended_on_the_day_of_enrolment_is_kept(ward: Ward, ended: str) -> None:
    ward.far.put({**RESOLVED, "abatementDateTime": ended})

    assert care(ward) == {"taken": 1}


def test_a_study_may_ask_for_what_was_ever(ward: Ward) -> None:
    ward.far.put(VISIT)

    care(ward)

    assert [each["period"] for each in kept(ward)] == [VISIT["period"]]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"code": {"text": "Ada's pain"}}, id="words alone"),
        pytest.param({"code": {"coding": [{"code": "1"}]}}, id="a code of no system"),
        pytest.param({"abatementDateTime": "2024-03-01"}, id="over and active"),
        pytest.param({"modifierExtension": [{"url": "http://x.org", "valueCode": "not"}]}, id="no"),
        pytest.param({"implicitRules": "http://x.org/rules"}, id="other rules"),
        pytest.param({"onsetDateTime": "2024-13-45"}, id="no day"),
    ],
)
def test_what_cannot_be_kept_is_left(ward: Ward, wrong: dict[str, Any]) -> None:
    ward.far.system.seed([{**CONDITION, **wrong}])

    assert (care(ward), kept(ward)) == ({"left": 1}, [])


def test_of_a_request_it_is_kept_what_was_asked_for_and_that_it_was_not(
    tmp_path: Path, where: Path | str
) -> None:
    with opened(tmp_path, where, study=REQUESTS) as ward:
        ward.ingest(p1={"agree_care": "1"})
        ward.far.put(REQUEST)

        became = care(ward)

        (said,) = kept(ward)
        assert became == {"taken": 1}
        assert {name: said[name] for name in said if name not in {"id", "meta", "subject"}} == {
            "resourceType": "MedicationRequest",
            "status": "stopped",
            "intent": "plan",
            "category": [{"coding": [{"system": SNOMED, "code": "373784005"}]}],
            "doNotPerform": True,
            "reportedBoolean": False,
            "medicationCodeableConcept": REQUEST["medicationCodeableConcept"],
            "authoredOn": "2024-02-10T09:00:00+11:00",
        }
        assert b"Ada" not in b"".join(each.text for each in standing(ward))


@pytest.mark.parametrize(
    ("more", "became"),
    [
        ({"authoredOn": "2024-01-10"}, {"left": 1}),
        ({"authoredOn": "2024-01-10", "status": "active"}, {"taken": 1}),
        ({"authoredOn": None}, {"left": 1}),
    ],
    ids=["before", "before, and goes on", "at no time"],
)
def test_a_request_from_before_the_day_of_enrolment_counts_while_it_goes_on(
    tmp_path: Path, where: Path | str, more: dict[str, Any], became: dict[str, int]
) -> None:
    with opened(tmp_path, where, study=REQUESTS) as ward:
        ward.ingest(p1={"agree_care": "1"})
        told = {**REQUEST, **more}
        ward.far.put({name: value for name, value in told.items() if value is not None})

        assert care(ward) == became


def test_a_medication_that_is_contained_is_told_by_its_code(ward: Ward) -> None:
    code = {"coding": [{"system": SNOMED, "code": "322236009"}]}
    inside = {"resourceType": "Medication", "id": "a", "code": {**code, "text": "Ada's"}}
    said = {name: value for name, value in MEDICATION.items() if name[:10] != "medication"}
    ward.far.put({**said, "contained": [inside], "medicationReference": {"reference": "#a"}})

    care(ward)

    assert [each["medicationCodeableConcept"] for each in kept(ward)] == [code]


@pytest.mark.parametrize(
    "wrong",
    [
        {"verificationStatus": {"coding": [{"system": SNOMED, "code": "entered-in-error"}]}},
        {"code": {"text": "words"}},
    ],
    ids=["entered in error", "without its code"],
)
def test_what_may_be_kept_no_longer_is_retracted(ward: Ward, wrong: dict[str, Any]) -> None:
    ward.far.put(CONDITION)
    care(ward)
    ward.far.put({**CONDITION, **wrong})

    assert (care(ward), standing(ward)) == ({"retracted": 1}, [])


def test_what_is_deleted_there_is_retracted_at_a_full_pass(ward: Ward) -> None:
    ward.far.put(CONDITION)
    care(ward)
    ward.far.take(httpx.Request("DELETE", "https://clinic.example.org/fhir/Condition/c1"))

    first, full, again = care(ward), care(ward, is_full=True), care(ward, is_full=True)

    assert (first, full, again) == ({}, {"retracted": 1}, {})
    assert standing(ward) == []


def test_a_withdrawal_retracts_and_asks_no_more_and_consent_brings_it_back(ward: Ward) -> None:
    ward.far.put(CONDITION)
    care(ward)
    ward.now = ward.now.replace(hour=23)

    ward.ingest(p1={"stop_care": "1", "stop_date": "2024-03-01"})
    withdrawn, asked = standing(ward), care(ward)
    ward.ingest(p1={"stop_care": "", "stop_date": ""})
    again = care(ward)

    assert (withdrawn, asked, again) == ([], {}, {"taken": 1})
    assert [each["id"] for each in kept(ward)] != []


def test_who_withdrew_while_the_clinic_answered_is_not_taken_in(ward: Ward) -> None:
    ward.far.put(MEDICATION)

    def withdrawing(request: httpx.Request, take: Take) -> httpx.Response:
        answer = take(request)
        ward.ingest(p1={"stop_care": "1", "stop_date": "2024-03-01"})
        return answer

    ward.far.faults.extend([None, withdrawing])

    assert (care(ward), kept(ward)) == ({}, [])


@pytest.mark.parametrize("place", range(4))
def test_a_pull_that_dies_loses_nothing_and_doubles_nothing(ward: Ward, place: int) -> None:
    for each in (MEDICATION, CONDITION, VISIT):
        ward.far.put(each)

    def dying(request: httpx.Request, take: Take) -> httpx.Response:
        take(request)
        raise KeyboardInterrupt

    ward.far.faults.extend([*[None] * place, dying])
    with pytest.raises(KeyboardInterrupt):
        ward.pull()
    ward.pull()

    assert [each.type for each in standing(ward)] == [
        *("MedicationStatement", "Provenance", "Condition", "Provenance"),
        *("Encounter", "Provenance"),
    ]
    assert {each.version for each in standing(ward)} == {1}


def test_who_is_gone_from_the_source_leaves_nothing(ward: Ward) -> None:
    ward.far.put(MEDICATION)
    care(ward)
    ward.admit("2")
    del ward.people["1"]

    ward.ingest()

    assert standing(ward) == []


def test_it_leaves_for_research_alone_and_by_its_own_consent(ward: Ward) -> None:
    study, form = ward.trial.study, Subject("1", "standard-care/Condition")
    agreed = instances.participant(ward.database.read(), "1")
    ward.ingest(p1={"stop_care": "1", "stop_date": "2024-03-01"})
    withdrawn = instances.participant(ward.database.read(), "1")
    asks_no_more = study.model_copy(update={"from_care": ()})

    rules = (
        decide(form, study, Reader("research"), agreed, "2024-03-20").rule,
        decide(form, study, Reader("care"), agreed, "2024-03-20").rule,
        decide(form, study, Reader("research"), withdrawn, "2024-03-20").rule,
        decide(form, asks_no_more, Reader("research"), agreed, "2024-03-20").rule,
    )

    assert rules == ("released", "standard-care", "consent-withdrawn", "standard-care")
    assert decide(
        Subject("1", "mood"), study, Reader("research"), withdrawn, "2024-03-20"
    ).rule == ("released")


@pytest.mark.parametrize(
    "place",
    ["Medication/m9", "Medication/m9/_history/1", "https://clinic.example.org/fhir/Medication/m9"],
    ids=["relative", "of a version", "in full"],
)
def test_a_medication_that_stands_elsewhere_there_is_told_by_its_code(
    ward: Ward, place: str
) -> None:
    code = {"coding": [{"system": SNOMED, "code": "322236009"}]}
    ward.far.put({"resourceType": "Medication", "id": "m9", "code": {**code, "text": "Ada's"}})
    naming(ward, place, place)

    became = care(ward)

    assert became == {"taken": 2}
    assert [each["medicationCodeableConcept"] for each in kept(ward)] == [code, code]
    asked = [request for request in ward.far.requests if "Medication/m9" in str(request.url)]
    assert len(asked) == 1  # for both


@pytest.mark.parametrize(
    "answer",
    [
        answering(403, {"resourceType": "OperationOutcome", "issue": []}),
        answering(404, {"resourceType": "OperationOutcome", "issue": []}),
        answering(200, {"resourceType": "Medication", "id": "9"}),
        answering(200, {"resourceType": "Medication", "id": "9", "code": "odd"}),
        answering(200, {"resourceType": "Condition", "id": "9", "code": CONDITION["code"]}),
    ],
    ids=["forbidden", "not there", "without a code", "an odd code", "no medication"],
)
def test_a_medication_without_a_code_to_read_is_left_and_hinders_no_other(
    ward: Ward, answer: Fault
) -> None:
    naming(ward, "Medication/9")
    ward.far.put(CONDITION)
    ward.far.faults.append(answer)

    assert care(ward) == {"left": 1, "taken": 1}


@pytest.mark.parametrize(
    "place",
    [
        "https://elsewhere.example.org/fhir/Medication/9",
        "Substance/9",
        "Medication/",
        "Medication/9/other",
        7,
    ],
)
def test_what_names_no_medication_there_is_left_unasked(ward: Ward, place: object) -> None:
    naming(ward, place)

    became = care(ward)

    assert became == {"left": 1}
    assert [request.method for request in ward.far.requests if request.method == "GET"] == []


def naming(ward: Ward, *places: object) -> None:
    """The clinic's next answers tell of statements that name a Medication; no code is in them."""
    said = {name: value for name, value in MEDICATION.items() if name[:10] != "medication"}
    told = [
        {**said, "id": f"m{number}", "medicationReference": {"reference": place}}
        for number, place in enumerate(places)
    ]
    entries = [{"resource": each} for each in told]
    page = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    ward.far.faults.extend([None, answering(200, page)])


def test_what_is_about_somebody_else_by_now_is_retracted_at_a_full_pass(ward: Ward) -> None:
    ward.far.put(CONDITION)
    care(ward)
    ward.far.put({**CONDITION, "subject": {"reference": "Patient/78"}})

    assert (care(ward), care(ward, is_full=True)) == ({}, {"retracted": 1})
    assert standing(ward) == []


def test_a_type_that_may_not_be_searched_hinders_no_other(ward: Ward) -> None:
    ward.far.put(CONDITION)
    refusal = {"resourceType": "OperationOutcome", "issue": []}
    ward.far.faults.extend([None, answering(400, refusal)])

    assert care(ward) == {"refused": 1, "taken": 1}
