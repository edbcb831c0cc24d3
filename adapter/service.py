"""Settings become a running adapter: the only clock, the only wiring.

Everything below takes what it needs as arguments; here it is found and put together.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING

from adapter.errors import DeclarationError, Origin, Problem, SourceError
from adapter.fhir.identity import Identity
from adapter.ingest import Trial
from adapter.ingest.findings import mapped_forms, not_in_source, not_mapped
from adapter.ingest.work import Source
from adapter.instruments.coherence import check_form, check_study
from adapter.instruments.fields import fields_of
from adapter.instruments.form import Form
from adapter.instruments.mapping import read_mapping
from adapter.instruments.participant import participant_forms
from adapter.instruments.study import Study
from adapter.settings import (
    LONGEST_KEY_BYTES,
    SHORTEST_KEY_BYTES,
    ClinicSettings,
    Settings,
    SourceSettings,
    read_secret,
    read_settings,
)
from adapter.sources.redcap import RecordsFile, read_dictionary
from adapter.store.database import Database
from adapter.store.identities import Crosswalk
from adapter.sync.answer import Answer
from adapter.sync.clinic import Clinic
from adapter.sync.profile import ClinicProfile
from adapter.sync.receipt import Unknown, Unreachable

if TYPE_CHECKING:
    from httpx import Client


def now() -> datetime:
    """The present moment, aware, UTC. The one place where the clock is read."""
    return datetime.now(UTC)  # noqa: TID251 - this is the place


@dataclass(slots=True)
class Declarations:
    """All that the mapping files say, and all that is wrong with them."""

    study: Study | None = None
    forms: dict[str, Form] = field(default_factory=dict)
    clinics: list[tuple[ClinicProfile, ClinicSettings]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Service:
    """A running adapter: its declarations, its ledger, and the clinics it delivers to."""

    settings: Settings
    trial: Trial
    database: Database
    crosswalk: Crosswalk
    clinics: tuple[Clinic, ...]

    def now(self) -> str:
        """The present moment as the ledger writes it."""
        return now().isoformat(timespec="seconds")

    def sources(self) -> Iterator[Source]:
        """Each configured source, opened.

        Raises:
            SourceError: a file that is not what it claims to be.
        """
        for settings in self.settings.sources:
            yield _source(settings, self.trial.study)


def read_declarations(settings: Settings) -> Declarations:
    """Reads every mapping file that the settings name, and finds everything that is wrong."""
    found = Declarations()
    for path in sorted(settings.instruments.glob("*.yaml")):
        _read_form(path, found)
    if not found.forms and not found.problems:
        found.problems.append(
            Problem(
                Origin(settings.instruments.name),
                "",
                "form files (*.yaml)",
                "none",
                "Check `instruments`.",
            )
        )
    for clinic in settings.clinics:
        text = _text_of(clinic.profile, found)
        if text is not None:
            profile, _, problems = read_mapping(text, clinic.profile.name, ClinicProfile)
            found.problems.extend(problems)
            if profile is not None:
                found.clinics.append((profile, clinic))
    text = _text_of(settings.study, found)
    if text is not None:
        found.study, lines, problems = read_mapping(text, settings.study.name, Study)
        found.problems.extend(problems)
        if found.study is not None:
            found.problems.extend(check_study(found.study, found.forms, lines))
            found.problems.extend(_clinic_findings(found, found.study))
    return found


def check_sources(settings: Settings, declared: Declarations) -> list[Problem]:
    """What the dictionaries and exports lack of what the mappings read, and what nobody mapped."""
    study, problems = declared.study, list[Problem]()
    if study is None or not settings.sources:
        return problems
    there: set[str] = set()
    for settings_of_source in settings.sources:
        try:
            source = _source(settings_of_source, study)
        except SourceError as wrong:
            there.update(mapped_forms(study))  # what an unreadable source holds is not known
            problems.extend(wrong.problems)
            continue
        there.update(source.forms)
        problems.extend(source.records.missing_facts())
        for name in source.forms:
            placement = study.placement_of(name)
            if placement is not None and placement.form in declared.forms:
                fields = fields_of(declared.forms[placement.form], placement, study)
                problems.extend(source.records.missing_columns(name, fields))
            elif placement is None and name not in {*participant_forms(study), *study.not_mapped}:
                problems.append(not_mapped(name))
    return [*problems, *not_in_source(study, there)]


def _read_form(path: Path, found: Declarations) -> None:
    text = _text_of(path, found)
    if text is None:
        return
    form, lines, problems = read_mapping(text, path.name, Form)
    found.problems.extend(problems)
    if form is None:
        return
    if form.id in found.forms:
        found.problems.append(
            lines.problem(("id",), "each id once", f"`{form.id}` again", "Give it another id.")
        )
    found.forms[form.id] = form
    found.problems.extend(check_form(form, lines))


def _clinic_findings(found: Declarations, study: Study) -> Iterator[Problem]:
    known = set(study.participant.identifiers)
    names: set[str] = set()
    for profile, settings in found.clinics:
        if profile.id in names:
            origin, again = Origin(settings.profile.name), f"`{profile.id}` again"
            yield Problem(origin, "id", "each clinic once", again, "Give it another id.")
        names.add(profile.id)
        name = profile.patient.find_by
        if name is not None and name not in known:
            yield Problem(
                Origin(settings.profile.name),
                "patient.find_by",
                f"an identifier of the study ({', '.join(sorted(known))})",
                f"`{name}`",
                "Correct it, or declare the identifier in the study file.",
            )


def _text_of(path: Path, found: Declarations) -> str | None:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        reason = getattr(wrong, "strerror", None) or "bytes that are not UTF-8"
        found.problems.append(
            Problem(Origin(path.name), "", "a readable UTF-8 file", reason, "Check adapter.toml.")
        )
        return None


@contextmanager
def open_service(config: Path, environment: Mapping[str, str] | None = None) -> Iterator[Service]:
    """Opens everything that `adapter.toml` names, and closes it again.

    Raises:
        DeclarationError: the configuration or a mapping is wrong, with all findings.
    """
    surroundings = os.environ if environment is None else environment
    settings = read_settings(config)
    declared = read_declarations(settings)
    if declared.problems or declared.study is None:
        raise DeclarationError("The mappings cannot be used.", tuple(declared.problems))
    identity = Identity(declared.study, _study_key(settings, surroundings))
    receivers = tuple(profile.receiver for profile, _ in declared.clinics)
    trial = Trial(
        declared.study, declared.forms, identity, receivers, installed_version("trial-fhir-adapter")
    )
    database, crosswalk = Database(settings.ledger), Crosswalk(settings.crosswalk)
    clients = [
        _LateClient(profile, settings, surroundings) for profile, settings in declared.clinics
    ]
    try:
        clinics = tuple(
            Clinic(
                client.profile,
                client,
                database,
                crosswalk,
                declared.study,
                identity,
                now,
                time.sleep,
            )
            for client in clients
        )
        yield Service(settings, trial, database, crosswalk, clinics)
    finally:
        for client in clients:
            client.close()
        crosswalk.close()
        database.close()


class _LateClient:
    """A clinic's client, made at the first request: `status` needs no network and no token."""

    def __init__(
        self, profile: ClinicProfile, settings: ClinicSettings, environment: Mapping[str, str]
    ) -> None:
        self.profile = profile
        self._settings, self._environment = settings, environment
        self._http: Client | None = None

    def exchange(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer | Unreachable | Unknown:
        from adapter.sync.client import FhirClient  # noqa: PLC0415 - only who sends pays for it

        if self._http is None:
            self._http = _http_client(self.profile, self._settings, self._environment)
        return FhirClient(self._http, now).exchange(method, path, content, headers)

    def close(self) -> None:
        if self._http is not None:
            self._http.close()


def _study_key(settings: Settings, environment: Mapping[str, str]) -> bytes:
    text = read_secret(environment, settings.key_env, settings.key_file, "the study's id key")
    key = (text or "").encode()
    if not SHORTEST_KEY_BYTES <= len(key) <= LONGEST_KEY_BYTES:
        problem = Problem(
            Origin("adapter.toml"),
            "key_env or key_file",
            f"a key of {SHORTEST_KEY_BYTES} to {LONGEST_KEY_BYTES} bytes",
            f"{len(key)} bytes",
            "Make one that nobody can guess, and keep it: ids are derived from it.",
        )
        raise DeclarationError("The study's id key cannot be used.", (problem,))
    return key


def _http_client(
    profile: ClinicProfile, clinic: ClinicSettings, environment: Mapping[str, str]
) -> Client:
    from httpx import Client  # noqa: PLC0415 - as above

    token = read_secret(
        environment, clinic.token_env, clinic.token_file, f"a token of {profile.id}"
    )
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Client(
        base_url=clinic.url.rstrip("/") + "/",
        headers=headers,
        timeout=profile.timeout_seconds,
        follow_redirects=False,
        trust_env=False,
    )


def _source(settings: SourceSettings, study: Study) -> Source:
    dictionary = read_dictionary(settings.dictionary, settings.encoding)
    records = RecordsFile(settings.records, dictionary, study, settings.encoding)
    return Source(records, tuple(dictionary.forms), settings.as_of or now(), settings.missing_limit)
