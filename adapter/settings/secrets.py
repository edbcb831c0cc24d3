"""Secrets: in the environment or in files of their own, never in `adapter.toml` or a message."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from adapter.errors import DeclarationError, Origin, Problem

SHORTEST_KEY_BYTES = 16
LONGEST_KEY_BYTES = 64

Secret = Callable[[], str]
"""Gives a secret as it is now; raises `DeclarationError` where it cannot be had."""


def read_secret(
    environment: Mapping[str, str], env: str | None, file: Path | None, what: str
) -> str | None:
    """The secret that a pair of settings names, None when neither does.

    Raises:
        DeclarationError: it is named and cannot be had.
    """
    if env is not None:
        if value := environment.get(env, "").strip():
            return value
        found = Problem(
            Origin("environment"),
            env,
            f"{what} in this variable",
            "nothing",
            "Set it and run again.",
        )
        raise DeclarationError("A secret is missing.", (found,))
    if file is None:
        return None
    try:
        said = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as wrong:
        if isinstance(wrong, PermissionError):
            action = f"Let the account that the adapter runs as (uid {os.geteuid()}) read it."
            raise _not_in(file, what, "a file that may not be read", action) from wrong
        reason = getattr(wrong, "strerror", None) or "bytes that are not UTF-8"
        raise _not_in(file, what, reason) from wrong
    if not said:
        raise _not_in(file, what, "nothing")
    return said


def kept_secret(
    environment: Mapping[str, str], env: str | None, file: Path | None, what: str
) -> Secret:
    """The secret that one of a pair of settings names, read again whenever its file has changed.

    Nothing is read before it is asked for.
    """
    last: tuple[tuple[int, ...], str] | None = None

    def read() -> str:
        nonlocal last
        stamp = () if file is None else stamp_of(file)
        if last is None or last[0] != stamp:
            last = stamp, read_secret(environment, env, file, what) or ""
        return last[1]

    return read


def stamp_of(file: Path) -> tuple[int, ...]:
    """What changes when a file is written or replaced; the same for every file that is not there.

    A file that was replaced has another inode, even within the same tick of the clock.
    """
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _not_in(file: Path, what: str, found: str, action: str = "Write it there.") -> DeclarationError:
    problem = Problem(Origin(file.name), "", f"{what} in this file", found, action)
    return DeclarationError("A secret is missing.", (problem,))
