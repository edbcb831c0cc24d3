"""How a resource of ours is found again at a record system that gives its own ids.

By its identifier where R4 searches by that; by its url; a Provenance, which has no identifier, by
the tag that is the same for the same version. An AdverseEvent has an identifier that nobody can
search by (https://hl7.org/fhir/R4/adverseevent.html#search): its subject's events are asked for,
all pages of them, and looked through.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from adapter.sync.answer import Answer, RecordSystem, reason_of, stop_if_not_let_in
from adapter.sync.receipt import Refused, Unknown, Unreachable

Resource = dict[str, Any]
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_MOST_PAGES = 100
_FEW, _MANY = "5", "200"


@dataclass(frozen=True, slots=True)
class Sought:
    """What is asked for, and the identifier that a find must have, '' where any find will do.

    `all_pages`: every find is wanted, and not only whether there is one.
    """

    type: str
    parameters: tuple[tuple[str, str], ...]
    token: str = ""
    all_pages: bool = False

    @property
    def condition(self) -> str:
        """If-None-Exist of a create, '' where a search finds others, too."""
        return "" if self.token else urlencode(self.parameters)


def sought(resource: Resource) -> Sought | None:
    """The search that finds a resource again, None where R4 has none for it."""
    kind, token = str(resource["resourceType"]), _identifier(resource)
    if kind == "AdverseEvent":
        subject = resource.get("subject", {}).get("reference", "")
        return Sought(kind, (("subject", subject),), token) if subject and token else None
    if token:
        return Sought(kind, (("identifier", token),))
    if "url" in resource:
        return Sought(kind, (("url", str(resource["url"])),))
    tags = resource.get("meta", {}).get("tag", ())
    return Sought(kind, (("_tag", _token(tags[0])),)) if tags else None


def ids_of(client: RecordSystem, what: Sought) -> list[str] | Refused | Unreachable | Unknown:
    """The ids under which it is there.

    Refused: the record system does not search so. That says nothing of its other resources.

    Raises:
        EhrError: the record system does not let us in.
    """
    found = resources_of(client, what)
    return [str(each["id"]) for each in found] if isinstance(found, list) else found


def resources_of(
    client: RecordSystem, what: Sought
) -> list[Resource] | Refused | Unreachable | Unknown:
    """What a search finds; what is asked travels in a body, not in an address.

    Raises:
        EhrError: the record system does not let us in.
    """
    is_long = bool(what.token) or what.all_pages
    count = _MANY if is_long else _FEW
    content = urlencode((*what.parameters, ("_count", count))).encode()
    answer = client.exchange("POST", f"{what.type}/_search", content, _FORM)
    found: list[Resource] = []
    for _ in range(_MOST_PAGES):
        if not isinstance(answer, Answer):
            return answer
        stop_if_not_let_in(answer)
        if not answer.is_success:
            return Refused(f"HTTP {answer.status} to a search: {reason_of(answer.body)}")
        found += _matches(answer.body, what)
        follows = _next_of(answer.body) if is_long else ""
        if not follows:
            return found
        if not client.is_at_home(follows):
            return Refused("the next page of a search is not at the clinic's own address")
        answer = client.exchange("GET", follows)
    return Refused("a search whose pages do not end")


def _matches(bundle: Resource, what: Sought) -> Iterator[Resource]:
    for entry in bundle.get("entry", ()):
        resource = entry.get("resource", {})
        is_ours = not what.token or _identifier(resource) == what.token
        if resource.get("resourceType") == what.type and is_ours:
            yield resource


def _next_of(bundle: Resource) -> str:
    links = bundle.get("link", ())
    return next((str(each["url"]) for each in links if each.get("relation") == "next"), "")


def _identifier(resource: Resource) -> str:
    """Its first identifier as a token, '' where it has none."""
    said = resource.get("identifier")
    first = next(iter(said), None) if isinstance(said, list) else said
    return _token(first) if first else ""


def _token(said: Resource) -> str:
    return f"{said.get('system', '')}|{said.get('value', said.get('code', ''))}"
