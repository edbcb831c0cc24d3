"""People whom a proxy before the service has signed in, and names in a header of every request.

The header counts from the proxy's own address and from no other, and where it stands once: a proxy
that adds its header to one that the browser has sent lets nobody in. The address is that of the
connection. What `X-Forwarded-For` says is of no account here, whoever may be believed elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.requests import Request

from adapter.viewer.people import Person

PEER = "peer"
"""Where in the state of a request stands which address the connection comes from."""


@dataclass(frozen=True)
class Proxied:
    """The header, the networks that it counts from, and people by the name in it."""

    header: str
    networks: tuple[IPv4Network | IPv6Network, ...]
    people: Mapping[str, Person]

    def who(self, request: Request) -> Person | None:
        """Who looks by the proxy's word, None where it has none, or where it is not the proxy's."""
        names = request.headers.getlist(self.header)
        if len(names) != 1 or not self._is_proxy(request):
            return None
        return self.people.get(names[0])

    def signs_in(self, person: Person) -> bool:
        """Whether somebody is let in by the proxy, and by no link."""
        return person in self.people.values()

    def _is_proxy(self, request: Request) -> bool:
        peer = request.scope.get("state", {}).get(PEER, "")
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        plain = getattr(address, "ipv4_mapped", None) or address  # as sockets for both tell IPv4
        return any(plain in network for network in self.networks)
