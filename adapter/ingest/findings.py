"""What an ingest says of a source: where, what was expected, what was found, what to do."""

from __future__ import annotations

from collections.abc import Collection

from adapter.errors import Origin, Problem
from adapter.instruments.answer import describe
from adapter.instruments.facts import UNTIL_THEN
from adapter.instruments.form import Form
from adapter.instruments.participant import participant_forms
from adapter.instruments.response import Record
from adapter.instruments.study import Study


def duplicate(record: Record, action: str) -> Problem:
    """One row too many for a form instance; `action` says what was taken."""
    expected = "each form of a record, event and repeat once"
    return Problem(record.origin, record.form, expected, "it a second time", action)


def other_meaning(form: Form) -> Problem:
    """A form that is no longer what its version stood for."""
    return Problem(
        Origin(f"{form.id}.yaml"),
        "version",
        f"a new version of form `{form.id}`, for its items or its scoring are not those that "
        f"{form.version} had",
        f"{form.version} still",
        "Raise `version` in the file, and say in `migrates` how earlier answers are read, if they "
        f'fit, and `corrects: ["{form.version}"]` if what was read so far was wrong, else it stays '
        "as it is; or take the change back. Nothing of this form is taken until then.",
    )


def not_asked(record: Record) -> Problem:
    """A row of a form that the study file has stopped to map, while a person had to choose."""
    return Problem(
        record.origin,
        record.form,
        "a form that the study file maps",
        "one that it does not map any more",
        "Put the form back into `forms`, and choose then; what stands stays until then.",
    )


def contradicted(record: Record, number: int) -> Problem:
    """A row that says something else than what a clinic wrote, which stands."""
    return Problem(
        record.origin,
        record.form,
        "the answers that a clinic wrote, which were taken",
        "others",
        f"Look at both with `adapter inbox show {number}`, then take or leave it; nothing of this "
        "row is taken in until then.",
    )


def apart(record: Record) -> Problem:
    """A participant whose rows do not stand together."""
    return Problem(
        record.origin,
        record.form,
        "all rows of a record one after another",
        "more of them further down",
        f"Sort the export by record; {UNTIL_THEN}",
    )


def twice_said(record: Record, form: str, source: str) -> Problem:
    """A participant of whose facts two sources hold the same form."""
    return Problem(
        record.origin,
        form,
        "a row of this record and form in one source",
        f"one in {source}, too",
        "If they are two people, give one another record id; else take the row out of one source, "
        f"or leave that source out; {UNTIL_THEN}",
    )


def gone_unread(origin: Origin, form: str) -> Problem:
    """A row of a participant's facts that could not be read, and then was not there any more."""
    return Problem(
        origin,
        form,
        "a row of this record that can be read, for the last one could not",
        "none, here or in another source",
        f"Put the row back and correct it; {UNTIL_THEN}",
    )


def not_all_read(record: Record) -> Problem:
    """A participant who was held, when not every source was read whole under its present name."""
    return Problem(
        record.origin,
        record.form,
        "every source to be read, before somebody who is held is not any more",
        "one that was not read yet under its address and its token's name, or its path",
        f"Ingest once more when all of them were read; {UNTIL_THEN}",
    )


def of_two(record: Record, study: Study) -> Problem:
    """Answers of whom nobody knows: two sources hold the same form of this participant."""
    return Problem(
        record.origin,
        study.record_id,
        "a record whose rows are all of one person",
        "one of which two sources hold the same form, or may while one of them was not read",
        "Mend what is listed of that form, or ingest once more when every source was read; of "
        "the other forms of the record, nothing new or corrected is taken in until then.",
    )


def unknown_state(record: Record) -> Problem:
    """A word of completion that REDCap does not have, such as a label."""
    return Problem(
        record.origin,
        f"{record.form}_complete",
        "0, 1 or 2",
        describe(record.complete),
        "Export raw values and not labels; this form is kept back until then.",
    )


def unknown_participant(record: Record, study: Study) -> Problem:
    """Answers of somebody who does not take part."""
    return Problem(
        record.origin,
        study.record_id,
        f"a record with form `{study.participant.form}`",
        "a record without it",
        "Complete that form, or remove the row.",
    )


def kept_back(record: Record, study: Study) -> Problem:
    """Answers of somebody who may well take part, and of whom that could not be read."""
    return Problem(
        record.origin,
        study.record_id,
        "a record of which it could be read who takes part, and what they agreed to",
        "one whose own row was kept back, or could not be read",
        "Mend what is listed of that row; all forms of the record wait for it.",
    )


def not_mapped(form: str) -> Problem:
    """The finding about a form of the source that no study file mentions."""
    return Problem(
        Origin("dictionary"),
        form,
        "a form that the study file maps",
        "one that it does not",
        "Add it to `forms`, or to `not_mapped` with the reason.",
        severity="warning",
    )


def not_in_source(study: Study, source_forms: Collection[str]) -> list[Problem]:
    """The findings about forms that the study file maps and the dictionary does not have."""
    return [
        Problem(
            Origin("dictionary"),
            name,
            f"a form `{name}`, which the study file maps",
            "none",
            "Correct `source_form` in the study file, or export the whole dictionary.",
        )
        for name in sorted(mapped_forms(study).difference(source_forms))
    ]


def mapped_forms(study: Study) -> frozenset[str]:
    """The forms of the source that the study file reads."""
    return participant_forms(study) | {placed.source_form for placed in study.forms}


def renamed(source: str, old: str, new: str, study: Study) -> Problem:
    """A record that is gone, and a new one that holds just what it held."""
    return Problem(
        Origin(source, record=new),
        study.record_id,
        f"record {old}, which held the same forms with the same cells",
        "this one in its place: it was renamed",
        "What was made of the old name is retracted and made anew. If a clinic's Patient was "
        "linked to it, link the new name (`adapter link`).",
        severity="warning",
    )


def without_rows(source: str) -> Problem:
    """A source that was full and has no row now: an export that was cut off, more likely."""
    return Problem(
        Origin(source),
        "",
        "rows, as last time",
        "a header and nothing else",
        "Export all records. Nothing was retracted.",
    )


def perhaps_missing(found: int) -> Problem:
    """Records that may be gone, in a source that could not be read whole."""
    return Problem(
        Origin("records"),
        "",
        "every row and form readable, before what is missing is believed to be gone",
        f"some that are not, and {found} records fewer than last time, or parts of them",
        "Mend what is listed and ingest again. Nothing was retracted.",
    )


def too_many_missing(found: int, limit: int) -> Problem:
    """More records gone than one run is believed."""
    return Problem(
        Origin("records"),
        "",
        f"at most {limit} records fewer than last time (`missing_limit`)",
        f"{found} fewer, or a form gone from many",
        "If they were really deleted, raise `missing_limit` for one run; "
        "otherwise export all records. Nothing was retracted.",
    )
