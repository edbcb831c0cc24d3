"""Rules by which record systems let a result in or refuse it: each looks, none changes anything.

They are the ones that vendors document or their users met (see the personalities); a refusal is
422 with the place and the rule, never with what was sent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from adapter.fhir.operation_outcome import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from adapter.fhir.operation_outcome import IssueCode
    from adapter.simulate.versions import Resource

MODIFIERS = frozenset({"modifierExtension", "implicitRules"})
NO_VISITS = frozenset({"planned", "cancelled", "entered-in-error"})
_WITH_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*")


def no_modifiers(resource: Resource) -> None:
    """Passes when no element changes the meaning of the others in a way that is not known here."""
    for path in _paths(resource, resource["resourceType"]):
        if path.rpartition(".")[2] in MODIFIERS:
            raise _refused("extension", "Modifier elements are not supported", path)


def one_of_categories(resource: Resource, categories: Collection[str]) -> None:
    """Passes when the Observation is in one of these categories of HL7's code system."""
    said = {coding.get("code") for coding in _codings(resource.get("category", []))}
    if said.isdisjoint(categories):
        named = " or ".join(sorted(categories))
        raise _refused("business-rule", f"The category is expected to be {named}", "category")


def one_of_codes(resource: Resource, codes: Collection[str]) -> None:
    """Passes when the resource is coded as one of the site's `system|code`; none stand for any."""
    code = resource.get("code", {})
    said = {f"{each.get('system', '')}|{each.get('code', '')}" for each in _codings([code])}
    if not any(coding.get("code") for coding in _codings([code])):
        raise _refused("code-invalid", "A code of a code system is expected, not words", "code")
    if codes and said.isdisjoint(codes):
        raise _refused("code-invalid", "The code is not one that this site files", "code")


def one_of_statuses(resource: Resource, statuses: Collection[str]) -> None:
    """Passes when the status is one of these."""
    if resource.get("status") not in statuses:
        named = ", ".join(sorted(statuses))
        raise _refused("business-rule", f"The status is expected to be: {named}", "status")


def effective_with_time(resource: Resource) -> None:
    """Passes when `effectiveDateTime` tells the time of day."""
    said = resource.get("effectiveDateTime")
    if said is None:
        raise _refused("required", "effectiveDateTime is required", "effectiveDateTime")
    if not _WITH_TIME.fullmatch(str(said)):
        raise _refused("value", "A time component is required", "effectiveDateTime")


def with_encounter(resource: Resource, held: Callable[[str, str], Resource | None]) -> None:
    """Passes when the resource names a visit that is kept here, took place, and is its subject's.

    That it must be the subject's, and not one that was cancelled, is unverified of any vendor.
    """
    said = str(resource.get("encounter", {}).get("reference", ""))
    if not said:
        raise _refused("required", "An encounter is required", "encounter")
    visit = held("Encounter", said.removeprefix("Encounter/"))
    if visit is None:
        raise _refused("not-found", "The encounter is not known here", "encounter")
    if visit.get("status") in NO_VISITS:
        raise _refused("business-rule", "The encounter did not take place", "encounter")
    if visit.get("subject") != resource.get("subject"):
        raise _refused("business-rule", "The encounter is another patient's", "encounter")


def without(resource: Resource, *elements: str) -> None:
    """Passes when none of these elements is there."""
    for element in elements:
        if element in resource:
            raise _refused("not-supported", f"{element} is not supported", element)


def unchanged(resource: Resource, previous: Resource, *elements: str) -> None:
    """Passes when an update leaves these elements as they are."""
    for element in elements:
        if resource.get(element) != previous.get(element):
            raise _refused("business-rule", f"{element} cannot be changed", element)


def only(resource: Resource, elements: Collection[str]) -> Resource:
    """The resource without what this system does not keep, as if it had never been sent."""
    kept = {"resourceType", "id", "meta", *elements}
    return {name: value for name, value in resource.items() if name in kept}


def _codings(concepts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [coding for concept in concepts for coding in concept.get("coding", ())]


def _paths(node: object, path: str) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield f"{path}.{name}"
            yield from _paths(value, f"{path}.{name}")
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from _paths(value, f"{path}[{place}]")


def _refused(code: IssueCode, text: str, element: str) -> Exception:
    return refuse(422, code, text, element)
