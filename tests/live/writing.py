"""A service to which clients write, over a ledger in which two people's last weeks are missing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.requests import Request

from adapter.fhir.identity import questionnaire_url
from adapter.fhir.questionnaire_response import answer_value
from adapter.server import Api, Caller, Ledger, api_app
from adapter.server.audited import Audited, Auditing
from adapter.server.caller import read_scopes
from adapter.service import Service, now, open_service
from adapter.simulate import serving
from adapter.store import instances
from adapter.store.access_log import Access, access_files, read_accesses
from tests.live.answering import FORM, LATER, PERSON, PROFILE
from tests.live.small import SmallTrial

BASE = "https://trial.example.org/fhir"
NOWHERE = "http://127.0.0.1:9/fhir"  # nothing is sent in these tests
OTHER = "1015"
CLINIC = "southside-clinic"
SCOPES = "system/*.rs system/QuestionnaireResponse.cu"
FHIR_JSON = {"Content-Type": "application/fhir+json"}
Resource = dict[str, Any]


def take_in(folder: Path) -> SmallTrial:
    """The trial of two people, of whom one is linked to a Patient of the clinic."""
    small = SmallTrial(folder, NOWHERE, frozenset({PERSON, OTHER}), PROFILE)
    small.read(without=LATER)
    small.run("link", CLINIC, PERSON, "p1")
    return small


@dataclass(frozen=True, repr=False)
class Writer:
    """One client at the service; `service` is what it writes to, seen from inside."""

    client: httpx.Client
    service: Service

    def patient(self, person: str = PERSON) -> str:
        """The id of somebody's Patient."""
        return self.service.trial.identity.patient(person)

    def response(self, option: int, **more: object) -> Resource:
        """A response in week 21 in which every item has the option of this place."""
        form = self.service.trial.forms[FORM]
        person = instances.participant(self.service.database.read(), PERSON)
        assert person is not None
        day = date.fromisoformat(person.enrolled or "") + timedelta(weeks=21, days=2)
        return {
            "resourceType": "QuestionnaireResponse",
            "questionnaire": f"{questionnaire_url(form)}|{form.published_version}",
            "status": "completed",
            "subject": {"reference": f"Patient/{self.patient()}"},
            "authored": f"{day.isoformat()}T09:30:00+10:00",
            "item": [
                {"linkId": item.link_id, "answer": [answer_value(form, item, offered[option])]}
                for item in form.items
                if (offered := form.offered(item))
            ],
            **more,
        }

    def post(self, resource: Resource, **headers: str) -> httpx.Response:
        """A create."""
        path = f"/{resource['resourceType']}"
        return self.client.post(path, json=resource, headers={**FHIR_JSON, **_said(headers)})

    def put(self, path: str, resource: Resource, **headers: str) -> httpx.Response:
        """An update, at a path or by criteria."""
        return self.client.put(path, json=resource, headers={**FHIR_JSON, **_said(headers)})

    def send(self, kind: str, *entries: Resource) -> httpx.Response:
        """A batch or a transaction."""
        bundle = {"resourceType": "Bundle", "type": kind, "entry": list(entries)}
        return self.client.post("/", json=bundle, headers=FHIR_JSON)

    def found(self, query: str) -> list[Resource]:
        """What a search finds, on its first page."""
        answer = self.client.get(f"/{query}")
        assert answer.status_code == 200, answer.text
        return [entry["resource"] for entry in answer.json().get("entry", ())]

    def noted(self) -> list[Access]:
        """Every line of the access log."""
        files = access_files(self.service.audit.path)
        return [access for path in files for _, access in read_accesses(path)]


@contextmanager
def writers(trial: SmallTrial) -> Iterator[Any]:
    """Makes ways to the service, each for one client."""
    with ExitStack() as stack:
        requests = (f"r{number}" for number in itertools.count(1))

        def open_for(
            name: str = "an-ehr",
            clinic: str = CLINIC,
            scopes: str = SCOPES,
            *,
            unblinded: bool = False,
            auditor: bool = False,
        ) -> Writer:
            service = stack.enter_context(open_service(trial.config))
            purpose: Any = "care" if clinic else "research"
            allowed = read_scopes(scopes.split())
            caller = Caller(name, purpose, clinic, unblinded, allowed, "", auditor)

            async def known(_: Request) -> Caller:
                return caller

            linked = service.crosswalk.linked
            ledger = Ledger(
                service.database,
                service.trial.identity,
                service.trial.forms,
                now,
                lambda there, participant: linked(there, participant) is not None,
            )
            audit = service.audit.path
            app = api_app(Api(ledger, BASE, "0", known, service.trial, audit=audit))
            auditing = Auditing(service.accesses.note, now, lambda: next(requests), {})
            port = stack.enter_context(serving(Audited(app, auditing)))
            client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
            return Writer(stack.enter_context(client), service)

        yield open_for


def _said(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
