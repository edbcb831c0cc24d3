"""What happened, a line each on stderr: a fixed word, counts, and ids that are ours.

Nothing else can get in. Of a library's line only its logger and its place are told, and the kinds
of an error: its words could quote what the program met (a traceback does).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

import orjson

from adapter.errors import kinds_and_places
from adapter.settings import LogSettings

Told = str | int | float | bool | None
_OURS = logging.getLogger("adapter.events")


def write_logs(settings: LogSettings) -> None:
    """Writes what is told from now on, and what libraries warn of, in the format of the settings.

    As `text`, only what somebody should look at is written; as `json`, everything that is told.
    """
    is_json = settings.format == "json"
    output = _Stderr()
    output.setFormatter(_Json() if is_json else _Text())
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(logging.WARNING)
    _OURS.setLevel(logging.INFO if is_json else logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        theirs = logging.getLogger(name)
        theirs.handlers.clear()
        theirs.propagate = True
        theirs.setLevel(logging.WARNING)


def tell(event: str, said: Mapping[str, Told], level: int = logging.INFO) -> None:
    """Tells of one thing: `event` is a word of ours, and so is whatever is said of it."""
    _OURS.log(level, event, extra={"said": dict(said)})


def _fields(record: logging.LogRecord) -> dict[str, object]:
    moment = datetime.fromtimestamp(record.created, UTC)
    head: dict[str, object] = {
        "time": moment.isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
    }
    said = getattr(record, "said", None)
    if record.name == _OURS.name and isinstance(said, dict):
        return {**head, "event": record.msg, **said}
    head |= {"event": "library", "logger": record.name}
    head["place"] = f"{record.filename}:{record.lineno}"
    wrong = record.exc_info[1] if record.exc_info else None
    if wrong is not None:
        head["errors"] = kinds_and_places(wrong)
    return head


class _Stderr(logging.Handler):
    """Writes to stderr, whatever that is by then."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the line."""
        print(self.format(record), file=sys.stderr, flush=True)  # noqa: T201 - it is the log


class _Json(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return orjson.dumps(_fields(record)).decode()


class _Text(logging.Formatter):
    """The same for whoever reads along."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said = _fields(record)
        head = (str(said.pop(name)) for name in ("time", "level", "event"))
        return " ".join((*head, *(f"{name}={value}" for name, value in said.items())))
