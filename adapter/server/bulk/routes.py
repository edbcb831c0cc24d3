"""The interactions of an export over HTTP: asking for one, for how it stands, for its files.

Whoever asks without `Prefer: respond-async` is answered as if it stood there: there is no other way
to have an export. Source: https://hl7.org/fhir/uv/bulkdata/STU2/export.html
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from adapter.fhir.operation_outcome import Issue, operation_outcome, refuse
from adapter.server.audited import told
from adapter.server.bulk.desk import Desk
from adapter.server.bulk.filters import in_our_ids
from adapter.server.bulk.order import Asking, Level, read_order, read_parameters
from adapter.server.caller import Caller
from adapter.server.exchange import SHAPING, read_body
from adapter.server.ledger import View
from adapter.server.media import FHIR_JSON, JSON_TYPES, check_accept, kind_of
from adapter.store import exports

Authenticate = Callable[[Request], Awaitable[Caller]]
NDJSON = "application/fhir+ndjson"
MOST_BYTES = 1_048_576
CHUNK = 1_048_576  # a quarter of the work of Starlette's 64 KiB
_NAME = re.compile(r"(?P<number>\d{4,8})\.ndjson", re.ASCII)
_LENIENT = re.compile(r"\bhandling=lenient\b")
_PACKS = re.compile(r"(?:^|,)(?:gzip|\*)(?:;q=(?!0(?:\.0*)?(?:,|$))[\d.]+)?(?:,|$)")


def bulk_routes(desk: Desk, authenticate: Authenticate) -> list[Route]:
    """The routes, which stand before those of single types."""

    def kick_off(level: Level) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            caller = await _known(request, authenticate, "operation")
            if level == "group":
                _check_group(desk, caller, request.path_params["id"])
            asking = await _read(request, level, desk.base)
            job = await run_in_threadpool(_begin, desk, asking, caller)
            text = "The export has begun; Content-Location says where to ask how it stands"
            said = operation_outcome(Issue("informational", text, severity="information"))
            where = {"Content-Location": f"{desk.base}/bulk/{job}"}
            return Response(orjson.dumps(said), 202, where, FHIR_JSON)

        return endpoint

    def begun_at(path: str, level: Level) -> Route:
        route = Route(path, kick_off(level), methods=["GET", "POST"])
        route.methods = {"GET", "POST"}  # a HEAD, which Starlette adds, would begin an export
        return route

    async def status(request: Request) -> Response:
        is_over = request.method == "DELETE"
        word = "export-delete" if is_over else "export-status"
        caller = await _known(request, authenticate, word)
        job = request.path_params["job"]
        if is_over:
            await run_in_threadpool(desk.drop, job, caller.client)
            return Response(status_code=202)
        return await run_in_threadpool(_status, desk, job, caller)

    async def file(request: Request) -> Response:
        caller = await _known(request, authenticate, "export-file")
        named = _NAME.fullmatch(request.path_params["name"])
        if named is None:
            raise refuse(404, "not-found", "There is no such file here")
        number, job = int(named["number"]), request.path_params["job"]
        whole, path = await run_in_threadpool(desk.file, job, number, caller)
        telling = told(request)
        telling.type, telling.about, telling.count = whole.type, whole.about, whole.count
        accepted = "".join(request.headers.get("accept-encoding", "").split())
        if _PACKS.search(accepted):  # without spaces, of which a long row would cost much time
            headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
            return StreamingResponse(_packed(path), 200, headers, NDJSON)
        return _File(path, media_type=NDJSON, headers={"Vary": "Accept-Encoding"})

    return [
        begun_at("/$export", "system"),
        begun_at("/Patient/$export", "patient"),
        begun_at("/Group/{id}/$export", "group"),
        Route("/bulk/{job}", status, methods=["GET", "DELETE"]),
        Route("/bulk/{job}/{name}", file, methods=["GET"]),
    ]


async def _known(request: Request, authenticate: Authenticate, word: str) -> Caller:
    """Who asks, noted for the audit of accesses under a word for what they do."""
    telling = told(request)
    telling.interaction = word
    caller = await authenticate(request)
    telling.client = caller.client
    return caller


class _File(FileResponse):
    chunk_size = CHUNK


def _status(desk: Desk, job: str, caller: Caller) -> Response:
    known, files = desk.status(job, caller)
    if known.state == "running":
        whole = len(exports.files(desk.ledger.database.read(), job))
        headers = {"X-Progress": f"{whole} files are whole"}
        headers["Retry-After"] = str(desk.retry_after(known))
        return Response(status_code=202, headers=headers)
    ends = format_datetime(datetime.fromtimestamp(known.ends, UTC), usegmt=True)
    said = orjson.dumps(desk.manifest(known, files))
    return Response(said, 200, {"Expires": ends}, "application/json")


async def _read(request: Request, level: Level, base: str) -> Asking:
    check_accept(request)
    said = request.query_params.multi_items()
    is_post = request.method == "POST"
    if is_post:
        body = await read_body(request, MOST_BYTES)
        if body and kind_of(request) not in JSON_TYPES:
            raise refuse(415, "not-supported", f"The content is expected as {FHIR_JSON}")
        said += read_parameters(body) if body else []
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    query = f"?{request.url.query}" if request.url.query else ""
    return Asking(
        request=f"{base}{path}{query}",
        level=level,
        said=[pair for pair in said if pair[0] not in SHAPING],
        is_post=is_post,
        is_lenient=_LENIENT.search(request.headers.get("prefer", "")) is not None,
    )


def _begin(desk: Desk, asking: Asking, caller: Caller) -> str:
    view = View(desk.ledger, caller, desk.ledger.database.read())
    return desk.take(in_our_ids(read_order(asking, caller), view), caller.client)


def _check_group(desk: Desk, caller: Caller, group: str) -> None:
    if not (caller.may("r", "Group") and caller.may("s", "Group")):
        text = "The scopes of this client do not allow it: system/Group.rs"
        raise refuse(403, "forbidden", text)
    if group != desk.ledger.identity.group_id:
        raise refuse(404, "not-found", "There is no such group here")


def _packed(path: Path) -> Iterator[bytes]:
    """A file as gzip, a piece at a time."""
    packer = zlib.compressobj(level=1, wbits=31)
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield packer.compress(piece)
    yield packer.flush()
