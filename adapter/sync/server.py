"""At which server a clinic is: its ids, its links and what it was told hold there and nowhere else.

The same id is another person at another server. Where `url` of a clinic becomes another one, as
from a test system to the real one, what is known of the first must not be taken for the second.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapter.errors import ConflictError
from adapter.store.identities import Crosswalk


@dataclass(frozen=True, slots=True)
class Server:
    """The address of a clinic (a URL, or `host:port`), and those that it had before."""

    address: str
    formerly: tuple[str, ...] = ()

    def is_of(self, noted: str) -> bool:
        """Whether the address that was noted is one of its own."""
        return noted.rstrip("/") in {each.rstrip("/") for each in (self.address, *self.formerly)}


def stop_if_elsewhere(crosswalk: Crosswalk, clinic: str, server: Server | None) -> None:
    """Lets pass a clinic that is where it was so far, or that was nowhere yet.

    Raises:
        ConflictError: it is at another server now.
    """
    noted = crosswalk.turns.server(clinic)
    if server is None or not noted or server.is_of(noted):
        return
    raise ConflictError(
        f"{clinic}: expected the server at which this clinic was so far ({noted}); found another "
        f"one in adapter.toml ({server.address}), where ids and links mean other people. Nothing "
        "was asked or sent. If the same server has a new address, say so: "
        f'`formerly = ["{noted}"]` beside the new one. Another server is another clinic: give it a '
        "profile with an `id` of its own."
    )


def note_server(crosswalk: Crosswalk, clinic: str, server: Server | None) -> None:
    """Notes where the clinic is, before it is told anything, and before anybody is linked there."""
    if server is not None and crosswalk.turns.server(clinic) != server.address:
        crosswalk.turns.keep_server(clinic, server.address)
