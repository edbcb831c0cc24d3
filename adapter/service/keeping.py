"""Where the ledger is kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from adapter.settings import Settings, read_secret


def ledger_of(settings: Settings, environment: Mapping[str, str]) -> Path | str:
    """Where the ledger is; a password that stands apart is laid into its URL."""
    if isinstance(settings.ledger, Path):
        return settings.ledger
    names = settings.ledger_password_env, settings.ledger_password_file
    password = read_secret(environment, *names, "the password of the ledger")
    if password is None:  # libpq may have its own: PGPASSWORD, a password file, a certificate
        return settings.ledger
    mark = "&" if "?" in settings.ledger else "?"
    return f"{settings.ledger}{mark}password={quote(password, safe='')}"
