"""The configured sources, checked against the mappings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime

from adapter.errors import DeclarationError, LedgerError, Problem, SourceError
from adapter.ingest.findings import mapped_forms, not_in_source, not_mapped
from adapter.ingest.meaning import changed_findings
from adapter.ingest.readable import misfits
from adapter.instruments.study import Study
from adapter.service.access import Access
from adapter.service.declarations import Declarations
from adapter.service.keeping import ledger_of
from adapter.service.sources import open_source
from adapter.settings import Settings
from adapter.sources.source import Source
from adapter.store.meanings import meanings_at


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


def check_versions(
    settings: Settings, declared: Declarations, environment: Mapping[str, str] | None = None
) -> list[Problem]:
    """The forms that are not what the ledger knows their version for; it is only looked at."""
    try:
        where = ledger_of(settings, os.environ if environment is None else environment)
        known = meanings_at(where)
    except (DeclarationError, LedgerError):
        return []  # whoever writes to it is told
    return changed_findings(declared.forms, known)


def _findings(study: Study, declared: Declarations, source: Source) -> Iterator[Problem]:
    yield from source.missing_facts()
    known = {*mapped_forms(study), *study.not_mapped}
    for name, shape in source.shapes.items():
        yield from misfits(study, declared.forms, source, shape)
        if name not in known:
            yield not_mapped(name)
