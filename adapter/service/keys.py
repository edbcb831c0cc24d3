"""New keys on the disk: the private one for us alone, the public ones for the clinic to fetch."""

from __future__ import annotations

import os
import re
from pathlib import Path
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any

import orjson

from adapter.errors import ConflictError, ForbiddenError

if TYPE_CHECKING:
    from adapter.sync.auth.keys import Algorithm

PUBLIC = "jwks.json"
_SECRET_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


def make_key(folder: Path, kid: str, algorithm: Algorithm) -> tuple[Path, Path]:
    """Writes a private JWK, and adds its public half to the folder's `jwks.json`; gives both paths.

    The older keys stay in the set, so that a clinic knows both while they are exchanged.

    Raises:
        ForbiddenError: the name is none for a file.
        ConflictError: there is such a key already, or `jwks.json` is no set of keys.
    """
    from adapter.sync.auth.keys import new_key, public_jwk  # noqa: PLC0415 - pays for cryptography

    if _NAME.fullmatch(kid) is None or kid.startswith("."):
        raise ForbiddenError("Expected a `--kid` of letters, digits and ._-; found another one.")
    folder.mkdir(parents=True, exist_ok=True)
    private, public = folder / f"{kid}.private.json", folder / PUBLIC
    keys = _keys_in(public)
    if private.exists() or any(key.get("kid") == kid for key in keys):
        raise ConflictError(f"Expected a new `--kid`; there is a key `{kid}` already.")
    made = new_key(kid, algorithm)
    _write(private, _json(made), mode=0o600)
    _write(public, _json({"keys": [*keys, public_jwk(made)]}), mode=0o644)
    return private, public


def add_crosswalk_key(path: Path) -> int:
    """Writes a new key of the crosswalk above those that a file holds; gives how many there are.

    The next command that opens the crosswalk seals it anew; after that, the lower lines may go.
    """
    older = path.read_text("utf-8").splitlines() if path.exists() else []
    keys = [token_urlsafe(_SECRET_BYTES), *older]
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, "".join(f"{key}\n" for key in keys).encode(), mode=0o600)
    return len(keys)


def _keys_in(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    try:
        keys = orjson.loads(path.read_bytes())["keys"]
        found = [dict(key) for key in keys]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as wrong:
        raise ConflictError(f"Expected a JWK Set in {path.name}; found something else.") from wrong
    return found


def _json(said: dict[str, Any]) -> bytes:
    return orjson.dumps(said, option=orjson.OPT_INDENT_2) + b"\n"


def _write(path: Path, said: bytes, mode: int) -> None:
    """Writes beside and replaces: nobody reads half a key, and it was never open to others."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(said)
    part.replace(path)
