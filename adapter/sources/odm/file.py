"""An ODM file as a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path

from adapter.errors import Origin, Problem
from adapter.instruments.fields import checkbox_column
from adapter.instruments.participant import fact_fields
from adapter.instruments.response import Record
from adapter.instruments.study import Study
from adapter.sources.odm.clinical import ClinicalData
from adapter.sources.odm.definitions import read_definitions
from adapter.sources.odm.document import read_root, unreadable
from adapter.sources.odm.layout import Layout, lay_out
from adapter.sources.odm.records import RecordMaker
from adapter.sources.odm.value import instant
from adapter.sources.source import FormShape


class OdmFile:
    """A file in ODM 1.3 or 2.0, with its clinical data."""

    def __init__(
        self,
        path: Path,
        study: Study,
        definitions: Path | None = None,
        multiple: tuple[str, ...] = (),
    ) -> None:
        """Reads what the file defines; `definitions` is the file that does, where it does not.

        `multiple` are the items that may hold several choices: ODM has no word for it.

        Raises:
            SourceError: it is not ODM, defines nothing, goes on from an earlier file, or is not of
            this study.
        """
        self._path, self._study = path, study
        self._root = read_root(path)
        if self._root.is_partial:
            raise unreadable(
                Origin(path.name, 1),
                "a file that stands for itself",
                "one that goes on from an earlier file (`PriorFileOID`)",
                "Export everything into one file.",
            )
        defining = definitions or path
        root = read_root(definitions) if definitions else self._root
        self._definitions = read_definitions(defining, root)
        record_id = self._definitions.record_id
        if self._definitions.is_redcap and record_id != study.record_id:
            raise unreadable(
                Origin(defining.name),
                f"records named by `{study.record_id}` (`record_id` of the study)",
                f"`{record_id}`",
                "Correct the study file.",
            )
        self._layouts = lay_out(self._definitions, defining.name, multiple)
        self._clinical = ClinicalData(path, self._root)

    @property
    def name(self) -> str:
        """The file's name."""
        return self._path.name

    @property
    def as_of(self) -> datetime | None:
        """The moment that the file says it tells of, None where it says none."""
        return instant(self._root.as_of, self._study.timezone)

    @property
    def shapes(self) -> Mapping[str, FormShape]:
        """The forms that the file defines, and the groups that repeat inside them."""
        return self._shapes

    def missing_columns(self, form: str, fields: tuple[str, ...]) -> list[Problem]:
        """See `Source`; a form of a REDCap project needs its state, too."""
        placement = self._study.placement_of(form)
        at = (placement.completed_at if placement else None) or ""
        state = f"{form}_complete" if self._definitions.is_redcap else ""
        around = self._columns_of(form.partition("/")[0])
        missing = self._missing(form, (*fields, *filter(None, (state,))))
        if at and at not in around and at not in self._columns_of(form):
            missing += self._missing(form, (at,))
        return missing

    def missing_facts(self) -> list[Problem]:
        """See `Source`; a form that the file does not define stands in another source."""
        return [
            problem
            for form, name in fact_fields(self._study)
            if form in self._by_name and name != self._study.record_id
            for problem in self._missing(form, (name,))
        ]

    def records(self, forms: frozenset[str]) -> Iterator[Record | Problem]:
        """See `Source`."""
        maker = RecordMaker(self._layouts, self._study)
        for subject in self._clinical.subjects():
            if isinstance(subject, Problem):
                yield subject
            else:
                yield from maker.records_of(subject, forms)

    @cached_property
    def _shapes(self) -> Mapping[str, FormShape]:
        return self._layouts.shapes

    @cached_property
    def _by_name(self) -> dict[str, Layout]:
        return self._layouts.by_name

    def _columns_of(self, form: str) -> set[str]:
        layout = self._by_name.get(form)
        if layout is None:
            return set()
        several = {
            checkbox_column(oid, code)
            for oid, column in layout.columns.items()
            for code in column.codes
        }
        return {*layout.columns, *several}

    def _missing(self, form: str, names: tuple[str, ...]) -> list[Problem]:
        there = self._columns_of(form)
        return [
            Problem(
                Origin(self.name),
                name,
                f"an item `{name}`, which form `{form}` reads",
                "none",
                "Export the whole study, or correct the field names in the mapping; "
                "the other forms go through.",
            )
            for name in names
            if name not in there
        ]
