"""Work with a clinic, noted: a span while it goes on, a line when it has ended, and when it did."""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, TypeVar

from adapter.errors import AdapterError
from adapter.service.logs import Told, tell
from adapter.store.ended import Work, keep_ended
from adapter.sync.clinic import Clinic

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from opentelemetry.trace import Span

Report = TypeVar("Report")
Step = Callable[[int], None]


def noted(work: Work, do: Callable[[Clinic, Step], Report]) -> Callable[[Clinic, Step], Report]:
    """The same work, noted."""

    def doing(clinic: Clinic, step: Step) -> Report:
        if work == "pull" and clinic.profile.pull is None:
            return do(clinic, step)
        with told_of(work, clinic=clinic.name) as counts:
            report = do(clinic, step)
            counts.update(totals(report))
            with clinic.write() as tx:
                keep_ended(tx, clinic.name, work, clinic.now())
        return report

    return doing


@contextmanager
def told_of(work: str, **about: str) -> Iterator[dict[str, int]]:
    """Tells of a work when it ends, with what was counted meanwhile; its error by its kind.

    `about` are names of the configuration.
    """
    began, counts = time.monotonic(), dict[str, int]()
    with span(work, **about) as seen:
        try:
            yield counts
        except AdapterError as wrong:
            seconds = round(time.monotonic() - began, 3)
            kind = type(wrong).__name__
            failed: dict[str, Told] = {**about, "outcome": kind, "seconds": seconds}
            tell(work, failed, level=logging.ERROR)
            raise
        for name, count in counts.items():
            seen(name, count)
    seconds = round(time.monotonic() - began, 3)
    done: dict[str, Told] = {**about, "outcome": "done", "seconds": seconds, **counts}
    tell(work, done)


@contextmanager
def span(name: str, **about: str) -> Iterator[Callable[[str, int], None]]:
    """A span of OpenTelemetry, where somebody brought it along; gives what adds a count to it."""
    if "opentelemetry" not in sys.modules:  # nobody looks: nobody pays for the import
        yield lambda *_: None
        return
    with _open_span(name, about) as opened:
        yield lambda word, count: opened.set_attribute(f"adapter.{word}", count)


def totals(report: object) -> dict[str, int]:
    """What a report counted, by its words."""
    if not is_dataclass(report):
        return {}
    found = {each.name: getattr(report, each.name) for each in fields(report)}
    return {
        name: value.total() if isinstance(value, Counter) else value
        for name, value in found.items()
        if isinstance(value, Counter | int) and not isinstance(value, bool)
    }


def _open_span(name: str, about: dict[str, str]) -> AbstractContextManager[Span]:
    from opentelemetry import trace  # noqa: PLC0415 - it is there already

    return trace.get_tracer("adapter").start_as_current_span(
        name,
        attributes={f"adapter.{word}": value for word, value in about.items()},
        record_exception=False,  # what an exception says must not come into a span
        set_status_on_exception=False,
    )
