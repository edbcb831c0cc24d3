"""Starts a PostgreSQL of Debian's for the tests: its own folder, its own port, loopback only.

It ends when its standard input closes, so none survives a killed test run. Its data are no one's:
they are not synced to disk, except where a test asks for it.
"""

from __future__ import annotations

import _socket
import getpass
import itertools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import psycopg

REPOSITORY = Path(__file__).resolve().parents[1]
PROGRAMS = Path("/usr/lib/postgresql")  # where Debian puts what is not for everyday use
START_SECONDS = 60
# `cat` ends with the test run, and the server after it, at once and without a word.
KEEPER = '"$@" & server=$!; cat >/dev/null; kill -INT $server; wait $server'


@dataclass
class PostgreSql:
    """A running server."""

    folder: Path
    port: int
    _running: subprocess.Popen[bytes] | None = None
    _names: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def start(cls) -> Self:
        """Installs it if need be, makes its folder and starts it."""
        folder = Path(tempfile.mkdtemp(prefix="pg-"))
        made = cls(folder, _free_port())
        shutil.chown(folder, *_owner())
        made._run("initdb", "-D", "data", "-U", "adapter", "-A", "trust", "-E", "UTF8", "--no-sync")
        made.go_on()
        return made

    def go_on(self) -> None:
        """Starts the server, or starts it again."""
        options = (
            f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
            " -c max_connections=60 -c logging_collector=off"
        ).split()
        self._running = subprocess.Popen(
            ["/bin/sh", "-c", KEEPER, "keeper", _program("postgres"), "-D", "data", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd=self.folder,
            user=_owner()[0] if os.geteuid() == 0 else None,
        )
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                assert time.monotonic() < until, "PostgreSQL did not start"
                time.sleep(0.05)
            else:
                return

    def processes(self) -> list[int]:
        """The process ids of the server itself, the first of all, and of whom it started."""
        first = int((self.folder / "data" / "postmaster.pid").read_text("ascii").split()[0])
        started = Path(f"/proc/{first}/task/{first}/children").read_text("ascii").split()
        return [first, *map(int, started)]

    def rest(self) -> None:
        """Stops the server; what was committed stays."""
        assert self._running is not None
        assert self._running.stdin is not None
        self._running.stdin.close()
        self._running.wait(30)

    def stop(self) -> None:
        """Stops the server, and forgets everything."""
        self.rest()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """Where a database is."""
        return f"postgresql://adapter@127.0.0.1:{self.port}/{database}"

    def new(self, template: str = "template1", more: str = "") -> str:
        """The URL of a new database, like `template`; `more` is said when it is made."""
        name = f"ledger_{next(self._names)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" {more}'.encode())
        return self.url(name)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [_program(program), *arguments],
            check=True,
            capture_output=True,
            cwd=self.folder,
            timeout=START_SECONDS,
            user=_owner()[0] if os.geteuid() == 0 else None,
        )


def _owner() -> tuple[str, str]:
    """Who runs it: PostgreSQL refuses to run as root."""
    _program("postgres")  # the package brings the user
    name = "postgres" if os.geteuid() == 0 else getpass.getuser()
    return name, name


def _program(name: str) -> str:
    found = _newest(name)
    if found is None:
        subprocess.run([REPOSITORY / "tools" / "need", "postgresql"], check=True, timeout=600)
        found = _newest(name)
    assert found is not None, "PostgreSQL is needed and could not be installed"
    return str(found)


def _newest(name: str) -> Path | None:
    there = sorted(PROGRAMS.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    if there:
        return there[-1]
    known = shutil.which(name)
    return None if known is None else Path(known)


def _free_port() -> int:
    free = _socket.socket()  # nothing is sent: pytest-socket need not know
    try:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    finally:
        free.close()
    return port
