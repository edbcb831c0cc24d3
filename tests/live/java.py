"""Runs a Java program of `tests/live/jvm` as a process that speaks in lines.

Maven builds the project once per state of its sources into `.cache/jvm`; the jars stay where Maven
keeps them. A process ends when its standard input closes, so none survives a killed test run.
"""

import fcntl
import hashlib
import select
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = Path(__file__).resolve().parent / "jvm"
CACHE = REPOSITORY / ".cache" / "jvm"
START_SECONDS = 240
STOP_SECONDS = 30
# Compiling lightly shortens the way to the first answer; it makes them unfit for timings.
LIGHT = "-XX:TieredStopAtLevel=1"
JAVA = ("java", "-XX:+UseSerialGC")


class JavaError(Exception):
    """A program could not be built, started or heard; the message says why, with the log's tail."""


@dataclass(slots=True)
class JavaProcess:
    """A Java program that speaks in lines, and says `READY …` when it listens."""

    _popen: subprocess.Popen[bytes]
    _log: IO[bytes]
    ready: str = ""

    @classmethod
    def start(
        cls, main_class: str, *arguments: str, heap: str, options: Sequence[str] = (LIGHT,)
    ) -> Self:
        """Builds it if need be, starts it and waits until it is ready."""
        how = (*JAVA, *options, f"-Xmx{heap}")
        command = (*how, "-cp", _build_class_path(), main_class, *arguments)
        log = tempfile.TemporaryFile("a+b")  # noqa: SIM115 - lives as long as the process
        popen = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # a keyboard's interrupt is for us; it ends with its stdin
        )
        process = cls(popen, log)
        process._await_ready(main_class)
        return process

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._popen.pid

    def write(self, line: bytes) -> None:
        """Sends one line."""
        assert self._popen.stdin is not None
        try:
            self._popen.stdin.write(line + b"\n")
            self._popen.stdin.flush()
        except BrokenPipeError as error:
            raise JavaError(f"It ended before it was asked to:\n{self._tail()}") from error

    def read_line(self) -> bytes:
        """Waits for one line."""
        assert self._popen.stdout is not None
        line = self._popen.stdout.readline()
        if not line.endswith(b"\n"):
            raise JavaError(f"It ended before it had answered:\n{self._tail()}")
        return line

    def stop(self) -> None:
        """Ends it by closing its standard input, by force if that does not help."""
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        with suppress(BrokenPipeError):  # it may be gone already
            self._popen.stdin.close()
        try:
            self._popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        self._popen.stdout.close()
        self._log.close()

    def _await_ready(self, main_class: str) -> None:
        assert self._popen.stdout is not None
        speaks, _, _ = select.select([self._popen.stdout], [], [], START_SECONDS)
        self.ready = self._popen.stdout.readline().decode().strip() if speaks else ""
        if not self.ready.startswith("READY"):
            tail = self._tail()
            self.stop()
            waited = f"not ready in {START_SECONDS} s" if not speaks else "it ended"
            raise JavaError(f"{main_class} did not start: {waited}:\n{tail}")

    def _tail(self) -> str:
        self._log.seek(0)
        return _tail(self._log.read().decode(errors="replace"))


def _build_class_path() -> str:
    """Builds the Java side once per state of its sources; whoever comes second waits."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _need_java()
        build = CACHE / _hash_sources()
        if not _is_built(build):
            _build(build)
    return f"{build / 'classes'}:{(build / 'class-path').read_text()}"


def _need_java() -> None:
    missing = [tool for tool in ("java", "javac", "mvn") if shutil.which(tool) is None]
    if missing:
        need = (str(REPOSITORY / "tools" / "need"), "default-jdk-headless", "maven")
        _run(need, f"Java and Maven are needed; {', '.join(missing)} could not be installed")


def _hash_sources() -> str:
    digest = hashlib.sha256()
    for file in (PROJECT / "pom.xml", *sorted((PROJECT / "src").rglob("*"))):
        if file.is_file():
            digest.update(f"{file.relative_to(PROJECT)}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _is_built(build: Path) -> bool:
    """Whether it was built and Maven still keeps every jar it rests on."""
    class_path = build / "class-path"
    return class_path.is_file() and all(
        Path(jar).is_file() for jar in class_path.read_text().split(":")
    )


def _build(build: Path) -> None:
    unfinished = build.with_suffix(".unfinished")
    command = (
        *("mvn", "--batch-mode", "--quiet", "--file", str(PROJECT / "pom.xml")),
        *("compile", "dependency:build-classpath"),
        f"-Doutput.directory={unfinished}",
        f"-Dmdep.outputFile={unfinished / 'class-path'}",
        "-Dmdep.includeScope=runtime",
    )
    shutil.rmtree(unfinished, ignore_errors=True)
    _run(command, "Maven could not build the record system and the validator")
    shutil.rmtree(build, ignore_errors=True)
    unfinished.rename(build)


def _run(command: Sequence[str], complaint: str) -> None:
    run = subprocess.run(
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if run.returncode != 0:
        raise JavaError(f"{complaint}:\n{_tail(run.stdout)}")


def _tail(log: str) -> str:
    """Gives its last lines, without the stack frames that would push the causes out of it."""
    return "\n".join([line for line in log.splitlines() if not line.startswith("\tat ")][-40:])
