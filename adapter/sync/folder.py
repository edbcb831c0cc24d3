"""HL7 v2 into a folder that a practice imports from, and its acknowledgements in another.

A message is written under a name that nobody imports, brought to the disk, and then renamed to
`<number>-<MSH-10>.hl7`: a practice takes in by name what lies there together, and so in the order
in which it was written. What the practice made of it stands in a file of the other folder, whatever
that is called: MSA-2 inside names the message.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from adapter.errors import EhrError
from adapter.store.durable import lay
from adapter.sync.acknowledgement import Acknowledgement, read_acknowledgement
from adapter.sync.found import Found
from adapter.sync.receipt import Accepted, Receipt, Unreachable

_UNREAD = "in the practice's import folder, and not acknowledged yet"
_LARGEST = 1_000_000
_NUMBERED = re.compile(r"(\d{8,})-.+\.hl7")


class Folder:
    """The import folder of a practice, and the folder of its acknowledgements."""

    def __init__(self, messages: Path, acknowledgements: Path) -> None:
        """Both are there already: a folder that is not mounted must not be made."""
        self._messages, self._acknowledgements = messages, acknowledgements
        self._read: dict[str, tuple[int, Acknowledgement | None]] = {}

    def send(self, control_id: str, message: bytes) -> Receipt:
        """Lays a message into the folder; written twice it is the same file."""
        written = self._messages / f".{control_id}.part"
        try:
            lay(message, written, self._known(control_id) or self._next(control_id))
        except OSError as wrong:
            # Without its last name nobody imports it.
            return Unreachable(wrong.strerror or type(wrong).__name__)
        return Accepted(control_id)

    def look_up(self, control_id: str, *, is_in_doubt: bool) -> Found:
        """What the practice acknowledged; a message that waits there is no doubt any more.

        Raises:
            EhrError: the folder of acknowledgements cannot be read.
        """
        answer = self._acknowledged().get(control_id)
        if answer is not None and answer.is_taken:
            return Found("there", control_id)
        if answer is not None:
            return Found("changed", reason=answer.reason)
        is_waiting = self._known(control_id) is not None
        if is_in_doubt and not is_waiting:
            return Found("gone")
        return Found("awaiting", control_id, _UNREAD)

    def _known(self, control_id: str) -> Path | None:
        """The file of a message that lies there already."""
        return next(self._messages.glob(f"*-{control_id}.hl7"), None)

    def _next(self, control_id: str) -> Path:
        """A name behind all that lie there: what waits together is taken in by name."""
        found = (_NUMBERED.fullmatch(path.name) for path in self._messages.iterdir())
        last = max((int(each[1]) for each in found if each is not None), default=0)
        return self._messages / f"{last + 1:08}-{control_id}.hl7"

    def _acknowledged(self) -> dict[str, Acknowledgement]:
        """Every acknowledgement there, by the message; a file is read again when it changed."""
        try:
            for path in sorted(self._acknowledgements.iterdir()):
                # Between listing and reading the practice may move a file: its new name comes next.
                with suppress(FileNotFoundError):
                    self._take(path)
        except OSError as wrong:
            raise EhrError(
                f"expected a folder of acknowledgements; found: {wrong.strerror}. "
                "Check `acknowledgements` of this clinic in adapter.toml."
            ) from wrong
        known = (answer for _, answer in self._read.values())
        return {answer.control_id: answer for answer in known if answer is not None}

    def _take(self, path: Path) -> None:
        stamp = path.stat().st_mtime_ns
        if path.is_file() and self._read.get(path.name, (0, None))[0] != stamp:
            content = path.read_bytes()[:_LARGEST]
            self._read[path.name] = (stamp, read_acknowledgement(content))
