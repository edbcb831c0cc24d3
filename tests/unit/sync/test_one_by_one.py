"""One by one, to a record system that gives its own ids: what cannot go keeps nothing else back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from adapter.simulate import FULL, Site
from adapter.simulate.desk import sign
from adapter.simulate.personalities.unsigned_queue import unsigned_queue
from adapter.sync.capability import Capability
from adapter.sync.profile import DocumentRules
from tests.unit.render.reported import document_of
from tests.unit.sync.desk import CLINIC
from tests.unit.sync.far_side import answering, lost, outcome, taken_but

if TYPE_CHECKING:
    from tests.unit.sync.conftest import Opened
    from tests.unit.sync.desk import Desk
    from tests.unit.sync.far_side import Take

Resource = dict[str, Any]
NUMBERS = "https://trial-fhir-adapter.example.org/NamingSystem/adverse-event"
TYPES = ("QuestionnaireResponse", "Observation", "AdverseEvent", "Provenance", "Procedure")
THEIR_IDS = Capability(
    dict.fromkeys(TYPES, frozenset({"create", "update"})), frozenset(), frozenset()
)
OUR_IDS = replace(THEIR_IDS, update_create=frozenset(TYPES))
SINGLE = CLINIC.model_copy(update={"ladder": ("single",), "accepts": TYPES})


def single(opened: Opened, capability: Capability) -> Desk:
    """A desk that writes one by one to a record system that says this of itself."""
    desk = opened(SINGLE)
    if capability is THEIR_IDS:
        desk.far.system.personality = replace(FULL, bundles=False, creates_by_update=False)
    desk.clinic = replace(desk.clinic, capability=capability)
    return desk


def numbered(resource: Resource, number: str) -> Resource:
    identifier = {"system": NUMBERS, "value": number}
    is_list = resource["resourceType"] != "AdverseEvent"
    return {**resource, "identifier": [identifier] if is_list else identifier}


def provenance(desk: Desk, id_: str, target: str) -> Resource:
    return {
        "resourceType": "Provenance",
        "id": id_,
        "meta": {"tag": [{"system": NUMBERS, "code": id_}]},
        "target": [{"reference": target}],
        "recorded": desk.clinic.now(),
        "agent": [{"who": {"reference": "Device/ours"}}],
    }


def there(desk: Desk, kind: str) -> list[Resource]:
    answer = httpx.Request("GET", f"https://clinic.example.org/fhir/{kind}?_count=100")
    bundle = desk.far.take(answer).json()
    return [entry["resource"] for entry in bundle.get("entry", ())]


@pytest.mark.parametrize("capability", [THEIR_IDS, OUR_IDS], ids=["their ids", "our ids"])
def test_what_only_goes_along_and_cannot_be_said_bare_is_left_out(
    opened: Opened, capability: Capability
) -> None:
    desk = single(opened, capability)
    desk.owe(provenance(desk, "p1", "Observation/o1"))  # without its device it has no agent
    desk.owe(numbered(desk.observation("o1"), "1"))

    report = desk.push()

    assert report.refused == {}
    assert report.created == {"Observation": 1}
    assert desk.states() == {"o1": "accepted"}
    assert there(desk, "Provenance") == []
    assert desk.verify().confirmed == {"Observation": 1}


def test_an_adverse_event_is_looked_for_among_its_subjects_own(opened: Opened) -> None:
    desk = single(opened, THEIR_IDS)
    theirs = {**desk.event("theirs"), "subject": {"reference": "Patient/77"}}
    desk.far.system.seed([numbered(theirs, "2")])
    desk.owe(numbered(desk.event("e1"), "1"))
    desk.owe(numbered(desk.observation("o1"), "1"))

    report = desk.push()

    assert report.created == {"AdverseEvent": 1, "Observation": 1}
    assert desk.verify().confirmed == {"AdverseEvent": 1, "Observation": 1}
    assert sorted(each["identifier"]["value"] for each in there(desk, "AdverseEvent")) == ["1", "2"]
    desk.owe({**numbered(desk.event("e1"), "1"), "event": {"text": "a fall, downstairs"}})
    assert desk.push().updated == {"AdverseEvent": 1}
    assert len(there(desk, "AdverseEvent")) == 2
    desk.owe(numbered(desk.event("e1"), "1"), action="retract")
    assert desk.push().retracted == {"AdverseEvent": 1}
    assert [each["id"] for each in there(desk, "AdverseEvent")] == ["theirs"]


@pytest.mark.parametrize("kind", ["AdverseEvent", "Provenance"])
def test_what_was_created_while_the_answer_was_lost_is_found_again(
    opened: Opened, kind: str
) -> None:
    desk = single(opened, THEIR_IDS)
    patient = f"Patient/{desk.identity.patient('1')}"
    said = provenance(desk, "p1", patient) | {"agent": [{"who": {"display": "the trial"}}]}
    desk.owe(said if kind == "Provenance" else numbered(desk.event("e1"), "1"))
    desk.far.rule = once_created(taken_but(lost(httpx.ReadTimeout)))

    report = desk.push()

    assert report.created == {kind: 1}
    assert len(there(desk, kind)) == 1
    assert desk.verify().confirmed == {kind: 1}


def test_an_adverse_event_behind_many_others_is_found_on_a_later_page(opened: Opened) -> None:
    desk = single(opened, THEIR_IDS)
    desk.far.system.personality = replace(desk.far.system.personality, largest_page=3)
    for number in range(20, 30):
        event = {**desk.event(f"e{number}"), "subject": {"reference": "Patient/77"}}
        desk.far.system.seed([numbered(event, str(number))])
    desk.owe({**numbered(desk.event("mine"), "29"), "event": {"text": "another fall"}})

    report = desk.push()

    assert report.created == {"AdverseEvent": 1}
    assert desk.far.version_of("AdverseEvent/e29") == 2  # written over, and not created again
    held = desk.far.holds("AdverseEvent/e29")
    assert held is not None
    assert held["event"] == {"text": "another fall"}


def test_a_system_that_refuses_a_search_gets_the_other_types_all_the_same(opened: Opened) -> None:
    desk = single(opened, THEIR_IDS)
    desk.owe(numbered(desk.event("e1"), "1"))
    desk.owe(numbered(desk.observation("o1"), "1"))

    def rule(request: httpx.Request, take: Take) -> httpx.Response:
        is_search = request.url.path.endswith("AdverseEvent/_search")
        return answering(404, outcome("no such search"))(request) if is_search else take(request)

    desk.far.rule = rule

    report = desk.push()

    assert report.created == {"Observation": 1}
    assert desk.reasons() == {"e1": "HTTP 404 to a search: no such search"}
    assert there(desk, "AdverseEvent") == []


def queued(opened: Opened) -> Desk:
    """A desk whose results wait, under ids of theirs, until somebody there signs them."""
    desk = single(opened, THEIR_IDS)
    desk.far.system.personality = unsigned_queue(Site())
    return desk


def filed(desk: Desk, value: int = 14) -> Resource:
    coding = {"system": "http://site.example.org/rows", "code": "phq-9"}
    return desk.observation("o1", value, code={"coding": [coding]})


def test_a_signed_result_that_still_says_what_we_wrote_is_confirmed(opened: Opened) -> None:
    desk = queued(opened)
    desk.owe(numbered(filed(desk), "1"))
    desk.push()
    assert desk.states() == {"o1": "awaiting"}
    sign(desk.far.system)

    assert desk.verify().confirmed == {"Observation": 1}

    (signed,) = there(desk, "Observation")
    assert signed["meta"]["versionId"] == "2"


def test_a_correction_is_written_over_our_own_text_under_a_version_of_theirs(
    opened: Opened,
) -> None:
    desk = queued(opened)
    desk.owe(numbered(filed(desk), "1"))
    desk.push()
    sign(desk.far.system)
    desk.far.system.personality = replace(FULL, bundles=False, creates_by_update=False)
    desk.owe(numbered(filed(desk, 9), "1"))

    report = desk.push()

    assert report.updated == {"Observation": 1}
    assert [each["valueInteger"] for each in there(desk, "Observation")] == [9]


def test_what_a_person_changed_is_left_for_a_person(opened: Opened) -> None:
    desk = single(opened, THEIR_IDS)
    desk.owe(numbered(desk.observation("o1"), "1"))
    desk.push()
    (held,) = there(desk, "Observation")
    desk.far.put({**held, "valueInteger": 3})
    desk.owe(numbered(desk.observation("o1", value=9), "1"))

    desk.push()

    assert desk.reasons() == {"o1": "it was changed at the clinic since we wrote it"}
    assert [each["valueInteger"] for each in there(desk, "Observation")] == [3]


@pytest.mark.parametrize("capability", [None, THEIR_IDS], ids=["its profile says", "it says"])
def test_a_document_goes_one_by_one_where_there_are_no_transactions(
    opened: Opened, capability: Capability | None
) -> None:
    desk = opened(SINGLE)
    desk.far.system.personality = unsigned_queue(Site())
    profile = SINGLE.model_copy(update={"document": DocumentRules(formats=("text",))})
    desk.clinic = replace(desk.clinic, profile=profile, capability=capability)
    patient = f"Patient/{desk.identity.patient('1')}"
    said = {**document_of("ders-18"), "subject": {"reference": patient}}
    desk.owe(said)

    report = desk.push()

    assert report.created == {"DocumentReference": 1}
    assert desk.far.bundles == []
    sign(desk.far.system)
    assert desk.verify().confirmed == {"DocumentReference": 1}
    (held,) = there(desk, "DocumentReference")
    assert held["subject"] == {"reference": "Patient/77"}


def once_created(fault: Any) -> Any:  # noqa: ANN401 - a fault as the far side has it
    """The fault meets the first create, and nothing else."""
    met: list[httpx.Request] = []

    def rule(request: httpx.Request, take: Take) -> httpx.Response:
        is_create = request.method == "POST" and not request.url.path.endswith("_search")
        if is_create and not met:
            met.append(request)
            return fault(request, take)  # type: ignore[no-any-return]
        return take(request)

    return rule
