"""How the program tells what it does."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from adapter.settings.section import Section


class LogSettings(Section):
    """`text` tells on stderr what somebody should look at, `json` everything, an object a line.

    A file of accesses is gone on with until it has so many megabytes, and no longer than a day
    (UTC) with `access_daily`.
    """

    format: Literal["text", "json"] = "text"
    access_megabytes: Annotated[float, Field(ge=0.001)] = 64
    access_daily: bool = False
