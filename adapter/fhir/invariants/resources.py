"""The invariants of all resources, and of each type but the questionnaires and Bundle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from adapter.fhir.invariants.datatypes import not_after
from adapter.fhir.invariants.rule import (
    Invariant,
    Node,
    has,
    has_choice,
    has_code,
    is_distinct,
    never,
    objects,
    texts,
)

TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
CLINICAL = TERMINOLOGY + "condition-clinical"
VERIFICATION = TERMINOLOGY + "condition-ver-status"


def are_used(resource: Node) -> bool:
    """dom-3: each contained resource is pointed at, or points at its container."""
    found = set(texts(resource))
    return all(
        f"#{inner['id']}" in found or any(node.get("reference") == "#" for node in objects(inner))
        for inner in resource["contained"]
    )


def are_found(resource: Node) -> bool:
    """ref-1: each local reference names one contained resource, or the container as `#`."""
    held = ["#", *(f"#{inner['id']}" for inner in resource["contained"])]
    references = (node.get("reference") for node in objects(resource))
    return is_distinct(held) and all(
        text in held for text in references if isinstance(text, str) and text[:1] == "#"
    )


def no_contained_meta(resource: Node, *names: str) -> bool:
    """Tells whether no contained resource has any of these elements of meta."""
    return not any(has(inner.get("meta", {}), *names) for inner in resource["contained"])


def are_other_codes(observation: Node) -> bool:
    """obs-7: beside a value, no component repeats the observation's own code."""
    own = {(c.get("system"), c.get("code")) for c in observation["code"].get("coding", ())}
    return not has_choice(observation, "value") or own.isdisjoint(
        (coding.get("system"), coding.get("code"))
        for component in observation["component"]
        for coding in component.get("code", {}).get("coding", ())
    )


def has_patient_where(scope: str) -> Invariant:
    """Gives ppc-2 to ppc-5: consent of this scope names the patient."""
    return Invariant(
        f"patient where the scope is {scope}",
        lambda n: not has_code(n["scope"], TERMINOLOGY + "consentscope", scope),
        ("scope",),
        ("patient",),
    )


def is_ended(condition: Node) -> bool:
    """con-4."""
    return not has_choice(condition, "abatement") or has_code(
        condition.get("clinicalStatus"), CLINICAL, "resolved", "remission", "inactive"
    )


def is_parameter(parameter: Node) -> bool:
    """inv-1 of Parameters: a value, a resource or parts."""
    return [has_choice(parameter, "value"), "resource" in parameter, "part" in parameter].count(
        True
    ) == 1


def concepts(node: Node) -> Iterator[Node]:
    """Yields the concepts of a code system or below a concept, however deep."""
    for concept in node.get("concept", ()):
        yield concept
        yield from concepts(concept)


RESOURCES: Mapping[str, Invariant] = MappingProxyType(
    {
        "dom-2": Invariant(
            "no contained resource inside a contained one",
            lambda n: not any("contained" in inner for inner in n["contained"]),
            ("contained",),
        ),
        "dom-3": Invariant("each contained resource is referenced", are_used, ("contained",)),
        "dom-4": Invariant(
            "neither versionId nor lastUpdated on a contained resource",
            lambda n: no_contained_meta(n, "versionId", "lastUpdated"),
            ("contained",),
        ),
        "dom-5": Invariant(
            "no security label on a contained resource",
            lambda n: no_contained_meta(n, "security"),
            ("contained",),
        ),
        "ref-1": Invariant("local references to contained resources", are_found, ("contained",)),
        "con-1": Invariant("summary or assessment", lambda n: has(n, "summary", "assessment")),
        "con-2": Invariant("code or detail", lambda n: has(n, "code", "detail")),
        "con-4": Invariant("a clinicalStatus that has ended, beside abatement", is_ended),
        "con-5": Invariant(
            "no clinicalStatus on a Condition entered in error",
            lambda n: not has_code(n["verificationStatus"], VERIFICATION, "entered-in-error"),
            ("clinicalStatus", "verificationStatus"),
        ),
        "cpb-1": Invariant(
            "rest, messaging or document", lambda n: has(n, "rest", "messaging", "document")
        ),
        "cpb-2": Invariant(
            "description, software or implementation",
            lambda n: has(n, "description", "software", "implementation"),
        ),
        "cpb-3": Invariant(
            "messaging endpoints only of an instance",
            lambda n: (
                n.get("kind") == "instance" or not any("endpoint" in m for m in n["messaging"])
            ),
            ("messaging",),
        ),
        "cpb-7": Invariant(
            "each document profile once a mode",
            lambda n: is_distinct((d.get("profile"), d.get("mode")) for d in n["document"]),
            ("document",),
        ),
        "cpb-9": Invariant(
            "each resource type once",
            lambda n: is_distinct(resource.get("type") for resource in n["resource"]),
            ("resource",),
        ),
        "cpb-12": Invariant(
            "each search parameter once",
            lambda n: is_distinct(parameter.get("name") for parameter in n["searchParam"]),
            ("searchParam",),
        ),
        "cpb-14": Invariant(
            "implementation where kind is instance",
            lambda n: n.get("kind") != "instance",
            ("kind",),
            ("implementation",),
        ),
        "cpb-15": Invariant(
            "software and no implementation where kind is capability",
            lambda n: (
                n.get("kind") != "capability" or ("software" in n and "implementation" not in n)
            ),
        ),
        "cpb-16": Invariant(
            "neither software nor implementation where kind is requirements",
            lambda n: n.get("kind") != "requirements" or not has(n, "software", "implementation"),
        ),
        "csd-1": Invariant(
            "each code once",
            lambda n: is_distinct(concept.get("code") for concept in concepts(n)),
            ("concept",),
        ),
        "grp-1": Invariant(
            "members only of an actual group", lambda n: n.get("actual") is True, ("member",)
        ),
        "inv-1": Invariant("a value, a resource or parts, one of them", is_parameter),
        "Task.inv-1": Invariant(
            "lastModified not before authoredOn",
            lambda n: not_after(n["authoredOn"], n["lastModified"]),
            ("authoredOn", "lastModified"),
        ),
        "obs-3": Invariant("low, high or text", never, unless=("low", "high", "text", "_text")),
        "obs-6": Invariant(
            "a value or dataAbsentReason, not both",
            lambda n: not has_choice(n, "value"),
            ("dataAbsentReason",),
        ),
        "obs-7": Invariant(
            "no component with the Observation's own code beside a value",
            are_other_codes,
            ("code", "component"),
        ),
        "org-1": Invariant("identifier or name", lambda n: has(n, "identifier", "name")),
        "org-2": Invariant("no home address", lambda n: n.get("use") != "home"),
        "org-3": Invariant("no home telecom", lambda n: n.get("use") != "home"),
        "pat-1": Invariant(
            "name, telecom, address or organization",
            lambda n: has(n, "name", "telecom", "address", "organization"),
        ),
        "ppc-1": Invariant("policy or policyRule", lambda n: has(n, "policy", "policyRule")),
        "ppc-2": has_patient_where("patient-privacy"),
        "ppc-3": has_patient_where("research"),
        "ppc-4": has_patient_where("adr"),
        "ppc-5": has_patient_where("treatment"),
        "sev-1": Invariant("name or query, not both", lambda n: not has(n, "query"), ("name",)),
        "vsd-1": Invariant("valueSet or system", lambda n: has(n, "valueSet", "system")),
        "vsd-2": Invariant(
            "system beside concept or filter",
            lambda n: has(n, "system") or not has(n, "concept", "filter"),
        ),
        "vsd-3": Invariant("concept or filter, not both", never, ("concept", "filter")),
        "vsd-6": Invariant("code or display", lambda n: has(n, "code", "display")),
        "vsd-9": Invariant(
            "code, unless abstract", lambda n: has(n, "code") or n.get("abstract") is True
        ),
        "vsd-10": Invariant("system beside code", never, ("code",), ("system", "_system")),
    }
)
