"""The seam to who takes HL7 v2: one message out, one receipt back, and what became of it."""

from __future__ import annotations

from typing import Final, Protocol

from adapter.sync.found import Found
from adapter.sync.profile import Rung
from adapter.sync.receipt import Receipt

MESSAGE: Final = "v2-"
"""What MSH-10 begins with, also where it stands for the clinic's own version."""
TASK: Final = "task-"
"""What the name of a task begins with, likewise."""


def rung_noted(remote_version: str) -> Rung:
    """The rung that carried a document, by what the ledger notes as the clinic's version of it."""
    if remote_version.startswith(MESSAGE):
        return "hl7v2"
    return "task" if remote_version.startswith(TASK) else "document"


class Post(Protocol):
    """A way for HL7 v2 messages; `mllp.Mllp` is one, `folder.Folder` another."""

    def send(self, control_id: str, message: bytes) -> Receipt:
        """Sends one message; sent again under the same `control_id` it is the same message."""
        ...

    def look_up(self, control_id: str, *, is_in_doubt: bool) -> Found:
        """What became of a message. `is_in_doubt`: nobody knows whether it was ever sent."""
        ...
