"""What a study watches for in the answers, so that a person looks at them: its safety signals.

Read from the study file's `safety`; the words are defined in `mappings/README.md`. The thresholds
belong to the trial's safety protocol, and carry its version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from adapter.errors import Problem
from adapter.instruments.declared import Declared, Id, Number, Text, Unique
from adapter.instruments.form import Form
from adapter.instruments.mapping import Lines, Place

Level = Literal["immediate", "urgent", "review", "ae-triage"]


class Where(Declared, frozen=True):
    """Partners of a signal's items, in the same order: an item counts where its partner says so."""

    items: tuple[str, ...]
    equals: Text


class Signal(Unique, frozen=True):
    """One thing to look at: answers to `items`, or the score of `scale`, that reach a bound.

    `worse_by` and `worse_by_percent` are since baseline, towards the worse; given both, both must
    hold. `unanswered`: on a form that is no longer open, a gap among the items is a signal, too.
    """

    id: Id
    title: Text
    form: Id
    items: tuple[str, ...] = ()
    scale: Id | None = None
    at_least: Number | None = None
    at_most: Number | None = None
    worse_by: Number | None = Field(default=None, gt=0)
    worse_by_percent: Number | None = Field(default=None, gt=0)
    unanswered: bool = False
    where: Where | None = None
    level: Level

    @property
    def is_change(self) -> bool:
        """Whether it is about the change since baseline."""
        return self.worse_by is not None or self.worse_by_percent is not None


class Safety(Declared, frozen=True):
    """The signals of a study, whose they are, and for which purposes they may be sent at all."""

    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    source: Text
    send_to: tuple[Literal["research", "care"], ...] = ()
    signals: tuple[Signal, ...]

    def watches(self, form: str) -> bool:
        """Whether any signal is about a form."""
        return any(each.form == form for each in self.signals)


def safety_findings(
    safety: Safety, forms: Mapping[str, Form], baseline: str | None, lines: Lines
) -> Iterator[Problem]:
    """What is wrong with a study's signals, given its forms."""
    known: set[str] = set()
    for index, signal in enumerate(safety.signals):
        place = ("safety", "signals", index)
        if signal.id in known:
            again = f"`{signal.id}` again"
            yield lines.problem((*place, "id"), "each id once", again, "Give it another id.")
        known.add(signal.id)
        yield from _shape_findings(signal, baseline, place, lines)
        form = forms.get(signal.form)
        if form is None:
            yield lines.problem(
                (*place, "form"),
                "the id of a form in mappings/instruments",
                f"`{signal.form}`, which no file declares",
                "Correct the id or add the file.",
            )
        else:
            yield from _name_findings(signal, form, place, lines)


def _shape_findings(
    signal: Signal, baseline: str | None, place: Place, lines: Lines
) -> Iterator[Problem]:
    if bool(signal.items) == (signal.scale is not None):
        yield lines.problem(
            place, "either `items` or `scale`", "both or neither", "Keep the one that is meant."
        )
    bounds = (signal.at_least, signal.at_most, signal.worse_by, signal.worse_by_percent)
    if all(bound is None for bound in bounds) and not signal.unanswered:
        yield lines.problem(
            place, "a bound that the answer or the score may reach", "none", "Say when it fires."
        )
    if signal.is_change and (signal.scale is None or baseline is None):
        yield lines.problem(
            place,
            "`worse_by` with a `scale`, in a study with a `baseline`",
            "one of them missing",
            "Add what is missing, or compare with a fixed bound.",
        )
    if signal.where is not None and len(signal.where.items) != len(signal.items):
        yield lines.problem(
            (*place, "where", "items"),
            f"{len(signal.items)} partners, one for each item",
            f"{len(signal.where.items)}",
            "Name them in the same order.",
        )


def _name_findings(signal: Signal, form: Form, place: Place, lines: Lines) -> Iterator[Problem]:
    scales = {scale.id: scale for scale in form.scales}
    link_ids = {item.link_id for item in form.items}
    partners = signal.where.items if signal.where else ()
    for name in (*signal.items, *partners):
        if name not in link_ids:
            yield lines.problem(
                (*place, "items"), "link ids of the form", f"`{name}`", "Correct the link id."
            )
    if signal.scale is not None and signal.scale not in scales:
        yield lines.problem(
            (*place, "scale"), "a scale of the form", f"`{signal.scale}`", "Correct the scale's id."
        )
    scale = scales.get(signal.scale or "")
    if scale is not None and signal.is_change and scale.better is None:
        yield lines.problem(
            (*place, "scale"),
            "a scale that says which direction is `better`",
            f"`{scale.id}`, which does not",
            "Add `better` to the scale.",
        )
