"""A clinic's way for HL7 v2, as its settings name it; nothing is connected before it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapter.service.clients import tls_of
from adapter.settings import ClinicSettings
from adapter.sync.found import Found
from adapter.sync.post import Post
from adapter.sync.profile import ClinicProfile
from adapter.sync.receipt import Receipt

if TYPE_CHECKING:
    from adapter.sync.mllp import Mllp


def post_of(profile: ClinicProfile, settings: ClinicSettings) -> Post | None:
    """The post of a clinic, None where it takes no HL7 v2."""
    if profile.hl7v2 is None:
        return None
    if profile.hl7v2.transport == "mllp":
        return LateMllp(profile, settings) if settings.mllp else None
    if settings.folder is None or settings.acknowledgements is None:
        return None
    from adapter.sync.folder import Folder  # noqa: PLC0415 - only who sends HL7 v2 pays

    return Folder(settings.folder, settings.acknowledgements)


class LateMllp:
    """MLLP to one receiver; its certificates are read when the first message is sent."""

    def __init__(self, profile: ClinicProfile, settings: ClinicSettings) -> None:
        """`settings.mllp` names the receiver."""
        self._profile, self._settings = profile, settings
        self._mllp: Mllp | None = None

    def send(self, control_id: str, message: bytes) -> Receipt:
        """Sends one message.

        Raises:
            DeclarationError: a certificate cannot be used.
            EhrError: the receiver's certificate is none that we trust.
        """
        return self._made().send(control_id, message)

    def look_up(self, control_id: str, *, is_in_doubt: bool) -> Found:
        """What became of a message."""
        return self._made().look_up(control_id, is_in_doubt=is_in_doubt)

    def close(self) -> None:
        """Ends the connection."""
        if self._mllp is not None:
            self._mllp.close()
            self._mllp = None

    def _made(self) -> Mllp:
        if self._mllp is None:
            from adapter.sync.mllp import Address, Mllp  # noqa: PLC0415 - as above

            settings = self._settings
            host, _, port = (settings.mllp or "").partition(":")
            context = tls_of(settings) if settings.mllp_tls else None
            seconds = self._profile.timeout_seconds
            self._mllp = Mllp(Address(host, int(port), seconds, context))
        return self._mllp
