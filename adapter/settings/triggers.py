"""REDCap's Data Entry Trigger in `adapter.toml`: what lets it in, and which project sends it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from adapter.settings.section import Section


class TriggerSettings(Section):
    """The trigger of one project, which `adapter serve` hears.

    The secret stands at the end of the address that REDCap is given: REDCap signs nothing.
    `project` is the project's number; `redcap_url` is how the server names itself, where that is
    not the address of its API without `api/`.
    """

    project: Annotated[int, Field(ge=1, lt=1_000_000_000)]
    secret_env: str | None = None
    secret_file: Path | None = None
    redcap_url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")] | None = None

    @model_validator(mode="after")
    def _has_one_secret(self) -> Self:
        if (self.secret_env is None) == (self.secret_file is None):
            raise ValueError("expected either `secret_env` or `secret_file`")
        return self
