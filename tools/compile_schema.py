"""Compile the R4 4.0.1 definitions into the JSON Schema that `adapter.fhir.check` runs.

    python -m tools.compile_schema

writes `adapter/fhir/schema/`: `datatypes.json` for the types that all share and a file for each
resource type of ours, one definition a line, the same bytes on every run. The result is committed;
only a run of this script needs Maven.

What the published `fhir.schema.json` leaves out stands here: required primitives (`x` or `_x`), one
type of a choice, required bindings of codes, Codings and CodeableConcepts, targets of references,
real dates, ranges of integers, `ext-1`, and the places of the other invariants, as references to
`ask.<key>` that `adapter.fhir.definitions` resolves. Such a reference never stands below `not` or
`if`, so that *no* in its place only narrows.

Where the keyword alone does not say what is wrong, `fault` does: the rule's name, what it expects
in words that hold no value, and the element it is about.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from adapter.fhir.types import OUR_TYPES
from tools.r4_definitions import DEFINITION, Definitions, Element, TypeRef, fetch_jar
from tools.r4_primitives import PRIMITIVES, reference_pattern
from tools.r4_rules import (
    content,
    either,
    exclusion,
    invariants,
    is_extensible,
    joined,
    nulls,
    presence,
    variants,
)

Schema = dict[str, Any]

ROOT = Path(__file__).parent.parent
# Said by the schema's own shape, or (ref-1) asked of the container, which alone can answer.
SHAPED = frozenset({"ele-1", "ext-1", "ref-1"})
# Types whose elements stand in the definition of what has them.
PARTS = frozenset({"BackboneElement", "Element"})
# Elements of type uri whose description asks for an absolute one.
ABSOLUTE = frozenset({"system", "fullUrl", *(f"{t}.url" for t in OUR_TYPES)})


class Compiler:
    """Makes definitions, each once, and keeps them under their names."""

    def __init__(self, definitions: Definitions) -> None:
        """Starts with the primitive types."""
        self.definitions = definitions
        self.made: dict[str, Schema] = {
            **PRIMITIVES,
            "resources": {"enum": [*definitions.resources]},
        }

    def make(self, type_name: str) -> str:
        """Makes the definition of a type and of all it contains; gives its name back."""
        if type_name not in self.made:
            self.made[type_name] = {}  # A type that contains itself refers to it before it is done.
            self.made[type_name] = self._object(type_name, self.definitions.types[type_name])
        return type_name

    def _object(self, path: str, snapshot: tuple[Element, ...]) -> Schema:
        """Gives the schema of the type or backbone element at `path`; makes those below it."""
        children = [e for e in snapshot if e.path.rpartition(".")[0] == path]
        for child in children:
            if any(e.path.startswith(f"{child.path}.") for e in snapshot):
                self.made[child.path] = self._object(child.path, snapshot)
        properties = {
            name: schema for child in children for name, schema in self._properties(child)
        }
        rules = [k for e in snapshot if e.path == path for k in e.constraints if k not in SHAPED]
        is_resource = path in self.definitions.resources
        if is_resource:
            properties["resourceType"] = {"const": path}
            rules += ["ref-1"] if "contained" in properties else []
            rules += ["question", "sdc-2"] if path == "Questionnaire" else []
        parts = [
            *presence(children, ["resourceType"] if is_resource else []),
            *exclusion(path, children, is_resource=is_resource),
            *([] if is_resource or path == "Extension" else content(children)),
            *(part for child in children for part in nulls(child)),
            *invariants(path, rules),
        ]
        closed = {"type": "object", "additionalProperties": False, "properties": properties}
        return joined([closed, *parts])

    def _properties(self, element: Element) -> Iterable[tuple[str, Schema]]:
        """Yields the JSON names of an element, each with its schema."""
        for name, one in variants(element):
            schema = self._value(element, one)
            extensions: Schema = {"$ref": f"#/$defs/{self.make('Element')}"}
            if element.is_list:
                null = [{"type": "null"}] if is_extensible(element, one) else []
                bound = {} if element.maximum is None else {"maxItems": element.maximum}
                size = {"type": "array", "minItems": max(1, element.minimum), **bound}
                schema = {**size, "items": either([schema, *null])}
                extensions = {**size, "items": either([extensions, *null])}
            yield name, schema
            if is_extensible(element, one):
                yield f"_{name}", extensions

    def _value(self, element: Element, one: TypeRef) -> Schema:
        """Gives the schema of one value of an element."""
        if one.code == "Resource":
            return {"type": "object"} if element.name == "contained" else {}
        own = () if element.content or one.code in PARTS else element.constraints
        rules = [key for key in own if key not in SHAPED]
        reference = {"$ref": f"#/$defs/{self._definition(element, one)}"}
        return joined([reference, *invariants(element.path, rules)])

    def _definition(self, element: Element, one: TypeRef) -> str:
        """Gives the name of the definition that an element's values keep, made if need be."""
        owner, _, name = element.path.rpartition(".")
        if element.content:
            made = element.content
        elif one.code in PARTS:
            made = element.path
        elif owner in self.definitions.resources and name == "id":
            made = "id"
        elif one.code == "uri" and not ABSOLUTE.isdisjoint({name, element.path}):
            made = "absolute"
        elif one.code == "Reference":
            made = self._reference(one.targets)
        elif element.value_set and one.code in {"code", "Coding", "CodeableConcept"}:
            made = self._bound(one.code, element.value_set)
        else:
            made = self.make(one.code)
        return made

    def _reference(self, targets: tuple[str, ...]) -> str:
        """Makes a Reference to these types; Resource, or none at all, stands for all."""
        is_any = targets in {(), ("Resource",)}
        name = ".".join(("Reference", *(() if is_any else targets)))
        if name not in self.made:
            self.made[name] = {}
            reference = self._object("Reference", self.definitions.types["Reference"])
            pattern = reference_pattern(self.definitions.resources if is_any else targets)
            wanted = "Type/id" if is_any else ", ".join(f"{target}/id" for target in targets)
            reference["properties"]["reference"] = {
                "fault": ["reference", f"{wanted}, an absolute URL or a contained resource"],
                "type": "string",
                "anyOf": [{"pattern": pattern}, {"$ref": "#/$defs/local"}],
            }
            if not is_any:
                names = [*targets, *(DEFINITION + target for target in targets)]
                fault = ["reference", "the type that the reference names"]
                reference["properties"]["type"] = {"fault": fault, "enum": names}
            self.made[name] = reference
        return name

    def _bound(self, code: str, canonical: str) -> str:
        """Makes a code, Coding or CodeableConcept that comes from a value set."""
        url = canonical.partition("|")[0]
        name = f"{code}.of.{url.rpartition('/')[2]}"
        codes = self.definitions.expand(canonical)
        if name in self.made or codes is None:
            return name
        fault = ["binding", f"a code of {url}"]
        if code == "code":
            self.made[name] = {
                "fault": fault,
                "enum": sorted({c for m in codes.values() for c in m}),
            }
            return name
        member: Schema = either(
            {
                "required": ["system", "code"],
                "properties": {"system": {"const": system}, "code": {"enum": sorted(members)}},
            }
            for system, members in sorted(codes.items())
        )
        if code == "CodeableConcept":
            member = {"required": ["coding"], "properties": {"coding": {"contains": member}}}
        self.made[name] = {
            "$ref": f"#/$defs/{self.make(code)}",
            "allOf": [{"fault": fault, **member}],
        }
        return name


def reached(made: Mapping[str, Schema], start: str) -> set[str]:
    """Gives the names of the definitions that a definition needs, its own included."""
    found: set[str] = set()
    frontier = {start}
    while frontier:
        found |= frontier
        text = json.dumps([made[name] for name in frontier])
        frontier = set(re.findall(r'"#/\$defs/([^"]+)"', text)) & made.keys() - found
    return found


def compile_types(definitions: Definitions) -> Mapping[str, Mapping[str, Schema]]:
    """Gives the definitions of each file by its name."""
    compiler = Compiler(definitions)
    for name in ("Extension", *OUR_TYPES):
        compiler.make(name)
    shared = reached(compiler.made, "Extension") | {"resources"}
    files = {"datatypes": shared, **{t: reached(compiler.made, t) - shared for t in OUR_TYPES}}
    return {file: {n: compiler.made[n] for n in sorted(names)} for file, names in files.items()}


def told(definitions: Definitions) -> dict[str, Schema]:
    """Gives, by type, the elements that a summary tells, and those that no part may leave out."""
    return {name: _told(definitions.types[name]) for name in sorted(OUR_TYPES)}


def _told(snapshot: tuple[Element, ...]) -> Schema:
    children = [each for each in snapshot if each.path.count(".") == 1]
    summary = [each for each in children if each.is_summary]
    always = [each for each in children if each.minimum or each.is_modifier]
    return {
        "summary": sorted(word for each in summary for word in _words(each)),
        "always": sorted(word for each in always for word in _words(each)),
    }


def _words(element: Element) -> list[str]:
    """The element's names in JSON: several, where its type is a choice."""
    word = element.name.removesuffix("[x]")
    if word == element.name:
        return [word]
    return [word + each.code[0].upper() + each.code[1:] for each in element.types]


def main() -> None:
    """Writes the files."""
    target = ROOT / "adapter" / "fhir" / "schema"
    target.mkdir(exist_ok=True)
    definitions = Definitions(fetch_jar(ROOT / ".cache"))
    files = {**compile_types(definitions), "told": told(definitions)}
    for file, made in files.items():
        lines = (
            f"{json.dumps(name)}:{json.dumps(schema, sort_keys=True, separators=(',', ':'))}"
            for name, schema in made.items()
        )
        (target / f"{file}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
