"""A form's new version is a Questionnaire of its own; the old one stays and is asked no more."""

from __future__ import annotations

from tests.unit.ingest.project import FORMS, Bench, mood, person

NEWER = FORMS["mood"].replace('version: "1.0.0"', 'version: "2.0.0"')


def moods(bench: Bench) -> dict[str, str]:
    """The status of each version of the mood form's Questionnaire."""
    return {each["version"]: each["status"] for each in bench.resources("Questionnaire", "mood")}


def test_the_old_questionnaire_is_retired_and_stays(bench: Bench) -> None:
    row = {**person("1"), **mood("1", "2", "0")}
    bench.ingest(row)
    assert moods(bench) == {"1.0.0": "active"}

    bench.with_form(NEWER).ingest(row)

    assert moods(bench) == {"1.0.0": "retired", "2.0.0": "active"}
    ids = {each["id"] for each in bench.resources("Questionnaire", "mood")}
    assert len(ids) == 2


def test_other_forms_are_not_retired_with_it(bench: Bench) -> None:
    row = {**person("1"), **mood("1", "2", "0")}
    bench.ingest(row)

    bench.with_form(NEWER).ingest(row)

    assert [each["status"] for each in bench.resources("Questionnaire", "pain")] == ["active"]


def test_a_version_that_comes_back_is_asked_again(bench: Bench) -> None:
    row = {**person("1"), **mood("1", "2", "0")}
    bench.ingest(row)
    bench.with_form(NEWER).ingest(row)

    bench.ingest(row)

    assert moods(bench) == {"1.0.0": "active", "2.0.0": "retired"}


def test_reading_again_under_the_new_version_makes_nothing_new(bench: Bench) -> None:
    row = {**person("1"), **mood("1", "2", "0")}
    bench.ingest(row)
    newer = bench.with_form(NEWER)
    newer.ingest(row)
    before = newer.versions()

    newer.ingest(row)

    assert newer.versions() == before
