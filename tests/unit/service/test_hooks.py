"""A record system that opens a patient gets one card or none, and makes us ask nobody anything."""

from __future__ import annotations

import itertools
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from adapter.fhir.identity import questionnaire_url
from adapter.fhir.questionnaire_response import answer_value
from adapter.service import Service, now, open_service
from adapter.service.serving import service_app
from adapter.simulate import serving
from adapter.store.access_log import Access, access_files, read_accesses
from tests.unit.cli.site import Site, make_site
from tests.unit.ingest.project import STUDY, at_week_4, mood, person

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
ORIGIN = "https://trial.example.org"
EHR, OTHER_EHR = "https://ehr.example.org", "https://other.example.org"
AUDIENCE = f"{ORIGIN}/cds-services/trial-outcomes"
LAUNCH = f"{ORIGIN}/app/launch"
KEY = ECKey.generate_key("P-384", {"kid": "k"})
STRANGER = ECKey.generate_key("P-384", {"kid": "k"})
SERVE = f"""
[serve]
url = "{ORIGIN}"
launch_url = "{LAUNCH}"
[[serve.hooks]]
name = "north-ehr"
issuer = "{EHR}"
jwks_file = "ehr.jwks.json"
clinic = "north-clinic"
fhir_server = "{EHR}/fhir"
[[serve.hooks]]
name = "other-ehr"
issuer = "{OTHER_EHR}"
tenant = "elsewhere"
jwks_file = "ehr.jwks.json"
clinic = "repository"
[[serve.issuers]]
issuer = "https://login.example.org"
jwks_file = "ehr.jwks.json"
audience = "{ORIGIN}/fhir"
[[serve.clients]]
id = "an-analyst"
issuer = "https://login.example.org"
scopes = ["system/Observation.rs"]
purpose = "research"
[[serve.clients]]
id = "north-client"
issuer = "https://login.example.org"
scopes = ["system/*.rs"]
purpose = "care"
clinic = "north-clinic"
patient_system = "{EHR}/fhir/Patient"
"""
SIGNALS = """
safety:
  version: "1.0.0"
  source: made up for tests
  send_to: [care]
  signals:
    - {id: low-mood, title: Low mood, form: mood, scale: total, at_least: 6, level: urgent}
"""
SAID: dict[str, Any] = {
    "hook": "patient-view",
    "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    "context": {"userId": "Practitioner/1", "patientId": "p-1"},
}
jtis = (f"jti-{number}" for number in itertools.count())
Cards = list[dict[str, Any]]


def signed(key: ECKey = KEY, header: dict[str, Any] | None = None, **claims: object) -> str:
    seconds = int(now().timestamp())
    told = {"iss": EHR, "aud": AUDIENCE, "exp": seconds + 240, "iat": seconds, "jti": next(jtis)}
    kept = {name: value for name, value in {**told, **claims}.items() if value is not None}
    said = {"alg": "ES384", "kid": "k", "typ": "JWT", **(header or {})}
    named = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(named, kept, key, algorithms=["ES384"], default_type=None)


@dataclass
class Asking:
    """A site that serves, and the way to it."""

    site: Site
    url: str

    def post(self, said: object = SAID, token: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or signed()}"}
        url = f"{self.url}/cds-services/trial-outcomes"
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        return httpx.post(url, content=content, headers=headers, timeout=30)

    def tell(self, said: object, token: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or signed()}"}
        url = f"{self.url}/cds-services/trial-outcomes/feedback"
        return httpx.post(url, json=said, headers=headers, timeout=30)

    def cards(self, said: object = SAID, **claims: object) -> Cards:
        answer = self.post(said, signed(**claims))  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text
        found: Cards = answer.json()["cards"]
        return found

    def run(self, *said: str) -> None:
        assert self.site.run(*said).code == 0


def changed(**said: object) -> dict[str, object]:
    both = {**SAID, **said}
    return {name: value for name, value in both.items() if value is not None}


def looking_at(patient: str) -> dict[str, object]:
    return changed(context={**SAID["context"], "patientId": patient})


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Site:
    """Two people; the first is a Patient of the clinic, the second nobody there."""
    made = make_site(tmp_path, capsys)
    made.write("ehr.jwks.json", json.dumps({"keys": [KEY.as_dict(private=False)]}))
    made.write("adapter.toml", made.config.read_text("utf-8") + SERVE)
    made.export(
        {**person("1"), **mood("1", "2", "0", mood_timestamp="2024-02-02 09:00:00")},
        at_week_4("1", **mood("1", "1", "0", mood_timestamp="2024-03-02 23:30:00")),
        {**person("2"), **mood("1", "2", "0")},
    )
    assert made.run("ingest").code == 0
    assert made.run("link", "north-clinic", "1", "p-1").code == 0
    return made


@pytest.fixture
def ask(site: Site) -> Iterator[Asking]:
    with ExitStack() as stack:
        service = stack.enter_context(open_service(site.config))
        port = stack.enter_context(serving(service_app(service)))
        yield Asking(site, f"http://127.0.0.1:{port}")


def test_what_is_offered_is_told_to_everybody_and_to_any_page(ask: Asking) -> None:
    browser = {"Origin": "https://ehr.example.org"}

    told = httpx.get(f"{ask.url}/cds-services", headers=browser)
    preflight = httpx.options(
        f"{ask.url}/cds-services/trial-outcomes",
        headers={
            **browser,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )

    (service,) = told.json()["services"]
    assert (service["hook"], service["id"]) == ("patient-view", "trial-outcomes")
    assert service["title"]
    assert service["description"]
    assert told.headers["access-control-allow-origin"] == "*"
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()


def test_one_card_says_how_many_outcomes_there_are_and_of_when_and_no_score(ask: Asking) -> None:
    (card,) = ask.cards()

    assert card["summary"] == "Trial outcomes available: 4, the newest of 2024-03-02"
    assert len(card["summary"]) < 140
    assert card["indicator"] == "info"
    assert card["source"] == {"label": "A small trial"}
    assert [(link["url"], link["type"]) for link in card["links"]] == [(LAUNCH, "smart")]
    assert card.keys() == {"uuid", "summary", "indicator", "source", "detail", "links"}


def written(service: Service, authored: str) -> dict[str, Any]:
    """A response in which every item has its first option."""
    form = service.trial.forms["mood"]
    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": f"{questionnaire_url(form)}|{form.published_version}",
        "status": "completed",
        "subject": {"reference": f"Patient/{service.trial.identity.patient('1')}"},
        "authored": authored,
        "item": [
            {"linkId": item.link_id, "answer": [answer_value(form, item, offered[0])]}
            for item in form.items
            if (offered := form.offered(item))
        ],
    }


def test_the_newest_day_is_the_study_s_whatever_zone_a_client_told_it_in(site: Site) -> None:
    site.export({**person("1"), **mood("1", "2", "0", mood_timestamp="2024-02-02 09:00:00")})
    site.run("ingest")
    scope = "system/*.rs system/QuestionnaireResponse.c"
    site.change("adapter.toml", '["system/*.rs"]', json.dumps(scope.split()))
    claims = {"iss": "https://login.example.org", "aud": f"{ORIGIN}/fhir", "scope": scope}
    token = signed(**claims, client_id="north-client")  # type: ignore[arg-type]
    headers = {"Authorization": f"Bearer {token}"}
    with open_service(site.config) as service, serving(service_app(service)) as port:
        ask = Asking(site, f"http://127.0.0.1:{port}")
        evening = written(service, "2024-03-01T22:30:00Z")

        answer = httpx.post(
            f"{ask.url}/fhir/QuestionnaireResponse", json=evening, headers=headers, timeout=30
        )

        assert answer.status_code == 201, answer.text
        (card,) = ask.cards()
    assert card["summary"] == "Trial outcomes available: 4, the newest of 2024-03-02"


def given(card: str, outcome: str = "overridden", **more: object) -> dict[str, object]:
    return {"feedback": [{"card": card, "outcome": outcome, **more}]}


def lines_of(ask: Asking) -> list[Access]:
    return [
        access
        for path in access_files(ask.site.folder / "audit.ndjson")
        for _, access in read_accesses(path)
    ]


@pytest.mark.parametrize("below", ["", "/feedback"])
def test_what_became_of_a_card_stands_beside_it_in_the_log_without_a_word_of_why(
    ask: Asking, below: str
) -> None:
    (card,) = ask.cards()
    why = {"reason": {"code": "other"}, "userComment": "she told me otherwise"}

    heard = ask.tell(given(card["uuid"], overrideReason=why), signed(aud=AUDIENCE + below))

    shown, taken = lines_of(ask)[-2:]
    assert heard.status_code == 200
    assert (shown.interaction, shown.about, shown.id) == ("patient-view", ("1",), card["uuid"])
    assert (taken.interaction, taken.client) == ("feedback-overridden", "north-ehr")
    assert taken.id == card["uuid"]
    written = b"".join(path.read_bytes() for path in access_files(ask.site.folder / "audit.ndjson"))
    assert b"otherwise" not in written


def test_a_card_keeps_its_id_in_one_call_and_has_another_in_the_next(ask: Asking) -> None:
    other = changed(hookInstance="d1577c69-dfbe-44ad-ba6d-3e05e953b2eb")

    first, again, next_call = (ask.cards(said)[0]["uuid"] for said in (SAID, SAID, other))

    assert first == again != next_call


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"feedback": []},
        {"feedback": "no"},
        {"feedback": [3]},
        given("a card"),
        given("d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "ignored"),
    ],
    ids=["nothing", "none", "no list", "no object", "no id", "another outcome"],
)
def test_what_is_no_feedback_is_refused(ask: Asking, said: object) -> None:
    assert ask.tell(said).status_code == 400
    assert lines_of(ask)[-1].interaction == "feedback"


def test_feedback_of_a_stranger_is_refused(ask: Asking) -> None:
    said = given("d1577c69-dfbe-44ad-ba6d-3e05e953b2ea")

    assert ask.tell(said, signed(STRANGER)).status_code == 401
    assert ask.tell(said, signed(aud=f"{AUDIENCE}/elsewhere")).status_code == 401


@pytest.mark.parametrize(
    ("said", "claims"),
    [
        pytest.param(looking_at("p-2"), {}, id="a Patient whom nobody linked"),
        pytest.param(looking_at("1"), {}, id="a record's name"),
        pytest.param(SAID, {"iss": OTHER_EHR, "tenant": "elsewhere"}, id="another clinic's"),
    ],
)
def test_of_who_is_nobody_there_nothing_is_said(
    ask: Asking, said: object, claims: dict[str, object]
) -> None:
    assert ask.cards(said, **claims) == []


def test_without_consent_nothing_is_said(ask: Asking) -> None:
    assert len(ask.cards()) == 1

    ask.run("withdraw", "1", "share")

    assert ask.cards() == []


def test_what_was_taken_back_is_not_counted(ask: Asking) -> None:
    ask.site.export({**person("1"), **mood("1", "2", "0")}, person("2"))
    ask.run("ingest")

    (card,) = ask.cards()

    assert card["summary"] == "Trial outcomes available: 2, the newest of 2024-02-01"


def test_a_card_is_as_urgent_as_the_study_s_signals_where_they_are_sent_to_care(
    site: Site,
) -> None:
    site.export({**person("1"), **mood("3", "3", "3")})
    found = []
    for rules in (SIGNALS, SIGNALS.replace("send_to: [care]", "send_to: [research]")):
        site.write("study.yaml", STUDY + rules)
        assert site.run("ingest").code == 0
        with open_service(site.config) as service, serving(service_app(service)) as port:
            found += Asking(site, f"http://127.0.0.1:{port}").cards()

    assert [card["indicator"] for card in found] == ["warning", "info"]
    assert "safety rules" in found[0]["detail"]
    assert "Low mood" not in json.dumps(found)


UNBELIEVED: dict[str, dict[str, Any]] = {
    "by another key": {"key": STRANGER},
    "by an unknown issuer": {"iss": "https://elsewhere.example.org"},
    "for another service": {"aud": f"{ORIGIN}/cds-services"},
    "of another tenant": {"iss": OTHER_EHR, "tenant": "here"},
    "of no tenant": {"iss": OTHER_EHR},
    "over": {"exp": 1_700_000_000},
    "without a moment": {"iat": None},
    "without a name": {"jti": None},
    "with a name that is none": {"jti": 7},
    "with a long name": {"jti": "x" * 300},
    "with a name that no database holds": {"jti": "a\0b"},
    "as another kind of token": {"header": {"typ": "at+jwt"}},
    "as no kind of token": {"header": {"typ": None}},
}


@pytest.mark.parametrize("name", UNBELIEVED)
def test_who_does_not_sign_as_agreed_is_answered_401(ask: Asking, name: str) -> None:
    answer = ask.post(SAID, signed(**UNBELIEVED[name]))

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "cards" not in answer.json()


def test_a_token_is_taken_once_also_after_a_restart(site: Site) -> None:
    token, found = signed(), list[int]()
    for _ in range(2):
        with open_service(site.config) as service, serving(service_app(service)) as port:
            ask = Asking(site, f"http://127.0.0.1:{port}")
            found += [ask.post(SAID, token).status_code for _ in range(2)]

    assert found == [200, 401, 401, 401]


def test_no_token_at_all_is_answered_401(ask: Asking) -> None:
    assert httpx.post(f"{ask.url}/cds-services/trial-outcomes", json=SAID).status_code == 401


REFUSED: dict[str, tuple[object, int]] = {
    "no JSON": (b"<xml/>", 400),
    "a list": ([], 400),
    "deep": (b"[" * 100_000, 400),
    "too long": (b'"' + b"x" * 300_000 + b'"', 413),
    "another hook": (changed(hook="order-sign"), 400),
    "no instance": (changed(hookInstance=None), 400),
    "an instance that is no UUID": (changed(hookInstance="1"), 400),
    "no context": (changed(context=None), 400),
    "no patient": (changed(context={"userId": "Practitioner/1"}), 400),
    "no user": (changed(context={"patientId": "p-1"}), 400),
    "a user that is a number": (changed(context={"patientId": "p-1", "userId": 1}), 400),
    "a patient that is no id": (changed(context=SAID["context"] | {"patientId": "../../x"}), 400),
    "a patient that is a number": (changed(context=SAID["context"] | {"patientId": 1}), 400),
    "authorization without a server": (changed(fhirAuthorization={"access_token": "x"}), 400),
    "another server": (changed(fhirServer="https://attacker.example.org/fhir"), 403),
    "a server that is nearly theirs": (changed(fhirServer=f"{EHR}/fhir@attacker.example"), 403),
    "a server that is a list": (changed(fhirServer=[f"{EHR}/fhir"]), 403),
    "another patient's prefetch": (
        changed(prefetch={"patient": {"resourceType": "Patient", "id": "p-2"}}),
        412,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_is_none_of_this_hook_is_refused(ask: Asking, name: str) -> None:
    said, status = REFUSED[name]

    answer = ask.post(said)

    assert answer.status_code == status
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    "prefetch",
    [
        None,
        {},
        {"patient": None},
        {"patient": {"resourceType": "OperationOutcome", "issue": []}},
        {"patient": {"resourceType": "Patient", "id": "p-1"}, "other": 7},
    ],
    ids=["none", "empty", "null", "an outcome", "the patient"],
)
def test_a_prefetch_may_be_left_out_or_have_failed(
    ask: Asking, prefetch: dict[str, Any] | None
) -> None:
    assert len(ask.cards(changed(prefetch=prefetch, fhirServer=f"{EHR}/fhir/"))) == 1


def test_nothing_is_ever_asked_of_an_address_in_a_request(site: Site) -> None:
    """Of a listener on this machine nothing is seen, and another address would be refused here."""
    text = site.config.read_text("utf-8").replace(f'fhir_server = "{EHR}/fhir"\n', "")
    site.write("adapter.toml", text)
    met = list[object]()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        done = threading.Event()

        def listen() -> None:
            while not done.is_set():
                try:
                    met.append(listener.accept())
                except TimeoutError:
                    continue

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        here = f"127.0.0.1:{listener.getsockname()[1]}"
        addresses = (
            *(f"{scheme}://{here}/fhir" for scheme in ("http", "https", "gopher", "ftp")),
            f"http://localhost:{here.partition(':')[2]}/",
            f"http://[::1]:{here.partition(':')[2]}/",
            f"http://x@{here}/?redirect=http://169.254.169.254/",
            "http://169.254.169.254/latest/meta-data/",
            "file:///etc/passwd",
            f"//{here}",
        )
        with open_service(site.config) as service, serving(service_app(service)) as port:
            ask = Asking(site, f"http://127.0.0.1:{port}")
            for address in addresses:
                given = {"access_token": "x", "token_type": "Bearer", "subject": address}
                said = changed(fhirServer=address, fhirAuthorization=given)
                is_url = address.startswith("http")  # else the library would not sign it
                header = {"jku": address, "x5u": address} if is_url else {}
                assert ask.post(said, signed(header=header)).status_code == 200
                assert ask.post(said, signed(iss=address, header=header)).status_code == 401
        done.set()
        thread.join()

    assert met == []


def test_what_is_asked_stands_in_the_access_log_without_the_patient_s_id_there(
    ask: Asking,
) -> None:
    ask.cards()
    ask.post(SAID, "no.t.oken")

    told = ask.site.run("audit", "accesses", "--json")

    lines = [each for each in told.document["accesses"] if each["door"] == "hooks"]
    assert [(each["client"], each["status"], each["count"]) for each in lines] == [
        ("north-ehr", 200, 4),
        ("", 401, 0),
    ]
    assert "p-1" not in told.out


def test_a_token_of_an_issuer_that_is_named_opens_what_its_client_may_read(ask: Asking) -> None:
    issued: dict[str, Any] = {
        "iss": "https://login.example.org",
        "aud": f"{ORIGIN}/fhir",
        "jti": None,
        "client_id": "an-analyst",
        "scope": "system/*.rs",
    }
    good = signed(**issued)

    def get(path: str, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.get(f"{ask.url}/fhir/{path}", headers=headers, timeout=30).status_code

    told = [get("Observation", good), get("Observation", good), get("Patient", good)]
    assert told == [200, 200, 403]
    faults: tuple[dict[str, Any], ...] = (
        {"key": STRANGER},
        {"client_id": "nobody"},
        {"aud": AUDIENCE},
        {"iss": EHR},
        {"exp": 1_700_000_000},
    )
    for fault in faults:
        assert get("Observation", signed(**{**issued, **fault})) == 401


def test_an_issuer_that_is_held_to_rfc_9068_is_believed_of_access_tokens_alone(site: Site) -> None:
    settings = site.config.read_text("utf-8")
    audience = f'audience = "{ORIGIN}/fhir"'
    found = dict[str, list[int]]()
    claims: dict[str, Any] = {"iss": "https://login.example.org", "aud": f"{ORIGIN}/fhir"}
    for more in ("", "requires_at_jwt = true"):
        site.write("adapter.toml", settings.replace(audience, f"{audience}\n{more}"))
        with open_service(site.config) as service, serving(service_app(service)) as port:
            found[more] = [
                httpx.get(
                    f"http://127.0.0.1:{port}/fhir/Observation?_count=0",
                    headers={"Authorization": f"Bearer {token}"},
                ).status_code
                for kind in ("at+jwt", "application/AT+JWT", "JWT", None, "logout+jwt")
                for token in [
                    signed(
                        header={"typ": kind}, client_id="an-analyst", scope="system/*.rs", **claims
                    )
                ]
            ]

    assert found[""] == [200, 200, 200, 200, 401]
    assert found["requires_at_jwt = true"] == [200, 200, 401, 401, 401]


@dataclass
class Reading:
    """A client of the clinic, by a token of its issuer."""

    ask: Asking

    def total(self, query: str) -> int:
        claims = {"iss": "https://login.example.org", "aud": f"{ORIGIN}/fhir"}
        token = signed(**claims, client_id="north-client", scope="system/*.rs")  # type: ignore[arg-type]
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self.ask.url}/fhir/{query}&_total=accurate"
        answer = httpx.get(url, headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text
        total: int = answer.json()["total"]
        return total


def test_a_clinic_finds_its_patient_by_its_own_id_and_by_nobody_else_s(ask: Asking) -> None:
    reading, own = Reading(ask), f"{EHR}/fhir/Patient|"

    found = {
        query: reading.total(query)
        for query in (
            f"Patient?identifier={own}p-1",
            f"Patient?identifier={own}p-2,{own}p-1",
            f"Patient?identifier={own}p-2",
            f"Patient?identifier={own}",
            f"Patient?identifier={own}1",
            "Patient?identifier=p-1",
            "Patient?identifier=https://elsewhere.example.org|p-1",
            f"Observation?patient.identifier={own}p-1",
            f"Observation?patient.identifier={own}p-2",
        )
    }

    assert list(found.values()) == [1, 1, 0, 0, 0, 0, 0, 6, 0]


def test_without_consent_a_clinic_does_not_find_its_patient(ask: Asking) -> None:
    query = f"Patient?identifier={EHR}/fhir/Patient|p-1"
    before = Reading(ask).total(query)

    ask.run("withdraw", "1", "share")

    assert (before, Reading(ask).total(query)) == (1, 0)
