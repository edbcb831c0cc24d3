"""A chart as SVG that stands in the page: drawn on the server, once for the same content.

Vega-Lite's engine costs half a second of a process's first chart and some 30 ms of every other one
(measured), so `warm` draws one before anybody waits.
"""

from __future__ import annotations

import functools
import re
from html import escape

import orjson

from adapter.viewer.chart import Drawing

CHARTS_KEPT = 4096
_HEAD = re.compile(r'<svg [^>]*viewBox="(?P<box>[\d. ]+)"[^>]*>')
_SPOKEN = re.compile(r' (role|aria-\w+)="[^"]*"')


def draw(drawing: Drawing) -> str:
    """The chart as an `svg` element: one image, one label; what it says stands in a table, too."""
    head, body = _drawn(orjson.dumps(drawing.spec, option=orjson.OPT_SORT_KEYS).decode())
    label = escape(drawing.label, quote=True)
    return f'<svg class="chart" role="img" aria-label="{label}" viewBox="{head}">{body}'


def warm() -> None:
    """Starts the engine."""
    empty = {"data": {"values": [{}]}, "mark": "point"}
    _drawn(orjson.dumps(empty, option=orjson.OPT_SORT_KEYS).decode())


@functools.lru_cache(maxsize=CHARTS_KEPT)
def _drawn(spec: str) -> tuple[str, str]:
    """The view box, and what stands behind the head."""
    import vl_convert  # noqa: PLC0415 - costs a tenth of a second, for pages alone

    svg = vl_convert.vegalite_to_svg(spec)
    found = _HEAD.match(svg)
    assert found is not None  # noqa: S101 - the engine's own head
    return found["box"], _SPOKEN.sub("", svg[found.end() :])
