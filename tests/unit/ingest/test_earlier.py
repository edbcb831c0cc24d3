"""What an earlier version of a form has read stays as it is, as long as its cells do."""

from __future__ import annotations

import pytest

from adapter.ingest.earlier import version_of
from adapter.store import instances
from tests.unit.ingest.project import (
    CLINIC,
    FIELDS,
    FORMS,
    STUDY,
    Bench,
    Cells,
    at_week_4,
    correcting,
    dictionary_csv,
    incident,
    mood,
    pain,
    person,
    raised,
    records_csv,
    tally,
)
from tests.unit.ingest.test_change import MOOD, WITH_BASELINE
from tests.unit.ingest.test_kept_back import stand
from tests.unit.ingest.test_lifecycle import BEFORE_CLOSING
from tests.unit.ingest.test_signals import TALLY, WATCHED

ROW = {**person("1"), **mood("1", "2", "0", mood_note="a walk"), **pain("3", "4")}
REVERSED = FORMS["mood"].replace(
    "method: sum, range: [0, 9]", "method: sum, reverse: [mood-1], range: [0, 9]"
)
SHORTER = FORMS["mood"].replace("  - {link_id: mood-note, field: mood_note, type: text}\n", "")
LONGER = FORMS["mood"].replace(
    "scales:\n", "  - {link_id: mood-spare, field: mood_spare, type: text}\nscales:\n"
)
OTHER = FORMS["mood"].replace("mood-note, field: mood_note", "mood-spare, field: mood_spare")
FIRST, SECOND = "1.0.0", "2.0.0"
OF_RESPONSES = ("QuestionnaireResponse", "Observation", "AdverseEvent", "Provenance")


def told(bench: Bench) -> list[tuple[str, bytes]]:
    """Every version of what was made of responses, as it was written."""
    rows = bench.database.read().execute("SELECT type, id, text FROM version ORDER BY place")
    return [(row["id"], bytes(row["text"])) for row in rows if row["type"] in OF_RESPONSES]


def asked_by(bench: Bench) -> list[str]:
    """The versions of the mood form that its responses answer."""
    found = bench.resources("QuestionnaireResponse", "mood")
    return sorted(each["questionnaire"].rpartition("|")[2] for each in found)


def forget_readings(bench: Bench) -> None:
    """Makes the ledger one of an adapter that did not keep how rows were read."""
    with bench.database.write() as tx:
        tx.execute("DELETE FROM reading")
        tx.execute("DELETE FROM counting")
        tx.execute("UPDATE instance SET mapping = 'of an earlier adapter'")


@pytest.mark.parametrize(
    "form", [FORMS["mood"], REVERSED, SHORTER, LONGER], ids=["same", "reversed", "less", "more"]
)
def test_a_row_that_is_as_it_was_stays_what_it_was(bench: Bench, form: str) -> None:
    row = {**ROW, "mood_spare": "there before anybody read it"}
    bench.ingest(row)
    bench.deliver(CLINIC)
    before = told(bench)

    newer = bench.with_form(raised(form))
    reports = [newer.ingest(row, missing_limit=9), newer.ingest(row, missing_limit=9)]

    assert [report.counts["mood"] for report in reports] == [{"unchanged": 1}] * 2
    assert told(bench) == before
    assert bench.owed(CLINIC) == {}


@pytest.mark.parametrize(
    "cells",
    [mood("3", "2", "0"), mood("1", "2", "0", mood_note="a run"), {"mood_spare": "since then"}],
    ids=["an answer", "what is asked no more", "what is asked since"],
)
def test_a_row_that_changed_is_read_by_the_new_version(bench: Bench, cells: Cells) -> None:
    bench.ingest(ROW)
    newer = bench.with_form(raised(OTHER))
    newer.ingest(ROW)

    report = newer.ingest({**ROW, **cells})

    assert report.counts["mood"] == {"changed": 1}
    assert asked_by(bench) == [SECOND]
    assert bench.statuses("QuestionnaireResponse", "mood") == {"amended": 1}
    assert bench.observation("mood-total")["method"]["coding"][0]["version"] == SECOND


def test_what_is_new_is_read_by_the_new_version(bench: Bench) -> None:
    bench.ingest(ROW)

    report = bench.with_form(raised(REVERSED)).ingest(ROW, {**at_week_4("1"), **mood("1", "1")})

    assert report.counts["mood"] == {"unchanged": 1, "created": 1}
    assert asked_by(bench) == [FIRST, SECOND]


def test_what_time_alone_changes_is_read_by_the_new_version(bench: Bench) -> None:
    rows = (person("1"), {**at_week_4("1"), **mood("1", complete="0")})
    bench.ingest(*rows, as_of=BEFORE_CLOSING)

    bench.with_form(raised(REVERSED)).ingest(*rows)

    assert asked_by(bench) == [SECOND]
    assert bench.statuses("QuestionnaireResponse") == {"stopped": 1}


def test_what_a_version_corrects_is_read_anew_and_corrected(bench: Bench) -> None:
    bench.ingest(ROW)
    bench.with_form(raised(REVERSED)).ingest(ROW)

    report = bench.with_form(correcting(REVERSED)).ingest(ROW)

    assert report.counts["mood"] == {"changed": 1}
    assert asked_by(bench) == [SECOND]
    total = bench.observation("mood-total")
    assert (total["status"], total["valueQuantity"]["value"]) == ("corrected", 2 + 2 + 0)


def test_items_that_are_gone_make_no_amendment_of_a_correction(bench: Bench) -> None:
    bench.ingest(ROW)

    bench.with_form(correcting(SHORTER)).ingest(ROW)

    assert bench.observation("mood-total")["status"] == "corrected"
    assert bench.statuses("QuestionnaireResponse", "mood") == {"completed": 1}


def test_a_version_that_is_not_named_among_the_corrected_stays(bench: Bench) -> None:
    bench.ingest(ROW)
    third = raised(REVERSED).replace('"2.0.0"', '"3.0.0"\ncorrects: ["2.0.0"]')

    report = bench.with_form(third).ingest(ROW)

    assert report.counts["mood"] == {"unchanged": 1}
    assert asked_by(bench) == [FIRST]


def test_a_version_that_is_taken_back_is_read_anew(bench: Bench) -> None:
    bench.with_form(raised(REVERSED)).ingest(ROW)

    report = bench.ingest(ROW)

    assert report.counts["mood"] == {"changed": 1}
    assert asked_by(bench) == [FIRST]


def test_the_tenth_version_comes_after_the_ninth(bench: Bench) -> None:
    ninth, tenth = (FORMS["mood"].replace("1.0.0", f"1.{n}.0") for n in (9, 10))
    bench.with_form(ninth).ingest(ROW)

    report = bench.with_form(tenth).ingest(ROW)

    assert report.counts["mood"] == {"unchanged": 1}
    assert asked_by(bench) == ["1.9.0"]


def test_the_study_file_reaches_what_the_present_version_read_alone(bench: Bench) -> None:
    bench.ingest(ROW)
    newer = bench.with_form(raised(FORMS["mood"]))
    newer.ingest(ROW, {**at_week_4("1"), **mood("1", "1")})
    before = dict(told(bench))

    elsewhere = STUDY.replace("base: https://small-trial", "base: https://moved")
    newer.with_study(elsewhere).ingest(ROW, {**at_week_4("1"), **mood("1", "1")})

    changed = {name for name, text in told(bench) if before.get(name) != text}
    moods = bench.resources("QuestionnaireResponse", "mood")
    assert {each["id"] in changed: each["questionnaire"][-5:] for each in moods} == {
        False: FIRST,
        True: SECOND,
    }


@pytest.mark.parametrize(
    ("form", "row"),
    [
        ("mood", ROW),
        ("tally", {**person("1"), **tally("7")}),
        ("incident", incident("1", "1")),
    ],
    ids=["a response", "totals alone", "an event"],
)
def test_an_older_ledger_says_by_which_version_it_read(bench: Bench, form: str, row: Cells) -> None:
    rows = (row,) if "ihi" in row else (person("1"), row)
    bench.ingest(*rows)
    before = told(bench)
    forget_readings(bench)

    report = bench.with_form(raised(FORMS[form])).ingest(*rows)

    assert report.counts[form] == {"unchanged": 1}
    assert told(bench) == before
    (held,) = (
        each for each in instances.of_participant(bench.database.read(), "1") if each.form == form
    )
    assert version_of(bench.database.read(), held) == FIRST


@pytest.mark.parametrize(
    ("form", "spare", "said"),
    [
        (FORMS["mood"], "", "unchanged"),
        (SHORTER, "", "unchanged"),
        (LONGER, "", "unchanged"),
        (LONGER, "nobody knows since when", "changed"),
    ],
    ids=["same", "less", "more", "more than was read"],
)
def test_an_older_ledger_knows_its_cells_by_what_proves_them(
    bench: Bench, form: str, spare: str, said: str
) -> None:
    row = {**ROW, "mood_spare": spare}
    bench.ingest(row)
    forget_readings(bench)

    report = bench.with_form(raised(form)).ingest(row)

    assert report.counts["mood"] == {said: 1}


def test_an_older_ledger_goes_by_what_proves_the_cells_that_stand(bench: Bench) -> None:
    full = {**ROW, "mood_spare": "nobody reads it"}
    bare = {**person("1"), **mood("1", "1", "1")}
    for row in (bare, full, bare, full):
        bench.ingest(row)
    forget_readings(bench)

    report = bench.with_form(raised(SHORTER)).ingest(full)

    assert report.counts["mood"] == {"unchanged": 1}


def test_other_columns_under_the_same_version_are_other_cells(bench: Bench) -> None:
    bench.ingest({**ROW, "mood_spare": "a run"})

    bench.with_form(FORMS["mood"].replace("field: mood_note", "field: mood_spare")).ingest(
        {**ROW, "mood_spare": "a run"}
    )

    assert bench.statuses("QuestionnaireResponse", "mood") == {"amended": 1}
    assert asked_by(bench) == [FIRST]


def test_an_older_ledger_is_read_anew_under_the_same_version(bench: Bench) -> None:
    bench.ingest(ROW)
    forget_readings(bench)
    before = told(bench)

    report = bench.ingest(ROW)

    (held,) = (
        each for each in instances.of_participant(bench.database.read(), "1") if each.form == "mood"
    )
    assert report.counts["mood"] == {"unchanged": 1}
    assert held.mapping == bench.trial.mapping_of(bench.trial.forms["mood"])
    assert told(bench) == before


def test_what_tells_no_version_is_read_anew(bench: Bench) -> None:
    bench.ingest({**person("1"), **tally("7")})
    forget_readings(bench)
    with bench.database.write() as tx:
        tx.execute("UPDATE instance SET source_hash = 'of nothing that is proven'")

    report = bench.with_form(raised(FORMS["tally"])).ingest({**person("1"), **tally("7")})

    assert report.counts["tally"] == {"changed": 1}


SKIPPED = {"tally_timestamp": "2024-10-06 02:30:00"}  # by the clock: it holds the row back
LATER = {**at_week_4("1"), **mood("3", "3", "3")}


@pytest.mark.parametrize(
    ("form", "changes"),
    [
        (MOOD, [6]),
        (MOOD.replace("  - {link_id: mood-note, field: mood_note, type: text}\n", ""), [6]),
        (
            MOOD.replace(
                "method: sum, range: [0, 9]", "method: sum, reverse: [mood-1], range: [0, 9]"
            ),
            [],
        ),
    ],
    ids=["same", "another item", "another rule"],
)
def test_a_change_is_counted_between_scores_by_the_same_rule_alone(
    bench: Bench, form: str, changes: list[int]
) -> None:
    followed = bench.with_study(WITH_BASELINE).with_form(MOOD)
    followed.ingest(ROW)

    followed.with_form(raised(form)).ingest(ROW, LATER)

    assert changes_of(bench) == changes


def test_an_older_ledger_knows_of_a_version_that_means_the_same_that_it_scores_alike(
    bench: Bench,
) -> None:
    followed = bench.with_study(WITH_BASELINE).with_form(MOOD)
    followed.ingest(ROW)
    forget_readings(bench)

    followed.with_form(raised(MOOD)).ingest(ROW, LATER)

    assert changes_of(bench) == [6]


@pytest.mark.parametrize(
    ("form", "worse"),
    [(TALLY, [("1", "worse", "worse", "row")]), (TALLY.replace("[0, 63]", "[0, 64]"), [])],
    ids=["the same", "another"],
)
def test_what_is_kept_back_is_compared_with_a_baseline_by_the_same_rule_alone(
    bench: Bench, form: str, worse: list[tuple[str, str, str, str]]
) -> None:
    rows = ({**person("1"), **tally("20")}, {**at_week_4("1"), **tally("35"), **SKIPPED})
    watched = bench.with_study(WATCHED).with_form(TALLY)
    watched.ingest(rows[0])

    report = watched.with_form(raised(form)).ingest(*rows)

    assert report.counts["tally"] == {"unchanged": 1, "rejected": 1}
    assert stand(watched) == worse


def test_a_form_that_waits_does_not_say_how_its_version_scored(bench: Bench) -> None:
    followed = bench.with_study(WITH_BASELINE).with_form(MOOD)
    followed.ingest(ROW)
    forget_readings(bench)
    highest = MOOD.replace("method: sum, range: [0, 9]", "method: highest, range: [0, 9]")
    followed.with_form(highest).ingest(ROW)

    followed.with_form(raised(highest)).ingest(ROW, LATER)

    assert changes_of(bench) == []


def test_a_change_from_a_baseline_that_another_rule_scores_now_is_taken_back(bench: Bench) -> None:
    followed = bench.with_study(WITH_BASELINE).with_form(MOOD)
    followed.ingest(ROW, LATER)
    assert changes_of(bench) == [6]
    gone = raised(MOOD).replace("id: total", "id: whole")

    followed.with_form(gone).ingest({**ROW, **mood("0", "2", "0")}, LATER)

    assert changes_of(bench) == []
    assert asked_by(bench) == [FIRST, SECOND]


def changes_of(bench: Bench) -> list[int]:
    """By how much the mood total changed, where that is said."""
    return [
        each["valueQuantity"]["value"]
        for each in bench.resources("Observation", "mood")
        if each["code"]["coding"][-1]["code"].endswith("-change")
        and each["status"] != "entered-in-error"
    ]


def test_signals_of_what_stays_stand_once_also_while_its_form_waits(bench: Bench) -> None:
    row = {**person("1"), **mood("0", "0", "3", mood_note="a walk")}
    bench.with_study(WATCHED).ingest(row)
    stood = [("1", "third", "reached", "")]
    assert stand(bench.with_study(WATCHED)) == stood
    newer = bench.with_study(WATCHED).with_form(raised(SHORTER))

    newer.ingest(row)
    taken = stand(newer)
    relabelled = tuple(
        (name, of, kind, choices.replace("Home", "At home")) for name, of, kind, choices in FIELDS
    )
    report = newer.read(newer.source(records_csv([row]), dictionary=dictionary_csv(relabelled)))

    assert "mood" not in report.counts
    assert taken == stand(newer) == stood
