"""HL7 v2 over MLLP, with TLS where the clinic has it: a frame out, its acknowledgement back.

A frame is 0x0B, the message, 0x1C 0x0D (HL7 v2, appendix C: minimal lower layer protocol). After
silence nobody knows whether the message was filed: it is sent again under the same MSH-10, by which
the receiver knows it.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass

from adapter.errors import EhrError
from adapter.sync.acknowledgement import Acknowledgement, read_acknowledgement
from adapter.sync.found import Found
from adapter.sync.receipt import Accepted, Receipt, Refused, Unknown, Unreachable

_START, _END = b"\x0b", b"\x1c\x0d"
_CHUNK = 65536
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Address:
    """Where a receiver listens; `context` None: without TLS."""

    host: str
    port: int
    timeout_seconds: float
    context: ssl.SSLContext | None = None


class Mllp:
    """One connection to one receiver, made when it is first needed and after every trouble."""

    def __init__(self, address: Address) -> None:
        """Nothing is sent before the first message."""
        self._address = address
        self._socket: socket.socket | None = None
        self._rest = b""

    def send(self, control_id: str, message: bytes) -> Receipt:
        """Sends a message and waits for its own acknowledgement.

        Raises:
            EhrError: the receiver's certificate is none that we trust.
        """
        try:
            connected = self._connected()
        except ssl.SSLCertVerificationError as wrong:
            raise EhrError(
                f"expected a certificate that we trust; found: {wrong.verify_message}. "
                "Check `mllp` and `ca_file` of this clinic in adapter.toml."
            ) from None
        except OSError as wrong:
            return Unreachable(type(wrong).__name__)
        try:
            connected.sendall(_START + message + _END)
            answer = self._answer_to(control_id, connected)
        except OSError as wrong:
            self.close()
            return Unknown(type(wrong).__name__)
        if answer is None:
            self.close()
            return Unknown("no acknowledgement of this message")
        return Accepted(control_id) if answer.is_taken else Refused(answer.reason, control_id)

    def look_up(self, control_id: str, *, is_in_doubt: bool) -> Found:
        """An acknowledged message is filed; one in doubt counts as never sent, and is sent again.

        That cannot file it twice: it has the same MSH-10.
        """
        return Found("gone") if is_in_doubt else Found("there", control_id)

    def close(self) -> None:
        """Ends the connection."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
        self._socket, self._rest = None, b""

    def _connected(self) -> socket.socket:
        if self._socket is None:
            address = self._address
            bare = socket.create_connection((address.host, address.port), address.timeout_seconds)
            try:
                self._socket = (
                    bare
                    if address.context is None
                    else address.context.wrap_socket(bare, server_hostname=address.host)
                )
            except OSError:
                bare.close()
                raise
        return self._socket

    def _answer_to(self, control_id: str, connected: socket.socket) -> Acknowledgement | None:
        """Reads until the message is acknowledged; what acknowledges another one is passed over."""
        while True:
            frame = self._frame(connected)
            answer = None if frame is None else read_acknowledgement(frame)
            if answer is None or answer.control_id == control_id:
                return answer

    def _frame(self, connected: socket.socket) -> bytes | None:
        while _END not in self._rest:
            more = connected.recv(_CHUNK)
            if not more or len(self._rest) > _LARGEST:
                return None
            self._rest += more
        frame, _, self._rest = self._rest.partition(_END)
        return frame.removeprefix(_START)
