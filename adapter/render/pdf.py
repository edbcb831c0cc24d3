"""A report as one page in PDF/A-2a, which stays readable and can be read aloud.

The page is set by Typst from a fixed template; what is said travels as data, never as markup, so
that no text can break out of its place. Only fonts that the library carries are used, and the date
in the file is the report's own: the same report is the same file on every machine.
"""

from __future__ import annotations

from datetime import datetime

import orjson

from adapter.render.person import Person
from adapter.render.report import NOTICE, Report
from adapter.render.wording import heading, remarks, standing, value

_TEMPLATE = rb"""
#let said = json(bytes(sys.inputs.report))
#let scale = float(sys.inputs.scale)
#set document(title: said.title, author: said.author, date: datetime(
  year: said.made.at(0), month: said.made.at(1), day: said.made.at(2),
  hour: said.made.at(3), minute: said.made.at(4), second: said.made.at(5)))
#set page(paper: "a4", margin: 2cm)
#set text(font: "Libertinus Serif", size: 10.5pt * scale, lang: "en", hyphenate: false)
#heading(level: 1, said.title)
#if said.standing != "" { strong(said.standing) }
#table(columns: (auto, 1fr), stroke: none, inset: (x: 0pt, y: 2.5pt * scale), column-gutter: 1em,
  ..said.heading.map(((name, words)) => (strong(name), words)).flatten())
#table(columns: (2fr, 1.2fr, 3fr), stroke: (y: 0.4pt + gray), inset: (x: 4pt, y: 4pt * scale),
  table.header([*What*], [*Value*], [*Reading it*]),
  ..said.lines.map(((name, number, words)) => (name, strong(number), words)).flatten())
#v(1em)
#text(size: 9pt * scale, said.notice)
#context [#metadata(counter(page).final().at(0)) <pages>]
"""
_SCALES = ("1", "0.85", "0.7", "0.6")


def render_pdf(report: Report, person: Person | None = None) -> bytes:
    """The report on one page; a long one is set smaller, and takes more pages only then."""
    said = orjson.dumps(
        {
            "title": report.title,
            "author": "trial FHIR adapter",
            "made": _parts(report.made),
            "standing": standing(report),
            "heading": heading(report, person),
            "lines": [(line.name, value(line), "; ".join(remarks(line))) for line in report.lines],
            "notice": NOTICE,
        }
    ).decode()
    import typst  # noqa: PLC0415 - only who sends a PDF pays for it

    scale = next((each for each in _SCALES if _pages(said, each) == 1), _SCALES[-1])
    inputs = {"report": said, "scale": scale}
    pdf = typst.compile(
        _TEMPLATE, format="pdf", pdf_standards="a-2a", ignore_system_fonts=True, sys_inputs=inputs
    )
    if not isinstance(pdf, bytes):
        raise TypeError("expected one file of a PDF")  # other formats give one a page
    return pdf


def _pages(said: str, scale: str) -> int:
    import typst  # noqa: PLC0415 - as above

    inputs = {"report": said, "scale": scale}
    compiler = typst.Compiler(_TEMPLATE, ignore_system_fonts=True, sys_inputs=inputs)
    return int(compiler.query("<pages>", field="value", one=True))


def _parts(made: str) -> list[int]:
    moment = datetime.fromisoformat(made)
    return [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second]
