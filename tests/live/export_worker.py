"""A process that writes the exports that wait, as one of `adapter serve` does, and dies if told to.

Arguments: the configuration, and after how many looks at its clock it is killed, 0 for never.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from adapter.server.bulk import Worker
from adapter.service import open_service
from adapter.service.exporting import desk_of, ledger_of
from tests.live.exporting import BASE

LINES_A_FILE = 7


def main(config: Path, looks: int) -> None:
    """Works until nothing waits."""
    left = looks

    def now() -> datetime:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return datetime.now(UTC)  # noqa: TID251 - a test's own clock

    with open_service(config) as service:
        ledger = replace(ledger_of(service), now=now)
        desk = desk_of(service, ledger, config.parent / "out", BASE)
        Worker(desk, lines_a_file=LINES_A_FILE).work()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
