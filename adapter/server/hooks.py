"""CDS Hooks: a record system that opens a patient learns that the trial has outcomes of theirs.

One service for `patient-view`, with one card at most: how many outcomes there are, the newest one's
day, and a link to the app. No score and no answer stands in it. Who a patient is, is known by the
link that a person made at that clinic; what the release gate holds is not counted. Nothing is ever
asked of the `fhirServer` that a request names, nor of any address in it.

A card has an id of its own, and what became of it is taken in as `feedback`; both stand in the
access log, where the id ties them together.

Source: https://cds-hooks.hl7.org/2.0/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Route

from adapter.fhir.change import is_change
from adapter.fhir.ids import IS_ID
from adapter.fhir.operation_outcome import RefusalError, refuse
from adapter.fhir.text import read_text
from adapter.instruments.window import local_day
from adapter.server.audited import Telling, told
from adapter.server.caller import Caller
from adapter.server.exchange import read_body, refused
from adapter.server.feedback import is_uuid, read_feedback
from adapter.server.ledger import Ledger, View
from adapter.server.signed import SKEW_SECONDS, Issuer, UnsignedError, read_signed
from adapter.store import access

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

ROOT = "/cds-services"
SERVICE = "trial-outcomes"
FEEDBACK = "/feedback"
LONGEST_TOKEN_SECONDS = 3600
CLAIMS = ("iss", "aud", "exp", "iat", "jti")
MOST_BYTES = 262_144
_SIGNED = re.compile(r"[Bb]earer +([A-Za-z0-9\-_.]+)")
_GIVEN = frozenset({"final", "amended", "corrected"})
_INDICATORS = {"immediate": "critical", "urgent": "warning"}
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class HookClient:
    """A record system that may ask: whose signature, for which clinic, from which FHIR server.

    `tenant` is what its tokens say where one issuer speaks for several clinics, '' for any;
    `fhir_server` is its base, '' where that is not known. `name` stands in the access log.
    """

    name: str
    clinic: str
    issuer: Issuer
    tenant: str = ""
    fhir_server: str = ""

    def is_of(self, claimed: Mapping[str, Any]) -> bool:
        """Whether a token is one that this system would sign."""
        tenant = claimed.get("tenant", "") if self.tenant else ""
        return claimed.get("iss") == self.issuer.name and tenant == self.tenant


@dataclass(frozen=True)
class Hooks:
    """The service: the ledger, who may ask, and where the app is launched ('' for nowhere).

    `participant_of` says of a clinic and the id of a Patient there who that is, None for nobody.
    """

    ledger: Ledger
    clients: Sequence[HookClient]
    launch_url: str
    participant_of: Callable[[str, str], str | None] = field(repr=False)


def hook_routes(hooks: Hooks) -> list[Route]:
    """Discovery and the one service, for browsers of any origin: who signs is let in."""

    async def discover(request: Request) -> Response:
        told(request).interaction = "discovery"
        return JSONResponse({"services": [_described(hooks.ledger.study.title)]})

    async def invoke(request: Request) -> Response:
        told(request).interaction = "patient-view"
        try:
            client = await run_in_threadpool(_client_of, hooks, request)
            told(request).client = client.name
            asked = _read(await read_body(request, MOST_BYTES), client)
            cards = await run_in_threadpool(_cards, hooks, client, asked, request)
        except RefusalError as wrong:
            return refused(wrong)
        return JSONResponse({"cards": cards})

    async def heed(request: Request) -> Response:
        told(request).interaction = "feedback"
        try:
            client = await run_in_threadpool(_client_of, hooks, request, FEEDBACK)
            told(request).client = client.name
            given = read_feedback(_object(await read_body(request, MOST_BYTES)))
        except RefusalError as wrong:
            return refused(wrong)
        told(request).parts = [
            Telling("", interaction=f"feedback-{each.outcome}", id=each.card) for each in given
        ]
        return JSONResponse({})

    # They are found by their whole path, as they would be without what stands around them.
    routes = [
        Route(ROOT, discover, methods=["GET"]),
        Route(f"{ROOT}/{SERVICE}", invoke, methods=["POST"]),
        Route(f"{ROOT}/{SERVICE}{FEEDBACK}", heed, methods=["POST"]),
    ]
    open_to_all = CORSMiddleware(
        Starlette(routes=routes),
        allow_origins=["*"],
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type"],
    )
    return [
        Route(route.path, open_to_all, methods=[*(route.methods or ()), "OPTIONS"])
        for route in routes
    ]


def _described(study: str) -> dict[str, Any]:
    return {
        "hook": "patient-view",
        "id": SERVICE,
        "title": "Trial outcomes",
        "description": f"Says whether outcomes of the trial `{study}` are available of a patient",
        "prefetch": {"patient": "Patient/{{context.patientId}}"},
    }


def _client_of(hooks: Hooks, request: Request, below: str = "") -> HookClient:
    """Who asks, by a token that was signed for this service and is used once.

    It may be signed for what lies `below` the service just as well: who asks there calls that so.

    Raises:
        RefusalError: 401, for anybody else.
    """
    now = hooks.ledger.now().timestamp()
    said = _SIGNED.fullmatch(request.headers.get("authorization", ""))

    def find(claimed: Mapping[str, Any]) -> Issuer | None:
        client = _of_claims(hooks, claimed)
        if client is None:
            return None
        there = f"{client.issuer.audience}{below}"
        return (
            replace(client.issuer, audience=there) if claimed.get("aud") == there else client.issuer
        )

    try:
        claims = read_signed(said[1] if said else "", find, now)
    except UnsignedError:
        raise _stranger() from None
    client, jti = _of_claims(hooks, claims), claims["jti"]
    is_named = isinstance(jti, str) and 0 < len(jti) <= _LONGEST_NAME and jti.isprintable()
    if client is None or not is_named:
        raise _stranger()
    with hooks.ledger.database.write() as tx:
        # Apart from what bought tokens of ours: a name there is another one here.
        issuer = f"{ROOT} {claims['iss']}"
        if not access.spend(tx, issuer, jti, claims["exp"] + SKEW_SECONDS, now):
            raise _stranger()
    return client


def _of_claims(hooks: Hooks, claimed: Mapping[str, Any]) -> HookClient | None:
    return next((client for client in hooks.clients if client.is_of(claimed)), None)


def _stranger() -> RefusalError:
    text = "A token that a known record system signed for this service is expected, once"
    return refuse(HTTPStatus.UNAUTHORIZED, "login", text)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The id of the patient who is looked at, at the clinic, and that of the card."""

    patient: str
    card: str


def _read(content: bytes, client: HookClient) -> _Asked:
    """Who is looked at, where that is asked as the hook wants it.

    Raises:
        RefusalError: 400, for no request of this hook; 403, for one of another FHIR server; 412,
            where what came along is about another patient.
    """
    said = _object(content)
    hook, instance = said.get("hook"), said.get("hookInstance")
    context = said["context"] if isinstance(said.get("context"), dict) else {}
    patient, user = context.get("patientId"), context.get("userId")
    is_whole = hook == "patient-view" and is_uuid(instance) and isinstance(user, str) and user
    if not is_whole or not isinstance(patient, str) or not IS_ID(patient):
        text = (
            "`hook` patient-view, `hookInstance`, `context.userId` and `context.patientId` "
            "are expected"
        )
        raise refuse(400, "required", text)
    server = said.get("fhirServer")
    if server is None and said.get("fhirAuthorization") is not None:
        raise refuse(400, "required", "`fhirServer` is expected beside `fhirAuthorization`")
    if server is not None and client.fhir_server:
        known = client.fhir_server.rstrip("/")
        if not isinstance(server, str) or server.rstrip("/") != known:
            raise refuse(403, "forbidden", "`fhirServer` is not that of this record system")
    prefetch = said.get("prefetch")
    shown = prefetch.get("patient") if isinstance(prefetch, dict) else None
    is_patient = isinstance(shown, dict) and shown.get("resourceType") == "Patient"
    if is_patient and shown.get("id") != patient:  # type: ignore[union-attr]
        text = "The Patient in `prefetch` is not the one of `context.patientId`"
        raise refuse(412, "conflict", text)
    # The same for the same call, another for any other: nothing has to be remembered of a card.
    return _Asked(patient, str(uuid5(NAMESPACE_URL, f"{client.name} {str(instance).lower()}")))


def _object(content: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(content)
    except orjson.JSONDecodeError:
        said = None
    if not isinstance(said, dict):
        raise refuse(400, "structure", "A JSON object is expected")
    return said


def _cards(
    hooks: Hooks, client: HookClient, asked: _Asked, request: Request
) -> list[dict[str, Any]]:
    participant = hooks.participant_of(client.clinic, asked.patient)
    if participant is None:
        return []
    caller = Caller(client.name, "care", client.clinic)
    view = View(hooks.ledger, caller, hooks.ledger.database.read())
    seen = view.of_participant(participant, frozenset({"Observation", "Flag"}))
    resources = [read_text(each.text) for each in seen if each.text is not None]
    outcomes = [each for each in resources if _is_outcome(each)]
    telling = told(request)
    telling.about, telling.count = [participant], len(outcomes)
    if not outcomes:
        return []
    telling.id = asked.card
    return [{"uuid": asked.card, **_card(hooks, outcomes, _level(resources))}]


def _is_outcome(resource: dict[str, Any]) -> bool:
    """Whether it is a score: no panel that holds some, no change of one, none that is absent."""
    is_given = resource["resourceType"] == "Observation" and resource["status"] in _GIVEN
    return is_given and "valueQuantity" in resource and not is_change(resource)


def _card(hooks: Hooks, outcomes: list[dict[str, Any]], indicator: str) -> dict[str, Any]:
    times = [str(each["effectiveDateTime"]) for each in outcomes if "effectiveDateTime" in each]
    zone = hooks.ledger.study.zone
    days = [str(local_day(each, zone) or each[:10]) for each in times]  # or a month
    newest = f", the newest of {max(days)}" if days else ""
    card: dict[str, Any] = {
        "summary": f"Trial outcomes available: {len(outcomes)}{newest}",
        "indicator": indicator,
        "source": {"label": hooks.ledger.study.title},
        "detail": "The patient takes part in a trial, and agreed that this clinic is told.",
    }
    if indicator != "info":
        card["detail"] += " The trial's safety rules ask for a look at the answers."
    if hooks.launch_url:
        card["links"] = [{"label": "Open the outcomes", "url": hooks.launch_url, "type": "smart"}]
    return card


def _level(resources: Sequence[Mapping[str, Any]]) -> str:
    """As urgent as the study's own signals say, where it sends them to care at all."""
    levels = {
        coding["code"]
        for each in resources
        if each["resourceType"] == "Flag" and each["status"] == "active"
        for coding in each["code"]["coding"]
    }
    return next((word for level, word in _INDICATORS.items() if level in levels), "info")
