"""A running adapter: its ledger opened, its clients made, and the clock read, here alone."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version as installed_version
from pathlib import Path

from adapter.errors import DeclarationError
from adapter.fhir.identity import Identity
from adapter.ingest import Snapshot, Trial
from adapter.ingest.meaning import changed_forms
from adapter.service.access import Access, GoesOn
from adapter.service.capabilities import capability_of
from adapter.service.clients import LateClient
from adapter.service.clock import now
from adapter.service.keeping import ledger_of
from adapter.service.key_of_study import stop_if_other_study, study_key
from adapter.service.posts import LateMllp, post_of
from adapter.service.sources import key_of, open_source, told_apart
from adapter.service.wording import read_declarations, unlicensed
from adapter.settings import ClinicSettings, Settings, read_secret, read_settings
from adapter.store.access_log import AccessLog, Lasting
from adapter.store.audit import AuditLog
from adapter.store.chain import Seal
from adapter.store.database import Database
from adapter.store.identities import Crosswalk
from adapter.store.meanings import meanings
from adapter.store.said import unheard
from adapter.sync.clinic import Clinic
from adapter.sync.ladder import choose_all, receiver_of
from adapter.sync.server import Server


@dataclass(frozen=True)
class Service:
    """A running adapter: its declarations, its ledger, and the clinics it delivers to."""

    settings: Settings
    trial: Trial
    database: Database
    crosswalk: Crosswalk
    clinics: tuple[Clinic, ...]
    environment: Mapping[str, str] = field(repr=False)
    audit: AuditLog
    seal: Seal = field(repr=False)
    accesses: AccessLog
    clock: Callable[[], datetime] = now

    def now(self) -> str:
        """The present moment as the ledger writes it."""
        return self.clock().isoformat(timespec="seconds")

    def sources(self, *, is_full: bool = False) -> Iterator[Snapshot]:
        """Each configured source, opened until the next one is asked for.

        `is_full`: all of it, where a source could tell what has changed.

        Raises:
            SourceError: a file that is not what it claims to be.
        """
        goes_on = GoesOn(self.database.read(), self.trial.basis)
        for settings in self.settings.sources:
            # Under another key, what it said has to be heard anew, also what did not change.
            is_new = bool(unheard(goes_on.ledger, (key_of(settings),)))
            with ExitStack() as closing:
                is_whole = is_full or is_new
                access = Access(self.clock(), self.environment, closing, goes_on, is_whole)
                snapshot = open_source(settings, self.trial.study, access)
                yield told_apart(snapshot, settings, self.settings.sources)


@contextmanager
def open_service(
    config: Path,
    environment: Mapping[str, str] | None = None,
    *,
    asks: bool = False,
    answers: bool = False,
    clock: Callable[[], datetime] = now,
) -> Iterator[Service]:
    """Opens everything that `adapter.toml` names, and closes it again.

    `asks`: clinics are asked what they can do, where that decides on the rung. `answers`: others
    wait for it, so that a ledger that goes away is told at once. `clock` gives the present moment,
    aware UTC.

    Raises:
        DeclarationError: the configuration or a mapping is wrong, with all findings.
    """
    surroundings = os.environ if environment is None else environment
    settings = read_settings(config)
    declared = read_declarations(settings)
    errors = tuple(problem for problem in declared.problems if problem.severity == "error")
    if errors or declared.study is None:
        raise DeclarationError("The mappings cannot be used.", errors)
    identity = Identity(declared.study, study_key(settings, surroundings))
    ledger = ledger_of(settings, surroundings)
    database = Database(ledger, settings.lease_seconds, waits=not answers)
    crosswalk = Crosswalk(settings.crosswalk, _crosswalk_keys(settings, surroundings))

    def seal(before: str, line: str) -> str:
        return identity.token("audit", before, line)

    lasting = Lasting(int(settings.logs.access_megabytes * 1e6), settings.logs.access_daily)
    audit, accesses = AuditLog(settings.audit, seal), AccessLog(settings.audit, seal, lasting)
    clients = [
        LateClient(profile, settings, surroundings) for profile, settings in declared.clinics
    ]
    posts = [post_of(profile, settings) for profile, settings in declared.clinics]
    try:
        stop_if_other_study(database, identity)
        known = [capability_of(database, client, asks=asks) for client in clients]
        receivers = tuple(
            receiver_of(client.profile, choose_all(client.profile, said, declared.forms.values()))
            for client, said in zip(clients, known, strict=True)
        )
        software = installed_version("trial-fhir-adapter")
        trial = Trial(
            declared.study,
            declared.forms,
            identity,
            receivers,
            software,
            audit.is_unblinded,
            changed_forms(declared.forms, meanings(database.read())),
        )
        clinics = tuple(
            Clinic(
                client.profile,
                client,
                database,
                crosswalk,
                declared.study,
                identity,
                clock,
                time.sleep,
                random.random,
                unlicensed=unlicensed(client.profile, declared.forms),
                forms=declared.forms,
                capability=said,
                post=post,
                tasks=clinic_settings.tasks,
                audit=audit,
                server=_server_of(clinic_settings),
            )
            for client, said, post, (_, clinic_settings) in zip(
                clients, known, posts, declared.clinics, strict=True
            )
        )
        yield Service(
            settings,
            trial,
            database,
            crosswalk,
            clinics,
            surroundings,
            audit,
            seal,
            accesses,
            clock,
        )
    finally:
        for client in clients:
            client.close()
        for post in posts:
            if isinstance(post, LateMllp):
                post.close()
        audit.close()
        accesses.close()
        crosswalk.close()
        database.close()


def _crosswalk_keys(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    named = settings.crosswalk_key_env, settings.crosswalk_key_file
    said = read_secret(environment, *named, "the crosswalk's key") or ""
    return [line.strip() for line in said.splitlines() if line.strip()]


def _server_of(settings: ClinicSettings) -> Server | None:
    address = settings.url or settings.mllp
    return None if address is None else Server(address, settings.formerly)
