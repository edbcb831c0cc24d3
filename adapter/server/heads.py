"""Connections on which a request's head has to come in time; uvicorn alone would wait for ever."""

from __future__ import annotations

from asyncio import TimerHandle, Transport

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0


class HeadsInTime(H11Protocol):
    """HTTP/1.1; a connection is closed whose next head is not there some seconds after it may come.

    uvicorn's own `timeout_keep_alive` ends the silent ones earlier; this ends the slow ones.
    """

    _until: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begins to wait, and keeps who connects: a proxy that is believed puts others there."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "peer": self.client[0] if self.client else ""}
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Takes what came; whether it was all of a head shows in a request that has begun."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._stop()

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
