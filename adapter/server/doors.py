"""How clients come in: what the server says of it, the token endpoint, the token at the door.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import Route

from adapter.fhir.operation_outcome import RefusalError, refuse
from adapter.server.audited import told
from adapter.server.exchange import FORM, read_body, refused
from adapter.server.grants import ALGORITHMS, GRANT, MOST_BYTES, GrantError, Grants
from adapter.server.issued import Issuing, issued_caller

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from adapter.server.caller import Caller

_BEARER = re.compile(r"[Bb]earer +([A-Za-z0-9\-._~+/]{1,8192}=*)")
_DOTS = 2  # in a signed token
_UNKEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def smart_configuration(token_url: str) -> dict[str, Any]:
    """What `.well-known/smart-configuration` says."""
    return {
        "token_endpoint": token_url,
        "grant_types_supported": [GRANT],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "scopes_supported": [
            *("system/*.rs", "system/*.read"),
            *("system/QuestionnaireResponse.cu", "system/AdverseEvent.c"),
        ],
        "code_challenge_methods_supported": ["S256"],
        "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
    }


def discovery_route(grants: Grants) -> Route:
    """`.well-known/smart-configuration`, open to everybody, in JSON whatever is accepted."""
    said = smart_configuration(grants.url)

    async def discovery(request: Request) -> Response:
        told(request).interaction = "discovery"
        return JSONResponse(said, headers={"Access-Control-Allow-Origin": "*"})

    return Route("/.well-known/smart-configuration", discovery, methods=["GET"])


def token_route(grants: Grants) -> Route:
    """The token endpoint."""

    async def token(request: Request) -> Response:
        telling = told(request)
        telling.interaction = "token"
        try:
            form = await _form(request)
            given = await run_in_threadpool(grants.grant, form)
        except GrantError as wrong:
            return JSONResponse({"error": wrong.refusal}, wrong.status, _UNKEPT)
        except RefusalError as wrong:
            return refused(wrong, _UNKEPT)
        telling.client = given.client
        said = {
            "access_token": given.value,
            "token_type": "bearer",
            "expires_in": given.seconds,
            "scope": given.scope,
        }
        return JSONResponse(said, headers=_UNKEPT)

    return Route("/auth/token", token, methods=["POST"])


async def caller_of(request: Request, grants: Grants, issued: Sequence[Issuing] = ()) -> Caller:
    """Who asks, by the token that came along: one of ours, or of somebody who is believed.

    Raises:
        RefusalError: 401, without one or with one that is not good any more.
    """
    said = _BEARER.fullmatch(request.headers.get("authorization", ""))
    if said is None:
        raise refuse(401, "login", "A token of this server is expected, as Authorization: Bearer")
    caller = grants.caller_of(said[1])
    if caller is None and issued and said[1].count(".") == _DOTS:
        # An issuer may have to be asked for its keys.
        now = grants.now().timestamp()
        caller = await run_in_threadpool(issued_caller, said[1], issued, now)
    if caller is None:
        raise refuse(401, "login", "The token is not one of this server, or it has ended")
    return caller


async def _form(request: Request) -> dict[str, str]:
    """The form of a request; a name that comes twice is refused (RFC 6749, section 3.2)."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise GrantError("invalid_request")
    body = await read_body(request, MOST_BYTES)
    pairs = parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True)
    form = dict(pairs)
    if len(form) != len(pairs):
        raise GrantError("invalid_request")
    return form
