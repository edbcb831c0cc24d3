"""A task for a person: the outcome as a page to print and file, and a word when that was done.

`<task>.pdf` and `<task>.txt` lie in the clinic's folder of tasks until somebody says `adapter filed
CLINIC TASK`. A correction and a withdrawal are tasks of their own. Once such a page lies there, the
page that it replaces is taken out of the folder, unless somebody said that it was filed. Never
before: somebody may have printed it, and what tells them so must be there by then. So the new page
comes also where the old one was perhaps never filed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from adapter.fhir.text import read_text
from adapter.render.pdf import render_pdf
from adapter.render.person import Person
from adapter.render.report import read_report
from adapter.render.text import render_text
from adapter.store.durable import lay, remove
from adapter.sync.found import Found
from adapter.sync.outgoing import Outgoing
from adapter.sync.post import TASK
from adapter.sync.receipt import Accepted, Receipt, Unknown, Unreachable

_WAITS = "waits for a person to file it"
_ENDINGS = ("txt", "pdf")  # the PDF comes last: it says that all is there


@dataclass(frozen=True, slots=True)
class Tasks:
    """A clinic's folder of tasks, and what the ledger knows of those in it.

    `token_of` gives hexadecimal digits that stand for what is sent and for nothing else;
    `unfiled_of` the tasks of earlier versions of which nobody said that they were filed.
    """

    folder: Path
    person_of: Callable[[str], Person]
    token_of: Callable[[Outgoing], str]
    unfiled_of: Callable[[Outgoing], Iterable[str]]


def deliver(
    there: Tasks, items: Sequence[Outgoing], await_leave: Callable[[], None]
) -> list[Receipt]:
    """Lays a task into the folder for each, in order; `await_leave` is asked before each."""
    receipts: list[Receipt] = []
    for item in items:
        await_leave()
        receipts.append(_lay(there, item))
    return receipts


def look_up(there: Tasks, items: Sequence[Outgoing]) -> list[Found] | Unreachable:
    """Whether a person filed each; the ledger knows it, and the folder what was never laid.

    Whoever laid what is in doubt may have died over it: what that left undone is done here.
    """
    try:
        return [_find(there, item) for item in items]
    except OSError as wrong:
        return Unreachable(_why(wrong))


def task_of(item: Outgoing, token_of: Callable[[Outgoing], str]) -> str:
    """The name of a delivery's task."""
    known = item.delivery.remote_version
    return known if known.startswith(TASK) else f"{TASK}{token_of(item)[:12]}"


def _find(there: Tasks, item: Outgoing) -> Found:
    name = task_of(item, there.token_of)
    if item.delivery.state == "confirmed":
        return Found("there", name)
    if item.delivery.state == "uncertain":
        if not (there.folder / f"{name}.pdf").exists():
            remove(*_files(there.folder, name))  # half a page is none, and may never become one
            return Found("gone")
        _take_out_earlier(there, item, name)
    return Found("awaiting", name, _WAITS)


def _lay(there: Tasks, item: Outgoing) -> Receipt:
    folder, name = there.folder, task_of(item, there.token_of)
    report = replace(read_report(read_text(item.text or b"{}")), is_on_paper=True)
    person = there.person_of(item.delivery.participant)
    contents = (render_text(report, person).encode(), render_pdf(report, person))
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for ending, content in zip(_ENDINGS, contents, strict=True):
            lay(content, folder / f".{name}.{ending}.part", folder / f"{name}.{ending}")
    except OSError as wrong:
        return _not_laid(folder, name, _why(wrong))
    try:
        _take_out_earlier(there, item, name)
    except OSError as wrong:
        return Unknown(f"the page that it replaces is still there: {_why(wrong)}")
    return Accepted(name)


def _not_laid(folder: Path, name: str, why: str) -> Receipt:
    """Leaves nothing of a page that could not be laid; unknown where even that cannot be done."""
    with suppress(OSError):
        remove(*_files(folder, name))
        return Unreachable(why)
    return Unknown(why)


def _take_out_earlier(there: Tasks, item: Outgoing, name: str) -> None:
    for earlier in {*there.unfiled_of(item)} - {name}:
        remove(*_files(there.folder, earlier))


def _files(folder: Path, name: str) -> list[Path]:
    """All that may lie there of a task."""
    names = [(f"{name}.{ending}", f".{name}.{ending}.part") for ending in _ENDINGS]
    return [folder / each for both in names for each in both]


def _why(wrong: OSError) -> str:
    return wrong.strerror or type(wrong).__name__
