"""An application of a foreign library is launched, and reads our API with what it was given.

Our service has no users and lets nobody in by a browser: an authorization server of somebody else
does, whose tokens it believes (`[[serve.issuers]]`). That server stands before our API, says where
to sign in, and gives out tokens as JWT.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from joserfc import jwt

from adapter.service.clock import now
from adapter.simulate import serving
from tests.launching import CLIENT, KEY, LaunchedFrom, launched_from_app
from tests.live.served import Served, free_port

ISSUER, AUDIENCE = "https://login.example.org", "https://trial.example.org/fhir"
SCOPES = ("system/Patient.rs", "system/Observation.rs")
STATE = 16  # characters that fhirclient of npm gives a state


def registered(folder: Path) -> str:
    """Settings by which the service believes the authorization server; its keys lie in a folder."""
    keys = {"keys": [KEY.as_dict(private=False)]}
    (folder / "login.jwks.json").write_text(json.dumps(keys), "utf-8")
    return f"""
[[serve.issuers]]
issuer = "{ISSUER}"
jwks_file = "login.jwks.json"
audience = "{AUDIENCE}"
client_claim = "client_id"
[[serve.clients]]
id = "{CLIENT}"
issuer = "{ISSUER}"
scopes = {json.dumps(SCOPES)}
purpose = "research"
requests_per_second = 100000
"""


@contextmanager
def letting_in(served: Served, redirect: str, patient: str) -> Iterator[LaunchedFrom]:
    """The authorization server before our API; who signs in there has a patient in context."""
    port = free_port()
    base = f"http://127.0.0.1:{port}/fhir"

    def forwarded(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("/fhir")[2]
        headers = {name: request.headers[name] for name in ("Accept", "Authorization")}
        said = httpx.get(f"{served.base}{path}", headers=headers, timeout=60)
        kind = {"Content-Type": said.headers["Content-Type"]}
        return httpx.Response(
            said.status_code, text=said.text.replace(served.base, base), headers=kind
        )

    system = LaunchedFrom(
        base.removesuffix("/fhir"),
        redirect,
        now,
        forwarded,
        context={"patient": patient},
        least=STATE,
        token=lambda _: _token(),
    )
    with serving(launched_from_app(system), port):
        yield system


def _token() -> str:
    """What an organisation gives an application that reads our API."""
    at = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "client_id": CLIENT,
        "scope": " ".join(SCOPES),
        "iat": at,
        "exp": at + 300,
    }
    return jwt.encode({"alg": "RS256", "kid": "theirs"}, claims, KEY)
