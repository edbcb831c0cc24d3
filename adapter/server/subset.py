"""`_summary` and `_elements`: a resource told in part, and marked as such.

https://hl7.org/fhir/R4/search.html#summary. What must be there, and what changes the meaning of the
rest, always stays.
"""

from __future__ import annotations

from typing import Literal

from adapter.fhir.definitions import read
from adapter.fhir.text import read_text, write_text

Summary = Literal["false", "true", "text", "data", "count"]
_SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}
_OF_EVERY = frozenset({"resourceType", "id", "meta"})


def subset(text: bytes, summary: Summary, elements: frozenset[str]) -> bytes:
    """A resource with some of its elements only, and the tag that says so.

    `elements` are asked for by name; without any, `summary` says which stay.
    """
    resource = read_text(text)
    told = read("told")[resource["resourceType"]]
    kept = _OF_EVERY | set(told["always"])
    if elements:
        kept |= {name for name in resource if _asked(name, elements)}
    elif summary == "true":
        kept |= set(told["summary"])
    elif summary == "text":
        kept |= {"text"}
    else:
        kept |= resource.keys() - {"text"}
    part = {name: value for name, value in resource.items() if name.removeprefix("_") in kept}
    meta = part.get("meta", {})
    part["meta"] = {**meta, "tag": [*meta.get("tag", ()), _SUBSETTED]}
    return write_text(part)


def _asked(name: str, elements: frozenset[str]) -> bool:
    """Whether an element was asked for; `value` stands for `valueQuantity`."""
    word = name.removeprefix("_")
    return any(
        word == each or (word.startswith(each) and word[len(each) :][:1].isupper())
        for each in elements
    )
