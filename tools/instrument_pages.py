"""Writes a page about every instrument, from its mapping file: `docs/instruments`.

A page says what the file says and nothing else: items, answers, scoring in words, the rule for
missing items, bands, change, source, licence, codes, and what was not verified. Wording stands on a
page exactly where it stands in the file.

Run this file to write the pages anew; a test compares them with what the files give.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from adapter.instruments.form import Form
from adapter.instruments.mapping import read_mapping
from tools.instrument_words import page_of

ROOT = Path(__file__).parents[1]
MAPPINGS = ROOT / "mappings" / "instruments"
PAGES = ROOT / "docs" / "instruments"
INDEX = "README.md"
_KINDS = {
    "instrument": "Published instruments",
    "outcome": "Forms of a trial",
    "adverse-event": "Logs of adverse events",
}


def build_pages(forms: Mapping[str, Form]) -> dict[str, str]:
    """The text of every page by the name of its file, the index among them."""
    pages = {f"{name}.md": page_of(form) for name, form in sorted(forms.items())}
    return {INDEX: _index(forms), **pages}


def read_forms() -> dict[str, Form]:
    """Every shipped form by its id.

    Raises:
        ValueError: a file cannot be read; `adapter check` says why.
    """
    forms = {}
    for path in sorted(MAPPINGS.glob("*.yaml")):
        form, _, problems = read_mapping(path.read_text("utf-8"), path.name, Form)
        if form is None:
            raise ValueError("\n".join(map(str, problems)))
        forms[form.id] = form
    return forms


def write_pages(pages: Mapping[str, str]) -> None:
    """Writes the pages, and removes those of forms that are gone."""
    PAGES.mkdir(parents=True, exist_ok=True)
    for path in PAGES.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        (PAGES / name).write_text(text, "utf-8")


def _index(forms: Mapping[str, Form]) -> str:
    return "\n".join(_index_lines(forms)) + "\n"


def _index_lines(forms: Mapping[str, Form]) -> Iterator[str]:
    yield from (
        "# Instruments",
        "",
        "One page a form, written from its file in `mappings/instruments` by `make docs`.",
        "Scores and bands are for reading, not for diagnosis.",
    )
    for kind, heading in _KINDS.items():
        yield from ("", f"## {heading}", "")
        yield "| form | items | scores | not scored | wording |"
        yield "|---|---|---|---|---|"
        for name, form in sorted(forms.items(), key=lambda pair: pair[1].title.lower()):
            if form.kind == kind:
                yield _index_row(name, form)


def _index_row(name: str, form: Form) -> str:
    scores = ", ".join(scale.id for scale in form.scales) or "-"
    left_out = ", ".join(scale.id for scale in form.not_scored) or "-"
    items = str(len(form.items)) if form.items else "totals only"
    cells = (f"[{form.title}]({name}.md)", items, scores, left_out, form.licence.wording)
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    write_pages(build_pages(read_forms()))
    sys.stderr.write(f"{PAGES.relative_to(ROOT)}\n")
