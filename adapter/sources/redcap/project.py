"""One REDCap project's flat rows become records, from whatever file or connection they come.

A flat row belongs to a record, event and repeat instance, with the fields of all forms side by
side. Each form that holds anything in a row becomes one `Record`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from adapter.errors import Origin, Problem, SourceError
from adapter.instruments.participant import fact_fields
from adapter.instruments.response import MARKED, Record
from adapter.instruments.study import Study
from adapter.sources.redcap.dictionary import Dictionary, Field
from adapter.sources.rows import Row
from adapter.sources.text import AGAIN

_COMMA_DECIMAL = re.compile(r"[+-]?[0-9]*,[0-9]+")
_INSTANCE = re.compile(r"[1-9][0-9]{0,8}")
# A form whose state nobody ever set (a grey icon) is exported as `0`, or blank by the option
# `exportBlankForGrayFormStatus`: the same either way.
_NEVER_SET = "0"


class Project:
    """What reads the flat rows of one export: its dictionary, its study, and its header."""

    def __init__(
        self,
        name: str,
        dictionary: Dictionary,
        study: Study,
        header: list[str],
        *,
        decimal_comma: bool = False,
    ) -> None:
        """`name` is the export's, for messages; `header` names the cells of every row, in order.

        `decimal_comma`: the export was made with a comma in every number. In fields whose
        validation says so, a comma is read as one without it.

        Raises:
            SourceError: no column with the record's name.
        """
        self.name = name
        self.shapes = dictionary.shapes
        self._study, self._decimal_comma = study, decimal_comma
        self._place = {column: place for place, column in enumerate(header)}
        if study.record_id not in self._place:
            problem = Problem(
                Origin(name, 1),
                study.record_id,
                f"a column `{study.record_id}` (`record_id` of the study)",
                "none",
                "Correct the study file, or export with the record id.",
            )
            raise SourceError(f"{name} is no export of this study.", (problem,))
        self._forms = {form: self._columns(dictionary, form) for form in dictionary.forms}

    def missing_columns(self, form: str, fields: tuple[str, ...]) -> list[Problem]:
        """What a form needs and the export does not have; whether it is complete is needed too."""
        placement = self._study.placement_of(form)
        at = placement.completed_at if placement else None
        return self._missing(form, (*fields, f"{form}_complete", *([at] if at else [])))

    def missing_facts(self) -> list[Problem]:
        """What the study reads of who takes part, and what they agreed to, and is not there.

        A form that the dictionary does not have stands in another source.
        """
        return [
            problem
            for form, name in fact_fields(self._study)
            if form in self._forms
            for problem in self._missing(form, (name,))
        ]

    def records_of(self, row: Row, forms: frozenset[str]) -> Iterator[Record | Problem]:
        """Every instance of these forms in a row, or what is wrong with it."""
        participant = self._cell(row, self._study.record_id)
        event = self._cell(row, "redcap_event_name")
        repeated = self._cell(row, "redcap_repeat_instrument")
        instance = self._cell(row, "redcap_repeat_instance")
        origin = Origin(self.name, row.line, participant, event)
        problem = self._key_problem(row, origin, repeated, instance)
        if problem is not None:
            yield problem
            return
        for form in (repeated,) if repeated else self._forms:
            if form not in forms:
                continue
            values = self._values(row, form)
            complete = self._cell(row, f"{form}_complete") or _NEVER_SET
            if values or complete in MARKED:
                yield Record(
                    participant=participant,
                    event=event,
                    form=form,
                    repeat=int(instance) if instance else None,
                    values=values,
                    origin=origin,
                    complete=complete,
                    completed_at=self._completed_at(row, form),
                )

    def _key_problem(
        self, row: Row, origin: Origin, repeated: str, instance: str
    ) -> Problem | None:
        """What keeps a row from being told apart from others: then none of it is taken."""
        others = (form for form in self._forms if repeated and form != repeated)
        if not origin.record or not origin.record.isprintable():
            field, expected = self._study.record_id, "the number of a record"
            found = "a sign that cannot be printed" if origin.record else "nothing"
        elif repeated and repeated not in self._forms:
            field, expected = "redcap_repeat_instrument", "a form of the dictionary, or nothing"
            found = "something else"
        elif instance and not _INSTANCE.fullmatch(instance):
            field, expected = "redcap_repeat_instance", "a whole number from 1, or nothing"
            found = "something else"
        elif any(self._values(row, form) for form in others):
            field, expected = repeated, f"cells of `{repeated}` alone, the form that repeats"
            found = "cells of other forms too"
        else:
            return None
        where = f" ({row.place})" if row.place else ""
        return Problem(origin, field, expected, f"{found}{where}", AGAIN)

    def _missing(self, form: str, names: tuple[str, ...]) -> list[Problem]:
        return [
            Problem(
                Origin(self.name, 1),
                name,
                f"a column `{name}`, which form `{form}` reads",
                "none",
                "Export all fields, or correct the field names in the mapping; "
                "the other forms go through.",
            )
            for name in names
            if name not in self._place
        ]

    def _values(self, row: Row, form: str) -> dict[str, str]:
        cells = row.cells
        values: dict[str, str] = {}
        for name, place, is_checkbox, has_comma in self._forms[form]:
            cell = cells[place]
            if cell and not (is_checkbox and cell == "0"):
                is_decimal = has_comma and _COMMA_DECIMAL.fullmatch(cell.strip())
                values[name] = cell.strip().replace(",", ".") if is_decimal else cell
        return values

    def _completed_at(self, row: Row, form: str) -> str:
        placement = self._study.placement_of(form)
        name = placement.completed_at if placement and placement.completed_at else None
        text = self._cell(row, name or f"{form}_timestamp")
        return "" if text == "[not completed]" else text

    def _cell(self, row: Row, name: str) -> str:
        place = self._place.get(name)
        return "" if place is None else row.cells[place].strip()

    def _columns(self, dictionary: Dictionary, form: str) -> list[tuple[str, int, bool, bool]]:
        """The columns of a form: name, place, whether it is a box, whether a comma is a point."""
        fields = dictionary.fields
        boxes = dictionary.missing_columns_of(form, self._study.missing_codes)
        return [
            (name, self._place[name], name not in fields, self._has_comma(fields.get(name)))
            for name in dict.fromkeys((*dictionary.columns_of(form), *boxes))
            if name in self._place and name != self._study.record_id
        ]

    def _has_comma(self, field: Field | None) -> bool:
        if field is None:
            return False
        is_number = self._decimal_comma and field.shape.type == "decimal"
        return is_number or field.validation.endswith("comma_decimal")
