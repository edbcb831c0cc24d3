"""A REDCap project behind its API, opened: its token found, its client made, its cursor read."""

from __future__ import annotations

from datetime import datetime, timedelta

from httpx import Client

from adapter.errors import Origin, Problem
from adapter.ingest import Snapshot
from adapter.instruments.study import Study
from adapter.service.access import Access
from adapter.service.clock import now
from adapter.settings import RedcapApiSettings, read_secret
from adapter.sources.redcap.api import ApiSource, Clockwork, Connection, Reading, Since
from adapter.store.cursors import Cursor, cursor


def open_project(settings: RedcapApiSettings, study: Study, access: Access) -> Snapshot:
    """A project as it is configured, from where its last whole reading ended.

    Raises:
        DeclarationError: there is no token.
        SourceError: the project cannot be read.
    """
    return read_project(_connection(settings, access), settings, study, access)


def open_records(
    settings: RedcapApiSettings, study: Study, access: Access, names: tuple[str, ...]
) -> Snapshot:
    """What a project holds of the records of these names, as far as there are any.

    It tells of no record that it is gone, and nothing goes on from it.

    Raises:
        DeclarationError: there is no token.
        SourceError: the project cannot be read.
    """
    reading = Reading(batch=settings.batch_records, only=names)
    source = ApiSource(_connection(settings, access), study, reading)
    return Snapshot(source, access.now, settings.missing_limit, source.scope)


def read_project(
    connection: Connection, settings: RedcapApiSettings, study: Study, access: Access
) -> Snapshot:
    """The project behind a connection.

    Raises:
        SourceError: the project cannot be read.
    """
    goes_on, before = access.goes_on, dict[str, Cursor]()

    def since(name: str) -> Since | None:
        known = None if goes_on is None else cursor(goes_on.ledger, name)
        if known is not None:
            before[name] = known
        if known is None or access.is_full or _is_due(known, settings, access.now):
            return None
        return Since(known.position, known.basis)

    source = ApiSource(
        connection,
        study,
        Reading(
            goes_on.basis if goes_on else "",
            since,
            settings.batch_records,
            timedelta(minutes=settings.overlap_minutes),
        ),
    )
    full_at = access.now.isoformat(timespec="seconds")
    if source.scope is not None:
        full_at = before[source.name].full_at
    reached = None
    if source.position is not None:
        reached = Cursor(source.name, source.position, source.basis, full_at)
    return Snapshot(
        source,
        access.now,
        settings.missing_limit,
        source.scope,
        reached,
        () if source.has_log else (_without_log(source.name),),
    )


def _connection(settings: RedcapApiSettings, access: Access) -> Connection:
    token = read_secret(
        access.environment, settings.token_env, settings.token_file, "a token of REDCap's API"
    )
    http = access.closing.enter_context(
        Client(
            base_url=settings.url,
            timeout=settings.timeout_seconds,
            follow_redirects=False,
            trust_env=False,
        )
    )
    return Connection(http, token or "", Clockwork(now, access.sleep))


def _is_due(known: Cursor, settings: RedcapApiSettings, moment: datetime) -> bool:
    """Whether everything is to be read again."""
    since = moment - datetime.fromisoformat(known.full_at)
    return since >= timedelta(hours=settings.full_every_hours)


def _without_log(name: str) -> Problem:
    return Problem(
        Origin(name),
        "content=log",
        "a log that the token's user may read, in REDCap 10.8 or newer",
        "none",
        "Give the user the right `Logging`. Until then, everything is read every time.",
        "warning",
    )
