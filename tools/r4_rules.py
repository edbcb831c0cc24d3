"""What the schema says of one element as a whole: which parts it has, and which not together.

Each function yields schemas of an object, to be joined. Shapes are chosen for the validator's
speed, as measured: a choice is tested only in an object with enough properties to break it, an
extension is judged by counting, and `propertyNames`, dearer than a closed object, is not used.
"""

from collections.abc import Iterable
from typing import Any

from adapter.fhir.invariants import INVARIANTS
from tools.r4_definitions import Element, TypeRef
from tools.r4_primitives import PRIMITIVES

Schema = dict[str, Any]

BACKBONE = TypeRef("BackboneElement")


def variants(element: Element) -> list[tuple[str, TypeRef]]:
    """Gives the JSON names of an element, one for each type of a choice."""
    stem, types = element.name.removesuffix("[x]"), element.types or (BACKBONE,)
    if stem == element.name:
        return [(stem, types[0])]
    return [(stem + one.code[0].upper() + one.code[1:], one) for one in types]


def is_extensible(element: Element, one: TypeRef) -> bool:
    """Tells whether an element is a primitive that may have an `_x` beside it."""
    is_bare = element.name == "id" or element.path == "Extension.url" or one.code == "xhtml"
    return one.code in PRIMITIVES and not is_bare


def json_names(element: Element) -> list[list[str]]:
    """Gives the names under which an element may stand in JSON, those of one type together."""
    return [
        [name, *([f"_{name}"] if is_extensible(element, one) else [])]
        for name, one in variants(element)
    ]


def present(names: Iterable[str]) -> Schema:
    """Gives the schema of an object that has one of the properties."""
    return either({"required": [name]} for name in names)


def either(schemas: Iterable[Schema]) -> Schema:
    """Gives the schema of what fits one of several."""
    listed = list(schemas)
    return listed[0] if len(listed) == 1 else {"anyOf": listed}


def presence(children: list[Element], plain: list[str]) -> Iterable[Schema]:
    """Yields that required elements are there, a primitive as `x` or `_x`."""
    plain = list(plain)
    for child in children:
        names = [name for group in json_names(child) for name in group]
        if child.minimum and len(names) == 1:
            plain += names
        elif child.minimum:
            fault = ["required", "an element that R4 requires", child.name]
            yield {"fault": fault, "anyOf": [{"required": [name]} for name in names]}
    if plain:
        yield {"required": plain}


def exclusion(path: str, children: list[Element], *, is_resource: bool) -> Iterable[Schema]:
    """Yields that a choice stands in one type.

    Two types at once need as many properties as there are required elements and two more; the
    question is asked of no smaller object. Each type forbids those that R4 lists before it, which
    are the commoner ones.
    """
    least = sum(child.minimum > 0 for child in children) + is_resource + 2
    for child in children:
        groups = json_names(child)
        if path == "Extension" and child.name == "value[x]":
            yield from extension(groups)
        elif len(groups) > 1:
            before: list[str] = []
            alone: Schema = {}
            for group in groups:
                alone |= {name: {"not": present(before)} for name in group if before}
                before = [*before, *group]
            yield {
                "fault": ["choice", f"{child.name} in one type only", child.name],
                "if": {"minProperties": least - (child.minimum > 0)},
                "then": {"dependentSchemas": alone},
            }


def content(children: list[Element]) -> Iterable[Schema]:
    """Yields ele-1, more than an id, where no required element says so already."""
    if not any(child.minimum for child in children):
        fault = ["ele-1", "a value or children, not an id alone"]
        yield {
            "minProperties": 1,
            "dependentSchemas": {"id": {"fault": fault, "minProperties": 2}},
        }


def extension(groups: list[list[str]]) -> Iterable[Schema]:
    """Yields ext-1: a closed object of the url and one thing more keeps it by count."""
    fault = ["ext-1", "a value in one type, or extensions, not both"]
    yield {"fault": fault, "minProperties": 2, "dependentSchemas": {"id": {"minProperties": 3}}}
    branches = [{"required": ["extension"]}, *(present(group) for group in groups)]
    yield {"fault": fault, "if": {"minProperties": 3}, "then": {"oneOf": branches}}


def nulls(element: Element) -> Iterable[Schema]:
    """Yields that a list of primitives has a null only beside a list of extensions."""
    for name, one in variants(element):
        if element.is_list and is_extensible(element, one):
            whole = {"properties": {name: {"items": {"not": {"type": "null"}}}}}
            fault = ["nulls", "null only where there is an extension instead"]
            rule = {"fault": fault, "if": {"required": [f"_{name}"]}, "else": whole}
            yield {"dependentSchemas": {name: rule, f"_{name}": {"$ref": "#/$defs/ask.nulls"}}}


def invariants(path: str, keys: Iterable[str]) -> Iterable[Schema]:
    """Yields the places of the invariants, behind the elements without which they cannot be broken.

    Raises:
        KeyError: R4 has a constraint on a type of ours that no function of ours answers.
    """
    for key in keys:
        name = f"{path}.{key}" if f"{path}.{key}" in INVARIANTS else key
        asked: Schema = {"$ref": f"#/$defs/ask.{name}"}
        if INVARIANTS[name].unless:
            asked = {"if": present(INVARIANTS[name].unless), "else": asked}
        for given in reversed(INVARIANTS[name].given):
            asked = {"dependentSchemas": {given: asked}}
        yield asked


def joined(parts: Iterable[Schema]) -> Schema:
    """Gives one schema for all its parts; a part with a `fault` stays apart, with its words."""
    whole: Schema = {}
    apart: list[Schema] = []
    for part in parts:
        if "fault" in part or whole.keys() & part.keys() - {"dependentSchemas"}:
            apart.append(part)
            continue
        for keyword, said in part.items():
            if keyword == "dependentSchemas":
                held = whole.setdefault(keyword, {})
                held |= {k: joined([held[k], s]) if k in held else s for k, s in said.items()}
            else:
                whole[keyword] = said
    return {**whole, "allOf": [*whole.get("allOf", []), *apart]} if apart else whole
