"""Adverse events that clients write: into the trial's log, and readable as those of the trial."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from adapter.fhir.check import find_faults
from adapter.store import inbox
from tests.live.answering import PERSON
from tests.live.small import SmallTrial
from tests.live.writing import BASE, OTHER, Resource, Writer, take_in, writers

Open = Callable[..., Writer]
SCOPES = "system/*.rs system/AdverseEvent.c system/QuestionnaireResponse.cu"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
IDENTIFIER = {"system": "https://ehr.example.org/events", "value": "e-1"}
BY_IDENTIFIER = "identifier=https://ehr.example.org/events|e-1"


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return take_in(tmp_path_factory.mktemp("two")).folder


@pytest.fixture
def trial(tmp_path: Path, taken_in: Path) -> SmallTrial:
    shutil.copytree(taken_in, tmp_path, dirs_exist_ok=True)
    return SmallTrial(tmp_path, "", frozenset())


@pytest.fixture
def open_for(trial: SmallTrial) -> Iterator[Open]:
    with writers(trial) as opened:

        def scoped(name: str = "an-ehr", **more: object) -> Writer:
            writer: Writer = opened(name, scopes=SCOPES, **more)
            return writer

        yield scoped


def coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": f"{TERMINOLOGY}/{system}", "code": code}]}


def event(ehr: Writer, person: str = PERSON, **more: object) -> Resource:
    """An event as a clinic tells it; what is None in `more` is left out."""
    said = {
        "resourceType": "AdverseEvent",
        "actuality": "actual",
        "subject": {"reference": f"Patient/{ehr.patient(person)}"},
        "event": {"text": "Fall at home"},
        "date": "2024-05-03",
        "seriousness": coded("adverse-event-seriousness", "Non-serious"),
        "severity": coded("adverse-event-severity", "mild"),
        "outcome": coded("adverse-event-outcome", "resolved"),
        **more,
    }
    return {name: value for name, value in said.items() if value is not None}


def issues(answer: httpx.Response, status: int) -> list[Resource]:
    """What a refusal says."""
    assert answer.status_code == status, answer.text
    outcome = answer.json()
    assert find_faults(outcome) == ()
    found: list[Resource] = outcome["issue"]
    return found


def test_an_event_that_is_written_is_read_back_with_who_gave_it(open_for: Open) -> None:
    ehr = open_for()
    before = len(ehr.found("AdverseEvent"))

    answer = ehr.post(event(ehr, id="mine", recorder={"display": "Dr Jane Citizen"}))

    assert answer.status_code == 201, answer.text
    stored = answer.json()
    assert find_faults(stored) == ()
    assert stored["id"] != "mine"
    assert answer.headers["location"] == f"{BASE}/AdverseEvent/{stored['id']}/_history/1"
    assert ehr.client.get(f"/AdverseEvent/{stored['id']}").json() == stored
    told = {name: stored[name] for name in ("date", "actuality", "subject")}
    assert told == {name: event(ehr)[name] for name in told}
    assert stored["event"] == {"text": "Fall at home"}
    assert stored["severity"]["coding"][0]["code"] == "mild"
    assert "Jane" not in answer.text
    assert len(ehr.found("AdverseEvent")) == before + 1
    (provenance,) = ehr.found(f"Provenance?target=AdverseEvent/{stored['id']}")
    assert "client:an-ehr" in str(provenance)
    (noted,) = [each for each in ehr.noted() if each.interaction == "create"]
    assert (noted.status, noted.about, noted.id) == (201, (PERSON,), stored["id"])


def test_an_event_outlasts_the_next_export_of_the_trial(open_for: Open, trial: SmallTrial) -> None:
    ehr = open_for()
    stored = ehr.post(event(ehr)).json()

    trial.run("ingest", "--full")

    assert ehr.client.get(f"/AdverseEvent/{stored['id']}").json() == stored


def test_the_same_event_again_is_the_same_and_another_is_another(open_for: Open) -> None:
    ehr = open_for()
    first = ehr.post(event(ehr))

    again = ehr.post(event(ehr))
    another = ehr.post(event(ehr, date="2024-05-04"))

    assert (again.status_code, another.status_code) == (200, 201)
    assert again.headers["location"] == first.headers["location"]
    assert another.headers["location"] != first.headers["location"]
    kept = list(inbox.of_clinic(ehr.service.database.read(), "client:an-ehr", "AdverseEvent"))
    assert [each.state for each in kept] == ["taken", "taken"]


def test_an_event_is_created_once_by_what_its_client_calls_it(open_for: Open) -> None:
    ehr = open_for()
    named = event(ehr, identifier=IDENTIFIER)

    first = ehr.post(named, if_none_exist=BY_IDENTIFIER)
    again = ehr.post({**named, "date": "2024-05-09"}, if_none_exist=BY_IDENTIFIER)
    by_day = ehr.post(named, if_none_exist=f"patient={ehr.patient()}&date=2024-05-03")
    bare = ehr.post(named, if_none_exist="?")

    assert [each.status_code for each in (first, again, by_day)] == [201, 200, 200]
    assert {each.headers["location"] for each in (again, by_day)} == {first.headers["location"]}
    assert IDENTIFIER["value"] not in first.text
    assert issues(bare, 412)[0]["code"] == "not-supported"


def test_an_event_of_a_transaction_stays_with_all_of_it_or_not_at_all(open_for: Open) -> None:
    ehr = open_for()
    before = len(ehr.found("AdverseEvent"))
    request = {"method": "POST", "url": "AdverseEvent"}
    good = {"resource": event(ehr), "request": request}
    bad = {"resource": event(ehr, event=None), "request": request}

    refused = ehr.send("transaction", good, bad)
    left = len(ehr.found("AdverseEvent"))
    batch = ehr.send("batch", good, bad).json()
    whole = ehr.send("transaction", good).json()

    (told,) = issues(refused, 422)
    assert told["expression"] == ["Bundle.entry[1].resource.event"]
    assert left == before
    assert [each["response"]["status"][:3] for each in batch["entry"]] == ["201", "422"]
    assert whole["entry"][0]["response"]["status"] == "200 OK"
    assert len(ehr.found("AdverseEvent")) == before + 1


@pytest.mark.parametrize(
    ("change", "status", "code", "place"),
    [
        ({"event": None}, 422, "required", ".event"),
        ({"event": {"coding": [{"code": "x"}]}}, 422, "required", ".event"),
        ({"actuality": "potential"}, 422, "not-supported", ".actuality"),
        ({"actuality": "perhaps"}, 400, "code-invalid", ".actuality"),
        ({"date": "2024-05"}, 422, "value", ".date"),
        ({"category": [{"text": "Fall"}]}, 422, "code-invalid", ".category[0]"),
        ({"subject": {"reference": "Patient/nobody"}}, 422, "not-found", ".subject"),
        ({"subject": {"reference": "Group/1"}}, 422, "not-found", ".subject"),
        ({"modifierExtension": [{"url": "http://x.example", "valueCode": "x"}]}, 422,
         "not-supported", ".modifierExtension"),
        ({"suspectEntity": [{"instance": {"reference": "Procedure/1"}}]}, 422,
         "business-rule", ".suspectEntity[0]"),
        ({"severity": {"text": "mild"}}, 400, "code-invalid", ".severity"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)  # fmt: skip
def test_an_event_that_does_not_fit_is_refused_with_its_place(
    open_for: Open, change: Resource, status: int, code: str, place: str
) -> None:
    ehr = open_for()

    found = issues(ehr.post(event(ehr, **change)), status)

    assert code in {each["code"] for each in found}
    assert f"AdverseEvent{place}" in [one for each in found for one in each["expression"]]
    assert list(inbox.of_clinic(ehr.service.database.read(), "client:an-ehr", "AdverseEvent")) == []


def test_all_that_is_wrong_with_an_event_is_told_at_once(open_for: Open) -> None:
    ehr = open_for()
    wrong = event(ehr, date="2024", category=[{"text": "Fall"}])

    found = issues(ehr.post(wrong), 422)

    told = {each["expression"][0] for each in found}
    assert told == {"AdverseEvent.date", "AdverseEvent.category[0]"}


def test_an_event_is_not_updated_and_needs_its_scope(trial: SmallTrial) -> None:
    with writers(trial) as opened:
        ehr, reader = opened(scopes="system/*.cruds"), opened("a-reader", scopes="system/*.rs")
        stored = ehr.post(event(ehr)).json()

        put = ehr.put(f"/AdverseEvent/{stored['id']}", stored, if_match="*")

        assert (put.status_code, put.headers["allow"]) == (405, "GET, HEAD")
        assert issues(reader.post(event(ehr)), 403)[0]["code"] == "forbidden"


def test_an_event_can_be_judged_before_it_is_written(open_for: Open) -> None:
    ehr = open_for()
    wrong = event(ehr, event=None, suspectEntity=[{"instance": {"display": "Therapy"}}])
    sent = {"name": "resource", "resource": wrong}
    mode = {"name": "mode", "valueCode": "create"}

    path = "/AdverseEvent/$validate"
    answer = ehr.client.post(path, json={"resourceType": "Parameters", "parameter": [sent, mode]})

    found = issues(answer, 200)
    told = {each["expression"][0] for each in found}
    assert told == {"AdverseEvent.suspectEntity[0]", "AdverseEvent.event"}
    assert ehr.client.post(path, json=event(ehr)).json()["issue"][0]["code"] == "informational"


def test_who_may_know_the_arm_says_what_an_event_is_put_down_to(trial: SmallTrial) -> None:
    with writers(trial) as opened:
        ehr = opened("a-monitor", clinic="", scopes=SCOPES, unblinded=True)
        blinded = opened("an-analyst", clinic="", scopes=SCOPES)
        therapy = f"Procedure/{ehr.service.trial.identity.therapy(PERSON)}"
        related = {"coding": [{"system": NCIT, "code": "C53260"}]}
        cause = [{"instance": {"reference": therapy}, "causality": [{"assessment": related}]}]

        answer = ehr.post(event(ehr, suspectEntity=cause))
        stored = answer.json()
        seen = blinded.client.get(f"/AdverseEvent/{stored['id']}").json()
        other = {"instance": {"reference": "Medication/1"}}
        elsewhere = ehr.post(event(ehr, suspectEntity=[other]))

    assert answer.status_code == 201, answer.text
    assert stored["suspectEntity"][0]["instance"] == {"reference": therapy}
    assert "suspectEntity" not in seen
    assert issues(elsewhere, 422)[0]["expression"] == ["AdverseEvent.suspectEntity[0].instance"]


NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"


@pytest.mark.parametrize("kind", ["AdverseEvent", "QuestionnaireResponse"])
def test_a_writing_client_whose_patient_has_not_consented_to_research(
    trial: SmallTrial, kind: str
) -> None:
    with writers(trial) as opened:
        ehr = opened("an-analyst", clinic="", scopes=SCOPES)
        mine = event(ehr) if kind == "AdverseEvent" else ehr.response(1)
        before = ehr.post(mine)
        trial.run("withdraw", PERSON, "research")

        refused = ehr.post(mine if kind == "AdverseEvent" else ehr.response(2))
        stranger = {"reference": "Patient/nobody"}
        nobody = ehr.post({**mine, "subject": stranger})

        assert before.status_code == 201
        (told,) = issues(refused, 422)
        assert (told["code"], told["expression"]) == ("not-found", [f"{kind}.subject"])
        assert refused.json() == nobody.json()
        kept = list(inbox.of_clinic(ehr.service.database.read(), "client:an-analyst", kind))
        assert len(kept) == 1


def test_whom_the_clinic_does_not_know_it_cannot_tell_of(open_for: Open) -> None:
    ehr = open_for()

    (told,) = issues(ehr.post(event(ehr, OTHER)), 422)

    assert (told["code"], told["expression"]) == ("not-found", ["AdverseEvent.subject"])
