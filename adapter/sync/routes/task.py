"""A task for a person: the outcome as a page to print and file, and a word when that was done.

`<task>.pdf` and `<task>.txt` lie in the clinic's folder of tasks until somebody says `adapter filed
CLINIC TASK`. A correction and a withdrawal are tasks of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from adapter.fhir.text import read_text
from adapter.render.pdf import render_pdf
from adapter.render.person import Person
from adapter.render.report import read_report
from adapter.render.text import render_text
from adapter.store.durable import lay
from adapter.sync.found import Found
from adapter.sync.outgoing import Outgoing
from adapter.sync.post import TASK
from adapter.sync.receipt import Accepted, Receipt, Unreachable

_WAITS = "waits for a person to file it"


def deliver(
    folder: Path,
    items: Sequence[Outgoing],
    person_of: Callable[[str], Person],
    token_of: Callable[[Outgoing], str],
    await_leave: Callable[[], None],
) -> list[Receipt]:
    """Lays a task into the folder for each, in order; `await_leave` is asked before each.

    `token_of` gives hexadecimal digits that stand for what is sent and for nothing else.
    """
    receipts: list[Receipt] = []
    for item in items:
        await_leave()
        name = task_of(item, token_of)
        receipts.append(_lay(folder, name, item, person_of(item.delivery.participant)))
    return receipts


def look_up(
    folder: Path, items: Sequence[Outgoing], token_of: Callable[[Outgoing], str]
) -> list[Found]:
    """Whether a person filed each; the ledger knows it, and the folder what was never laid."""
    found = []
    for item in items:
        name = task_of(item, token_of)
        if item.delivery.state == "confirmed":
            found.append(Found("there", name))
        elif item.delivery.state != "uncertain" or (folder / f"{name}.pdf").exists():
            found.append(Found("awaiting", name, _WAITS))
        else:
            found.append(Found("gone"))
    return found


def task_of(item: Outgoing, token_of: Callable[[Outgoing], str]) -> str:
    """The name of a delivery's task."""
    known = item.delivery.remote_version
    return known if known.startswith(TASK) else f"{TASK}{token_of(item)[:12]}"


def _lay(folder: Path, name: str, item: Outgoing, person: Person) -> Receipt:
    report = read_report(read_text(item.text or b"{}"))
    contents = {"txt": render_text(report, person).encode(), "pdf": render_pdf(report, person)}
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for ending, content in contents.items():  # the PDF comes last: it says that all is there
            lay(content, folder / f".{name}.{ending}.part", folder / f"{name}.{ending}")
    except OSError as wrong:
        return Unreachable(wrong.strerror or type(wrong).__name__)
    return Accepted(name)
