"""A result is filed in one of the clinic's own visits, where that files none outside of one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import httpx
import pytest

from adapter.simulate import FULL, PERSONALITIES, Site
from adapter.store.encounters import filed_in
from adapter.sync.capability import Capability, read_capability
from adapter.sync.ladder import drift
from adapter.sync.profile import ClinicProfile, EncounterRule, SiteCode, TotalsRules
from tests.unit.sync.desk import CLINIC, Desk, patient
from tests.unit.sync.far_side import BASE, answering, lost, outcome, taken_but

if TYPE_CHECKING:
    from tests.unit.sync.conftest import Opened
    from tests.unit.sync.far_side import Take

Resource = dict[str, Any]
OWN = "https://trial-fhir-adapter.example.org/fhir/CodeSystem/score"
NUMBERS = "https://trial-fhir-adapter.example.org/NamingSystem/observation"
ROWS = "http://site.example.org/rows"
FILING = ClinicProfile.model_validate(
    {
        **CLINIC.model_dump(),
        "ladder": ("totals", "task"),
        "accepts": (),
        "codes": {"phq-9": {"total": SiteCode(system=ROWS, code="phq-9")}},
        "totals": TotalsRules(category="vital-signs"),
        "encounter": EncounterRule(),
    }
)
SITE = Site(frozenset({f"{ROWS}|phq-9"}), needs_encounter=True)


def visit(name: str, day: str, whose: str = "77", **more: object) -> Resource:
    return {
        "resourceType": "Encounter",
        "id": name,
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": f"Patient/{whose}"},
        "period": {"start": f"{day}T09:00:00+11:00", "end": f"{day}T09:30:00+11:00"},
        **more,
    }


def total(desk: Desk, value: int = 14, day: str = "2026-02-20", id_: str = "o1") -> Resource:
    return desk.observation(
        id_,
        identifier=[{"system": NUMBERS, "value": id_}],
        code={"coding": [{"system": OWN, "code": "phq-9-total"}], "text": "PHQ-9"},
        effectiveDateTime=f"{day}T20:15:00+11:00",
        valueInteger=None,
        valueQuantity={"value": value, "unit": "{score}"},
    )


def owe(desk: Desk, *said: Resource, **how: Any) -> None:  # noqa: ANN401 - as Desk.owe
    for each in said:
        desk.owe({name: value for name, value in each.items() if value is not None}, **how)


def opened_with(opened: Opened, *visits: Resource, profile: ClinicProfile = FILING) -> Desk:
    """A desk before a record system that files vital signs in visits, and has these."""
    desk = opened(profile)
    desk.far.system.personality = PERSONALITIES["vitals-only"](SITE)
    statement = desk.far.take(httpx.Request("GET", f"{BASE}metadata")).json()
    desk.clinic = replace(desk.clinic, capability=read_capability(statement))
    desk.far.system.seed(visits)
    return desk


def charted(desk: Desk) -> list[tuple[str, int, str]]:
    """The visit, number and status of every Observation there."""
    listed = desk.far.take(httpx.Request("GET", f"{BASE}Observation?_count=100")).json()
    found = [entry["resource"] for entry in listed.get("entry", ())]
    return [
        (
            each.get("encounter", {}).get("reference", ""),
            each["valueQuantity"]["value"],
            each["status"],
        )
        for each in found
    ]


def asked(desk: Desk) -> list[httpx.Request]:
    return [each for each in desk.far.requests if each.url.path.endswith("Encounter/_search")]


def test_a_result_is_filed_in_the_visit_of_its_day(opened: Opened) -> None:
    desk = opened_with(opened, visit("before", "2026-02-10"), visit("that-day", "2026-02-20"))
    owe(desk, total(desk))

    report = desk.push()

    assert report.created == {"Observation": 1}
    assert charted(desk) == [("Encounter/that-day", 14, "final")]
    assert desk.verify().confirmed == {"Observation": 1}
    (search,) = asked(desk)
    assert parse_qs(search.content.decode())["patient"] == ["Patient/77"]
    assert "77" not in str(search.url)
    assert desk.far.holds("Encounter/that-day") == {
        **visit("that-day", "2026-02-20"),
        "meta": (desk.far.holds("Encounter/that-day") or {})["meta"],
    }


def test_where_there_is_no_visit_yet_it_waits_and_goes_when_there_is_one(opened: Opened) -> None:
    desk = opened_with(opened, visit("before", "2026-02-10"))
    desk.far.system.seed([patient("78"), visit("of-another", "2026-02-20", "78")])
    owe(desk, total(desk))

    first = desk.push()
    waits = desk.plan()
    again = desk.push()

    assert first.held == again.held == {("Observation", "no-encounter"): 1}
    assert desk.reasons() == {"o1": "no-encounter"}
    assert (waits.held, waits.create) == ({("Observation", "no-encounter"): 1}, {})
    assert charted(desk) == []
    desk.far.system.seed([visit("next", "2026-02-25")])
    assert desk.push().created == {"Observation": 1}
    assert charted(desk) == [("Encounter/next", 14, "final")]


def test_no_visit_is_ever_made_or_changed(opened: Opened) -> None:
    desk = opened_with(opened)
    owe(desk, total(desk))

    desk.push()

    assert [(each.method, each.url.path) for each in desk.far.requests] == [
        ("POST", "/fhir/Encounter/_search")
    ]


def test_a_visit_of_another_patient_is_not_taken_whatever_a_search_gives(opened: Opened) -> None:
    desk = opened_with(opened, patient("78"), visit("theirs", "2026-02-20", "78"))
    owe(desk, total(desk))
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": visit("theirs", "2026-02-20", "78")}],
    }
    desk.far.faults.append(answering(200, bundle))

    assert desk.push().held == {("Observation", "no-encounter"): 1}


def test_a_correction_and_a_retraction_stay_in_the_visit_it_was_filed_in(opened: Opened) -> None:
    desk = opened_with(opened, visit("next", "2026-02-25"))
    owe(desk, total(desk))
    desk.push()
    desk.far.system.seed([visit("that-day", "2026-02-20")])  # somebody enters it late

    owe(desk, total(desk, 9))
    corrected = desk.push()
    charts = [charted(desk)]
    owe(desk, total(desk, 9), action="retract")
    desk.push()
    charts.append(charted(desk))

    assert corrected.updated == {"Observation": 1}
    assert charts == [
        [("Encounter/next", 9, "final")],
        [("Encounter/next", 9, "entered-in-error")],
    ]
    assert len(asked(desk)) == 1
    assert desk.verify().confirmed == {"Observation": 1}


def test_one_question_a_push_tells_the_visits_of_a_person(opened: Opened) -> None:
    desk = opened_with(opened, visit("a", "2026-02-20"), visit("b", "2026-02-22"))
    owe(desk, total(desk), total(desk, 7, "2026-02-22", "o2"))

    desk.push()

    assert sorted(charted(desk)) == [("Encounter/a", 14, "final"), ("Encounter/b", 7, "final")]
    assert len(asked(desk)) == 1


def test_all_pages_of_the_visits_are_read(opened: Opened) -> None:
    others = [visit(f"v{number}", "2026-01-05") for number in range(7)]
    desk = opened_with(opened, *others, visit("last", "2026-02-20"))
    desk.far.system.personality = replace(desk.far.system.personality, largest_page=3)
    owe(desk, total(desk))

    desk.push()

    assert charted(desk) == [("Encounter/last", 14, "final")]


def test_a_clinic_that_does_not_tell_of_its_visits_is_waited_for(opened: Opened) -> None:
    desk = opened_with(opened, visit("that-day", "2026-02-20"))
    owe(desk, total(desk))
    desk.far.faults.append(answering(400, outcome("no such search")))

    refused = desk.push()

    assert refused.held == {("Observation", "encounter-search-refused"): 1}
    assert desk.push().created == {"Observation": 1}


def test_a_visit_search_without_an_answer_is_no_word_against_the_result(opened: Opened) -> None:
    desk = opened_with(opened, visit("that-day", "2026-02-20"))
    owe(desk, total(desk))
    desk.far.faults.append(lost(httpx.ConnectError))

    report = desk.push()

    assert (report.created, report.held) == ({"Observation": 1}, {})


def test_an_answer_that_tells_no_day_is_filed_nowhere(opened: Opened) -> None:
    desk = opened_with(opened, visit("that-day", "2026-02-20"))
    owe(desk, {**total(desk), "effectiveDateTime": None})

    assert desk.push().held == {("Observation", "no-encounter"): 1}


def test_what_was_refused_is_filed_anew_after_a_persons_word(opened: Opened) -> None:
    desk = opened_with(opened, visit("that-day", "2026-02-20"))
    owe(desk, total(desk))
    desk.far.faults.extend([None, None, answering(422, outcome("this visit is closed"))])
    desk.push()
    assert desk.states() == {"o1": "refused"}
    later = {"start": "2026-02-20T16:00:00+11:00", "end": "2026-02-20T16:30:00+11:00"}
    desk.far.system.seed([visit("other", "2026-02-20", period=later)])

    desk.retry()

    assert desk.push().created == {"Observation": 1}
    assert charted(desk) == [("Encounter/other", 14, "final")]


def test_who_goes_on_after_a_crash_files_it_in_the_same_visit(opened: Opened) -> None:
    desk = opened_with(opened, visit("next", "2026-02-25"))
    owe(desk, total(desk))

    def rule(request: httpx.Request, take: Take) -> httpx.Response:
        is_create = request.method == "POST" and request.url.path.endswith("/Observation")
        return taken_but(died)(request, take) if is_create else take(request)

    desk.far.rule = rule
    with pytest.raises(Died):
        desk.push()
    desk.far.rule = None
    desk.far.system.seed([visit("that-day", "2026-02-20")])

    desk.retry()
    desk.push()
    noted = filed_in(desk.database.read(), "clinic", "unit of o1")

    assert noted is not None
    assert {each[0] for each in charted(desk)} == {f"Encounter/{noted.encounter}"}
    assert noted.encounter == "next"
    assert len(charted(desk)) == 1


class Died(BaseException):
    """The process was killed."""


def died(_: httpx.Request, __: Take | None = None) -> httpx.Response:
    raise Died


def test_somebody_who_turns_out_to_be_another_patient_is_filed_in_a_visit_of_theirs(
    opened: Opened,
) -> None:
    desk = opened_with(
        opened, patient("78"), visit("a", "2026-02-20"), visit("b", "2026-02-20", "78")
    )
    owe(desk, total(desk))
    desk.far.faults.extend([None, None, lost(httpx.ConnectError)])  # chosen, and not sent yet
    desk.clinic = desk.with_sleep(relinked(desk))

    desk.push()

    assert charted(desk) == [("Encounter/b", 14, "final")]
    assert desk.crosswalk.linked("clinic", "1") == "78"


def relinked(desk: Desk) -> Any:  # noqa: ANN401 - a sleep
    """While the push waits, somebody says that the person is Patient 78."""

    def sleep(seconds: float) -> None:
        desk.sleep(seconds)
        desk.crosswalk.link("clinic", "1", "78", desk.clinic.now())

    return sleep


def test_what_stands_there_in_no_visit_is_corrected_in_none(opened: Opened) -> None:
    desk = opened_with(opened, profile=FILING.model_copy(update={"encounter": None}))
    desk.far.system.personality = PERSONALITIES["vitals-only"](replace(SITE, needs_encounter=False))
    owe(desk, total(desk))
    desk.push()
    desk.clinic = replace(desk.clinic, profile=FILING)
    desk.far.system.seed([visit("that-day", "2026-02-20")])

    owe(desk, total(desk, 9))

    assert desk.push().updated == {"Observation": 1}
    assert charted(desk) == [("", 9, "final")]
    assert asked(desk) == []


def test_an_outcome_that_goes_one_by_one_waits_as_a_whole(opened: Opened) -> None:
    single = FILING.model_copy(
        update={"ladder": ("single",), "accepts": ("QuestionnaireResponse", "Observation")}
    )
    desk = opened(single)
    desk.far.system.personality = replace(FULL, bundles=False, creates_by_update=False)
    numbered = {"identifier": {"system": NUMBERS, "value": "r1"}}
    owe(desk, {**desk.response("r1"), **numbered}, total(desk), unit="u")
    owe(desk, {**desk.response("r2"), "identifier": {"system": NUMBERS, "value": "r2"}}, unit="v")

    waits = desk.push()
    desk.far.system.seed([visit("that-day", "2026-02-20")])
    goes = desk.push()

    assert waits.held == {
        ("QuestionnaireResponse", "no-encounter"): 1,
        ("Observation", "no-encounter"): 1,
    }
    assert waits.created == {"QuestionnaireResponse": 1}  # the one without a result
    assert goes.created == {"QuestionnaireResponse": 1, "Observation": 1}
    assert charted(desk) == [("Encounter/that-day", 14, "final")]
    assert desk.verify().confirmed == {"QuestionnaireResponse": 2, "Observation": 1}


def test_a_profile_without_a_rung_that_files_one_by_one_files_in_no_visit() -> None:
    said = {**CLINIC.model_dump(), "encounter": {}}

    with pytest.raises(ValueError, match="`single` or `totals` in `ladder`"):
        ClinicProfile.model_validate(said)


def test_a_statement_without_a_search_of_visits_is_told() -> None:
    writes = Capability({"Observation": frozenset({"create"})}, frozenset())
    searches = Capability({**writes.types, "Encounter": frozenset({"search-type"})}, frozenset())

    assert drift(FILING, writes) == ["search of Encounter"]
    assert drift(FILING, searches) == []


def test_the_ledger_has_no_word_of_whose_visit_it_is(opened: Opened) -> None:
    desk = opened_with(opened, visit("that-day", "2026-02-20"))
    owe(desk, total(desk))
    desk.push()

    noted = filed_in(desk.database.read(), "clinic", "unit of o1")

    assert noted is not None
    assert (noted.encounter, noted.how) == ("that-day", "covers")
    assert len(noted.whose) == 20
    rows = [list(row) for row in desk.database.read().execute("SELECT * FROM encounter")]
    assert not any(said in {"77", "Patient/77"} for row in rows for said in row)
