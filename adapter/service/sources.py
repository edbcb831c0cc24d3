"""The configured sources, opened by their kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from adapter.ingest import Snapshot
from adapter.instruments.study import Study
from adapter.service.access import Access
from adapter.settings import (
    OdmSettings,
    RedcapApiSettings,
    RedcapSettings,
    SourceSettings,
    TableSettings,
)
from adapter.sources.source import Source


def told_apart(
    snapshot: Snapshot, settings: SourceSettings, every: Sequence[SourceSettings]
) -> Snapshot:
    """The snapshot, which knows of its source among all that are configured."""
    keys = {key_of(each) for each in every}
    return replace(snapshot, key=key_of(settings), others=frozenset(keys - {key_of(settings)}))


def key_of(settings: SourceSettings) -> str:
    """What a source is told apart by: its file, or a project's address and what lets in there."""
    if isinstance(settings, RedcapApiSettings):
        return f"{settings.url} {settings.token_env or settings.token_file}"
    return str(file_of(settings))


def open_source(settings: SourceSettings, study: Study, access: Access) -> Snapshot:
    """A source as it is configured; without `as_of` it tells of this moment, or of its own.

    Raises:
        DeclarationError: a contract that cannot be used, or a secret that is missing.
        SourceError: a file that is not what it claims to be.
    """
    if isinstance(settings, RedcapApiSettings):
        # Only who reads an API pays for an HTTP client.
        from adapter.service.redcap_api import open_project  # noqa: PLC0415

        return open_project(settings, study, access)
    as_of = settings.as_of or access.now
    match settings:
        case RedcapSettings():
            source = _redcap(settings, study)
        case TableSettings():
            source = _table(settings, study)
        case OdmSettings():
            from adapter.sources.odm import OdmFile  # noqa: PLC0415 - as said below

            source = OdmFile(settings.file, study, settings.definitions, settings.multiple)
            as_of = settings.as_of or source.as_of or access.now
    return Snapshot(source, as_of, settings.missing_limit)


def file_of(settings: SourceSettings) -> Path | None:
    """The file that a source is called by, None for a project behind an API."""
    match settings:
        case RedcapSettings():
            return settings.records
        case TableSettings():
            return settings.contract
        case OdmSettings():
            return settings.file
        case RedcapApiSettings():
            return None


# A reader is imported when a source needs it: who only asks for the status reads none.
def _table(settings: TableSettings, study: Study) -> Source:
    from adapter.sources.table import TableFiles, read_contract  # noqa: PLC0415 - as said above

    return TableFiles(settings.contract, read_contract(settings.contract), study)


def _redcap(settings: RedcapSettings, study: Study) -> Source:
    from adapter.sources.redcap import RecordsFile, read_dictionary  # noqa: PLC0415 - as said above

    dictionary = read_dictionary(settings.dictionary, settings.encoding)
    return RecordsFile(
        settings.records,
        dictionary,
        study,
        settings.encoding,
        decimal_comma=settings.decimal_comma,
    )
