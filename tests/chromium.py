"""A headless Chromium that does what a test says, over a pipe: no port, no driver, no network.

It speaks the DevTools protocol, https://chromedevtools.github.io/devtools-protocol/, in messages
that end with a zero byte. It ends when the pipe closes, so none survives a killed test run.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
import time
from contextlib import suppress
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, Self

from tests.installed import need_program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

PROGRAMS = ("chromium-headless-shell", "chromium")
START_SECONDS = 60
STOP_SECONDS = 20
FLAGS = (
    "--headless",
    "--remote-debugging-pipe",  # reads its file 3, writes its file 4
    "--allow-file-access-from-files",  # a page of ours may load the scripts beside it
    "--no-sandbox",  # which root, and most containers, do not have; the pages are ours
    "--disable-dev-shm-usage",
    "--disable-gpu",
)


class ChromiumError(Exception):
    """It did not start, ended, or a page failed; the message says why, with the log's tail."""


class Chromium:
    """A running Chromium with one page; for use by one thread."""

    def __init__(self, program: str = "", *, asks_this_machine: bool = False) -> None:
        """Starts it, installing it first if need be; another program if one is named.

        Its pages ask no address, or only those of this machine.

        Raises:
            InstallError: It could not be installed.
            ChromiumError: It did not start.
        """
        known = "MAP * ~NOTFOUND" + (", EXCLUDE 127.0.0.1" if asks_this_machine else "")
        program = program or need_program(*PROGRAMS, debian=PROGRAMS[0])
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._log = tempfile.TemporaryFile("a+b")  # noqa: SIM115 - lives as long as the process
        heard, said = os.pipe()
        answered, answers = os.pipe()
        self._popen = subprocess.Popen(
            [
                *("sh", "-c", f'exec "$0" "$@" 3</dev/fd/{heard} 4>/dev/fd/{answers}'),
                *(program, *FLAGS, f"--host-resolver-rules={known}"),
                f"--user-data-dir={self._profile.name}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            pass_fds=(heard, answers),
            start_new_session=True,  # a keyboard's interrupt is for us; it ends with its pipe
        )
        os.close(heard)
        os.close(answers)
        self._said: IO[bytes] = os.fdopen(said, "wb", buffering=0)
        self._answers: IO[bytes] = os.fdopen(answered, "rb", buffering=0)
        self._unread = b""
        self._asked = 0
        self._session = ""
        self.heard: list[dict[str, Any]] = []
        try:
            target = self.ask("Target.createTarget", START_SECONDS, url="about:blank")["targetId"]
            attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        except ChromiumError:
            self.stop()
            raise
        self._session = attached["sessionId"]
        self.ask("Page.enable")

    def open(self, page: Path | str, seconds: float = 60) -> None:
        """Opens a page of this machine, a file or an address, and waits until it is loaded.

        Raises:
            ChromiumError: It was not loaded in time.
        """
        address = page if isinstance(page, str) else page.as_uri()
        self.follow(lambda: self.ask("Page.navigate", url=address), seconds)

    def follow(self, step: Callable[[], object], seconds: float = 60) -> None:
        """Does what leads to another page, and waits until that is loaded.

        Raises:
            ChromiumError: It was not loaded in time.
        """
        deadline = time.monotonic() + seconds
        before = len(self.heard)
        step()
        while all(each["method"] != "Page.loadEventFired" for each in self.heard[before:]):
            self._read(deadline)

    def run(self, script: str, seconds: float = 60) -> Any:  # noqa: ANN401 - whatever it gives
        """What an expression of the page's language comes to, awaited; numbers are Decimals.

        Raises:
            ChromiumError: It threw, or took longer.
        """
        answer = self.ask(
            "Runtime.evaluate", seconds, expression=script, awaitPromise=True, returnByValue=True
        )
        if thrown := answer.get("exceptionDetails"):
            said = thrown.get("exception", {}).get("description", thrown["text"])
            raise ChromiumError(f"The page failed: {said}")
        return answer["result"].get("value")

    def stop(self) -> None:
        """Ends it by closing its pipe, by force if that does not help."""
        self._said.close()
        self._answers.close()
        try:
            self._popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        self._log.close()
        self._profile.cleanup()

    def __enter__(self) -> Self:
        """Gives the running browser."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends it."""
        self.stop()

    def ask(self, method: str, seconds: float = 60, **params: object) -> dict[str, Any]:
        """The result of one command; the events that came before it are kept in `heard`.

        Raises:
            ChromiumError: It was refused, or took longer.
        """
        deadline = time.monotonic() + seconds
        self._asked += 1
        command = {"id": self._asked, "method": method, "params": params}
        if self._session:
            command["sessionId"] = self._session
        with suppress(BrokenPipeError):  # it ended, which reading tells with its log
            self._said.write(json.dumps(command).encode() + b"\0")
        while (message := self._read(deadline)).get("id") != self._asked:
            pass
        if "error" in message:
            raise ChromiumError(f"{method}: {message['error']['message']}")
        result: dict[str, Any] = message["result"]
        return result

    def _read(self, deadline: float) -> dict[str, Any]:
        """The next message, an answer or an event."""
        while b"\0" not in self._unread:
            left = max(0.0, deadline - time.monotonic())
            speaks, _, _ = select.select([self._answers], [], [], left)
            if not speaks:
                raise ChromiumError(f"No answer in time:\n{self._tail()}")
            some = self._answers.read(1 << 20)
            if not some:
                raise ChromiumError(f"It ended before it had answered:\n{self._tail()}")
            self._unread += some
        text, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(text, parse_float=Decimal)
        if "method" in message:
            self.heard.append(message)
        return message

    def _tail(self) -> str:
        self._log.seek(0)
        return self._log.read().decode(errors="replace")[-2000:]
