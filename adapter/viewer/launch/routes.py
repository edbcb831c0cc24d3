"""The launch over HTTP: to the record system's authorization server, back, and to the page.

The launched page has an address and a session of its own, so that two patients that are open at
once cannot be mixed up. It opens nothing of the ledger.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from adapter.errors import DeclarationError, EhrError
from adapter.viewer import page
from adapter.viewer.guard import guarded
from adapter.viewer.launch import authorizing
from adapter.viewer.launch.authorizing import Begun, Grant
from adapter.viewer.launch.context import outcomes_named
from adapter.viewer.launch.cookies import Cookie
from adapter.viewer.launch.fetching import Fetched, LetInNoMoreError, Reader
from adapter.viewer.launch.heading import heading_of
from adapter.viewer.launch.launches import Launches
from adapter.viewer.launch.registered import Registered, asked_scopes
from adapter.viewer.launch.remembered import LAUNCH_SECONDS, Opened, renewed, until
from adapter.viewer.launch.web import Web
from adapter.viewer.page import Frame
from adapter.viewer.people import LONGEST_SECONDS
from adapter.viewer.record import read_record

_UNIQUE = re.compile(r"[\w-]{43}", re.ASCII)  # 256 bits
_LONGEST_LAUNCH = 4096
_AHEAD_SECONDS = 30
_NO_PATIENT = (
    "The record system did not say which patient this is about. Open a patient there first, then "
    "this page."
)


class _ToldError(Exception):
    """Ends a request with a page that says why."""

    def __init__(self, status: int, title: str, text: str, frames: tuple[str, ...] = ()) -> None:
        super().__init__(title)
        self.status, self.title, self.text, self.frames = status, title, text, frames


def launch_routes(launches: Launches) -> list[Route]:
    """The routes of the launch, below the root of the pages."""

    def route(path: str, answer: Callable[[Launches, Request], Response]) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                return await run_in_threadpool(answer, launches, request)
            except _ToldError as told:
                content = page.message_page(Frame(launches.root), told.title, told.text)
                return guarded(HTMLResponse(content, told.status), told.frames)

        return Route(path, endpoint, methods=["GET"])

    return [
        route("/launch", _launch),
        route("/callback", _callback),
        route("/launched/{page}", _page),
        route("/launched/{page}/at", _at),
        route("/launched/{page}/responses/{response}", _answers),
    ]


def _launch(launches: Launches, request: Request) -> Response:
    said = request.query_params
    launches.look(request, "launch", None, 0)
    # Nothing is asked of a place that is not registered: anybody can write an address with `iss`.
    registered = launches.registered.get(said.get("iss", ""))
    launch = said.get("launch", "")
    if registered is None or len(launch) > _LONGEST_LAUNCH:
        raise _ToldError(
            403,
            "Not from there",
            "This page is opened from a record system that the trial's staff has registered; the "
            "one that asked for it is not among them.",
        )
    with launches.web() as web:
        server = _with(registered, lambda: authorizing.discover(web, registered.iss))
    begun = Begun(
        registered.iss,
        server,
        " ".join(asked_scopes(registered, server.capabilities, is_launched=bool(launch))),
        launches.unique(),
        launches.unique(),
        is_launched=bool(launch),
    )
    state, cookies = launches.unique(), launches.cookies
    browser = request.cookies.get(cookies.browser, "")
    browser = browser if _UNIQUE.fullmatch(browser) else launches.unique()
    launches.memory.begin(state, browser, begun)
    url = authorizing.authorize_url(
        server, registered, begun, state=state, redirect=launches.redirect, launch=launch
    )
    answer = RedirectResponse(url, 302)
    kept = Cookie(cookies.browser, browser, LAUNCH_SECONDS, "/")
    cookies.give(answer, kept, is_framed=bool(registered.frames))
    return guarded(answer, registered.frames)


def _callback(launches: Launches, request: Request) -> Response:
    said = request.query_params
    launches.look(request, "callback", None, 0)
    state = said.get("state", "")
    browser = request.cookies.get(launches.cookies.browser, "")
    is_whole = _UNIQUE.fullmatch(state) and _UNIQUE.fullmatch(browser)
    begun = launches.memory.take(state, browser) if is_whole else None
    registered = launches.registered.get(begun.registered) if begun else None
    if begun is None or registered is None:
        raise _ToldError(
            400,
            "Not begun here",
            "This is not the answer to anything that this browser has begun in the last ten "
            "minutes. Open the page again from the record system.",
        )
    if said.get("error") or not said.get("code"):
        reason = ": ".join(
            word[:200] for word in (said.get("error"), said.get("error_description")) if word
        )
        raise _ToldError(
            403,
            "Not granted",
            f"The record system did not let this page in. It said: {reason or 'nothing'}",
            registered.frames,
        )
    if "iss" in said and said["iss"] != begun.server.issuer:
        raise _failed(registered, "Another server answered than the one that was asked.")
    now = launches.now()
    form = authorizing.code_form(begun, said["code"], launches.redirect)
    with launches.web() as web:
        grant = _with(registered, lambda: _granted(launches, web, registered, begun, form))
        who = _with(registered, lambda: _who(web, registered, begun, grant, now))
    if not grant.patient:
        raise _ToldError(400, "No patient", _NO_PATIENT, registered.frames)
    key, name = launches.unique(), launches.unique()
    launches.memory.open(
        key,
        Opened(
            name,
            begun,
            grant.token,
            grant.refresh,
            grant.scope,
            grant.patient,
            grant.needs_banner,
            who,
            grant.ends,
            until(now),
            grant.context,
        ),
    )
    place = f"{launches.root}/launched/{name}"
    answer = RedirectResponse(f"{place}/at" if grant.context.named else place, 303)
    kept = Cookie(launches.cookies.session, key, LONGEST_SECONDS, place)
    launches.cookies.give(answer, kept, is_framed=bool(registered.frames))
    return guarded(answer, registered.frames)


def _granted(
    launches: Launches, web: Web, registered: Registered, begun: Begun, form: dict[str, str]
) -> Grant:
    """What is granted for a form, which says who we are."""
    now = launches.now()
    us = authorizing.who_we_are(registered, begun.server, now, launches.unique())
    return authorizing.exchange(web, begun, form | us, now)


def _who(web: Web, registered: Registered, begun: Begun, grant: Grant, now: datetime) -> str:
    if not begun.is_signed_in or "openid" not in grant.scope.split():
        return ""
    from adapter.viewer.launch.identity import who_looks  # noqa: PLC0415 - pays for cryptography

    return who_looks(web, begun, grant.id_token, registered.client_id, now)


def _page(launches: Launches, request: Request) -> Response:
    opened, registered, fetched = _fetched(launches, request, "launched")
    record = read_record(fetched.resources, launches.forms, launches.zone, launches.alike)
    heading = heading_of(launches.study, opened, fetched, launches.zone)
    named = {page.anchor(each) for each in outcomes_named(opened.context.named, record)}
    content = page.patient_page(Frame(launches.root), heading, record, {}, named)
    return guarded(HTMLResponse(content), registered.frames)


def _at(launches: Launches, request: Request) -> Response:
    """The way to the outcome that the record system named, or to the page as a whole."""
    opened, registered, fetched = _fetched(launches, request, "launched")
    record = read_record(fetched.resources, launches.forms, launches.zone, launches.alike)
    named = outcomes_named(opened.context.named, record)
    where = f"#{page.anchor(named[0])}" if named else ""
    answer = RedirectResponse(f"{launches.root}/launched/{opened.page}{where}", 303)
    return guarded(answer, registered.frames)


def _answers(launches: Launches, request: Request) -> Response:
    opened, registered, fetched = _fetched(launches, request, "answers")
    record = read_record(fetched.resources, launches.forms, launches.zone, launches.alike)
    answers = record.answers.get(request.path_params["response"])
    if answers is None:
        raise _ToldError(404, "Nothing here", "There is nothing here.", registered.frames)
    form = launches.forms.get(answers.form)
    title = form.title if form else "Answers"
    heading = heading_of(launches.study, opened, fetched, launches.zone)
    content = page.answers_page(Frame(launches.root), heading, title, answers)
    return guarded(HTMLResponse(content), registered.frames)


def _fetched(
    launches: Launches, request: Request, interaction: str
) -> tuple[Opened, Registered, Fetched]:
    """What the record system holds now, for an open page.

    Raises:
        _ToldError: the page has ended, or the record system does not answer.
    """
    key, name = request.cookies.get(launches.cookies.session, ""), request.path_params["page"]
    is_whole = _UNIQUE.fullmatch(key) and _UNIQUE.fullmatch(name)
    opened = launches.memory.opened(key, name) if is_whole else None
    registered = launches.registered.get(opened.begun.registered) if opened else None
    launches.look(request, interaction, opened, 0)
    if opened is None or registered is None:
        raise _ended(())
    try:
        opened, fetched = _read(launches, registered, key, opened)
    except LetInNoMoreError as wrong:
        raise _ended(registered.frames) from wrong
    except EhrError as wrong:
        raise _failed(registered, str(wrong)) from wrong
    launches.look(request, interaction, opened, len(fetched.resources))
    return opened, registered, fetched


def _read(
    launches: Launches, registered: Registered, key: str, opened: Opened, *, is_again: bool = False
) -> tuple[Opened, Fetched]:
    """What the record system gives for a page, and the page with the token that it took.

    Two requests may renew a token at once, and the record system may let only the first: the other
    goes on with what that one has kept, once.

    Raises:
        LetInNoMoreError: the page has ended, and is forgotten.
        EhrError: the record system does not answer.
    """
    try:
        with launches.web() as web:
            if launches.now().timestamp() >= opened.ends - _AHEAD_SECONDS:
                opened = _renewed(launches, web, registered, opened)
                launches.memory.open(key, opened)
            reader = Reader(web, registered.iss, opened.token)
            return opened, reader.fetch(opened.patient, opened.scope, opened.context.encounter)
    except LetInNoMoreError:
        kept = launches.memory.close(key, opened)
        if kept is None or is_again:
            raise
    return _read(launches, registered, key, kept, is_again=True)


def _renewed(launches: Launches, web: Web, registered: Registered, opened: Opened) -> Opened:
    """The page with a token that has not ended.

    Raises:
        LetInNoMoreError: the record system gives none.
    """
    if not opened.refresh:
        raise LetInNoMoreError("The token has ended.")
    form = authorizing.refresh_form(opened.refresh)
    try:
        grant = _granted(launches, web, registered, opened.begun, form)
    except EhrError as wrong:
        raise LetInNoMoreError("The token has ended.") from wrong
    return renewed(opened, grant.token, grant.refresh, grant.ends)


def _with(registered: Registered, step: Callable[[], Any]) -> Any:  # noqa: ANN401 - what it gives
    try:
        return step()
    except EhrError as wrong:
        raise _failed(registered, str(wrong)) from wrong
    except DeclarationError as wrong:  # our key; the page tells no more of it
        raise _failed(registered, "The application is not set up for it; ask its staff.") from wrong


def _failed(registered: Registered, text: str) -> _ToldError:
    return _ToldError(502, "Not opened", text, registered.frames)


def _ended(frames: tuple[str, ...]) -> _ToldError:
    text = "The record system lets this page in for a while. Open it again from there."
    return _ToldError(401, "This page has ended", text, frames)
