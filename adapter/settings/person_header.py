"""Who says in `adapter.toml` that a proxy has signed people in: by which header, from where."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import Field, field_validator

from adapter.settings.section import Section

_WIDEST = {4: 8, 6: 32}


class PersonHeaderSettings(Section):
    """A header in which a proxy names who looks, and the addresses that it connects from.

    `peers` are addresses or networks; what any other address says in the header counts for nothing.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$", max_length=100)]
    peers: Annotated[tuple[str, ...], Field(min_length=1)]

    @field_validator("peers")
    @classmethod
    def _are_few(cls, peers: tuple[str, ...]) -> tuple[str, ...]:
        for peer in peers:
            network = ip_network(peer)  # which tells by ValueError what is none
            if network.prefixlen < _WIDEST[network.version]:
                raise ValueError("expected the proxy's own addresses; found a network of very many")
        return peers

    @property
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The peers as networks."""
        return tuple(ip_network(peer) for peer in self.peers)
