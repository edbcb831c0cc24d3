"""The configured sources, opened by their kind."""

from __future__ import annotations

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
