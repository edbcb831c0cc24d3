"""Files that are there after the power went: a content is synced itself, a name by its folder."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_CANNOT = frozenset({errno.EINVAL, errno.ENOTSUP})


def lay(content: bytes, unfinished: Path, path: Path) -> None:
    """Writes a file under one name and gives it its last one: whoever sees that sees all of it.

    Both are in one folder. What it says is on the disk when this returns, and so is its name.
    """
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    keep_names(path.parent)


def remove(*paths: Path) -> None:
    """Removes the files that are there; all are in one folder, which knows it by the return."""
    there = [path for path in paths if path.exists()]
    for path in there:
        path.unlink(missing_ok=True)
    if there:
        keep_names(there[0].parent)


def keep_names(folder: Path) -> None:
    """Returns when the names of what a folder holds are on the disk.

    Some network's file systems know nothing of that, and do it at once.
    """
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    except OSError as wrong:
        if wrong.errno not in _CANNOT:
            raise
    finally:
        os.close(opened)
