"""Compile the R4 4.0.1 definitions into the JSON Schema that `adapter.fhir.check` runs.

    python -m tools.compile_schema

writes `adapter/fhir/schema/`: `datatypes.json` for the types that all share and a file for each resource
type of ours, one definition a line, the same bytes on every run. The result is committed; only a run of
this script needs Maven.

What the published `fhir.schema.json` leaves out stands here: required primitives (present as `x` or `_x`),
one type of a choice, required bindings of codes, Codings and CodeableConcepts, the targets of references,
real dates, ranges of integers, `ext-1`, and the places of the other invariants. Shapes are chosen for the
validator's speed, as measured: a choice is tested only in an object with enough properties to break it,
an extension is judged by counting, and `propertyNames`, dearer than a closed object, is not used.

Where the keyword alone does not say what is wrong, `fault` does: the rule's name, what it expects in words
that hold no value, and the element it is about.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from adapter.fhir.invariants import INVARIANTS
from tools.r4_definitions import Definitions, Element, TypeRef, fetch_jar
from tools.r4_primitives import PRIMITIVES, reference_pattern

Schema = dict[str, Any]

ROOT = Path(__file__).parent.parent
TYPES = (
    *("Questionnaire", "QuestionnaireResponse", "Observation", "AdverseEvent", "ResearchStudy"),
    *("ResearchSubject", "Consent", "Provenance", "Patient", "Device", "Bundle", "OperationOutcome"),
    *("Flag", "Task", "DocumentReference", "CodeSystem", "ValueSet", "Group", "AuditEvent"),
    *("Procedure", "Organization", "Practitioner", "Condition", "CapabilityStatement", "Binary"),
    *("Parameters", "Subscription", "DiagnosticReport", "Encounter", "MedicationStatement"),
)
# Said by the schema's own shape, or (ref-1) asked of the container, which alone can answer.
SHAPED = frozenset({"ele-1", "ext-1", "ref-1"})
BACKBONE = TypeRef("BackboneElement")


class Compiler:
    """Makes definitions, each once, and keeps them under their names."""

    def __init__(self, definitions: Definitions) -> None:
        """Starts with the primitive types."""
        self.definitions = definitions
        self.made: dict[str, Schema] = {**PRIMITIVES, "resources": {"enum": [*definitions.resources]}}

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
            rules += ["sdc-2"] if path == "Questionnaire" else []
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
        if element.content:
            return {"$ref": f"#/$defs/{element.content}"}
        if one.code in {"BackboneElement", "Element"}:
            return {"$ref": f"#/$defs/{element.path}"}
        if one.code == "Resource":
            return {"type": "object"} if element.name == "contained" else {}
        owner, _, name = element.path.rpartition(".")
        if owner in self.definitions.resources and name == "id":
            return {"$ref": "#/$defs/id"}
        if one.code == "Reference":
            return {"$ref": f"#/$defs/{self._reference(one.targets)}"}
        bound = element.value_set and one.code in {"code", "Coding", "CodeableConcept"}
        made = self._bound(one.code, element.value_set or "") if bound else self.make(one.code)
        rules = [key for key in element.constraints if key not in SHAPED]
        return joined([{"$ref": f"#/$defs/{made}"}, *invariants(element.path, rules)])

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
            self.made[name] = {"fault": fault, "enum": sorted({c for m in codes.values() for c in m})}
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


def variants(element: Element) -> list[tuple[str, TypeRef]]:
    """Gives the JSON names of an element, one for each type of a choice."""
    stem, types = element.name.removesuffix("[x]"), element.types or (BACKBONE,)
    if stem == element.name:
        return [(stem, types[0])]
    return [(stem + one.code[0].upper() + one.code[1:], one) for one in types]


def is_extensible(element: Element, one: TypeRef) -> bool:
    """Tells whether an element is a primitive with an `_x` beside it; ids, URLs of extensions, XHTML have none."""
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

    Two types at once need as many properties as there are required elements and two more; the question is
    asked of no smaller object. Each type forbids those that R4 lists before it, which are the commoner ones.
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
    """Yields ele-1, that an element has more than an id, where no required element says so already."""
    if not any(child.minimum for child in children):
        fault = ["ele-1", "a value or children, not an id alone"]
        yield {
            "minProperties": 1,
            "dependentSchemas": {"id": {"fault": fault, "minProperties": 2}},
        }


def extension(groups: list[list[str]]) -> Iterable[Schema]:
    """Yields ext-1, a value or extensions: a closed object of url and one more thing keeps it by count."""
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
    """Gives one schema that says all that its parts say; a part with a `fault` keeps it to itself."""
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
    return {**whole, "allOf": apart} if apart else whole


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
    for name in ("Extension", *TYPES):
        compiler.make(name)
    shared = reached(compiler.made, "Extension") | {"resources"}
    files = {"datatypes": shared, **{t: reached(compiler.made, t) - shared for t in TYPES}}
    return {file: {n: compiler.made[n] for n in sorted(names)} for file, names in files.items()}


def main() -> None:
    """Writes the files."""
    target = ROOT / "adapter" / "fhir" / "schema"
    target.mkdir(exist_ok=True)
    for file, made in compile_types(Definitions(fetch_jar(ROOT / ".cache"))).items():
        lines = (
            f"{json.dumps(name)}:{json.dumps(schema, sort_keys=True, separators=(',', ':'))}"
            for name, schema in made.items()
        )
        (target / f"{file}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
