"""Seals values with a key of their own, and finds them again by a keyed hash.

AES-256 in GCM, a new nonce each time; what belongs to a value (its place) is sealed along, so that
no row can be laid in another's place. Keys are texts, newest first: the first seals, all of them
open, so that a key can be exchanged.

Source: NIST SP 800-38D (GCM); https://cryptography.io/en/latest/hazmat/primitives/aead/
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Sequence
from hashlib import sha256

from adapter.errors import DeclarationError, Origin, Problem

SHORTEST_BYTES = 32
_NONCE_BYTES = 12


class Sealer:
    """Seals and opens for whoever has the keys."""

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys` are texts that nobody can guess, newest first; at least one.

        Raises:
            DeclarationError: there is none, or one is too short.
        """
        raw = [key.encode() for key in keys]
        if not raw or min(map(len, raw)) < SHORTEST_BYTES:
            raise _cannot_be_used(
                f"one key a line, each of {SHORTEST_BYTES} bytes or more, newest first",
                "none" if not raw else "a shorter one",
                "Make one with `adapter keys crosswalk`, and keep it apart from the crosswalk.",
            )
        self._sealing = [_derived(key, b"seal") for key in raw]
        self._finding = _derived(raw[0], b"find")
        self.mark = _derived(raw[0], b"mark")[:16]
        """Tells which key is the newest, without telling the key."""

    def place(self, *names: str) -> bytes:
        """Where something stands: a keyed hash of its names, in this order."""
        told = b"".join(len(name.encode()).to_bytes(4) + name.encode() for name in names)
        return hmac.digest(self._finding, told, "sha256")

    def seal(self, said: bytes, place: bytes) -> bytes:
        """What nobody reads without a key."""
        from cryptography.hazmat.primitives.ciphers.aead import (  # noqa: PLC0415 - costs 20 ms
            AESGCM,
        )

        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self._sealing[0]).encrypt(nonce, said, place)

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """What was sealed at this place.

        Raises:
            DeclarationError: by none of the keys, or it was changed, or moved.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as above
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - as above

        for key in self._sealing:
            try:
                return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place)
            except InvalidTag:
                continue
        raise wrong_key()


def wrong_key() -> DeclarationError:
    """That a crosswalk was sealed with another key."""
    return _cannot_be_used(
        "the key that the crosswalk was sealed with",
        "another one, or a crosswalk that was changed by somebody else",
        "Put the right key first; an older one may stand below it.",
    )


def _derived(key: bytes, purpose: bytes) -> bytes:
    # One key, several purposes: HKDF's expand step (RFC 5869) for one block.
    return hmac.digest(hmac.digest(b"adapter crosswalk", key, "sha256"), purpose + b"\x01", sha256)


def _cannot_be_used(expected: str, found: str, action: str) -> DeclarationError:
    problem = Problem(
        Origin("adapter.toml"),
        "crosswalk_key_env or crosswalk_key_file",
        expected,
        found,
        action,
    )
    return DeclarationError("The crosswalk cannot be used.", (problem,))
