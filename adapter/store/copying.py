"""A copy of a file of SQLite as it stands at one moment, while others go on writing to it.

Source: https://www.sqlite.org/lang_vacuum.html#vacuuminto
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from adapter.store.durable import keep_names
from adapter.store.sqlite import BUSY_SECONDS, told_as_trouble


def copy_database(source: Path, to: Path) -> None:
    """Copies all that is committed, to a file that its owner alone may read.

    Raises:
        FileExistsError: there is such a file already.
        LedgerError: there is no room for it.
    """
    to.touch(mode=0o600, exist_ok=False)
    with (
        told_as_trouble(source.name),
        closing(sqlite3.connect(source, timeout=BUSY_SECONDS)) as opened,
    ):
        opened.execute("VACUUM INTO ?", (str(to),))
    with to.open("rb") as written:
        os.fsync(written.fileno())
    keep_names(to.parent)
