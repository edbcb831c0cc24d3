"""The clinician's and the operator's pages out of the settings, on the ledger that is served."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from adapter.errors import ConflictError, DeclarationError, NotFoundError, Origin, Problem
from adapter.fhir.text import read_text
from adapter.ingest.standing import Standing, urgency
from adapter.instruments.form import Form
from adapter.instruments.study import Purpose
from adapter.release import PARTICIPATION, SAFETY
from adapter.release.blinding import reveals_allocation
from adapter.server import Caller, Ledger
from adapter.server.audited import told
from adapter.server.exchange import as_served
from adapter.server.ledger import Seen, View
from adapter.service.operator import Operated
from adapter.service.running import Service
from adapter.service.shown import signals_kept_back
from adapter.settings import PersonSettings, ServeSettings
from adapter.store import instances, reading, sessions, versions
from adapter.store.audit import Act
from adapter.store.readings import counts_alike
from adapter.store.sessions import Acknowledged
from adapter.viewer.drawing import warm
from adapter.viewer.operator import operator_pages
from adapter.viewer.page import Acknowledgement, Heading, Listed
from adapter.viewer.people import People, Person
from adapter.viewer.proxied import Proxied
from adapter.viewer.routes import Found, Look, Pages, pages_app
from adapter.viewer.safety import Signal

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request

ROOT = "/app"
SHOWN = frozenset({"Observation", "QuestionnaireResponse", "AdverseEvent", "Flag", "Task"})
_SIGNALS = frozenset({"Flag", "Task"})


def viewer_app(service: Service, settings: ServeSettings, ledger: Ledger) -> Starlette:
    """The pages; their first chart is drawn while nobody waits."""
    threading.Thread(target=warm, daemon=True).start()
    url = urlsplit(settings.url)
    pages = pages_app(
        Pages(
            people=people_of(service, settings),
            records=_Records(service, ledger),
            forms=_in_order(service),
            study=service.trial.study.title,
            root=url.path.rstrip("/") + ROOT,
            is_secure=url.scheme == "https",
            look=_note,
            zone=service.trial.study.zone,
            proxied=_proxied(settings),
            alike=lambda *said: counts_alike(service.database.read(), *said),
        ),
        operator_pages(Operated(service)),
    )
    if settings.record_systems:
        from adapter.service.launching import launches_of  # noqa: PLC0415 - as the pages, apart
        from adapter.viewer.launch import launch_routes  # noqa: PLC0415 - as above

        pages.router.routes.extend(launch_routes(launches_of(service, settings)))
    return pages


def people_of(service: Service, settings: ServeSettings) -> People:
    """Who may look, as `adapter.toml` names them."""
    known = {each.name: _person(each) for each in settings.people}
    return People(service.database, known, service.clock, lambda: token_urlsafe(32))


def invitation(service: Service, name: str) -> str:
    """A link that lets somebody in, once, within ten minutes.

    Raises:
        DeclarationError: the settings do not say where pages are served.
        NotFoundError: they know nobody of this name.
        ConflictError: a proxy signs them in.
    """
    settings = service.settings.serve
    if settings is None:
        problem = Problem(
            Origin("adapter.toml"), "serve", "a table [serve] with `url`", "none", "Add it."
        )
        raise DeclarationError("Nothing says where pages are served.", (problem,))
    people = people_of(service, settings)
    if name not in people.known:
        raise NotFoundError("Expected one of the people in [[serve.people]]; found another name.")
    if any(each.name == name and each.signs_in_as for each in settings.people):
        raise ConflictError(
            "Expected somebody who comes by a link; found one whom a proxy signs in."
        )
    return f"{settings.url}{ROOT}/enter?code={people.invite(name)}"


def _person(settings: PersonSettings) -> Person:
    return Person(settings.name, settings.role, settings.clinic, settings.unblinded)


def _proxied(settings: ServeSettings) -> Proxied | None:
    said = settings.person_header
    if said is None:
        return None
    known = {each.signs_in_as: _person(each) for each in settings.people if each.signs_in_as}
    return Proxied(said.name.lower(), said.networks, known)


def _in_order(service: Service) -> dict[str, Form]:
    """The forms that are known, those of the study first and in its order."""
    forms, placed = service.trial.forms, [each.form for each in service.trial.study.forms]
    return {name: forms[name] for name in dict.fromkeys([*placed, *forms]) if name in forms}


def _note(request: Request, look: Look) -> None:
    telling = told(request)
    telling.interaction, telling.person = look.interaction, look.person
    if look.patient:
        telling.type, telling.id = "Patient", look.patient
    telling.about = [look.about] if look.about else []
    telling.count = look.count


@dataclass(frozen=True)
class _Records:
    """The ledger, through the release gate for everybody."""

    service: Service
    ledger: Ledger

    def listed(self, person: Person, asked: str) -> list[Listed]:
        view = self._view(person)
        waiting = self._waiting(person) if person.role == "operator" else Counter[str]()
        found = [
            Listed(f"patients/{self._id(name)}", name, self._remote(person, name), waiting[name])
            for name in instances.names(view.tx)
            if self._may_open(view, person, name)
        ]
        word = asked.strip().lower()
        fits = [each for each in found if word in f"{each.participant} {each.patient}".lower()]
        return sorted(fits, key=lambda each: -each.signals)

    def find(self, person: Person, patient: str) -> Found | None:
        view = self._view(person)
        written = reading.newest(view.tx, "Patient", patient)
        name = "" if written is None else written.version.participant
        is_there = instances.participant(view.tx, name) is not None
        if not is_there or not self._may_open(view, person, name):
            return None
        study = self.service.trial.study.title
        heading = Heading(name, self._remote(person, name), study, f"patients/{patient}")
        return Found(heading, [*self._resources(view, person, name)], self._kept(person, name))

    def acknowledged(self, signals: Sequence[Signal]) -> Mapping[str, Acknowledgement]:
        found = sessions.acknowledged(
            self.service.database.read(), [signal.id for signal in signals]
        )
        return {
            flag: Acknowledgement(each.person, each.at, each.version)
            for flag, each in found.items()
        }

    def acknowledge(self, person: Person, found: Found, signal: Signal) -> None:
        known = self.acknowledged([signal]).get(signal.id)
        if known is not None and known.version == signal.version:
            return
        now = self.service.now()
        what = f"Flag/{signal.id}/{signal.version}"
        record = found.heading.participant
        # The line first: what is not in the log has not been done.
        self.service.audit.add([Act(now, "acknowledge", person.clinic, record, what, person.name)])
        with self.service.database.write() as tx:
            sessions.acknowledge(tx, Acknowledged(signal.id, signal.version, person.name, now))

    def _view(self, person: Person) -> View:
        purpose: Purpose = "care" if person.role == "clinician" else "research"
        caller = Caller(f"person {person.name}", purpose, person.clinic, person.is_unblinded)
        return View(self.ledger, caller, self.service.database.read())

    def _may_open(self, view: View, person: Person, name: str) -> bool:
        """The trial's own staff must see a signal, whatever the person has agreed to."""
        return person.role == "operator" or view.may_see(name, PARTICIPATION)

    def _resources(self, view: View, person: Person, name: str) -> Iterator[dict[str, Any]]:
        is_staff = person.role == "operator"
        told_by_gate = SHOWN - _SIGNALS if is_staff else SHOWN
        for seen in view.of_participant(name, told_by_gate):
            yield read_text(as_served(seen))
        if is_staff:
            yield from self._signals(view, person, name)

    def _signals(self, view: View, person: Person, name: str) -> Iterable[dict[str, Any]]:
        """What stands, as `adapter signals` tells it: the gate holds it from everybody outside."""
        for written in reading.newest_of(view.tx, name, _SIGNALS):
            version = written.version
            if not version.is_retracted and self._may_be_told(person, version.form):
                told = (version.type, version.id, version.version, written.created, version.text)
                yield read_text(as_served(Seen(*told, written.place)))

    def _kept(self, person: Person, name: str) -> list[tuple[str, ...]]:
        """The signals of what was not taken in of somebody, for the trial's staff alone."""
        return [
            (each.title, each.level, each.reason, each.about)
            for each in self._kept_back(person)
            if each.record == name
        ]

    def _kept_back(self, person: Person) -> Iterable[Standing]:
        if person.role != "operator":
            return ()
        found = signals_kept_back(self.service, is_unblinded=person.is_unblinded)
        return sorted(found, key=urgency)

    def _may_be_told(self, person: Person, form: str) -> bool:
        named = form.removeprefix(SAFETY)
        return person.is_unblinded or not reveals_allocation(self.service.trial.study, named)

    def _waiting(self, person: Person) -> Counter[str]:
        """How many signals nobody has acknowledged as they stand, by participant."""
        tx = self.service.database.read()
        standing = [
            version
            for version in versions.of_type(tx, "Flag")
            if not version.is_retracted and self._may_be_told(person, version.form)
        ]
        seen = sessions.acknowledged(tx, [version.id for version in standing])
        waiting = Counter(
            version.participant
            for version in standing
            if version.id not in seen or seen[version.id].version != version.version
        )
        waiting.update(each.record for each in self._kept_back(person))
        return waiting

    def _id(self, name: str) -> str:
        return self.service.trial.identity.patient(name)

    def _remote(self, person: Person, name: str) -> str:
        """What the clinic's own record system calls the person, '' for the trial's staff."""
        return (self.service.crosswalk.linked(person.clinic, name) or "") if person.clinic else ""
