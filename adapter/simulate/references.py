"""References between resources: found, checked for their form, and rewritten inside a transaction.

Literal references must lie on this server, as HAPI has it: external ones are refused
(https://hl7.org/fhir/R4/references.html, https://hl7.org/fhir/R4/http.html#trules).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adapter.fhir.ids import ID
from adapter.fhir.operation_outcome import Issue, RefusalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LITERAL = re.compile(rf"([A-Z][A-Za-z]+/{ID})(?:/_history/{ID})?")
MATCHING = re.compile(r"[A-Z][A-Za-z]+\?.+")
# Elements of type uri, url, uuid, oid and canonical; an identifier's value is a string and stays.
LINKING = re.compile(r"reference|.*(?:[uU]r[il]|U[uU]id|Oid|Canonical)|questionnaire")
LINK_IN_NARRATIVE = re.compile(r"""(?<=(?:href|.src)=["'])urn:[^"']+""")


@dataclass(frozen=True, slots=True)
class Link:
    """A literal reference: the resource it points to, `Type/id`, and the path it stands at."""

    target: str
    path: str


def references_of(resource: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every `Reference.reference` with its path, contained resources and extensions included."""
    waiting: list[tuple[str, object]] = [(str(resource["resourceType"]), resource)]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, dict):
            for name, value in node.items():
                if isinstance(value, dict | list):
                    waiting.append((f"{path}.{name}", value))
                elif name == "reference" and isinstance(value, str):
                    yield path, value
        elif isinstance(node, list):
            waiting.extend((f"{path}[{place}]", value) for place, value in enumerate(node))


def is_conditional(reference: str) -> bool:
    """Whether the reference is a search, `Patient?identifier=…`, that must find one resource."""
    return MATCHING.fullmatch(reference) is not None


def links_of(resource: Mapping[str, Any]) -> tuple[Link, ...]:
    """The literal references of `resource`, none of them checked to exist yet.

    Raises:
        RefusalError: 400, with every reference that is of another kind.
    """
    links: list[Link] = []
    issues: list[Issue] = []
    for path, reference in references_of(resource):
        if literal := LITERAL.fullmatch(reference):
            links.append(Link(literal[1], path))
        elif not (reference.startswith("#") and _is_contained(reference[1:], resource)):
            issues.append(_issue(path, reference))
    if issues:
        raise RefusalError(400, *sorted(issues, key=lambda issue: issue.expression))
    return tuple(links)


def rewrite(resource: Mapping[str, Any], replacements: Mapping[str, str]) -> dict[str, Any]:
    """`resource` with every link that is a key of `replacements` replaced by its value.

    Links are references, elements of type uri or canonical, and `href` and `src` of a narrative.
    """
    return {name: _rewritten(name, value, replacements) for name, value in resource.items()}


def _rewritten(name: str, node: object, replacements: Mapping[str, str]) -> object:
    if isinstance(node, dict):
        return rewrite(node, replacements)
    if isinstance(node, list):
        return [_rewritten(name, value, replacements) for value in node]
    if not isinstance(node, str):
        return node
    if name == "div":
        return LINK_IN_NARRATIVE.sub(lambda link: replacements.get(link[0], link[0]), node)
    return replacements.get(node, node) if LINKING.fullmatch(name) else node


def _is_contained(name: str, resource: Mapping[str, Any]) -> bool:
    contained = resource.get("contained")
    parts = contained if isinstance(contained, list) else []
    return not name or any(isinstance(part, dict) and part.get("id") == name for part in parts)


def _issue(path: str, reference: str) -> Issue:
    where = f"specified in path: {path}"
    if reference.startswith("#"):
        return Issue(
            "invariant", f"No contained resource has the id of the reference, {where}", path
        )
    if reference.startswith("urn:"):
        text = f"The placeholder is the fullUrl of no entry of a transaction, {where}"
        return Issue("not-found", text, path)
    if re.match(r"[a-z][a-z0-9+.\-]*:", reference):
        text = f"External references are not allowed on this server, {where}"
        return Issue("not-supported", text, path)
    return Issue("value", f"A reference is expected as Type/id, {where}", path)
