"""What nobody mapped leaves no trace: not in a resource, not in a hash, and it is no change."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from adapter.errors import Origin
from adapter.ingest import Snapshot
from adapter.ingest.work import Outcome
from adapter.instruments.response import Record
from adapter.store import instances
from adapter.store.differences import differences
from tests.conformance.formats import FORMATS, Format
from tests.unit.ingest.project import (
    CLINIC,
    FORMS,
    REPOSITORY,
    STUDY,
    WEEK_0,
    Bench,
    Cells,
    correcting,
    incident,
    mood,
    person,
    records_csv,
)

KINDS = (
    "REDCap, flat CSV",
    "REDCap, CSV by value",
    "CSV, a file for each form",
    "ODM 1.3, as REDCap writes it",
    "ODM 1.3",
    "The API of REDCap",
)
EVERY_KIND = pytest.mark.parametrize(
    "kind", [pytest.param(each, id=each.name) for each in FORMATS if each.name in KINDS]
)
MOMENT = datetime(2024, 3, 21, 9, 30, tzinfo=ZoneInfo("Australia/Sydney"))
Written = list[tuple[object, ...]]


def rows(session: str) -> list[Cells]:
    """Somebody with a mood and an incident; `session` stands in cells that nobody mapped."""
    unmapped = {"mood_spare": session, "incident_session": session}
    return [
        {**person("1"), **mood("1", "2", "0"), "mood_spare": unmapped["mood_spare"]},
        incident("1", "1", incident_session=unmapped["incident_session"]),
    ]


def read(bench: Bench, kind: Format, session: str) -> dict[str, Counter[Outcome]]:
    """One ingest of these rows, from that kind of source."""
    source = kind.open_source(bench.folder, rows(session))
    report = bench.read(Snapshot(source, MOMENT, None))
    assert bench.problems(report) == []
    return report.counts


def written(bench: Bench) -> Written:
    """Every version of everything, and to whom each is owed, byte for byte."""
    tx = bench.database.read()
    said = "SELECT type, id, version, form, is_retracted, text FROM version ORDER BY place"
    return [
        *(tuple(row) for row in tx.execute(said).fetchall()),
        *(each for name in (REPOSITORY, CLINIC) for each in sorted(bench.owed(name).items())),
    ]


def fields(bench: Bench) -> set[str]:
    """The columns that any Provenance names."""
    return {
        cell["valueString"]
        for provenance in bench.resources("Provenance")
        for cell in provenance["entity"][0]["extension"][0]["extension"]
        if cell["url"] == "field"
    }


def hashes(bench: Bench) -> dict[str, str]:
    tx = bench.database.read()
    kept = tx.execute("SELECT form, source_hash FROM instance").fetchall()
    return {row["form"]: row["source_hash"] for row in kept}


def as_of_before(bench: Bench, *read_then: Cells) -> None:
    """Gives the ledger the hashes that earlier adapters kept: over all cells of a form."""
    source = bench.source(records_csv(list(read_then))).source
    with bench.database.write() as tx:
        for record in source.records(frozenset({"mood", "incident"})):
            assert isinstance(record, Record)
            whole = bench.trial.identity.source_hash(record)
            tx.execute("UPDATE instance SET source_hash = ? WHERE form = ?", (whole, record.form))


@EVERY_KIND
def test_two_worlds_that_differ_in_what_nobody_mapped_are_the_same(
    kind: Format, bench: Bench, tmp_path: Path
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    other = Bench.open(folder)

    read(bench, kind, "")
    read(other, kind, "the third")

    assert {"AdverseEvent", "Provenance"} <= {str(each[0]) for each in written(bench)}
    assert written(other) == written(bench)
    assert hashes(other) == hashes(bench)
    assert fields(other) == {
        *("mood_1", "mood_2", "mood_3"),
        *("incident_what", "incident_day", "incident_serious"),
    }
    other.close()


@EVERY_KIND
def test_what_nobody_mapped_may_change_and_nothing_is_new_or_owed(
    kind: Format, bench: Bench
) -> None:
    read(bench, kind, "")
    before = written(bench)

    counts = read(bench, kind, "the third")

    assert counts["mood"] == counts["incident"] == {"unchanged": 1}
    assert written(bench) == before


@pytest.mark.parametrize(
    ("since", "study"),
    [
        pytest.param("the third", STUDY, id="the same cells"),
        pytest.param("the fourth", STUDY, id="another cell that nobody mapped"),
        pytest.param("the third", STUDY.replace("stays", "remains"), id="another mapping"),
        pytest.param("the fourth", STUDY.replace("stays", "remains"), id="another of both"),
    ],
)
def test_a_ledger_with_hashes_over_all_cells_is_read_on_as_if_nothing_had_happened(
    bench: Bench, since: str, study: str
) -> None:
    bench.ingest(*rows("the third"))
    before, kept = written(bench), hashes(bench)
    as_of_before(bench, *rows("the third"))
    assert hashes(bench) != kept

    report = bench.with_study(study).ingest(*rows(since))

    assert report.counts["mood"] == report.counts["incident"] == {"unchanged": 1}
    assert written(bench) == before
    assert hashes(bench) == kept
    stand = instances.of_participant(bench.database.read(), "1")
    assert {each.status for each in stand} == {"completed"}


def test_another_rule_over_a_hash_of_all_cells_corrects_and_amends_nothing(bench: Bench) -> None:
    bench.ingest(*rows("the third"))
    as_of_before(bench, *rows("the third"))
    weighed = FORMS["mood"].replace("method: sum, range: [0, 9]", "method: mean, range: [0, 3]")

    bench.with_form(correcting(weighed)).ingest(*rows("the third"))

    assert bench.observation("mood-total")["status"] == "corrected"
    assert bench.statuses("QuestionnaireResponse") == {"completed": 1}


def test_what_is_written_otherwise_and_says_the_same_is_no_correction(bench: Bench) -> None:
    first, second = ({**person("1"), **mood("1", "2", "0")} for _ in range(2))
    second["mood_timestamp"] = "2024-02-01 10:15"
    bench.ingest(first)
    before, kept = written(bench), hashes(bench)

    report = bench.ingest(second)

    assert report.counts["mood"] == {"unchanged": 1}
    assert written(bench) == before
    assert hashes(bench) != kept
    (instance,) = instances.of_participant(bench.database.read(), "1")
    assert instance.status == "completed"


def test_a_total_that_is_only_compared_tells_its_difference_and_corrects_nothing(
    bench: Bench,
) -> None:
    compared = STUDY.replace(
        "at: [week-0, week-4]}", "at: [week-0, week-4], compare: {total: mood_spare}}", 1
    )
    bench = bench.with_study(compared)
    bench.ingest({**person("1"), **mood("1", "2", "0", mood_spare="3")})
    before = written(bench)
    assert list(differences(bench.database.read())) == []

    report = bench.ingest({**person("1"), **mood("1", "2", "0", mood_spare="4")})

    assert report.counts["mood"] == {"unchanged": 1}
    assert written(bench) == before
    assert [each.field for each in differences(bench.database.read())] == ["mood_spare"]


def test_a_box_that_was_ticked_in_what_is_read_amends(bench: Bench) -> None:
    bench.ingest({**person("1"), **mood("1", "2", "0")})

    report = bench.ingest({**person("1"), **mood("1", "2", "0", mood_where___2="1")})

    assert report.counts["mood"] == {"changed": 1}
    assert bench.statuses("QuestionnaireResponse") == {"amended": 1}


def test_a_missing_data_code_in_a_box_is_read(bench: Bench) -> None:
    cells = {"mood_1": "1", "mood_where____97": "1", "mood_where___2": "1", "mood_spare": "x"}
    record = Record("1", WEEK_0, "mood", None, cells, Origin("records.csv"))

    told = bench.trial.as_read(record)

    assert list(told.values) == ["mood_1", "mood_where____97", "mood_where___2"]
