"""A launch as SMART asks, before record systems that are mistaken, broken or hostile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount

from adapter.store.database import Database
from adapter.sync.auth.keys import new_key, public_jwk
from adapter.viewer.launch import Launches, Registered, launch_routes
from adapter.viewer.launch.remembered import Memory, Opened
from adapter.viewer.launch.web import Web
from tests.forms import FORMS
from tests.launching import CLIENT, LaunchedFrom
from tests.poison import POISON, all_poisoned
from tests.visitor import Visitor
from tests.visits import STUDY, event, same_answers, total

ORIGIN, THEIRS = "https://trial.example", "https://ehr.example"
ANSWERED = same_answers("phq-4", "2", "2023-06-14 20:15:09", 1)
RESOURCES = [
    *ANSWERED,
    *total("bdi", "12", "2023-06-14 20:15:09", 1),
    event(1, {"ae_term": "Rash", "ae_onset": "2023-06-20", "ae_severity": "1"}),
]
PATIENT = ANSWERED[0]["subject"]["reference"].rpartition("/")[2]
PERSON: dict[str, Any] = {
    "resourceType": "Patient",
    "id": PATIENT,
    "name": [{"text": "Known As"}, {"use": "official", "family": "Doe", "given": ["Jo"]}],
    "birthDate": "1970-01-02",
    "gender": "female",
}


@dataclass
class Shelf:
    """What the record system holds, and how it answers."""

    resources: list[dict[str, Any]]
    person: dict[str, Any]
    next_page: str = ""
    visit: dict[str, Any] = field(default_factory=dict)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        type_, _, id_ = request.url.path.removeprefix("/fhir/").partition("/")
        if type_ == "Encounter":
            return answer(self.visit)
        if id_:
            return answer(self.person)
        found = [each for each in self.resources if each["resourceType"] == type_]
        links = [{"relation": "next", "url": self.next_page}] if self.next_page else []
        entries = [{"resource": each} for each in found]
        return answer(
            {"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries}
        )


def answer(body: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, content=orjson.dumps(body, default=float))


@dataclass
class Bench:
    launches: Launches
    system: LaunchedFrom
    shelf: Shelf
    clock: list[datetime]
    looks: list[tuple[str, str]]

    def visitor(self) -> Visitor:
        return Visitor(
            Starlette(routes=[Mount("/app", routes=launch_routes(self.launches))]), ORIGIN
        )

    def register(self, **said: Any) -> None:  # noqa: ANN401 - any of its words
        known = replace(self.launches.registered[self.system.iss], **said)
        self.launches = replace(self.launches, registered={self.system.iss: known})

    def begin(self, visitor: Visitor, launch: str = "&launch=opaque-launch") -> str:
        """Where the authorization server sends the browser back to, below our origin."""
        begun = visitor.get(f"/app/launch?iss={self.system.iss}{launch}")
        assert begun.status_code == 302, begun.text
        to = httpx.Client(transport=self.system).get(begun.headers["location"])
        return to.headers["location"].removeprefix(ORIGIN)

    def launch(self, visitor: Visitor, launch: str = "&launch=opaque-launch") -> httpx.Response:
        """What comes of a launch: the way to the page, or why there is none."""
        return visitor.get(self.begin(visitor, launch))

    def opened(self, visitor: Visitor, launch: str = "&launch=opaque-launch") -> httpx.Response:
        """The page that is launched."""
        said = self.launch(visitor, launch)
        assert said.status_code == 303, said.text
        return visitor.get(said.headers["location"])


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    database, clock = Database(tmp_path / "ledger.sqlite"), [datetime(2024, 9, 1, tzinfo=UTC)]
    shelf, looks = Shelf([*RESOURCES], PERSON), list[tuple[str, str]]()

    def now() -> datetime:
        return clock[0]

    system = LaunchedFrom(THEIRS, f"{ORIGIN}/app/callback", now, shelf)
    system.context["patient"] = PATIENT

    def look(_: Request, interaction: str, opened: Opened | None, count: int) -> None:
        looks.append((interaction, f"{opened.patient} {opened.who} {count}" if opened else ""))

    launches = Launches(
        registered={system.iss: Registered(system.iss, CLIENT)},
        web=lambda: Web(httpx.Client(transport=system)),
        memory=Memory(database, now),
        forms=FORMS,
        study="A study",
        origin=ORIGIN,
        root="/app",
        is_secure=True,
        now=now,
        unique=lambda: token_urlsafe(32),
        look=look,
        zone=STUDY.zone,
    )
    yield Bench(launches, system, shelf, clock, looks)
    database.close()


@pytest.mark.parametrize("launch", ["&launch=opaque-launch", ""], ids=["by the EHR", "standalone"])
def test_a_launch_shows_what_the_record_system_holds(bench: Bench, launch: str) -> None:
    page = bench.opened(bench.visitor(), launch)

    assert page.status_code == 200
    assert "Jo Doe" in page.text
    assert "2 Jan 1970" in page.text
    assert "Beck Depression Inventory" in page.text
    assert "Rash" in page.text
    asked = bench.system.asked[0]["scope"].split()
    assert asked[0] == ("launch" if launch else "launch/patient")
    assert set(asked[1:]) == {
        "patient/Patient.r",
        "patient/Observation.rs",
        "patient/QuestionnaireResponse.rs",
        "patient/AdverseEvent.rs",
        *(("patient/Encounter.r",) if launch else ()),
    }


@pytest.mark.parametrize(
    "iss", ["https://elsewhere.example/fhir", "http://169.254.169.254/", f"{THEIRS}/fhir/", ""]
)
def test_nothing_is_asked_of_a_place_that_is_not_registered(bench: Bench, iss: str) -> None:
    refused = bench.visitor().get(f"/app/launch?iss={iss}&launch=1")

    assert refused.status_code == 403
    assert bench.system.requests == []
    assert "set-cookie" not in refused.headers


def test_state_and_challenge_are_new_for_every_launch(bench: Bench) -> None:
    visitor = bench.visitor()
    bench.begin(visitor)
    bench.begin(visitor)

    first, second = bench.system.asked
    assert first["state"] != second["state"]
    assert first["code_challenge"] != second["code_challenge"]


def test_two_launches_of_one_browser_both_arrive_and_are_told_apart(bench: Bench) -> None:
    visitor = bench.visitor()
    back = [bench.begin(visitor), bench.begin(visitor)]

    places = [visitor.get(each).headers["location"] for each in back]

    assert len(set(places)) == 2
    session = visitor.cookies.get("__Secure-adapter-launched", path=places[0])
    visitor.cookies = httpx.Cookies({"__Secure-adapter-launched": session or ""})
    assert visitor.get(places[0]).status_code == 200
    assert visitor.get(places[1]).status_code == 401


def test_what_another_browser_has_begun_is_not_taken(bench: Bench) -> None:
    back = bench.begin(bench.visitor())
    other = bench.visitor()
    bench.begin(other)

    refused = other.get(back)

    assert refused.status_code == 400
    assert bench.system.bought == []


@pytest.mark.parametrize("state", ["forged", "A" * 43, ""])
def test_a_forged_state_buys_nothing(bench: Bench, state: str) -> None:
    visitor = bench.visitor()
    code = parse_qs(urlsplit(bench.begin(visitor)).query)["code"][0]

    refused = visitor.get(f"/app/callback?code={code}&state={state}")

    assert refused.status_code == 400
    assert bench.system.bought == []


def test_a_code_is_taken_once(bench: Bench) -> None:
    visitor = bench.visitor()
    back = bench.begin(visitor)

    assert visitor.get(back).status_code == 303
    assert visitor.get(back).status_code == 400
    assert len(bench.system.bought) == 1


def test_a_launch_waits_ten_minutes(bench: Bench) -> None:
    visitor = bench.visitor()
    back = bench.begin(visitor)

    bench.clock[0] += timedelta(minutes=10)

    assert visitor.get(back).status_code == 400


def test_the_answer_of_another_server_is_not_taken(bench: Bench) -> None:
    visitor = bench.visitor()
    back = bench.begin(visitor).replace("iss=https%3A%2F%2Fehr", "iss=https%3A%2F%2Fevil")

    assert visitor.get(back).status_code == 502
    assert bench.system.bought == []


def test_a_refusal_is_told_as_words(bench: Bench) -> None:
    bench.system.refusal = {"error": "access_denied", "error_description": POISON}

    refused = bench.launch(bench.visitor())

    assert refused.status_code == 403
    assert "access_denied" in refused.text
    assert "&lt;script&gt;" in refused.text
    assert "<script" not in refused.text


@pytest.mark.parametrize("patient", ["", None, "../Patient?", 7])
def test_without_a_patient_the_page_says_what_to_do(bench: Bench, patient: object) -> None:
    bench.system.context["patient"] = patient

    said = bench.launch(bench.visitor())

    assert said.status_code == 400
    assert "Open a patient there first" in said.text


def test_a_patient_in_the_address_is_not_believed(bench: Bench) -> None:
    visitor = bench.visitor()
    said = visitor.get(f"{bench.begin(visitor)}&patient=another")

    visitor.get(f"{said.headers['location']}?patient=another")

    read = [each.url for each in bench.system.requests if "Authorization" in each.headers]
    assert len(read) >= 4
    assert [url for url in read if PATIENT not in str(url)] == []


def test_a_confidential_client_signs_and_does_not_say_its_name(bench: Bench) -> None:
    key = new_key("ours", "ES384")
    bench.system.jwks = [public_jwk(key)]
    bench.register(key=lambda: orjson.dumps(key).decode())

    assert bench.opened(bench.visitor()).status_code == 200
    assert "client_assertion" in bench.system.bought[0]


def test_who_looks_is_told_to_the_audit_when_the_record_system_says_it(bench: Bench) -> None:
    bench.register(scopes=("openid", "fhirUser", "patient/*.rs"))

    bench.opened(bench.visitor())

    assert bench.looks[-1] == ("launched", f"{PATIENT} Practitioner/7 {len(RESOURCES)}")


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": [CLIENT, "another"]},
        {"exp": 1_700_000_000},
        {"nonce": "replayed"},
        {"nonce": None},
    ],
    ids=lambda claims: str(*claims),
)
def test_an_id_token_that_is_not_of_this_launch_opens_nothing(
    bench: Bench, claims: dict[str, Any]
) -> None:
    bench.register(scopes=("openid", "fhirUser", "patient/*.rs"))
    bench.system.claims = claims

    assert bench.launch(bench.visitor()).status_code == 502


@pytest.mark.parametrize("token", ["", "a.b.c", 7], ids=["none", "no token", "no text"])
def test_an_id_token_that_is_none_opens_nothing(bench: Bench, token: object) -> None:
    bench.register(scopes=("openid", "fhirUser", "patient/*.rs"))
    bench.system.context["id_token"] = token

    assert bench.launch(bench.visitor()).status_code == 502


def test_an_id_token_signed_by_another_key_opens_nothing(bench: Bench) -> None:
    bench.register(scopes=("openid", "fhirUser", "patient/*.rs"))
    other = public_jwk(new_key("theirs", "ES384"))
    bench.system.faults["/jwks"] = [lambda _: httpx.Response(200, json={"keys": [other]})]

    assert bench.launch(bench.visitor()).status_code == 502


def test_fewer_scopes_show_less_and_say_so(bench: Bench) -> None:
    bench.system.granted = "launch patient/Observation.rs"

    page = bench.opened(bench.visitor()).text

    assert "Beck Depression Inventory" in page
    assert "did not grant this page the adverse events" in page
    assert "Rash" not in page
    assert f"number {PATIENT}" in page
    read = {each.url.path for each in bench.system.requests if "Authorization" in each.headers}
    assert read == {"/fhir/Observation"}


def test_the_record_system_may_say_itself_who_it_is(bench: Bench) -> None:
    bench.system.context["need_patient_banner"] = False

    page = bench.opened(bench.visitor()).text

    assert "Jo Doe" not in page
    assert "Trial outcomes" in page


def test_days_of_a_record_system_in_utc_are_those_of_the_study(bench: Bench) -> None:
    at = {"QuestionnaireResponse": "authored", "Observation": "effectiveDateTime"}
    bench.shelf.resources = [
        {**each, at[each["resourceType"]]: "2024-03-01T22:30:00Z"} for each in ANSWERED
    ]

    page = bench.opened(bench.visitor()).text

    assert "last answered <strong>2 Mar 2024</strong>" in page
    assert "1 Mar 2024" not in page


VISIT: dict[str, Any] = {
    "resourceType": "Encounter",
    "id": "v1",
    "status": "in-progress",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
    "subject": {"reference": f"Patient/{PATIENT}"},
    "period": {"start": "2024-08-31T09:00:00+10:00"},
}


@pytest.mark.parametrize("start", ["2024-08-31T09:00:00+10:00", "2024-08-30T23:00:00Z"])
def test_the_visit_that_is_open_stands_above_the_page(bench: Bench, start: str) -> None:
    bench.system.context["encounter"] = "v1"
    bench.shelf.visit = {**VISIT, "period": {"start": start}}

    assert "your visit of <strong>31 Aug 2024</strong>" in bench.opened(bench.visitor()).text


@pytest.mark.parametrize(
    ("encounter", "visit"),
    [
        ("v1", {**VISIT, "subject": {"reference": "Patient/another"}}),
        ("v1", {**VISIT, "id": "v2"}),
        ("v1", {**VISIT, "status": "no status of R4"}),
        ("v1", {"resourceType": "OperationOutcome"}),
        ("../Patient", VISIT),
        (["v1"], VISIT),
    ],
    ids=["of another patient", "another visit", "no R4", "no visit", "no id", "no text"],
)
def test_a_visit_that_is_not_theirs_is_as_if_none_were_open(
    bench: Bench, encounter: object, visit: dict[str, Any]
) -> None:
    bench.system.context["encounter"] = encounter
    bench.shelf.visit = visit

    page = bench.opened(bench.visitor())

    assert page.status_code == 200
    assert "your visit" not in page.text


def test_a_visit_in_the_address_is_not_believed(bench: Bench) -> None:
    bench.shelf.visit = VISIT

    page = bench.opened(bench.visitor(), "&launch=opaque-launch&encounter=v1")

    assert "your visit" not in page.text


SCORES = {
    coding["code"]: each["id"]
    for each in ANSWERED
    if each["resourceType"] == "Observation"
    for coding in each["code"]["coding"]
}


@pytest.mark.parametrize(
    "named",
    [
        {"reference": f"QuestionnaireResponse/{ANSWERED[0]['id']}"},
        {"reference": f"{THEIRS}/fhir/QuestionnaireResponse/{ANSWERED[0]['id']}/_history/2"},
        {"reference": f"Observation/{SCORES['phq-4-total']}"},
        {"reference": f"Observation/{SCORES['phq-4-anxiety']}"},
        {
            "canonical": f"{ANSWERED[0]['questionnaire'].partition('|')[0]}|1.0",
            "type": "Questionnaire",
        },
    ],
    ids=["the answers", "a version of them", "a score", "one beside it", "the questionnaire"],
)
def test_the_page_opens_at_what_the_record_system_names(
    bench: Bench, named: dict[str, str]
) -> None:
    bench.system.context["fhirContext"] = [{"reference": "ImagingStudy/1"}, named]
    visitor = bench.visitor()

    first = bench.launch(visitor).headers["location"]
    place = visitor.get(first).headers["location"]
    page = visitor.get(place).text

    assert first.endswith("/at")
    assert place.partition("#")[2].startswith("outcome-phq-4-")
    assert f'id="{place.partition("#")[2]}"' in page
    assert page.count("<details open>") == 1


@pytest.mark.parametrize(
    "named",
    [
        "Observation/1",
        [3],
        [{"reference": "Observation/of-nobody"}],
        [{"reference": POISON}],
        [{"reference": "Observation/" + "1" * 500}],
        [{"canonical": 7}],
    ],
    ids=["no list", "no object", "unknown", "poison", "too long", "no text"],
)
def test_what_is_named_and_not_shown_opens_the_page_as_a_whole(bench: Bench, named: object) -> None:
    bench.system.context["fhirContext"] = named
    visitor = bench.visitor()

    place = bench.launch(visitor).headers["location"]
    if place.endswith("/at"):
        place = visitor.get(place).headers["location"]
    page = visitor.get(place)

    assert page.status_code == 200
    assert "#" not in place
    assert "<details open>" not in page.text


def test_colours_of_another_place_are_not_asked_for(bench: Bench) -> None:
    bench.system.context["smart_style_url"] = f"{THEIRS}/style.json"

    bench.opened(bench.visitor())

    assert not any("style" in str(request.url) for request in bench.system.requests)


def test_what_is_of_somebody_else_or_no_fhir_is_left_out_and_counted(bench: Bench) -> None:
    bench.system.context["patient"] = PATIENT
    score = next(each for each in RESOURCES if each["resourceType"] == "Observation")
    bench.shelf.resources += [
        {**score, "id": "1", "subject": {"reference": "Patient/another"}},
        {**score, "id": "2", "status": "nonsense"},
        {**score, "id": "../3"},
    ]

    page = bench.opened(bench.visitor())

    assert "3 of the scores that came were left out" in page.text


@pytest.mark.parametrize(
    "url", ["https://elsewhere.example/fhir?page=2", "http://ehr.example/fhir", "//evil/", "a://["]
)
def test_the_token_goes_to_no_other_place(bench: Bench, url: str) -> None:
    bench.shelf.next_page = url

    page = bench.opened(bench.visitor())

    assert page.status_code == 502
    assert {each.url.host for each in bench.system.requests} == {"ehr.example"}
    assert {each.url.scheme for each in bench.system.requests} == {"https"}


def test_pages_without_end_are_read_to_an_end(bench: Bench) -> None:
    numbers = iter(range(1000))

    def more(_: httpx.Request) -> httpx.Response:
        link = {"relation": "next", "url": f"{THEIRS}/fhir/Observation?page={next(numbers)}"}
        return answer({"resourceType": "Bundle", "type": "searchset", "link": [link], "entry": []})

    bench.system.faults["/fhir/Observation"] = [more] * 100

    page = bench.opened(bench.visitor())

    assert "Not all scores could be read" in page.text
    assert len(bench.system.faults["/fhir/Observation"]) == 80


def _raise(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("slow", request=request)


HOSTILE: dict[str, Callable[[httpx.Request], httpx.Response]] = {
    "away": lambda _: httpx.Response(503),
    "no JSON": lambda _: httpx.Response(200, text="<script>alert(1)</script>"),
    "a list": lambda _: httpx.Response(200, text="[]"),
    "deep": lambda _: httpx.Response(200, text="[" * 100_000),
    "elsewhere": lambda _: httpx.Response(302, headers={"Location": "http://169.254.169.254/"}),
    "endless": lambda _: httpx.Response(200, content=b" " * (17 << 20)),
    "silent": _raise,
}


@pytest.mark.parametrize("fault", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(
    "path", ["/fhir/.well-known/smart-configuration", "/token", "/fhir/Observation"]
)
def test_a_record_system_that_fails_is_said_and_nothing_else_happens(
    bench: Bench, path: str, fault: Callable[[httpx.Request], httpx.Response]
) -> None:
    bench.system.faults[path] = [fault]
    visitor = bench.visitor()

    said = visitor.get(f"/app/launch?iss={bench.system.iss}&launch=opaque-launch")
    if said.status_code == 302:
        back = httpx.Client(transport=bench.system).get(said.headers["location"])
        said = visitor.get(back.headers["location"].removeprefix(ORIGIN))
    if said.status_code == 303:
        said = visitor.get(said.headers["location"])

    assert said.status_code == 502
    assert "<script" not in said.text
    assert {each.url.host for each in bench.system.requests} == {"ehr.example"}


@pytest.mark.parametrize(
    "said",
    [
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://ehr.example/authorize"},
        {"authorization_endpoint": "https://[/"},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": None},
        {"code_challenge_methods_supported": ["plain"]},
    ],
    ids=str,
)
def test_a_configuration_that_is_not_safe_is_refused(bench: Bench, said: dict[str, Any]) -> None:
    bench.system.configuration = said

    refused = bench.visitor().get(f"/app/launch?iss={bench.system.iss}&launch=1")

    assert refused.status_code == 502
    assert len(bench.system.requests) == 1


def test_markup_in_what_the_record_system_says_is_inert(bench: Bench) -> None:
    name = {"use": "official", "text": POISON}
    bench.shelf.person = {**PERSON, "name": [name]}
    told = [all_poisoned(each) for each in RESOURCES]
    bench.shelf.resources = [
        {**bad, **{word: good[word] for word in ("subject", "effectiveDateTime") if word in good}}
        for bad, good in zip(told, RESOURCES, strict=True)
    ]

    page = bench.opened(bench.visitor())

    assert page.status_code == 200
    assert "alert(2)" in page.text
    assert "<script" not in page.text
    assert "<img" not in page.text


def test_a_token_that_has_ended_is_renewed_where_that_was_granted(bench: Bench) -> None:
    visitor = bench.visitor()
    bench.system.refreshing.add("again")
    bench.system.context.update([("refresh_token", "again")])
    place = bench.launch(visitor).headers["location"]

    bench.clock[0] += timedelta(minutes=29)
    assert visitor.get(place).status_code == 200
    bench.clock[0] += timedelta(minutes=29)
    assert visitor.get(place).status_code == 200
    bench.clock[0] += timedelta(minutes=29)
    assert visitor.get(place).status_code == 200
    assert [each["grant_type"] for each in bench.system.bought] == [
        "authorization_code",
        "refresh_token",
    ]


def renewed_beside(visitor: Visitor, place: str) -> Callable[[httpx.Request], httpx.Response]:
    """A token endpoint that lets another request of the page renew first, and that one alone."""

    def answer_late(_: httpx.Request) -> httpx.Response:
        beside = Visitor(visitor.app, ORIGIN, httpx.Cookies(visitor.cookies))
        assert beside.get(place).status_code == 200
        return httpx.Response(400, json={"error": "invalid_grant"})

    return answer_late


@pytest.fixture
def place_to_renew(bench: Bench) -> tuple[Visitor, str]:
    """A page whose token has just ended, though somebody was there."""
    visitor = bench.visitor()
    bench.system.refreshing.add("again")
    bench.system.context.update([("refresh_token", "again")])
    place = bench.launch(visitor).headers["location"]
    for minutes in (29, 29, 2):
        assert visitor.get(place).status_code == 200
        bench.clock[0] += timedelta(minutes=minutes)
    return visitor, place


def test_of_two_requests_that_renew_at_once_both_go_on(
    bench: Bench, place_to_renew: tuple[Visitor, str]
) -> None:
    visitor, place = place_to_renew
    bench.system.faults["/token"] = [renewed_beside(visitor, place)]

    assert visitor.get(place).status_code == 200
    assert visitor.get(place).status_code == 200
    assert [each["grant_type"] for each in bench.system.bought] == [
        "authorization_code",
        "refresh_token",
    ]


def test_a_token_that_was_kept_meanwhile_is_tried_once(
    bench: Bench, place_to_renew: tuple[Visitor, str]
) -> None:
    visitor, place = place_to_renew
    late = renewed_beside(visitor, place)

    def late_and_last(request: httpx.Request) -> httpx.Response:
        answered = late(request)
        bench.system.tokens.clear()
        bench.system.requests.clear()
        return answered

    bench.system.faults["/token"] = [late_and_last]

    assert visitor.get(place).status_code == 401
    assert len(bench.system.requests) == 1
    assert visitor.get(place).status_code == 401
    assert len(bench.system.requests) == 1


def test_to_be_there_writes_nothing_anew_but_until_when(bench: Bench) -> None:
    visitor = bench.visitor()
    place = bench.launch(visitor).headers["location"]
    database = bench.launches.memory.database
    (before,) = database.read().execute("SELECT sealed, ends FROM launch").fetchall()

    bench.clock[0] += timedelta(minutes=5)
    visitor.get(place)

    (after,) = database.read().execute("SELECT sealed, ends FROM launch").fetchall()
    assert bytes(after[0]) == bytes(before[0])
    assert after[1] - before[1] == 300


def test_a_page_ends_with_its_token_and_when_nobody_is_there(bench: Bench) -> None:
    visitor = bench.visitor()
    place = bench.launch(visitor).headers["location"]
    bench.system.tokens.clear()

    assert visitor.get(place).status_code == 401
    assert visitor.get(place).status_code == 401

    place = bench.launch(visitor).headers["location"]
    bench.clock[0] += timedelta(minutes=30)
    assert visitor.get(place).status_code == 401


def test_a_launched_page_opens_the_answers_and_nothing_of_another(bench: Bench) -> None:
    visitor = bench.visitor()
    place = bench.launch(visitor).headers["location"]

    assert visitor.get(f"{place}/responses/{ANSWERED[0]['id']}").status_code == 200
    assert visitor.get(f"{place}/responses/another").status_code == 404
    assert visitor.get(f"/app/launched/{'A' * 43}").status_code == 401


def test_no_token_stands_in_the_ledger_or_with_the_browser(bench: Bench) -> None:
    visitor = bench.visitor()
    page = bench.opened(visitor)
    (token,) = bench.system.tokens

    database = bench.launches.memory.database
    kept = [bytes(row[0]) for row in database.read().execute("SELECT sealed FROM launch")]

    assert len(kept) == 1
    assert token.encode() not in kept[0]
    assert token not in page.text
    assert all(token not in str(cookie.value) for cookie in visitor.cookies.jar)


@pytest.mark.parametrize(
    ("frames", "words", "framing"),
    [
        ((), "SameSite=Lax", "frame-ancestors 'none'"),
        ((THEIRS,), "SameSite=None; Partitioned", f"frame-ancestors {THEIRS}"),
    ],
    ids=["a window", "a frame"],
)
def test_the_page_stands_in_the_frames_that_were_named(
    bench: Bench, frames: tuple[str, ...], words: str, framing: str
) -> None:
    bench.register(frames=frames)

    said = bench.launch(bench.visitor())

    assert said.headers["set-cookie"].endswith(f"HttpOnly; Secure; {words}")
    assert framing in said.headers["content-security-policy"]
