"""What people wrote at a clinic comes into the trial, of those alone who agreed, once and whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from adapter.errors import EhrError
from adapter.simulate import FULL
from adapter.store import inbox, versions
from adapter.sync.profile import PullRule
from tests.unit.ingest import project
from tests.unit.sync.far_side import Take, answering, lost
from tests.unit.sync.ward import FORM, PROFILE, Ward, opened

VISIT = {
    "resourceType": "Encounter",
    "id": "9",
    "status": "finished",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
}


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    with opened(tmp_path, tmp_path / "ledger.sqlite") as made:
        yield made


def test_a_response_of_the_clinic_is_kept_and_scored(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)

    became = ward.became()

    assert became == {"taken": 1}
    assert (ward.answers(), ward.total(), ward.status()) == (["1", "2", "3"], 6, "completed")


def test_the_same_answer_twice_changes_nothing(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)
    ward.pull()
    before = held(ward)

    again, full = ward.became(), ward.became(is_full=True)

    assert (again, full) == ({"unchanged": 1}, {"unchanged": 1})
    assert held(ward) == before


def test_a_changed_response_amends_what_was_taken(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)
    ward.pull()
    ward.write("r1", 1, 2, 2)

    became = ward.became()

    assert became == {"changed": 1}
    assert (ward.total(), ward.status()) == (5, "amended")


def test_only_the_answers_are_kept(ward: Ward) -> None:
    ward.far.system.seed([VISIT])
    ward.write(
        "r1",
        *(1, 2, 3),
        text={"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Ada</div>'},
        author={"display": "Dr Ada Example"},
        encounter={"reference": "Encounter/9", "display": "Ada"},
        identifier={"system": "https://north.example.org", "value": "Ada"},
        extension=[{"url": "https://north.example.org/note", "valueString": "Ada"}],
    )

    ward.pull()

    everything = b"".join(held(ward).values()) + ward.row("r1").text
    assert ward.total() == 6
    assert b"Ada" not in everything
    assert b"Patient/77" not in everything


def test_its_provenance_names_the_clinic_and_hides_the_id_there(ward: Ward) -> None:
    ward.write("the-id-there", 1, 2, 3)

    ward.pull()

    (said,) = (text for name, text in held(ward).items() if name.startswith("Provenance"))
    assert b'"north-clinic"' in said
    assert b"the-id-there" not in said


# Who is asked for


def test_people_are_asked_for_one_by_one_and_never_in_an_address(ward: Ward) -> None:
    ward.admit("1", "2")

    ward.pull()

    asked = [parse_qs(request.content.decode()) for request in ward.far.requests]
    assert [each["patient"] for each in asked] == [["Patient/77"], ["Patient/78"]]
    assert not any("77" in str(request.url) for request in ward.far.requests)


@pytest.mark.parametrize("consent", ["research", "share"])
def test_who_withdrew_is_not_asked_for(ward: Ward, consent: str) -> None:
    ward.ingest(p1={f"stop_{consent}": "1", "stop_date": "2024-03-01"})
    ward.write("r1", 1, 2, 3)

    report = ward.pull()

    assert (report.asked, ward.far.requests, ward.answers()) == (0, [], None)


def test_who_is_not_linked_is_not_asked_for(ward: Ward) -> None:
    ward.people["2"] = project.person("2")
    ward.ingest()

    report = ward.pull()

    assert report.asked == 1


def test_who_withdrew_while_the_clinic_answered_is_not_taken_in(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)

    def withdrawing(request: httpx.Request, take: Take) -> httpx.Response:
        answer = take(request)
        ward.ingest(p1={"stop_share": "1", "stop_date": "2024-03-01"})
        return answer

    ward.far.faults.append(withdrawing)
    ward.pull()

    assert ward.answers() is None


def test_a_clinic_that_is_not_to_be_asked_is_not(tmp_path: Path) -> None:
    where = tmp_path / "ledger.sqlite"
    with opened(tmp_path, where, PROFILE.model_copy(update={"pull": None})) as ward:
        ward.write("r1", 1, 2, 3)

        report = ward.pull()

    assert (report.asked, ward.far.requests) == (0, [])


# What is left where it is


def test_what_we_wrote_there_is_not_taken_for_the_clinic_s_own(ward: Ward) -> None:
    ward.ingest(p1=project.mood("1", "1", "1"))
    ward.push()

    became = ward.became()

    assert became == {"ours": 1}


def test_a_response_about_somebody_else_is_not_kept(ward: Ward) -> None:
    other = ward.response("r1", 1, 2, 3, subject={"reference": "Patient/999"})
    ward.far.faults.append(answering(200, bundle(other)))

    became = ward.became()

    assert became == {"foreign": 1}
    assert ward.answers() is None


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"questionnaire": "https://north.example.org/Questionnaire/own|1"}, "other"),
        ({"status": "in-progress"}, "draft"),
        ({"status": "entered-in-error"}, "unchanged"),
    ],
    ids=["another form", "not sent", "never meant"],
)
def test_what_is_no_answer_to_a_form_of_the_study_is_left(
    ward: Ward, more: dict[str, object], word: str
) -> None:
    ward.write("r1", 1, 2, 3, **more)

    became = ward.became()

    assert became == {word: 1}
    assert ward.answers() is None


# What waits for a person


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"authored": "2024-01-15T09:00:00+11:00"}, "it fits no timepoint"),
        ({"authored": "2024-03-20"}, "it fits no timepoint"),
        ({"authored": "2024-02"}, "its time names no day, or has no zone"),
        ({"authored": None}, "it does not say when it was answered"),
        ({"questionnaire": f"{FORM}|0.9.0"}, "another version of it"),
        ({"item": [{"linkId": "mood-9", "answer": [{"valueInteger": 1}]}]}, "another link id"),
    ],
    ids=["too early", "too late", "a month", "no time", "another version", "another item"],
)
def test_what_does_not_fit_waits_with_its_reason(
    ward: Ward, more: dict[str, object], why: str
) -> None:
    resource = {**ward.response("r1", 1, 2, 3), **more}
    ward.far.put({name: value for name, value in resource.items() if value is not None})

    became = ward.became()

    assert became == {"waiting": 1}
    assert why in ward.row("r1").why
    assert ward.answers() is None


def test_a_time_without_its_zone_waits(ward: Ward) -> None:
    zoneless = ward.response("r1", 1, 2, 3, authored="2024-02-05T09:00:00")
    ward.far.faults.append(answering(200, bundle(zoneless)))

    ward.pull()

    assert "not what R4 says" in ward.row("r1").why


def test_what_waits_is_asked_about_again_when_its_reason_may_be_gone(ward: Ward) -> None:
    ward.ingest(p1={"enrol_date": ""})
    ward.write("r1", 1, 2, 3)
    ward.pull()
    before = ward.row("r1").why
    ward.ingest(p1={"enrol_date": "2024-02-01"})

    ward.pull()

    assert before == "the day of enrolment is not known"
    assert (ward.row("r1").state, ward.total()) == ("taken", 6)


def test_all_that_waits_is_asked_about_again_however_much_it_is(ward: Ward) -> None:
    ward.ingest(p1={"enrol_date": ""})
    ward.write("r1", 1, 2, 3)
    ward.pull()
    with ward.database.write() as tx:
        for number in range(1200):
            inbox.keep(tx, replace(ward.row("r1"), remote_id=f"more-{number}"))
    ward.ingest(p1={"enrol_date": "2024-02-01"})

    ward.pull()

    told = list(inbox.of_clinic(ward.database.read(), ward.profile.id))
    assert {each.state for each in told} == {"taken"}
    assert len(told) == 1201


# Where a reading goes on


def test_the_next_reading_begins_a_while_before_the_last_one_ended(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)
    ward.pull()

    ward.pull()

    asked = [parse_qs(request.content.decode()) for request in ward.far.requests]
    assert "_lastUpdated" not in asked[0]
    assert asked[1]["_lastUpdated"] == ["ge2024-03-20T22:26:00Z"]  # five minutes before 22:31


def test_a_reading_that_breaks_off_begins_anew_where_it_began(ward: Ward) -> None:
    cut(ward)
    for number in range(3):
        ward.write(f"r{number}", 1, 2, number)
    ward.far.faults.extend((None, *[lost(httpx.ConnectError)] * 6))

    with pytest.raises(EhrError):
        ward.pull()
    nothing = ward.answers()
    ward.pull()

    assert nothing is None
    assert ward.answers() is not None


def test_every_page_is_read(ward: Ward) -> None:
    cut(ward)
    for number in range(5):
        ward.write(f"r{number}", 1, 2, 3)

    became = ward.became()

    assert became == {"taken": 1, "agrees": 4}


@pytest.mark.parametrize(
    "url", ["https://elsewhere.example.org/fhir?page=2", "http://clinic.example.org/fhir/?page=2"]
)
def test_a_next_page_elsewhere_is_not_asked_for(ward: Ward, url: str) -> None:
    ward.write("r1", 1, 2, 3)
    page = {**bundle(ward.response("r1", 1, 2, 3)), "link": [{"relation": "next", "url": url}]}
    ward.far.faults.append(answering(200, page))

    with pytest.raises(EhrError, match="the clinic's own address"):
        ward.pull()

    assert (len(ward.far.requests), ward.answers()) == (1, None)


def test_pages_that_go_round_end(ward: Ward) -> None:
    link = [{"relation": "next", "url": "https://clinic.example.org/fhir/?page=2"}]
    ward.far.rule = answering(200, {**bundle(), "link": link})

    with pytest.raises(EhrError, match="pages that end"):
        ward.pull()


def test_of_an_answer_whose_second_page_is_refused_nothing_is_taken(ward: Ward) -> None:
    cut(ward)
    for number in range(3):
        ward.write(f"r{number}", 1, 2, 3)
    refusal = {"resourceType": "OperationOutcome", "issue": []}
    ward.far.faults.extend((None, answering(400, refusal)))

    report = ward.pull()

    assert (report.refused, ward.answers()) == (1, None)
    assert ward.became() == {"taken": 1, "agrees": 2}


def test_the_same_resource_on_two_pages_is_taken_once(ward: Ward) -> None:
    said = ward.response("r1", 1, 2, 3)
    ward.far.faults.append(answering(200, bundle(said, said)))

    assert ward.became() == {"taken": 1}


def test_a_person_who_may_not_be_searched_for_hinders_nobody(ward: Ward) -> None:
    ward.admit("1", "2")
    ward.write("r2", 1, 2, 3, subject={"reference": "Patient/78"})
    refusal = {"resourceType": "OperationOutcome", "issue": []}
    ward.far.faults.append(answering(400, refusal))

    report = ward.pull()

    assert (report.refused, report.became["taken"]) == (1, 1)
    assert ward.total("2") == 6


# What is gone


def test_what_the_clinic_deleted_is_retracted_at_a_full_pass(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)
    ward.pull()
    ward.far.delete("QuestionnaireResponse/r1")

    soon, full = ward.became(), ward.became(is_full=True)

    assert (soon, full) == ({}, {"retracted": 1})
    assert (ward.answers(), ward.total(), ward.status()) == (None, None, "entered-in-error")


def test_a_full_pass_comes_by_itself(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)
    ward.pull()
    ward.far.delete("QuestionnaireResponse/r1")
    ward.now = ward.now.replace(day=ward.now.day + 1, minute=59)

    assert ward.became() == {"retracted": 1}


def test_what_was_entered_in_error_there_is_retracted_and_may_come_back(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)
    ward.pull()
    ward.write("r1", 1, 2, 3, status="entered-in-error")
    ward.pull()
    gone = ward.answers()
    ward.write("r1", 1, 2, 3)

    ward.pull()

    assert (gone, ward.answers()) == (None, ["1", "2", "3"])


def test_what_a_clinic_wrote_is_not_missing_from_the_source(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)
    ward.pull()

    ward.ingest()

    assert ward.total() == 6


def test_with_somebody_whom_the_trial_deleted_goes_what_the_clinic_wrote(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)
    ward.pull()
    del ward.people["1"]
    ward.people["2"] = project.person("2")

    ward.ingest()

    assert ward.status() == "entered-in-error"


# What goes back


def test_no_second_response_is_sent_there_and_its_scores_name_the_clinic_s_own(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)
    ward.pull()

    report = ward.push()

    total = ward.far.holds(f"Observation/{ward.trial.identity.part(ward.unit(), 'total')}")
    assert report.refused.total() == 0
    assert total is not None
    assert {"reference": "QuestionnaireResponse/r1"} in total["derivedFrom"]
    assert ward.far.holds(f"QuestionnaireResponse/{ward.unit()}") is None


def test_what_was_sent_back_is_read_back_as_it_was_written(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)
    ward.pull()
    ward.push()

    report = ward.verify()

    assert report.confirmed["Observation"] > 0
    assert (report.drifted.total(), report.missing.total()) == (0, 0)


def test_a_retraction_names_what_was_named(ward: Ward) -> None:
    ward.write("r1", 1, 2, 3)
    ward.pull()
    ward.push()
    ward.write("r1", 1, 2, 3, status="entered-in-error")
    ward.pull()

    report = ward.push()

    total = ward.far.holds(f"Observation/{ward.trial.identity.part(ward.unit(), 'total')}")
    assert total is not None
    assert (total["status"], report.refused.total()) == ("entered-in-error", 0)
    assert {"reference": "QuestionnaireResponse/r1"} in total["derivedFrom"]


def held(ward: Ward) -> dict[str, bytes]:
    """The newest text of everything that the ledger holds of person 1."""
    found = versions.of_participant(ward.database.read(), "1")
    return {f"{each.type}/{each.id}/{each.version}": bytes(each.text) for each in found}


def bundle(*resources: dict[str, object]) -> dict[str, object]:
    """What a search gives."""
    entries = [{"resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries}


def cut(ward: Ward) -> None:
    """The record system gives no more than two at once."""
    ward.far.system.personality = replace(FULL, largest_page=2)
    ward.profile = ward.profile.model_copy(update={"pull": PullRule(page=50)})
