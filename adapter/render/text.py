"""A report as plain text: lines of at most 78 characters, for every screen and every printer."""

from __future__ import annotations

import textwrap

from adapter.render.person import Person
from adapter.render.report import NOTICE, Line, Report
from adapter.render.wording import heading, remarks, standing, value

_WIDTH = 78


def render_text(report: Report, person: Person | None = None) -> str:
    """The report in words; without `person` nobody can tell whose it is."""
    parts = [report.title, "=" * min(len(report.title), _WIDTH)]
    if warning := standing(report):
        parts += ["", *textwrap.wrap(warning, _WIDTH)]
    parts += ["", *(f"{name + ':':<20}{said}" for name, said in heading(report, person)), ""]
    for line in report.lines:
        parts += _line(line)
    parts += ["", *textwrap.wrap(NOTICE, _WIDTH), ""]
    return "\n".join(parts)


def _line(line: Line) -> list[str]:
    said = textwrap.wrap(f"{line.name}: {value(line)}", _WIDTH, subsequent_indent="    ")
    more = textwrap.wrap(
        "; ".join(remarks(line)), _WIDTH, initial_indent="    ", subsequent_indent="    "
    )
    return said + more
