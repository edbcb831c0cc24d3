"""What every part of `adapter.toml` is: frozen, and strict about words that mean nothing."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
