"""The pages over HTTP: who may open which, and what the browser may do with them.

What somebody may not see is answered like what never was. A page asks for nothing from elsewhere,
runs nothing, is kept by no cache and stands in no other site's frame.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from adapter.errors import AdapterError
from adapter.fhir.ids import IS_ID
from adapter.instruments.form import Form
from adapter.viewer import page
from adapter.viewer.guard import guarded, read_form
from adapter.viewer.page import Acknowledgement, Frame, Heading, Listed
from adapter.viewer.people import LONGEST_SECONDS, People, Person, form_token, is_form_of
from adapter.viewer.proxied import Proxied
from adapter.viewer.record import Alike, read_record
from adapter.viewer.refusals import ENDED, SAID
from adapter.viewer.safety import Signal

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A patient whom somebody may look at, and what they may know.

    `kept` are safety signals of what was not taken in: title, level, why, and where to look.
    """

    heading: Heading
    resources: Sequence[Resource]
    kept: Sequence[tuple[str, ...]] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """What was looked at, for the audit of accesses; `about` is the participant, '' for nobody."""

    interaction: str
    person: str = ""
    patient: str = ""
    about: str = ""
    count: int = 0


class Records(Protocol):
    """Where the pages have their content from: what a person may know, and nothing else."""

    def listed(self, person: Person, asked: str) -> list[Listed]:
        """The patients whom they may look at, and who fit what was asked for ('': all)."""
        ...

    def find(self, person: Person, patient: str) -> Found | None:
        """A patient by the logical id, None for one whom they may not know of."""
        ...

    def acknowledged(self, signals: Sequence[Signal]) -> Mapping[str, Acknowledgement]:
        """The last acknowledgement of each signal that has one, by the Flag's id."""
        ...

    def acknowledge(self, person: Person, found: Found, signal: Signal) -> None:
        """Keeps that somebody has seen a signal as it stands."""
        ...


@dataclass(frozen=True)
class Pages:
    """What the application answers with.

    `root` is the path that it has for browsers; `is_secure` says that they come by TLS.
    `look` is told of every page that is about to be given. `ancestors` are the origins whose frames
    it may stand in. `proxied` are people whom a proxy has signed in, None where none does. `alike`
    says which versions of a form score alike. Times are told as the clocks of `zone`.
    """

    people: People
    records: Records
    forms: Mapping[str, Form]
    study: str
    root: str
    is_secure: bool
    look: Callable[[Request, Look], None]
    zone: tzinfo
    ancestors: tuple[str, ...] = ()
    proxied: Proxied | None = None
    alike: Alike | None = None

    @property
    def cookie(self) -> str:
        """What the session is called; the prefix keeps neighbouring hosts from setting it."""
        return "__Host-adapter" if self.is_secure else "adapter-session"


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of somebody who is signed in; `is_new`: the browser has to be given the session."""

    request: Request
    person: Person
    session: str
    frame: Frame
    is_new: bool = False


Answering = Callable[[Pages, Visit], Response]
"""What answers somebody who is signed in; a form that came along stands in `request.state.said`."""


def pages_app(
    pages: Pages, more: Mapping[str, tuple[Answering, list[str]]] | None = None
) -> Starlette:
    """The application, with the list of patients at its root; `more` are pages by their path."""

    def route(path: str, answer: Callable[[Pages, Visit], Response], methods: list[str]) -> Route:
        async def endpoint(request: Request) -> Response:
            visit = await run_in_threadpool(_visit, pages, request)
            if request.method == "POST":
                said = await read_form(request)
                if not is_form_of(visit.session, said.get("token", "")):
                    raise HTTPException(403)
                request.state.said = said
            given = await run_in_threadpool(answer, pages, visit)
            if visit.is_new:
                _keep(pages, given, visit.session)
            return guarded(given, pages.ancestors)

        return Route(path, endpoint, methods=methods)

    async def door(request: Request) -> Response:
        pages.look(request, Look("enter"))
        frame = Frame(pages.root)
        if request.method == "GET":
            code = request.query_params.get("code", "")
            return guarded(HTMLResponse(page.enter_page(frame, code)), pages.ancestors)
        said = await read_form(request)
        entered = await run_in_threadpool(pages.people.enter, said.get("code", ""))
        if entered is None:
            return _message(pages, 401, *ENDED)
        person, session = entered
        pages.look(request, Look("enter", person.name))
        answer = RedirectResponse(f"{pages.root}/", 303)
        _keep(pages, answer, session)
        return guarded(answer, pages.ancestors)

    async def style(_: Request) -> Response:
        kept = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(page.STYLE, media_type="text/css", headers=kept)

    return Starlette(
        routes=[
            Route("/enter", door, methods=["GET", "POST"]),
            Route(f"/static/{page.STYLE_NAME}", style),
            route("/", _patients, ["GET"]),
            route("/leave", _leave, ["POST"]),
            route("/patients/{patient}", _patient, ["GET"]),
            route("/patients/{patient}/responses/{response}", _answers, ["GET"]),
            route("/patients/{patient}/signals/{signal}", _acknowledge, ["POST"]),
            *(route(path, *answering) for path, answering in (more or {}).items()),
        ],
        exception_handlers=_handlers(pages),
    )


def _patients(pages: Pages, visit: Visit) -> Response:
    asked = visit.request.query_params.get("find", "")[:64]
    listed = pages.records.listed(visit.person, asked)
    pages.look(visit.request, Look("patients", visit.person.name, count=len(listed)))
    return HTMLResponse(page.list_page(visit.frame, pages.study, listed, asked))


def _patient(pages: Pages, visit: Visit) -> Response:
    found = _found(pages, visit, "patient")
    record = read_record(found.resources, pages.forms, pages.zone, pages.alike, is_whole=True)
    acknowledged = pages.records.acknowledged(record.signals)
    content = page.patient_page(visit.frame, found.heading, record, acknowledged, kept=found.kept)
    return HTMLResponse(content)


def _answers(pages: Pages, visit: Visit) -> Response:
    found = _found(pages, visit, "answers")
    record = read_record(found.resources, pages.forms, pages.zone, pages.alike, is_whole=True)
    answers = record.answers.get(visit.request.path_params["response"])
    if answers is None:
        raise HTTPException(404)
    form = pages.forms.get(answers.form)
    title = form.title if form else "Answers"
    return HTMLResponse(page.answers_page(visit.frame, found.heading, title, answers))


def _acknowledge(pages: Pages, visit: Visit) -> Response:
    found = _found(pages, visit, "acknowledge")
    record = read_record(found.resources, pages.forms, pages.zone, pages.alike, is_whole=True)
    name, version = visit.request.path_params["signal"], visit.request.state.said.get("version")
    for signal in record.signals:
        if (signal.id, str(signal.version)) == (name, version):
            pages.records.acknowledge(visit.person, found, signal)
    # What has changed meanwhile is shown as it stands now, with its button.
    return RedirectResponse(f"{pages.root}/{found.heading.place}", 303)


def _leave(pages: Pages, visit: Visit) -> Response:
    pages.look(visit.request, Look("leave", visit.person.name))
    pages.people.leave(visit.session)
    answer = HTMLResponse(
        page.message_page(Frame(pages.root), "Signed out", "You can close this page.")
    )
    answer.delete_cookie(
        pages.cookie, path="/", secure=pages.is_secure, httponly=True, samesite="lax"
    )
    return answer


def _found(pages: Pages, visit: Visit, interaction: str) -> Found:
    """The patient of a path; both the look and the refusal are told of."""
    patient = visit.request.path_params["patient"]
    found = pages.records.find(visit.person, patient) if IS_ID(patient) else None
    if found is None:
        pages.look(visit.request, Look(interaction, visit.person.name))
        raise HTTPException(404)
    look = Look(
        interaction,
        visit.person.name,
        patient,
        found.heading.participant,
        len(found.resources),
    )
    pages.look(visit.request, look)
    return found


def _keep(pages: Pages, answer: Response, session: str) -> None:
    """Gives the browser a session to come along with."""
    answer.set_cookie(
        pages.cookie,
        session,
        max_age=LONGEST_SECONDS,
        path="/",
        secure=pages.is_secure,
        httponly=True,
        samesite="lax",
    )


def _visit(pages: Pages, request: Request) -> Visit:
    """Who asks, by the session that came along, or by the word of the proxy.

    Raises:
        HTTPException: 401, for nobody, and for who was here too long ago.
    """
    session, is_new = request.cookies.get(pages.cookie, ""), False
    person = pages.people.who(session) if session else None
    if pages.proxied is not None:
        said = pages.proxied.who(request)
        if said is not None and said != person:
            pages.people.leave(session)  # somebody else was here at this browser
            person, session, is_new = said, pages.people.begin(said), True
        elif said is None and person is not None and pages.proxied.signs_in(person):
            person = None  # the proxy knows them no more, or was gone around
    if person is None:
        raise HTTPException(401)
    token = form_token(session)
    frame = Frame(pages.root, person.name, token, operates=person.may_operate)
    return Visit(request, person, session, frame, is_new)


def _message(pages: Pages, status: int, title: str, text: str) -> Response:
    content = page.message_page(Frame(pages.root), title, text)
    return guarded(HTMLResponse(content, status), pages.ancestors)


def _handlers(pages: Pages) -> dict[Any, Callable[[Request, Exception], Awaitable[Response]]]:
    async def wrong(_: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return _message(pages, status, *SAID.get(status, ("Not taken", "That is no page here.")))

    async def away(_: Request, error: Exception) -> Response:
        del error  # it names our own files; the log has it
        return _message(pages, 503, "Not now", "The ledger cannot be read now; try again later.")

    async def broken(_: Request, __: Exception) -> Response:
        return _message(pages, 500, "Failed", "The server failed; the reason is in its log.")

    return {HTTPException: wrong, AdapterError: away, Exception: broken}
