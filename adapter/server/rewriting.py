"""References inside a transaction: by the URLs of its entries, and by searches.

https://hl7.org/fhir/R4/http.html#trules. They are replaced wherever they stand: in contained
resources, in extensions, and in the links of a narrative.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

_URN = re.compile(r"urn:(?:uuid|oid):[0-9A-Za-z.\-]+")
_SEARCH = re.compile(r"([A-Z][A-Za-z]+)\?.+")


def named_in(resource: Mapping[str, Any]) -> set[str]:
    """The URNs that a resource refers to."""
    return {said for said in _references(resource) if _URN.fullmatch(said)}


def searches_in(resource: Mapping[str, Any], types: AbstractSet[str]) -> set[str]:
    """The conditional references of a resource, `Type?search`."""
    found = set[str]()
    for said in _references(resource):
        search = _SEARCH.fullmatch(said)
        if search is not None and search[1] in types:
            found.add(said)
    return found


def rewritten(value: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON of any kind
    """The same with every URL in `names` replaced by what it names."""
    if isinstance(value, dict):
        return {
            name: _in_narrative(part, names) if name == "div" else rewritten(part, names)
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [rewritten(part, names) for part in value]
    return names.get(value, value) if isinstance(value, str) else value


def _in_narrative(value: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - as above
    if not isinstance(value, str):
        return rewritten(value, names)
    return _URN.sub(lambda found: names.get(found[0], found[0]), value)


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        said = value.get("reference")
        if isinstance(said, str):
            yield said
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)
