"""The document as a record system gets it: the report in its formats, and whose it is.

The ledger's own attachments stay behind. What names resources that such a record system never gets
(the device, the study) becomes words.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from adapter.fhir.document import PLAIN, attachment
from adapter.render.pdf import render_pdf
from adapter.render.person import Person
from adapter.render.report import Report, read_report
from adapter.render.text import render_text

Resource = dict[str, Any]
PDF = "application/pdf"
AUTHOR = "Clinical trial, through the trial FHIR adapter"


def as_delivered(document: Resource, person: Person, formats: Iterable[str]) -> Resource:
    """The DocumentReference with the report as `pdf` and `text`, in this order."""
    report = read_report(document)
    told = {name: value for name, value in document.items() if name != "extension"}
    contents = [_attachment(name, report, person) for name in formats]
    return {
        **told,
        "author": [{"display": AUTHOR}],
        "content": [{"attachment": each} for each in contents],
    }


def _attachment(name: str, report: Report, person: Person) -> Resource:
    if name == "pdf":
        return attachment(PDF, render_pdf(report, person), report.title, report.made)
    return attachment(PLAIN, render_text(report, person).encode(), report.title, report.made)
