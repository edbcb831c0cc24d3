"""A resource about to be written: what is its own, and the frame that many share.

Most of a score's Observation is the same for everyone: codes, category, method, range. Such a frame
is checked once, in the smallest resource that may carry it, and kept as text; then only the rest is
checked for each person. The whole is valid because both parts are: a frame holds only elements
that no rule of R4 reads together with another element (`FREE`), and the parts share no element.
`tests/unit/fhir/test_draft.py` compares this with the check of the whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from adapter.fhir.check import write

FREE = {
    "Observation": frozenset(
        {
            "meta",
            "extension",
            "category",
            "device",
            "interpretation",
            "method",
            "note",
            "performer",
            "referenceRange",
        }
    )
}
"""By type, the elements that a frame may hold. Observation's rules across elements are obs-6 (value
and dataAbsentReason), obs-7 (code and component) and those on contained resources."""
_SMALLEST: dict[str, dict[str, Any]] = {
    "Observation": {"resourceType": "Observation", "status": "final", "code": {"text": "any"}}
}


@dataclass(frozen=True, slots=True)
class Frame:
    """Elements that were checked, and their text without the braces."""

    elements: dict[str, Any]
    text: bytes


EMPTY = Frame({}, b"")


@dataclass(frozen=True, slots=True)
class Draft:
    """One resource: `own` is a valid resource by itself, `frame` is what it shares."""

    own: dict[str, Any]
    frame: Frame = EMPTY

    @property
    def name(self) -> tuple[str, str]:
        """The type and the id."""
        return self.own["resourceType"], self.own["id"]

    @property
    def whole(self) -> dict[str, Any]:
        """The resource in one piece."""
        return {**self.own, **self.frame.elements}

    def with_status(self, status: str) -> Draft:
        """The same resource with another status."""
        return replace(self, own={**self.own, "status": status})

    def write(self) -> bytes:
        """The resource's text.

        Raises:
            ResourceError: R4 forbids it.
        """
        text = write(self.own)
        return text[:-1] + b"," + self.frame.text + b"}" if self.frame.text else text


def make_frame(resource_type: str, elements: dict[str, Any]) -> Frame:
    """Checks what is shared, once.

    Raises:
        ResourceError: R4 forbids one of the elements.
        ValueError: an element that some rule reads together with others.
    """
    if bound := elements.keys() - FREE[resource_type]:
        raise ValueError(f"{', '.join(sorted(bound))} of {resource_type} cannot be in a frame")
    smallest = _SMALLEST[resource_type]
    text = write({**smallest, **elements})
    return Frame(elements, text.removeprefix(write(smallest)[:-1] + b",")[:-1])
