"""A practice that imports from a folder, and writes acknowledgements into another.

A message is a file `*.hl7`; it is taken once its name is so, so that a sender may write under
another name and rename. It is removed when it is filed; `NAME.ack` in the other folder says what
became of it. After MedicalDirector and Best Practice, whose import folders public guides describe;
the names of the files are our own.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from adapter.simulate.hl7v2.practice import Practice


@dataclass(frozen=True, slots=True)
class Folders:
    """Where messages are laid, and where their acknowledgements go."""

    incoming: Path
    acknowledgements: Path


def import_files(practice: Practice, folders: Folders) -> int:
    """Takes what lies there now, in the order of the names; gives how many messages it was."""
    files = sorted(path for path in folders.incoming.glob("*.hl7") if path.is_file())
    for path in files:
        answer = practice.receive(path.read_bytes())
        waiting = folders.acknowledgements / f".{path.stem}.ack"
        waiting.write_bytes(answer)
        waiting.rename(folders.acknowledgements / f"{path.stem}.ack")
        path.unlink()
    return len(files)


@contextmanager
def watching(practice: Practice, folders: Folders, seconds: float = 0.2) -> Iterator[None]:
    """Looks into the folder every so many seconds for as long as the context lasts."""
    stopped = threading.Event()

    def watch() -> None:
        while not stopped.wait(seconds):
            import_files(practice, folders)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
        import_files(practice, folders)
