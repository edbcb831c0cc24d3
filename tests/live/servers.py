"""Starts the two judges of the live tests: a real record system and a real validator.

Both are HAPI FHIR (https://hapifhir.io), built and run by `java.py`. This module does not speak
FHIR, but for emptying the record system: tests bring their own client.
"""

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.live.java import LIGHT, JavaError, JavaProcess


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding of the validator; `location` is a FHIRPath, empty when it concerns the whole."""

    severity: str
    location: str
    message: str
    id: str

    @property
    def is_error(self) -> bool:
        """Whether the resource is invalid because of it."""
        return self.severity in {"error", "fatal"}


@dataclass(slots=True)
class RecordSystem:
    """A running HAPI FHIR JPA server, R4, on loopback; ends when stopped or left as a context."""

    base_url: str
    _process: JavaProcess

    def erase(self) -> None:
        """Forgets every version of everything; takes about two seconds.

        A request of the test before, whose client is gone, may still be at work in it: then it says
        that the two are in conflict, and is asked again.
        """
        everything = {"name": "expungeEverything", "valueBoolean": True}
        parameters = {"resourceType": "Parameters", "parameter": [everything]}
        until = time.monotonic() + 60
        while True:
            answer = httpx.post(f"{self.base_url}/$expunge", json=parameters, timeout=60)
            if answer.status_code != httpx.codes.CONFLICT or time.monotonic() > until:
                break
            time.sleep(0.5)
        answer.raise_for_status()

    def cpu_seconds(self) -> float:
        """What it has taken of the processors."""
        said = Path(f"/proc/{self._process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(said[11]) + int(said[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """Ends the server; a database on disk is closed and may be started again."""
        self._process.stop()

    def __enter__(self) -> Self:
        """Gives the running server."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the server."""
        self.stop()


def start_record_system(
    data: Path | None = None, *, port: int = 0, is_timed: bool = False
) -> RecordSystem:
    """Gives a record system that answers already; with `data`, what it holds outlives it.

    Args:
        data: The folder of its database; None keeps everything in memory.
        port: Where it listens on 127.0.0.1; 0 takes a free one.
        is_timed: Whether it is compiled in full, as where people run it; it starts later then.

    Raises:
        JavaError: It could not be built or did not start.
    """
    options = () if is_timed else (LIGHT,)
    database = [] if data is None else [str(data.resolve() / "record-system")]
    process = JavaProcess.start(
        "live.RecordSystem", str(port), *database, heap="2g", options=options
    )
    return RecordSystem(f"http://127.0.0.1:{process.ready.split()[1]}/fhir", process)


class Validator:
    """A running HAPI instance validator for R4, without a network; for use by one thread.

    Its first verdict takes some seconds; start it once and feed it everything.
    """

    _AHEAD = 64  # resources on their way at once: enough to keep it busy, few enough to drain

    def __init__(self) -> None:
        """Starts it.

        Raises:
            JavaError: It could not be built or did not start.
        """
        self._process = JavaProcess.start("live.Validator", heap="3g")

    def define(self, resource: bytes | Mapping[str, object]) -> None:
        """Makes a Questionnaire, CodeSystem, ValueSet or StructureDefinition of ours known.

        Raises:
            JavaError: It is none that can be read.
        """
        text = resource if isinstance(resource, bytes) else json.dumps(resource).encode()
        self._process.write(b'{"define":' + _one_line(text) + b"}")
        issues = self._read_issues()
        if issues:
            raise JavaError(f"The validator cannot read this definition: {issues[0].message}")

    def validate(self, resource: bytes) -> list[Issue]:
        """Gives all that is found in one resource, warnings included."""
        return next(self.validate_all([resource]))

    def validate_all(self, resources: Iterable[bytes]) -> Iterator[list[Issue]]:
        """Gives, for each resource in turn, all that is found in it, warnings included.

        Works ahead of the reader; nothing else may be asked of the validator until it is through.
        """
        unanswered = 0
        try:
            for resource in resources:
                self._process.write(_one_line(resource))
                unanswered += 1
                if unanswered == self._AHEAD:
                    unanswered -= 1
                    yield self._read_issues()
            while unanswered:
                unanswered -= 1
                yield self._read_issues()
        finally:
            for _ in range(unanswered):  # left half-way: whoever asks next must not get these
                self._read_issues()

    def stop(self) -> None:
        """Ends it."""
        self._process.stop()

    def __enter__(self) -> Self:
        """Gives the running validator."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends it."""
        self.stop()

    def _read_issues(self) -> list[Issue]:
        return [Issue(**issue) for issue in json.loads(self._process.read_line())]


def _one_line(resource: bytes) -> bytes:
    """Gives the same JSON on one line: inside its strings there are no line breaks."""
    return resource.replace(b"\r", b" ").replace(b"\n", b" ")
