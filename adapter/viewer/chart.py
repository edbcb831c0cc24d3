"""The charts of the page, in Vega-Lite's words, and what they say to who cannot see them.

https://vega.github.io/vega-lite/. All charts of a page have the same time line and width, so that
the eye compares them downwards. Free text of a record stands in none of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from adapter.fhir.coding import number
from adapter.instruments.form import Band, Scale
from adapter.viewer.moments import day_of
from adapter.viewer.point import Point
from adapter.viewer.record import Outcome, PatientRecord
from adapter.viewer.safety import Event
from adapter.viewer.words import day_in_words, value_in_words

Spec = dict[str, Any]
WIDTH, HEIGHT, LABELS = 280, 56, 110
"""The plot in CSS pixels, and the room beside it for the names of the bands."""
_LINE_OF_TEXT = 11
_FEW = 4  # so many scores can all be named in the chart
_MANY = 24  # so many dots would hide their line
_MOST_NUMBERS = 8  # so many events can be told apart by their numbers on the time line
_LONGEST_WITH_MONTHS = 1100
_DARKEST = 0.22
_HIGH = 0.7  # of the plot's height: above a dot up there is no room for its score
_NEAR_THE_EDGE = 14  # so near to it, half a label does not fit
_INK, _MUTED = "#1f2933", "#52606d"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart: what draws it, and the sentence that stands for it."""

    spec: Spec
    label: str


def trend(outcome: Outcome, record: PatientRecord) -> Drawing:
    """One outcome's scores over time, over the bands of its scale."""
    low, high = (float(end) for end in outcome.scale.range)
    points = [point for point in outcome.points if point.value is not None and point.day]
    layers = [
        *_bands(outcome.scale, outcome.latest),
        _rules(record.events),
        *_baseline(outcome),
        _scores(points),
        _dots(points),
        *_names(points, low, high),
    ]
    frame = _frame(record)
    frame["encoding"]["y"] = {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": [low, high], "nice": False, "zero": False},
        "axis": None,
    }
    return Drawing({**frame, "height": HEIGHT, "layer": layers}, _sentence(outcome, points))


def time_line(record: PatientRecord) -> Drawing:
    """The adverse events on the time line that all charts share, with its dates."""
    days = record.days
    is_long = days is not None and (days[1] - days[0]).days > _LONGEST_WITH_MONTHS
    spans = [
        {"at": _moment(start), "to": _moment(day_of(event.end) or start), "number": event.number}
        for event in record.events
        if (start := day_of(event.start)) is not None
    ]
    is_crowded = len(spans) > _MOST_NUMBERS
    size = 50 if is_crowded else 260
    bars = {"type": "rule", "strokeWidth": 8, "strokeCap": "round", "color": _MUTED}
    discs = {"type": "point", "shape": "circle", "size": size, "filled": True, "color": _INK}
    numbers = {"type": "text", "fontSize": 11, "fontWeight": "bold", "color": "#ffffff"}
    layers = [
        _layer("spans", bars, spans, x2="to"),
        _layer("discs", {**discs, "opacity": 1}, spans),
        _layer("events", numbers, [] if is_crowded else spans, text="number"),
    ]
    frame = _frame(record)
    frame["encoding"]["x"]["axis"] = {
        "title": None,
        "format": "%Y" if is_long else "%b %Y",
        "tickCount": {
            "interval": "year" if is_long else "month",
            "step": 1 if is_long else _step(days),
        },
        "labelFontSize": 11,
        "labelColor": _MUTED,
        "labelFlush": _NEAR_THE_EDGE,
        "labelOverlap": True,
        "grid": False,
    }
    count = len(record.events)
    label = f"{count} adverse event{'' if count == 1 else 's'} on the time line" if count else ""
    frame["padding"] = {**frame["padding"], "bottom": 24}
    return Drawing({**frame, "height": 22, "layer": layers}, label or "The time line")


def _step(days: tuple[date, date] | None) -> int:
    """So many months lie between two dates of the axis that four or five of them fit."""
    return 1 if days is None else max(1, -(-(days[1] - days[0]).days // 120))


def _frame(record: PatientRecord) -> Spec:
    """What all charts share; the domain is a little wider than what is known."""
    days = record.days or (date(2000, 1, 1), date(2000, 1, 2))
    room = max(timedelta(days=2), (days[1] - days[0]) * 0.06)
    domain = [_moment(days[0] - room), _moment(days[1] + room)]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": WIDTH,
        "padding": {"left": 14, "right": LABELS, "top": 4, "bottom": 4},
        "autosize": {"type": "none"},
        "background": None,
        "config": {"aria": False, "view": {"stroke": None}, "font": "sans-serif"},
        "encoding": {
            "x": {
                "field": "at",
                "type": "temporal",
                "scale": {"type": "utc", "domain": domain, "nice": False},
                "axis": None,
            }
        },
    }


def _layer(name: str, mark: Spec, values: list[Spec], **encoding: object) -> Spec:
    said = {
        channel: {"field": value} if isinstance(value, str) else value
        for channel, value in encoding.items()
    }
    return {"name": name, "data": {"values": values}, "mark": mark, "encoding": said}


def _bands(scale: Scale, latest: Point | None) -> list[Spec]:
    """The bands, the worse the darker, and the names that fit, that of the latest score first."""
    if not scale.bands:
        low, high = (float(end) for end in scale.range)
        return [_area([{"low": low, "high": high, "shade": 0.04}])]
    edges = [*(float(band.low) for band in scale.bands), float(scale.range[1])]
    ranks = range(len(scale.bands))
    shades = [_DARKEST * rank / max(1, len(scale.bands) - 1) + 0.03 for rank in ranks]
    if scale.better == "higher":
        shades.reverse()
    areas = [
        {"low": low, "high": high, "shade": shade}
        for (low, high), shade in zip(pairwise(edges), shades, strict=True)
    ]
    return [_area(areas), _band_names(scale, edges, latest)]


def _area(areas: list[Spec]) -> Spec:
    left, right = {"value": 0}, {"value": WIDTH}
    layer = _layer("bands", {"type": "rect", "color": _INK}, areas, x=left, x2=right, y2="high")
    layer["encoding"] |= {
        "y": {"field": "low", "type": "quantitative"},
        "fillOpacity": {"field": "shade", "type": "quantitative", "scale": None},
    }
    return layer


def _band_names(scale: Scale, edges: list[float], latest: Point | None) -> Spec:
    a_line = (edges[-1] - float(scale.range[0])) / HEIGHT * _LINE_OF_TEXT
    named: list[Spec] = []
    for band, (low, high) in sorted(
        zip(scale.bands, pairwise(edges), strict=True),
        key=lambda each: not _holds(each[0], latest),
    ):
        middle = (low + high) / 2
        if all(abs(middle - other["value"]) >= a_line for other in named):
            named.append({"value": middle, "name": band.label})
    mark = {"type": "text", "align": "left", "fontSize": 10, "color": _MUTED, "dx": 8}
    return _layer("names", mark, named, x={"value": WIDTH}, text="name")


def _holds(band: Band, point: Point | None) -> bool:
    return point is not None and point.band == band.label


def _rules(events: Iterable[Event]) -> Spec:
    """A line through every chart where an adverse event began."""
    values = [{"at": _moment(day)} for event in events if (day := day_of(event.start))]
    mark = {"type": "rule", "color": _MUTED, "strokeDash": [1, 3], "strokeWidth": 1.2}
    return _layer("began", mark, values, y={"value": 0}, y2={"value": HEIGHT})


def _baseline(outcome: Outcome) -> list[Spec]:
    first = outcome.baseline
    if first is None or first.value is None or first is outcome.latest:
        return []
    mark = {"type": "rule", "color": _MUTED, "strokeDash": [4, 3], "strokeWidth": 1}
    values = [{"value": float(first.value)}]
    return [_layer("baseline", mark, values, x={"value": 0}, x2={"value": WIDTH})]


def _scores(points: list[Point]) -> Spec:
    """The line through the scores; it breaks where the rules of scoring changed."""
    values = [_score(point) for point in points]
    mark = {"type": "line", "color": _INK, "strokeWidth": 2}
    return _layer("line", mark, values, detail={"field": "version", "type": "nominal"})


def _dots(points: list[Point]) -> Spec:
    told = points if len(points) <= _MANY else [points[0], points[-1]]
    values = [_score(point) for point in told]
    mark = {"type": "point", "shape": "circle", "size": 44, "color": _INK, "opacity": 1}
    return _layer("dots", {**mark, "filled": True}, values)


def _names(points: list[Point], low: float, high: float) -> list[Spec]:
    """The scores beside their dots: above them, or below where there is no room."""
    told = points if len(points) <= _FEW else [points[0], points[-1]]
    layers = []
    for name, dy, is_high in (("above", -12, False), ("below", 13, True)):
        values = [
            {**_score(each), "text": value_in_words(each.value or Decimal())}
            for each in told
            if (_share(each, low, high) > _HIGH) == is_high
        ]
        mark = {"type": "text", "fontSize": 12, "fontWeight": 600, "color": _INK, "dy": dy}
        layers.append(_layer(name, mark, values, text="text"))
    return layers


def _share(point: Point, low: float, high: float) -> float:
    return (float(point.value or 0) - low) / (high - low)


def _score(point: Point) -> Spec:
    day = point.day
    assert day is not None  # noqa: S101 - only dated scores are drawn
    value = float(point.value or 0)
    return {"at": _moment(day), "value": value, "version": point.version}


def _moment(day: date) -> int:
    """Milliseconds since 1970: a day is the same point of the chart in every zone."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def _sentence(outcome: Outcome, points: list[Point]) -> str:
    if not points:
        return f"{outcome.scale.title}: no score with a date"
    values = [point.value for point in points if point.value is not None]
    first, last = (day_in_words(point.at) for point in (points[0], points[-1]))
    when = f"on {first}" if len(points) == 1 else f"from {first} to {last}"
    told = ", ".join(map(value_in_words, values))
    if len(values) > _FEW:
        ends = (values[0], values[-1], min(values), max(values))
        words = "first {}, last {}, lowest {}, highest {}".format(*map(value_in_words, ends))
        told = f"{len(values)} scores, {words}"
    low, high = (number(end) for end in outcome.scale.range)
    return f"{outcome.scale.title} {when}: {told}; possible range {low} to {high}"
