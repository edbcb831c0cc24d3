"""How the word to end is heard from the first moment on: SIGTERM, and Ctrl-C.

What answers others has nothing to finish before it answers: it ends with 0. A command that works
is ended by SIGTERM as any program is, at once; whoever dies leaves the ledger as it was. But the
first process of a container (PID 1) is spared every signal that it does not listen to: `docker
stop` would wait out its patience and kill. So there the same is done by hand.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ANSWERING = frozenset({"serve", "listen"})
"""Commands that go on until they are told to end."""
ENDED_BY_SIGTERM = 128 + signal.SIGTERM
"""What a shell calls the exit of somebody whom SIGTERM ended."""
_FIRST = 1


@contextmanager
def hearing_the_end(command: str) -> Iterator[None]:
    """While this is open SIGTERM ends the command, whichever process it is.

    What the command itself listens to later goes before. Only the main thread may listen: in
    another one nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {word: signal.signal(word, heard) for word, heard in _words(command).items()}
    try:
        yield
    finally:
        for word, was in before.items():
            signal.signal(word, was)


def _words(command: str) -> dict[signal.Signals, signal._HANDLER]:
    if command in ANSWERING:
        return {signal.SIGTERM: _is_done, signal.SIGINT: _is_done}
    if os.getpid() == _FIRST:
        return {signal.SIGTERM: _die}
    return {}


# Nothing is tidied up: that nothing needs to be is what the store is built for, and tests show. An
# exception raised here would surface in whatever runs: modules in C that were just being imported
# have crashed over it.


def _is_done(*_: object) -> None:
    os._exit(0)


def _die(*_: object) -> None:
    os._exit(ENDED_BY_SIGTERM)
