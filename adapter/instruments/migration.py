"""How what was answered to an earlier version of a form is read by a later one."""

from __future__ import annotations

from pydantic import Field

from adapter.instruments.declared import Declared, Id, Version


class Migration(Declared, frozen=True):
    """How a response to an earlier version is read: items that were renamed, and those dropped."""

    version: Version
    link_ids: dict[str, Id] = Field(default_factory=dict)
    dropped: tuple[Id, ...] = ()
