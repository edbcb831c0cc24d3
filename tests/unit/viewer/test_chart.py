"""What the charts draw, and what they say to who cannot see them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain, pairwise
from typing import Any

import pytest

from adapter.viewer.chart import WIDTH, Drawing, time_line, trend
from adapter.viewer.drawing import _drawn, draw
from adapter.viewer.record import PatientRecord, read_record
from adapter.viewer.words import change_in_words, day_in_words, value_in_words
from tests.forms import FORMS
from tests.poison import POISON
from tests.visits import STUDY, change, event, long_record, same_answers, total, visit

JUNE, JULY = "2023-06-14 20:15:09", "2023-07-14 20:15:09"


def pain(value: str, at: str, number: int) -> list[dict[str, Any]]:
    return visit("nrs-pain-avg-week", {"nrs_pain_avg": value}, at, number)


def drawn(resources: list[dict[str, Any]]) -> Drawing:
    record = read_record(resources, FORMS, STUDY.zone)
    return trend(record.outcomes[0], record)


def layer(drawing: Drawing, name: str) -> list[dict[str, Any]]:
    (found,) = (each for each in drawing.spec["layer"] if each["name"] == name)
    values: list[dict[str, Any]] = found["data"]["values"]
    return values


def test_a_sentence_says_what_the_picture_shows() -> None:
    assert drawn([*pain("7", JUNE, 1), *pain("5", JULY, 2)]).label == (
        "Average pain intensity, past week from 14 Jun 2023 to 14 Jul 2023: 7, 5;"
        " possible range 0 to 10"
    )


def test_of_many_scores_the_sentence_says_the_ends_and_the_extremes() -> None:
    scores = [
        pain(str(value), f"2023-0{month}-01", month) for month, value in enumerate("3918274", 1)
    ]

    label = drawn([*chain.from_iterable(scores)]).label

    assert "7 scores, first 3, last 4, lowest 1, highest 9" in label


def test_scores_stand_at_their_day_whatever_the_hour_and_zone() -> None:
    (score,) = layer(drawn(pain("7", JUNE, 1)), "line")

    assert score["at"] == datetime(2023, 6, 14, tzinfo=UTC).timestamp() * 1000
    assert score["value"] == 7


def test_what_has_no_date_or_no_score_is_not_drawn_as_one() -> None:
    answers = {f"ders18_{number}": "3" for number in range(1, 18)}
    resources = [*visit("ders-18", answers, JULY, 2), *same_answers("ders-18", "2", "", 1)]

    drawing = drawn(resources)

    assert layer(drawing, "line") == []
    assert "no score with a date" in drawing.label


@pytest.mark.parametrize(
    ("form", "darkest"), [("bdi", 63), ("promis-pi-4a", 75.6), ("who-5", 50)], ids=str
)
def test_the_worse_a_band_the_stronger_its_shade(form: str, darkest: float) -> None:
    resources = total(form, "20", JUNE, 1) if form == "bdi" else same_answers(form, "2", JUNE, 1)

    bands = layer(drawn(resources), "bands")

    assert max(bands, key=lambda each: float(each["shade"]))["high"] == darkest
    shades = [each["shade"] for each in bands]
    assert shades in (sorted(shades), sorted(shades, reverse=True))
    assert len(set(shades)) == len(shades)


def test_the_band_of_the_latest_score_is_named_and_names_do_not_overlap() -> None:
    names = layer(drawn(total("bdi", "5", JUNE, 1)), "names")

    assert names[0]["name"] == "minimal"
    places = sorted(each["value"] for each in names)
    assert all(high - low >= 63 * 10 / 60 for low, high in pairwise(places))


def test_the_line_breaks_where_the_rules_of_scoring_changed() -> None:
    older = pain("7", JUNE, 1)
    older[-1]["method"] = {"coding": [{**older[-1]["method"]["coding"][0], "version": "0.9.0"}]}

    values = layer(drawn([*older, *pain("5", JULY, 2)]), "line")

    assert [each["version"] for each in values] == ["0.9.0", "1.0.0"]


def test_the_baseline_is_drawn_where_there_is_something_to_compare() -> None:
    first, later = pain("7", JUNE, 1), pain("5", JULY, 2)
    told = change("nrs-pain-avg-week", "value", (first, later))

    assert layer(drawn([*first, *later, told]), "baseline") == [{"value": 7.0}]
    assert "baseline" not in {each["name"] for each in drawn(first).spec["layer"]}


def test_all_charts_of_a_page_have_one_time_line() -> None:
    record = read_record(long_record(3), FORMS, STUDY.zone)

    drawings = [time_line(record), *(trend(each, record) for each in record.outcomes)]

    scales = {json.dumps(each.spec["encoding"]["x"]["scale"]) for each in drawings}
    assert len(drawings) == 11
    assert len(scales) == 1
    assert {each.spec["width"] for each in drawings} == {WIDTH}


def test_events_have_numbers_until_they_would_hide_each_other() -> None:
    events = [event(n, {"ae_term": "Fell", "ae_onset": f"2023-01-{n:02}"}) for n in range(1, 13)]
    few, many = (time_line(read_record(events[:count], FORMS, STUDY.zone)) for count in (3, 12))

    assert [each["number"] for each in layer(few, "events")] == [1, 2, 3]
    assert layer(many, "events") == []
    assert len(layer(many, "discs")) == 12
    assert (few.label, many.label) == (
        "3 adverse events on the time line",
        "12 adverse events on the time line",
    )


def test_free_text_stands_in_no_chart() -> None:
    told = event(1, {"ae_term": POISON, "ae_onset": "2023-06-20"})
    record = read_record([*pain("7", JUNE, 1), told], FORMS, STUDY.zone)

    drawings = [time_line(record), trend(record.outcomes[0], record)]

    assert all("onerror" not in json.dumps(each.spec) + each.label for each in drawings)


@pytest.mark.parametrize("day", range(4, 14))
def test_no_date_of_the_time_line_is_cut_off_at_its_left(day: int) -> None:
    half_a_label, padding = 27, 14
    visits = [*pain("7", f"2023-03-{day:02}", 1), *pain("5", "2023-08-09", 2)]

    svg = draw(time_line(read_record(visits, FORMS, STUDY.zone)))

    first = re.search(r'<text(?: text-anchor="(\w+)")? transform="translate\(([\d.]+)', svg)
    assert first is not None
    assert float(first[2]) + padding >= (half_a_label if first[1] == "middle" else 0)


def test_what_nobody_knows_a_day_of_still_has_a_time_line() -> None:
    assert time_line(PatientRecord((), {}, (), (), {})).label == "The time line"
    assert "The time line" in draw(time_line(read_record(pain("7", "", 1), FORMS, STUDY.zone)))


def test_a_drawing_is_one_image_with_one_label_and_no_style_of_its_own() -> None:
    drawing = drawn([*pain("7", JUNE, 1), *pain("5", JULY, 2)])

    svg = draw(Drawing(drawing.spec, 'a "label" <b>'))

    assert svg.startswith(
        '<svg class="chart" role="img" aria-label="a &quot;label&quot; &lt;b&gt;"'
    )
    assert svg.count("role=") == svg.count("aria-") == 1
    assert not any(word in svg for word in ("style=", "<style", "<script", "href", "url("))


def test_the_same_content_is_drawn_once() -> None:
    drawing = drawn(pain("3", "2021-03-04", 1))
    first = draw(drawing)
    before = _drawn.cache_info().misses

    assert draw(drawn(pain("3", "2021-03-04", 1))) == first
    assert _drawn.cache_info().misses == before


def test_numbers_and_days_are_written_in_one_way() -> None:
    assert day_in_words("2023-06-14T20:15:09+10:00") == "14 Jun 2023"
    assert (day_in_words("2023-06"), day_in_words("")) == ("2023-06", "date not known")
    assert value_in_words(Decimal("61.20")) == "61.20"
    assert [change_in_words(Decimal(each)) for each in ("-8", "3.5", "0")] == ["−8", "+3.5", "0"]  # noqa: RUF001 - a true minus
