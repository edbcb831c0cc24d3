"""How the program tells what it does."""

from __future__ import annotations

from typing import Literal

from adapter.settings.section import Section


class LogSettings(Section):
    """`text` tells on stderr what somebody should look at, `json` everything, an object a line."""

    format: Literal["text", "json"] = "text"
