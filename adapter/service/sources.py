"""The configured sources: opened by their kind, and checked against the mappings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime

from adapter.errors import DeclarationError, Problem, SourceError
from adapter.ingest import Snapshot
from adapter.ingest.findings import mapped_forms, not_in_source, not_mapped
from adapter.ingest.readable import misfits
from adapter.instruments.study import Study
from adapter.service.access import Access
from adapter.service.declarations import Declarations
from adapter.settings import (
    OdmSettings,
    RedcapApiSettings,
    RedcapSettings,
    Settings,
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


def check_sources(
    settings: Settings,
    declared: Declarations,
    now: datetime,
    environment: Mapping[str, str] | None = None,
) -> list[Problem]:
    """What the dictionaries and exports lack of what the mappings read, and what nobody mapped."""
    surroundings = os.environ if environment is None else environment
    study, problems = declared.study, list[Problem]()
    if study is None or not settings.sources:
        return problems
    there: set[str] = set()
    for settings_of_source in settings.sources:
        with ExitStack() as closing:
            access = Access(now, surroundings, closing)
            try:
                snapshot = open_source(settings_of_source, study, access)
            except (DeclarationError, SourceError) as wrong:
                there.update(mapped_forms(study))  # what an unreadable source holds is not known
                problems.extend(wrong.problems)
                continue
            there.update(snapshot.source.shapes)
            problems.extend((*snapshot.notes, *_findings(study, declared, snapshot.source)))
    return [*problems, *not_in_source(study, there)]


def _findings(study: Study, declared: Declarations, source: Source) -> Iterator[Problem]:
    yield from source.missing_facts()
    known = {*mapped_forms(study), *study.not_mapped}
    for name, shape in source.shapes.items():
        yield from misfits(study, declared.forms, source, shape)
        if name not in known:
            yield not_mapped(name)
