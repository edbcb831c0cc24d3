"""A backup of what the adapter holds: ledger, crosswalk, audit logs, in the order that restores.

The ledger comes first: a crosswalk that is newer than its ledger tells of turns at clinics that the
ledger does not know, and nothing leaves before the trial's data were read again. The audit logs
come last, so that every decision that the ledger knows stands in them. No key is ever copied.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from adapter.errors import ConflictError
from adapter.service.running import Service
from adapter.store.access_log import access_files
from adapter.store.copying import copy_database
from adapter.store.schema import SCHEMA_VERSION

MANIFEST = "manifest.json"


def back_up(service: Service, folder: Path) -> dict[str, Any]:
    """Writes a backup into a new folder; gives its manifest, which is written last.

    A ledger on PostgreSQL is left to that server's own means: dump it before this.

    Raises:
        ConflictError: the folder holds something already.
        LedgerError: there is no room for it.
    """
    settings, began = service.settings, service.now()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ConflictError(f"{folder.name}: expected a folder that is empty; found files in it.")
    is_file = isinstance(settings.ledger, Path)
    copies: list[tuple[Path, Callable[[Path, Path], object]]] = []
    if isinstance(settings.ledger, Path):
        copies.append((settings.ledger, copy_database))
    copies.append((settings.crosswalk, copy_database))
    logs = [settings.audit, *access_files(settings.audit)]
    copies += [(log, _copy_lines) for log in logs if log.exists()]
    for source, copy in copies:
        copy(source, folder / source.name)
    told = {
        "began": began,
        "ended": service.now(),
        "schema": SCHEMA_VERSION,
        "ledger": "here" if is_file else "on PostgreSQL: dump it before",
        "files": {source.name: _digest(folder / source.name) for source, _ in copies},
    }
    (folder / MANIFEST).write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    return told


def _copy_lines(source: Path, to: Path) -> None:
    """The whole lines of a log that grows."""
    to.touch(mode=0o600, exist_ok=False)
    with source.open("rb") as read, to.open("wb") as written:
        shutil.copyfileobj(read, written)
    content = to.read_bytes()
    if not content.endswith(b"\n"):
        to.write_bytes(content[: content.rfind(b"\n") + 1])


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
