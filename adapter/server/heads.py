"""Connections on which a request's head has to come in time, and to end.

uvicorn alone would wait for ever, and its fast parser would keep a head of any length.
"""

from __future__ import annotations

from asyncio import TimerHandle, Transport

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from adapter.fhir.operation_outcome import Issue, operation_outcome
from adapter.server.bounds import MOST_BODY_BYTES
from adapter.server.media import FHIR_JSON

HEAD_SECONDS = 10.0
MOST_HEAD_BYTES = 65_536
MOST_REQUEST_BYTES = 4 * MOST_BODY_BYTES
"""With all that stands between the parts of a body, which the parser keeps for itself."""


class HeadsInTime(HttpToolsProtocol):
    """HTTP/1.1; a connection is closed whose next head is not there some seconds after it may come.

    uvicorn's own `timeout_keep_alive` ends the silent ones earlier; this ends the slow ones. What
    stands behind a body (its trailer) is no header of a request.
    """

    _until: TimerHandle | None = None
    _is_head = _has_begun = False
    _come = 0  # bytes of this request, behind those that its first ones came with

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begins to wait, and keeps who connects: a proxy that is believed puts others there."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "peer": self.client[0] if self.client else ""}
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Takes what came; whether it was all of a head shows in a request that has begun."""
        before, self._has_begun = self.cycle, False
        super().data_received(data)
        if self.cycle is not before:
            self._stop()
        self._come = 0 if self._has_begun else self._come + len(data)
        if self._is_head and self._come > MOST_HEAD_BYTES:
            self.send_400_response("Invalid HTTP: the head is too long")
        elif self._come > MOST_REQUEST_BYTES:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Refuses what is no HTTP, or has a method that the parser does not know, as FHIR says."""
        outcome = orjson.dumps(operation_outcome(Issue("structure", msg)))
        head = (
            "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n"
            f"content-type: {FHIR_JSON}\r\ncontent-length: {len(outcome)}\r\n\r\n"
        )
        self.transport.write(head.encode() + outcome)
        self.transport.close()

    def on_message_begin(self) -> None:
        """A head begins."""
        self._is_head = self._has_begun = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a header."""
        if self._is_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A head has ended."""
        self._is_head = False
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Waits for the next one."""
        before = self.cycle
        self._wait()
        super().on_response_complete()
        if self.cycle is not before:  # it was here already, behind the last one
            self._stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends."""
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._stop()
        self._until = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop(self) -> None:
        if self._until is not None:
            self._until.cancel()
            self._until = None
