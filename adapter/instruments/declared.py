"""What every declaration is made of: frozen words, exact numbers, ids.

The models of the mapping files rest on these; nothing here knows what a form or a study is.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _exact(value: object) -> object:
    # YAML reads 41.6 as a binary float; its shortest text is what the file says.
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Decimal(str(value)) if is_number else value


def _digits(value: object) -> object:
    # YAML reads `yes` and `no` as booleans; that is no number, and pydantic says so.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Number = Annotated[Decimal, BeforeValidator(_exact)]
Text = Annotated[str, Field(min_length=1)]
SourceCode = Annotated[Text, BeforeValidator(_digits)]
"""The source's own code of an answer, as text: `2` and `"2"` are the same."""
Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[-.][a-z0-9]+)*$", max_length=48)]

Version = Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]


class Declared(BaseModel, frozen=True):
    """The base of everything read from a mapping file: frozen, and no word it does not know."""

    # Built when first used: most commands read the declarations, but not every import does.
    model_config = ConfigDict(extra="forbid", defer_build=True)


class Unique(Declared, frozen=True):
    """A declaration that equals itself alone, so that what is compiled from it is kept by it."""

    def __eq__(self, other: object) -> bool:
        """Whether it is the same object."""
        return self is other

    def __hash__(self) -> int:
        """By which object it is."""
        return id(self)


def is_earlier(version: str, than: str) -> bool:
    """Whether a version comes before another: 1.9.0 before 1.10.0; '' is none."""
    if not version:
        return False
    one, other = (tuple(map(int, said.split("."))) for said in (version, than))
    return one < other
