"""When the source's fields change under a mapping, their form waits and says what changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapter.errors import Problem
from adapter.ingest import Report
from adapter.ingest.drift import drift
from adapter.sources.source import FieldShape, FieldType, FormShape
from tests.unit.ingest.project import (
    FIELDS,
    FORMS,
    OFTEN,
    STUDY,
    Bench,
    Cells,
    columns,
    dictionary_csv,
    mood,
    pain,
    person,
    records_csv,
)

Declared = tuple[tuple[str, str, str, str], ...]
VERSIONS = "the version"


def shape(*fields: FieldShape) -> FormShape:
    return FormShape("mood", {field.name: field for field in fields}, "dictionary.csv")


def field(name: str, kind: FieldType = "choice", label: str = "", **choices: str) -> FieldShape:
    return FieldShape(
        name, kind, label, {code.removeprefix("c"): word for code, word in choices.items()}
    )


BEFORE = field("mood_1", label="In low spirits", c0="Never", c1="Often", c2="Always")


def changes(*now: FieldShape, before: tuple[FieldShape, ...] = (BEFORE,)) -> list[Problem]:
    return drift(shape(*before), shape(*now), [each.name for each in before], VERSIONS)


@pytest.mark.parametrize(
    ("now", "found"),
    [
        pytest.param(
            field("mood_1", c0="Never", c1="Often"), "removed: 2 `Always`", id="one removed"
        ),
        pytest.param(
            field("mood_1", c0="Never", c1="Often", c2="Always", c3="At night"),
            "added: 3 `At night`",
            id="one added",
        ),
        pytest.param(
            field("mood_1", c0="Never", c1="Seldom", c2="Always"),
            "relabelled: 1, `Often` -> `Seldom`",
            id="one relabelled",
        ),
        pytest.param(
            field("mood_1", c1="Never", c2="Often", c3="Always"),
            "recoded: `Never`, 0 -> 1; recoded: `Often`, 1 -> 2; recoded: `Always`, 2 -> 3",
            id="all recoded",
        ),
        pytest.param(
            field("mood_1", c2="Never", c1="Often", c0="Always"),
            "recoded: `Never`, 0 -> 2; recoded: `Always`, 2 -> 0",
            id="turned round",
        ),
        pytest.param(
            field("mood_1", c0="Never", c9="Always"),
            "recoded: `Always`, 2 -> 9; removed: 1 `Often`",
            id="one recoded and one removed",
        ),
        pytest.param(
            field("mood_1", c0="Never", c1="Never", c2="Always"),
            "relabelled: 1, `Often` -> `Never`",
            id="a label that stands twice",
        ),
    ],
)
def test_every_change_of_a_choice_is_told_old_to_new(now: FieldShape, found: str) -> None:
    (problem,) = changes(now)

    assert (problem.field, problem.found) == ("mood_1", found)
    assert problem.expected == "the choices as they were, 0 Never | 1 Often | 2 Always"
    assert problem.origin.file == "dictionary.csv"
    assert VERSIONS in problem.action


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(BEFORE, id="nothing"),
        pytest.param(replace(BEFORE, label="In good spirits"), id="its own label"),
        pytest.param(
            field("mood_1", c2="Always", c1="Often", c0="Never"), id="the order of its choices"
        ),
        pytest.param(
            field("mood_1", c0="<b>Never</b>", c1=" Often&nbsp;", c2="Always<br>"), id="its markup"
        ),
    ],
)
def test_what_changes_no_answer_is_no_change(now: FieldShape) -> None:
    assert changes(now) == []


def test_a_type_that_changed_is_told() -> None:
    (problem,) = changes(field("day", "text"), before=(field("day", "date"),))

    assert (problem.field, problem.expected, problem.found) == ("day", "type date", "type text")


OTHER = field("mood_2", label="Sleepless", c0="Never", c1="Often", c2="Always")
NEW = replace(BEFORE, name="low_spirits")
NEWER = replace(BEFORE, name="newer", label="Something else")


@pytest.mark.parametrize(
    ("now", "named"),
    [
        pytest.param((NEW, OTHER), "low_spirits", id="the only one like it"),
        pytest.param((OTHER, NEWER, NEW), "low_spirits", id="the one with its label"),
        pytest.param(
            (replace(NEWER, name="here"), OTHER, NEWER), "here", id="the one in its place"
        ),
        pytest.param((OTHER, NEWER), "newer", id="the only new one of its kind"),
        pytest.param((OTHER,), None, id="none is new"),
        pytest.param((OTHER, replace(NEW, type="text")), None, id="another type"),
        pytest.param((OTHER, replace(NEW, choices={"0": "No"})), None, id="other choices"),
        pytest.param((OTHER, NEWER, replace(NEWER, name="last")), None, id="two as good"),
    ],
)
def test_a_field_that_is_gone_is_told_with_the_one_it_became(
    now: tuple[FieldShape, ...], named: str | None
) -> None:
    (problem,) = changes(*now, before=(BEFORE, OTHER))

    assert problem.field == "mood_1"
    assert problem.expected == "the field, of type choice (0 Never | 1 Often | 2 Always)"
    assert problem.found == (f"none; `{named}` is new, and like it" if named else "none")
    assert (f"`fields: {{mood_1: {named}}}`" in problem.action) == (named is not None)


def test_a_field_that_the_mapping_does_not_read_may_change() -> None:
    assert drift(shape(BEFORE, OTHER), shape(BEFORE), ["mood_1"], VERSIONS) == []


def test_a_field_that_nobody_read_before_is_no_change() -> None:
    assert drift(shape(OTHER), shape(BEFORE, OTHER), ["mood_1", "mood_2"], VERSIONS) == []


# From here on: the same in an ingest.

ROWS: list[Cells] = [{**person("1"), **mood("1", "2", "0"), **pain("3", "4.5")}]
RECODED = OFTEN.replace("2, Often", "5, Often")


def with_field(changed: str, **words: str) -> Declared:
    """The project's dictionary with one field changed."""
    return tuple(
        (words.get("name", each), form, words.get("kind", kind), words.get("choices", choices))
        if each == changed
        else (each, form, kind, choices)
        for each, form, kind, choices in FIELDS
    )


def read(
    bench: Bench,
    fields: Declared = FIELDS,
    rows: list[Cells] = ROWS,
    missing_limit: int | None = None,
) -> Report:
    content, dictionary = records_csv(rows, columns(fields)), dictionary_csv(fields)
    return bench.read(bench.source(content, dictionary=dictionary, missing_limit=missing_limit))


def told(bench: Bench, report: Report) -> list[tuple[str, str, str]]:
    return [(each.origin.file, each.field, each.found) for each in bench.problems(report)]


def test_a_form_whose_choices_changed_waits_and_the_others_go_on(bench: Bench) -> None:
    read(bench)
    rows: list[Cells] = [{**person("1"), **mood("5", "1", "1"), **pain("9", "9")}]

    report = read(bench, with_field("mood_1", choices=RECODED), rows)

    assert told(bench, report) == [("dictionary.csv", "mood_1", "recoded: `Often`, 2 -> 5")]
    assert "mood" not in report.counts
    assert report.counts["pain"] == {"changed": 1}
    assert not report.is_whole
    assert bench.statuses("QuestionnaireResponse", "mood") == {"completed": 1}


def test_a_field_that_was_renamed_is_told_once(bench: Bench) -> None:
    read(bench)

    report = read(bench, with_field("mood_2", name="mood_two"))

    assert told(bench, report) == [
        ("dictionary.csv", "mood_2", "none; `mood_two` is new, and like it")
    ]


def test_boxes_that_are_gone_are_told_once(bench: Bench) -> None:
    read(bench)

    report = read(bench, with_field("mood_where", name="mood_places"))

    assert [field for _, field, _ in told(bench, report)] == ["mood_where"]


def test_the_change_is_told_again_until_somebody_looks(bench: Bench) -> None:
    changed = with_field("mood_1", choices=OFTEN.replace("Sometimes", "Seldom"))
    read(bench)

    first, second = read(bench, changed), read(bench, changed)

    assert told(bench, first) == told(bench, second) != []


@pytest.mark.parametrize("raised", ["form", "study"])
def test_a_version_that_was_raised_accepts_the_change(bench: Bench, raised: str) -> None:
    changed = with_field("mood_1", choices=OFTEN.replace("Sometimes", "Seldom"))
    read(bench)
    read(bench, changed)
    higher = (
        bench.with_form(FORMS["mood"].replace('"1.0.0"', '"1.1.0"'))
        if raised == "form"
        else bench.with_study(STUDY.replace('"1.0.0"', '"1.0.1"'))
    )

    accepted, again = read(higher, changed), read(higher, changed)

    assert (accepted.problems, again.problems) == (0, 0)
    assert sum(accepted.counts["mood"].values()) == 1


def test_a_change_that_is_taken_back_needs_nobody(bench: Bench) -> None:
    read(bench)
    read(bench, with_field("mood_1", kind="text", choices=""))

    report = read(bench)

    assert report.problems == 0
    assert report.counts["mood"] == {"unchanged": 1}


def test_another_mapping_without_another_version_does_not_accept_a_change(bench: Bench) -> None:
    read(bench)
    mapped = bench.with_form(FORMS["mood"].replace("title: Mood\n", "title: Other\n"))

    report = read(mapped, with_field("mood_1", choices=OFTEN.replace("Sometimes", "Seldom")))

    assert report.problems == 1


def test_a_raised_version_does_not_let_codes_through_that_the_form_does_not_have(
    bench: Bench,
) -> None:
    read(bench)
    higher = bench.with_form(FORMS["mood"].replace('"1.0.0"', '"1.1.0"'))

    report = read(higher, with_field("mood_1", choices=RECODED))

    fields = [field for _, field, _ in told(higher, report)]
    assert fields == ["mood_1", "mood_1"]
    assert "mood" not in report.counts


def test_a_consent_whose_choices_changed_lets_nobody_be_read(bench: Bench) -> None:
    read(bench)
    rows = [person("1", stop_share="1"), person("2")]

    report = read(bench, with_field("stop_share", kind="radio", choices="1, No | 0, Yes"), rows)

    (problem,) = bench.problems(report)
    assert (problem.field, problem.severity) == ("stop_share", "error")
    assert "participant" not in report.counts
    assert bench.statuses("Consent") == {"active": 2}


def test_nothing_is_retracted_while_a_form_waits(bench: Bench) -> None:
    read(bench, rows=[*ROWS, person("2")])

    report = read(bench, with_field("mood_1", choices=RECODED), missing_limit=5)

    assert bench.statuses("ResearchSubject") == {"on-study": 2}
    assert "every row and form readable" in bench.problems(report)[-1].expected
