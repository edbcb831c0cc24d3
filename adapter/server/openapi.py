"""The service as OpenAPI 3.0, made of the routes that are mounted and what they say of themselves.

Which interactions a type has, and by what it is searched, stands in the CapabilityStatement alone;
which addresses there are, in the routes. R4 itself is not told here: of a resource, its type.

Source: https://spec.openapis.org/oas/v3.0.3
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from adapter.fhir.ids import ID
from adapter.server.exchange import FORM
from adapter.server.json_patch import PATCH_JSON
from adapter.server.media import FHIR_JSON
from adapter.server.openapi_words import SEARCHED, SHAPING, STEPS, value_of

Object = dict[str, Any]
Mounted = tuple[str, frozenset[str]]
"""The path of a route, from the root of the service on, and its methods."""

_PREFIX = "/fhir"
_HOOKS = "/cds-services"
_TYPED = {
    ("GET", "/{type}/{id}"): "read",
    ("GET", "/{type}/{id}/_history/{number}"): "vread",
    ("GET", "/{type}/{id}/_history"): "history-instance",
    ("GET", "/{type}"): "search-type",
    ("POST", "/{type}/_search"): "search-type",
    ("POST", "/{type}"): "create",
    ("PUT", "/{type}/{id}"): "update",
    ("PUT", "/{type}"): "update",
    ("PATCH", "/{type}/{id}"): "patch",
}
_OPEN = ("/fhir/metadata", "/fhir/.well-known/smart-configuration", "/auth/token")
"""What is answered without a token."""
_BUNDLES = {"search-type": "searchset", "history-instance": "history"}
_NAMES = re.compile(r"\{(\w+)(?::\w+)?\}")
_ID = {"type": "string", "pattern": f"^{ID}$"}
_NUMBER = {"type": "string", "pattern": r"^[1-9][0-9]{0,8}$"}
_IN_FHIR = re.compile(r"/\{type\}|/fhir(?!/bulk|/\.well-known|.*\$export)")
"""Where `_format` and `_pretty` are heeded: files and the way to them have a form of their own."""
_TYPE = "^[A-Z][A-Za-z]{1,63}$"
_BUSY = ("429", "503", "504")  # whoever refuses so does not look at which door it is
_OUTCOME = {"$ref": "#/components/schemas/OperationOutcome"}


def openapi(statement: Mapping[str, Any], mounted: Iterable[Mounted]) -> Object:
    """The description, of version 3.0.3.

    `statement` is the CapabilityStatement of what is mounted under `/fhir`.
    """
    paths: dict[str, Object] = {}
    for path, methods in mounted:
        for method in sorted(methods - {"HEAD", "OPTIONS"}):
            for concrete, said in _operations(path, method, statement):
                paths.setdefault(concrete, {})[method.lower()] = said
    software = statement["software"]
    url = str(statement["implementation"]["url"])
    return {
        "openapi": "3.0.3",
        "info": {
            "title": software["name"],
            "version": software["version"],
            "description": statement["implementation"]["description"],
        },
        "servers": [{"url": url.removesuffix(_PREFIX)}],
        "paths": paths,
        "components": {
            "schemas": {"OperationOutcome": _resource("OperationOutcome")},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operations(
    path: str, method: str, statement: Mapping[str, Any]
) -> Iterator[tuple[str, Object]]:
    """What a route is for: where it has `{type}`, once for each type that has it."""
    tail = path.removeprefix(_PREFIX)
    if "${" in tail or tail.startswith("/AuditEvent"):  # where what is no operation is refused;
        return  # and what is told where types are
    if "{type}" not in tail:
        bare = path.rstrip("/") or "/"
        yield _NAMES.sub(r"{\1}", bare), _other(bare, method)
        return
    operation = re.search(r"\$(\w+)", tail)
    for each in statement["rest"][0]["resource"]:
        word = operation[1] if operation else _TYPED[method, tail]
        told = each.get("operation", ()) if operation else each["interaction"]
        if word in {one.get("code") or one["name"] for one in told}:
            said = _of_type(each, word, method, tail)
            yield path.replace("{type}", each["type"]), said


def _of_type(each: Mapping[str, Any], word: str, method: str, tail: str) -> Object:
    name = each["type"]
    said: Object = {
        "tags": [name],
        "operationId": f"{method}{tail}".replace("{type}", name),
        "summary": f"{word} {name}",
        "parameters": _path_parameters(tail),
        "security": [{"token": []}],
    }
    if word == "search-type":
        fields = _search_fields(each)
        if method == "GET":
            queries = ({"name": key, "in": "query", "schema": fields[key]} for key in fields)
            said["parameters"] += queries
        else:
            form = {"type": "object", "properties": fields, "additionalProperties": False}
            content = {FORM: {"schema": form}}
            said["requestBody"] = {"content": content}
    elif method == "PATCH":
        content = {PATCH_JSON: {"schema": STEPS}}
        said["requestBody"] = {"required": True, "content": content}
    elif method != "GET":
        sent = _resource("" if "$" in tail else name)
        said["requestBody"] = {"required": True, "content": {FHIR_JSON: {"schema": sent}}}
    bundle = _BUNDLES.get(word)
    given = _bundle(bundle) if bundle else _resource("" if "$" in tail else name)
    said["responses"] = {"200": _fhir("What was asked for", given), **_refusals()}
    if word == "create":
        said["responses"]["201"] = _fhir("It was created", given)
    return said


def _other(path: str, method: str) -> Object:
    """A route that is not of one type."""
    is_open = not path.startswith(_PREFIX) or path in _OPEN
    said: Object = {
        "tags": [path.split("/")[1]],
        "operationId": f"{method}{path}",
        "summary": f"{method} {path}",
        "parameters": _path_parameters(path),
        "responses": {"200": {"description": "What was asked for"}, "default": _fhir_refusal()},
    }
    if not is_open:
        said["security"] = [{"token": []}]
        said["responses"] |= _refusals()
    if path == "/auth/token":
        names = ("grant_type", "scope", "client_assertion_type", "client_assertion")
        fields = {name: {"type": "string"} for name in names}
        form = {"type": "object", "properties": fields, "required": list(names)}
        said["requestBody"] = {"required": True, "content": {FORM: {"schema": form}}}
        said["responses"] = {
            "200": _json("A token", "access_token", "token_type", "expires_in", "scope"),
            "default": _json("Why there is none, as OAuth says it", "error"),
            **{status: _fhir_refusal() for status in _BUSY},
        }
    elif path.startswith(_HOOKS):
        said |= _of_hooks(method, path)
    elif path.startswith(_PREFIX) and method == "POST":
        content = {FHIR_JSON: {"schema": _resource("Bundle" if path == _PREFIX else "")}}
        said["requestBody"] = {"content": content}
    return said


def _of_hooks(method: str, path: str) -> Object:
    """Discovery, a call or feedback; https://cds-hooks.hl7.org/2.0/ says what is in them."""
    if method == "GET":
        return {"responses": {"200": _json("The services", "services"), "default": _fhir_refusal()}}
    if path.endswith("/feedback"):
        sent, given = _object("feedback"), _json("It was noted")
    else:
        sent = _object("hook", "hookInstance", "context")
        given = _json("What is shown", "cards")
    return {
        "security": [{"token": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": sent}}},
        "responses": {"200": given, "default": _fhir_refusal()},
    }


def _search_fields(each: Mapping[str, Any]) -> dict[str, Object]:
    fields = {
        one["name"]: value_of(one["type"], one["name"]) for one in each.get("searchParam", ())
    }
    dates = [one["name"] for one in each.get("searchParam", ()) if one["type"] == "date"]
    fields["_sort"] = {"type": "string", "enum": [*dates, *(f"-{name}" for name in dates)]}
    for name, key in (("_include", "searchInclude"), ("_revinclude", "searchRevInclude")):
        if each.get(key):
            fields[name] = {"type": "string", "enum": list(each[key])}
    return {**fields, **SEARCHED}


def _path_parameters(path: str) -> list[Object]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _NUMBER if name == "number" else _ID,
        }
        for name in _NAMES.findall(path)
        if name != "type"
    ] + [dict(each) for each in SHAPING if _IN_FHIR.match(path)]


def _resource(name: str) -> Object:
    """A resource of a type, '' for one of any."""
    kind: Object = {"type": "string", **({"enum": [name]} if name else {"pattern": _TYPE})}
    return {"type": "object", "properties": {"resourceType": kind}, "required": ["resourceType"]}


def _bundle(kind: str) -> Object:
    schema = _resource("Bundle")
    schema["properties"]["type"] = {"type": "string", "enum": [kind]}
    schema["required"] = ["resourceType", "type"]
    return schema


def _fhir(description: str, schema: Object) -> Object:
    return {"description": description, "content": {FHIR_JSON: {"schema": schema}}}


def _fhir_refusal() -> Object:
    return _fhir("It was refused, and why", _OUTCOME)


def _refusals() -> Object:
    words = {
        "401": "No token that is good",
        "403": "The scopes of the token do not allow it",
        "404": "It is not there, or not for this client",
        "406": "A format that is not spoken",
    }
    refusals = {status: _fhir(said, _OUTCOME) for status, said in words.items()}
    return {**refusals, "default": _fhir_refusal()}


def _json(description: str, *names: str) -> Object:
    content = {"application/json": {"schema": _object(*names)}}
    return {"description": description, "content": content}


def _object(*names: str) -> Object:
    """A JSON object that has these."""
    return {"type": "object", "required": list(names)}
