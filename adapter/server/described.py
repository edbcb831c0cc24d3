"""What describes the service to people and to programs: `/openapi.json`, and Swagger UI at `/docs`.

Everything that the page loads comes from this server; it may ask nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from swagger_ui_bundle import swagger_ui_path

from adapter.fhir.operation_outcome import refuse
from adapter.server.openapi import Mounted

PATHS = ("/openapi.json", "/docs")
_KEPT = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
_GUARDED = {
    **_KEPT,
    # Swagger UI writes styles into its elements, and draws its arrows from data addresses.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>FHIR out of the ledger</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="described"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/begin.js"></script>
</body>
</html>
"""
_BEGIN = """SwaggerUIBundle({
  url: new URL("openapi.json", document.baseURI).href,
  dom_id: "#described",
  docExpansion: "none",
  validatorUrl: null,
});
"""
_ASSETS = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}


def mounted(routes: Iterable[BaseRoute], prefix: str = "") -> list[Mounted]:
    """The addresses of an application that is mounted under `prefix`, with their methods."""
    plain = (each for each in routes if isinstance(each, Route))
    return [(prefix + each.path, frozenset(each.methods or ())) for each in plain]


def description_routes(description: Mapping[str, Any]) -> list[Route]:
    """The description as JSON, and the page that shows it."""
    text = orjson.dumps(description)

    async def as_json(_: Request) -> Response:
        return Response(text, 200, _KEPT, "application/json")

    async def page(_: Request) -> Response:
        return Response(_PAGE, 200, _GUARDED, "text/html")

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name == "begin.js":
            return Response(_BEGIN, 200, _GUARDED, "text/javascript")
        if name not in _ASSETS:
            raise refuse(404, "not-found", "There is no such file here")
        content = (Path(swagger_ui_path) / name).read_bytes()
        return Response(content, 200, _GUARDED, _ASSETS[name])

    said, docs = PATHS
    return [
        Route(said, as_json, methods=["GET"]),
        Route(docs, page, methods=["GET"]),
        Route(f"{docs}/{{name}}", asset, methods=["GET"]),
    ]
