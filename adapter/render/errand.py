"""What a person at a clinic is asked to do by hand, in words: where their system will not let us.

It names what is meant by its id there and by its title; a number stands in it only where it is to
be written by hand.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from adapter.render.person import Person
from adapter.render.report import lines_of
from adapter.render.wording import value, whose

Resource = dict[str, Any]
_WIDTH = 78
_TITLES = {
    "replaced": "To be marked as entered in error: it was replaced",
    "retracted": "To be marked as entered in error: it was taken back",
    "corrected": "To be corrected by hand",
}
_DO = {
    "replaced": (
        "A clinical trial corrected what it had reported. The correction is a new entry in your "
        "record system; the former entry, named above, is wrong. Your record system does not let "
        "us mark it: please mark it as entered in error, or take it out of the chart."
    ),
    "retracted": (
        "A clinical trial took back what it had reported: it should not have been. Your record "
        "system does not let us mark it: please mark the entry named above as entered in error, "
        "or take it out of the chart."
    ),
    "corrected": (
        "A clinical trial corrected what it had reported. Please correct the entry named above, "
        "so that it says what follows."
    ),
}


@dataclass(frozen=True, slots=True)
class Errand:
    """One thing to do: its task's name, why, and the entry there (`Type/id`) with its title.

    `resource` is what the entry should say, for what is corrected by hand.
    """

    task: str
    cause: Literal["replaced", "retracted", "corrected"]
    entry: str
    title: str
    resource: Resource


def render_errand(errand: Errand, person: Person) -> str:
    """The errand as plain text."""
    title = _TITLES[errand.cause]
    told = [("Entry", f"{errand.entry}, {errand.title}"), *whose(person), ("Task", errand.task)]
    parts = [title, "=" * len(title), "", *(f"{name + ':':<20}{said}" for name, said in told), ""]
    parts += textwrap.wrap(_DO[errand.cause], _WIDTH)
    if errand.cause == "corrected":
        parts += ["", *_said(errand.resource)]
    end = f"When that is done, tell the trial, who notes it: adapter filed CLINIC {errand.task}"
    return "\n".join([*parts, "", *textwrap.wrap(end, _WIDTH), ""])


def _said(resource: Resource) -> Iterator[str]:
    for line in lines_of(resource):
        yield from textwrap.wrap(f"{line.name}: {value(line)}", _WIDTH, subsequent_indent="    ")
