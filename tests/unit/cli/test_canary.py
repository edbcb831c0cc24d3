"""No answer, no name and no date of birth is ever in a message, whatever is wrong with its row."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from adapter.cli.last_resort import told_without_words
from tests.unit.cli.site import Site
from tests.unit.ingest.project import (
    Cells,
    at_week_4,
    incident,
    mood,
    pain,
    person,
    records_csv,
    tally,
)

ANSWER, NAME, BORN = "Canary-4711", "Kanarienvogel", "1966-04-12"
WHO = {"full_name": NAME, "dob": BORN, "ihi": "8003608833357361"}
SECRETS = (ANSWER, NAME, BORN, WHO["ihi"])
LINE = b",".join([b"9", *[text.encode() for text in (ANSWER, NAME, BORN)]])


def row(**cells: str) -> bytes:
    """One line of the export."""
    return records_csv([{**person("1", **WHO), **cells}]).splitlines(keepends=True)[1]


def later(record: str) -> bytes:
    """One line of the export, of the later event."""
    return records_csv([at_week_4(record, mood_note=ANSWER)]).splitlines(keepends=True)[1]


BAD_ROWS = {
    "too few cells": LINE + b"\n",
    "too many cells": row().rstrip(b"\n") + b"," + LINE + b"\n",
    "a quote that is never closed": row(mood_note=ANSWER).replace(b"Canary", b'"Canary'),
    "a byte that is none": row(mood_note=ANSWER).replace(b"Canary", b"Can\xefary Canary"),
    "no record": row(record_id="", mood_note=ANSWER),
    "an unknown repeating form": row(redcap_repeat_instrument=ANSWER),
    "an instance that is none": row(redcap_repeat_instance=ANSWER),
    "a code that is none": row(mood_1=ANSWER),
    "a box that is none": row(mood_where___1=ANSWER),
    "a number that is none": row(pain_now=ANSWER),
    "a total that is none": row(tally_total=ANSWER),
    "a day of completion that is none": row(pain_now="1", pain_day=ANSWER),
    "a state that is none": row(mood_1="1", mood_complete=ANSWER),
    "an enrolment that is none": row(enrol_date=ANSWER),
    "a control character": row(mood_note=f"{ANSWER}\x0b!"),
    "a person who stands twice": row() + row(mood_note=ANSWER),
    "an answer that stands twice": row() + 2 * later("1"),
    "a person nobody knows": later("404"),
    "an event that is none": row(redcap_event_name="week_99", mood_note=ANSWER),
}


def problems_in(ledger: Path) -> str:
    """Every text of every problem that the ledger keeps."""
    with closing(sqlite3.connect(ledger)) as connection:
        return str(connection.execute("SELECT * FROM rejection").fetchall())


def everything_else_in(ledger: Path) -> str:
    """All that the ledger keeps but the resources themselves."""
    with closing(sqlite3.connect(ledger)) as connection:
        dump = connection.iterdump()
        return "\n".join(line for line in dump if not line.startswith('INSERT INTO "version"'))


def said_by(site: Site) -> str:
    """Both streams of every command that speaks of a source or of deliveries."""
    told = []
    for arguments in (
        ["check"],
        ["check", "--json"],
        ["ingest"],
        ["ingest", "--json"],
        ["plan"],
        ["plan", "--json"],
        ["status"],
        ["status", "--json"],
        ["withdraw", "1", "share"],
        ["link", "north-clinic", "1", "patient-7"],
    ):
        said = site.run(*arguments)
        told.append(said.out + said.err)
    return "".join(told)


@pytest.mark.parametrize("content", BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_is_told_without_what_it_says(site: Site, content: bytes) -> None:
    good = records_csv([{**person("7"), **mood("1")}])
    site.write("records.csv", good + content)

    told = said_by(site)

    assert site.run("ingest").code == 12
    assert re.search(r"records\.csv:[345]", told)
    assert [secret for secret in SECRETS if secret in told] == []
    assert [secret for secret in SECRETS if secret in problems_in(site.ledger)] == []
    assert [secret for secret in SECRETS if secret in everything_else_in(site.ledger)] == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(row(mood_1=ANSWER), id="no header"),
        pytest.param(row(mood_1=ANSWER).replace(b"2", b'"2'), id="no header and an open quote"),
        pytest.param(b"record_id," + LINE + b"," + LINE + b"\n", id="answers in the header"),
        pytest.param(row(mood_1=ANSWER).decode().encode("utf-16"), id="another encoding"),
    ],
)
def test_a_file_that_is_no_export_is_refused_without_what_it_says(
    site: Site, content: bytes
) -> None:
    site.write("records.csv", content)

    told = said_by(site)

    assert site.run("ingest").code == 11
    assert [secret for secret in SECRETS if secret in told] == []


def test_a_whole_export_leaves_who_people_are_out_of_the_ledger(site: Site) -> None:
    rows: list[Cells] = [
        {**person("1", **WHO), **mood("1", "2", "0", mood_spare=ANSWER), **pain("1", "2")},
        {**at_week_4("1"), **tally("12"), "diary_text": ANSWER},
        incident("1", "1"),
    ]
    site.export(*rows)

    told = said_by(site)

    dump = everything_else_in(site.ledger)
    assert site.run("ingest").code == 0
    assert [secret for secret in SECRETS if secret in told + dump] == []
    assert WHO["ihi"].encode() not in site.ledger.read_bytes()


def test_an_error_that_nobody_foresaw_is_told_by_its_kind_and_places_alone() -> None:
    detail = f"DETAIL:  Failing row contains ({ANSWER}, {NAME}, {BORN})."
    try:
        try:
            float(detail)
        except ValueError:
            WHO[ANSWER]
    except KeyError as wrong:
        told = told_without_words(wrong)

    assert [secret for secret in SECRETS if secret in told] == []
    assert "builtins.KeyError at test_canary.py:" in told
    assert "builtins.ValueError at test_canary.py:" in told


def test_an_unforeseen_error_ends_a_command_without_a_word_of_it(site: Site) -> None:
    site.export({**person("1", **WHO), **mood("1", "2", "0")})
    site.run("ingest")
    with closing(sqlite3.connect(site.ledger)) as connection, connection:
        connection.execute("UPDATE version SET text = ?", (f"no JSON: {ANSWER}".encode(),))

    said = site.run("export", "--out", str(site.folder / "out"))

    assert (said.code, said.out) == (1, "")
    assert "nobody foresaw" in said.err
    assert [secret for secret in SECRETS if secret in said.err] == []
