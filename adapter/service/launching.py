"""The page inside a record system out of the settings: who may open it, with which key."""

from __future__ import annotations

from secrets import token_urlsafe
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from adapter.server.audited import told
from adapter.service.running import Service
from adapter.settings import RecordSystemSettings, ServeSettings, kept_secret
from adapter.store.readings import counts_alike
from adapter.viewer.launch import Launches, Registered
from adapter.viewer.launch.remembered import Memory, Opened
from adapter.viewer.launch.web import ways

if TYPE_CHECKING:
    from starlette.requests import Request

ROOT = "/app"
_BYTES = 32


def launches_of(service: Service, settings: ServeSettings) -> Launches:
    """The launch, for every record system that is registered."""
    url = urlsplit(settings.url)
    forms, placed = service.trial.forms, [each.form for each in service.trial.study.forms]
    return Launches(
        registered={each.iss: _registered(service, each) for each in settings.record_systems},
        web=ways(),
        memory=Memory(service.database, service.clock),
        forms={name: forms[name] for name in dict.fromkeys([*placed, *forms]) if name in forms},
        study=service.trial.study.title,
        origin=f"{url.scheme}://{url.netloc}",
        root=url.path.rstrip("/") + ROOT,
        is_secure=url.scheme == "https",
        now=service.clock,
        unique=lambda: token_urlsafe(_BYTES),
        look=_note,
        zone=service.trial.study.zone,
        alike=lambda *said: counts_alike(service.database.read(), *said),
    )


def _registered(service: Service, said: RecordSystemSettings) -> Registered:
    key = None
    if said.key_env is not None or said.key_file is not None:
        what = f"a private JWK for {said.iss}"
        key = kept_secret(service.environment, said.key_env, said.key_file, what)
    return Registered(said.iss, said.client_id, key, said.scopes, said.frames)


def _note(request: Request, interaction: str, opened: Opened | None, count: int) -> None:
    telling = told(request)
    telling.interaction, telling.count = interaction, count
    if opened is not None:
        telling.client, telling.person = opened.begun.registered, opened.who
        telling.type, telling.id = "Patient", opened.patient
