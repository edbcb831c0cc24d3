"""A practice over MLLP: messages framed in a stream, each answered before the next is read.

A frame is 0x0B, the message, 0x1C, 0x0D (HL7 v2, appendix C: minimal lower layer protocol). What
goes wrong is drawn per message; connections are really cut.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapter.simulate.chance import Chance
    from adapter.simulate.hl7v2.practice import Practice
    from adapter.simulate.serve import Tls

HOST = "127.0.0.1"
START, END = b"\x0b", b"\x1c\x0d"
LARGEST = 64 * 1024 * 1024
MLLP_FAULTS: Mapping[str, str] = {
    "latency": "the acknowledgement comes late",
    "dropped": "the connection is reset and nothing is filed",
    "reset": "filed, and the connection is reset in the middle of the acknowledgement",
    "silent": "filed, and no acknowledgement until the sender gives up",
    "garbled": "filed, and the acknowledgement cannot be read",
    "stray": "filed, and an acknowledgement of another message comes before its own",
}
_AT_ONCE = struct.pack("ii", 1, 0)  # linger for no time: closing is a reset
_ANOTHER = re.compile(rb"\rMSA\|A[AER]\|[^|\r]*")


@dataclass(frozen=True, slots=True)
class MllpFaults:
    """What goes wrong: drawn by `chance` among `MLLP_FAULTS`; a silence ends by itself."""

    chance: Chance
    silent_seconds: float = 120.0


@contextmanager
def mllp_serving(
    practice: Practice, port: int = 0, tls: Tls | None = None, faults: MllpFaults | None = None
) -> Iterator[int]:
    """Serves the practice from a thread for as long as the context lasts, and gives the port."""
    context = None
    if tls is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tls.certificate, tls.key)
    with socket.create_server((HOST, port)) as listening:
        server = _Server(practice, faults)
        thread = threading.Thread(target=server.run, args=(listening, context), daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.stop()
            thread.join()


class _Server:
    def __init__(self, practice: Practice, faults: MllpFaults | None) -> None:
        self._practice, self._faults = practice, faults
        self._loop = asyncio.new_event_loop()
        self._stopped = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()

    def run(self, listening: socket.socket, context: ssl.SSLContext | None) -> None:
        self._loop.run_until_complete(self._serve(listening, context))
        self._loop.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)

    async def _serve(self, listening: socket.socket, context: ssl.SSLContext | None) -> None:
        server = await asyncio.start_server(
            self._converse, sock=listening, ssl=context, limit=LARGEST
        )
        async with server:
            await self._stopped.wait()
            for writer in self._open:
                writer.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while True:
                frame = await reader.readuntil(END)
                await self._answer(frame[: -len(END)].removeprefix(START), reader, writer)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            return  # the other side has gone, or never spoke MLLP
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer(
        self, content: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        faults = self._faults
        fault = faults.chance.draw() if faults else None
        if fault == "dropped":
            _reset(writer)
            return
        if faults and fault == "latency":
            await asyncio.sleep(faults.chance.random.uniform(0.05, 0.5))
        answer = self._practice.receive(content)
        match fault:
            case "silent":
                await _wait_for_the_end(reader, faults.silent_seconds if faults else 0)
                _reset(writer)
                return
            case "reset":
                writer.write(START + answer[: len(answer) // 2])
                _reset(writer)
                return
            case "garbled":
                answer = b"\xff" * len(answer)
            case "stray":
                writer.write(START + _ANOTHER.sub(rb"\rMSA|AA|another", answer) + END)
        writer.write(START + answer + END)
        await writer.drain()


async def _wait_for_the_end(reader: asyncio.StreamReader, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(reader.read(1), seconds)


def _reset(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    with suppress(OSError):  # the other side may have gone first
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()
