"""Where the next page of a search begins: sealed, and the same whatever is hidden from who asks.

It is said by the last resource of the page before, never by a place in the ledger, which counts
what is hidden, too. It is of one length, opens for the same search of the same client alone, and
nobody but this server can read or make one. AES-SIV needs no nonce, so that the same page has the
same name (RFC 5297).
"""

from __future__ import annotations

import base64
import binascii
from struct import Struct
from typing import TYPE_CHECKING, Final

import orjson

from adapter.fhir.operation_outcome import RefusalError, refuse
from adapter.server.exchange import Parameters
from adapter.server.ledger import View
from adapter.store import finding
from adapter.store.finding import Hit

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

PAGE: Final = "_page"
_END = Struct("<?d64s")  # whether it is sorted, by which key, and an id, which has 64 characters
Place = tuple[float | None, int]
"""What the last resource of a page is sorted by, None for nothing, and its place."""


def page_behind(view: View, of: str, said: Parameters, last: Hit, key: float | None) -> str:
    """The name of the page behind a resource, in a search of a type by these parameters."""
    end = _END.pack(key is not None, key or 0.0, last.id.encode())
    sealed = _sealer(view).encrypt(end, [_search(view, of, said)])
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def begin_of(view: View, of: str, said: Parameters, page: str) -> Place:
    """Behind what a page of a search begins, by its name.

    Raises:
        RefusalError: 400, for what is no name of a page of this search.
    """
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - for who pages alone

    try:
        sealed = base64.urlsafe_b64decode(page + "=" * (-len(page) % 4))
        opened = _sealer(view).decrypt(sealed, [_search(view, of, said)])
    except (binascii.Error, ValueError, InvalidTag):
        raise bad_value(PAGE) from None
    is_sorted, key, name = _END.unpack(opened)
    place = finding.place_of(view.tx, of, name.rstrip(b"\x00").decode())
    if place is None:
        raise bad_value(PAGE)
    return key if is_sorted else None, place


def bad_value(name: str) -> RefusalError:
    """The value of a parameter is none."""
    return refuse(400, "value", f"The value of the parameter {name} is not of its kind")


# Private functions


def _sealer(view: View) -> AESSIV:
    from cryptography.hazmat.primitives.ciphers.aead import (  # noqa: PLC0415 - costs 20 ms
        AESSIV,
    )

    token = view.ledger.identity.token
    return AESSIV(bytes.fromhex(token("page", "authenticates") + token("page", "conceals")))


def _search(view: View, of: str, said: Parameters) -> bytes:
    return orjson.dumps([view.caller.client, of, said])
