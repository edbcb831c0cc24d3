"""Which columns of the source a form reads, under which names."""

from __future__ import annotations

import pytest

from adapter.instruments.fields import checkbox_column, fields_of
from adapter.instruments.study import FormPlacement
from tests.forms import form_of, study_of
from tests.unit.instruments.every_type import (
    EVERY_TYPE,
    FORM,
    PLACED,
    STUDY,
)


@pytest.mark.parametrize(
    ("field", "code", "column"),
    [
        ("pain", "1", "pain___1"),
        ("pain", "-1", "pain____1"),
        ("pain", "UNK", "pain___unk"),
    ],
)
def test_a_checkbox_has_a_column_for_each_choice(field: str, code: str, column: str) -> None:
    named = checkbox_column(field, code)

    assert named == column


def test_the_columns_of_a_form_are_known() -> None:
    study = study_of(PLACED)

    columns = fields_of(FORM, study.forms[0], study)

    assert columns == (
        *("colour", "my_boxes___1", "my_boxes___2", "my_boxes___b_3", "yes_no", "my_whole"),
        *("at_least", "at_most", "number", "day", "moment", "hour", "line", "lines", "my_total"),
    )


def test_a_placement_without_renamed_fields_reads_the_forms_own() -> None:
    form = form_of(EVERY_TYPE.replace("field: whole,", "field: entire,"))

    columns = fields_of(form, FormPlacement(form="every-type", source_form="x", at=()), STUDY)

    assert "entire" in columns


def test_a_column_that_a_source_need_not_have_is_not_needed() -> None:
    form = form_of(EVERY_TYPE.replace("type: text}", "type: text, optional: true}"))

    columns = fields_of(form, FormPlacement(form="every-type", source_form="x", at=()), STUDY)

    assert "line" in columns
    assert "lines" not in columns
