"""A form that asks or scores something else under the same version waits for a new one."""

from __future__ import annotations

from adapter.store.meanings import meanings, meanings_at
from tests.unit.ingest.project import FORMS, Bench, correcting, mood, pain, person

REVERSED = FORMS["mood"].replace(
    "method: sum, range: [0, 9]", "method: sum, reverse: [mood-1], range: [0, 9]"
)
ROW = {**person("1"), **mood("1", "2", "0"), **pain("3", "4")}


def texts(bench: Bench) -> list[bytes]:
    rows = bench.database.read().execute("SELECT text FROM version ORDER BY place").fetchall()
    return [bytes(row["text"]) for row in rows]


def test_it_is_told_and_nothing_of_it_is_taken_or_rewritten(bench: Bench) -> None:
    bench.ingest(ROW)
    before = texts(bench)

    report = bench.with_form(REVERSED).ingest({**ROW, **mood("3", "2", "0")}, missing_limit=9)

    (problem,) = (each for each in bench.problems(report) if each.field == "version")
    assert (problem.origin.file, problem.field) == ("mood.yaml", "version")
    assert "new version of form `mood`" in problem.expected
    assert "migrates" in problem.action
    assert texts(bench) == before
    assert "mood" not in report.counts


def test_other_forms_go_on(bench: Bench) -> None:
    bench.ingest(ROW)

    report = bench.with_form(REVERSED).ingest({**ROW, **pain("5", "4")})

    assert report.counts["pain"] == {"changed": 1}


def test_it_is_taken_under_a_new_version(bench: Bench) -> None:
    bench.ingest(ROW)
    bench.with_form(REVERSED).ingest(ROW)

    report = bench.with_form(correcting(REVERSED)).ingest(ROW)

    assert bench.problems(report) == []
    assert bench.observation("mood-total")["valueQuantity"]["value"] == 2 + 2 + 0
    assert sorted(each["version"] for each in bench.resources("Questionnaire", "mood")) == [
        "1.0.0",
        "2.0.0",
    ]


def test_a_change_that_was_taken_back_is_none(bench: Bench) -> None:
    bench.ingest(ROW)
    bench.with_form(REVERSED).ingest(ROW)

    report = bench.ingest(ROW)

    assert bench.problems(report) == []
    assert report.counts["mood"] == {"unchanged": 1}


def test_what_only_words_it_otherwise_is_taken(bench: Bench) -> None:
    bench.ingest(ROW)
    worded = FORMS["mood"].replace("title: Mood\n", "title: How it was\n")

    report = bench.with_form(worded).ingest(ROW)

    assert bench.problems(report) == []


def test_a_ledger_that_knows_no_meaning_takes_each_form_as_it_is(bench: Bench) -> None:
    bench.ingest(ROW)
    with bench.database.write() as tx:
        tx.execute("DELETE FROM meaning")

    report = bench.with_form(REVERSED).ingest(ROW)

    assert bench.problems(report) == []
    assert ("mood", "1.0.0") in meanings(bench.database.read())


def test_a_ledger_is_looked_at_without_being_made(bench: Bench) -> None:
    bench.ingest(ROW)
    nowhere = bench.folder / "nowhere.sqlite"

    assert meanings_at(nowhere) == {}
    assert not nowhere.exists()
    assert meanings_at(bench.folder / "ledger.sqlite") == meanings(bench.database.read())
