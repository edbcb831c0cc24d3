"""A page of another origin reads a patient's outcomes over the API, where its client names it."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from starlette.responses import HTMLResponse

from adapter.service import open_service
from adapter.service.keys import make_key
from adapter.service.serving import service_app
from adapter.simulate import serving
from tests.browser.conftest import Site
from tests.live.small import SmallTrial

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from tests.chromium import Chromium

URL = "http://127.0.0.1:8000"  # as the service knows itself; what a token is asked for at
SETTINGS = """
[serve]
url = "{url}"
[[serve.people]]
name = "kim"
role = "operator"
[[serve.clients]]
id = "an-app"
jwks_file = "clients/jwks.json"
scopes = ["system/*.rs", "system/QuestionnaireResponse.cu"]
purpose = "research"
origins = ["{origin}"]
"""
SIGN_IN = """fetch(%s, {method: 'POST', body: new URLSearchParams(%s)})
    .then(answer => answer.json()).then(said => said.access_token)"""
READ = """fetch(%s, {method: %s, headers: %s, credentials: 'omit'}).then(async answer => ({
    status: answer.status,
    etag: answer.headers.get('etag'),
    modified: answer.headers.get('last-modified'),
    where: answer.headers.get('content-location'),
    server: answer.headers.get('server'),
    body: await answer.text()}))"""
FAILS = "fetch(%s, {headers: %s}).then(() => 'read', wrong => wrong.name)"


@contextmanager
def page() -> Iterator[str]:
    """An application's page at an origin of its own."""
    app: ASGIApp = HTMLResponse("<!doctype html><title>An application</title>")
    with serving(app) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str, str]]:
    """The service, a page whose origin its client names, and another page."""
    folder = tmp_path_factory.mktemp("origins")
    with ExitStack() as stack:
        named, other = stack.enter_context(page()), stack.enter_context(page())
        make_key(folder / "clients", "demo", "ES384")
        settings = SETTINGS.format(url=URL, origin=named)
        trial = SmallTrial(
            folder, "http://127.0.0.1:9/fhir", frozenset({"1015"}), settings=settings
        )
        trial.read()
        service = stack.enter_context(open_service(trial.config))
        port = stack.enter_context(serving(service_app(service)))
        yield Site(service, f"http://127.0.0.1:{port}"), named, other


def assertion(folder: Path) -> dict[str, str]:
    """What signs the application in, once."""
    key = jwt.PyJWK(json.loads((folder / "clients" / "demo.private.json").read_text("utf-8"))).key
    claims: dict[str, Any] = {"iss": "an-app", "sub": "an-app", "aud": f"{URL}/auth/token"}
    claims |= {"exp": int(time.time()) + 240, "jti": secrets.token_hex(8)}
    return {
        "grant_type": "client_credentials",
        "scope": "system/*.rs system/QuestionnaireResponse.cu",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt.encode(claims, key, "ES384", {"kid": "demo"}),
    }


def test_a_page_of_a_named_origin_reads_and_one_of_another_does_not(
    chromium: Chromium, places: tuple[Site, str, str]
) -> None:
    site, named, other = places
    token_url, base = f"{site.origin}/auth/token", f"{site.origin}/fhir"
    folder = site.service.settings.audit.parent

    def read(path: str, method: str = "GET", **headers: str) -> dict[str, Any]:
        said = {"Authorization": f"Bearer {token}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        script = READ % tuple(map(json.dumps, (f"{base}{path}", method, said)))
        answer: dict[str, Any] = chromium.run(script)
        return answer

    chromium.open(named)
    token = chromium.run(SIGN_IN % (json.dumps(token_url), json.dumps(assertion(folder))))
    patient = json.loads(read("/Patient")["body"])["entry"][0]["resource"]["id"]
    found = json.loads(read(f"/Observation?patient={patient}&category=survey")["body"])
    one = read(f"/Observation/{found['entry'][0]['resource']['id']}")
    assert len(found["entry"]) > 3
    assert (one["status"], one["etag"]) == (200, 'W/"1"')
    assert one["modified"].endswith("GMT")
    assert one["server"] is None  # only what is told to be for pages
    again = read(f"/Patient/{patient}", If_None_Match='W/"1"', Prefer="handling=strict")
    assert (again["status"], again["body"]) == (304, "")
    put = read("/QuestionnaireResponse/none", "PUT", If_Match='W/"1"')
    assert "OperationOutcome" in put["body"]  # a refusal can be read, too
    assert put["status"] in {400, 405, 415}
    begun = read("/Patient/$export", Prefer="respond-async")
    assert begun["where"].startswith(f"{URL}/fhir/bulk/")
    late = chromium.run(READ % (json.dumps(f"{base}/Patient"), '"GET"', "{}"))
    assert late["status"] == 401

    sent = {"Authorization": f"Bearer {token}"}
    for url in (f"{base}/Patient", f"{base}/Observation?patient={patient}"):
        chromium.open(named)
        assert chromium.run(FAILS % (json.dumps(url), json.dumps(sent))) == "read"
        chromium.open(other)
        assert chromium.run(FAILS % (json.dumps(url), json.dumps(sent))) == "TypeError"
        assert chromium.run(FAILS % (json.dumps(url), "{}")) == "TypeError"
    chromium.open(named)
    assert chromium.run(FAILS % (json.dumps(f"{site.origin}/app/operator"), "{}")) == "TypeError"
