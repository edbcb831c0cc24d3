"""Read the R4 4.0.1 definitions: the elements of each type and the codes of each value set.

The definitions are the XML bundles inside `hapi-fhir-validation-resources-r4`, the very ones that
the HAPI validator judges with. Maven fetches the jar into `.cache/`. Only what the schema
compiler needs is read: no profiles (SimpleQuantity would overwrite Quantity), no search
parameters, no examples.

Source: https://hl7.org/fhir/R4/downloads.html
"""

import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from xml.etree import ElementTree as ET

ARTIFACT = "ca.uhn.hapi.fhir:hapi-fhir-validation-resources-r4:8.8.0"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
MODEL = "org/hl7/fhir/r4/model/"
TYPES = ("profile/profiles-types.xml", "profile/profiles-resources.xml")
TERMS = ("valueset/valuesets.xml", "valueset/v3-codesystems.xml", "valueset/v2-tables.xml")
FHIR = "{http://hl7.org/fhir}"
DEFINITION = "http://hl7.org/fhir/StructureDefinition/"
FHIR_TYPE = DEFINITION + "structuredefinition-fhir-type"

Codes = Mapping[str, frozenset[str]]
"""The codes of one value set, by code system."""


@dataclass(frozen=True, slots=True)
class TypeRef:
    """One type an element may have, and for a Reference the types it may point at."""

    code: str
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Element:
    """One row of a StructureDefinition's snapshot.

    `maximum` is None for `*`. `value_set` is the canonical of a *required* binding, None for any
    weaker one. `content` is the path whose children this element borrows. `constraints` are the
    keys of the invariants whose breach is an error.
    """

    path: str
    minimum: int
    maximum: int | None
    types: tuple[TypeRef, ...]
    value_set: str | None
    content: str | None
    constraints: tuple[str, ...]
    is_summary: bool
    is_modifier: bool

    @property
    def name(self) -> str:
        """Gives the last step of the path, which ends in `[x]` where the type is a choice."""
        return self.path.rpartition(".")[2]

    @property
    def is_list(self) -> bool:
        """Tells whether the element is a JSON array."""
        return self.maximum != 1


def fetch_jar(cache: Path) -> Path:
    """Gives the path of the jar with the definitions, fetched by Maven when `cache` lacks it."""
    _, name, version = ARTIFACT.split(":")
    jar = cache / f"{name}-{version}.jar"
    if not jar.exists():
        cache.mkdir(parents=True, exist_ok=True)
        command = ["mvn", "-q", "-B", COPY, f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={cache}"]
        subprocess.run(command, check=True)
    return jar


class Definitions:
    """The elements of every R4 type and the codes of every value set, parsed when asked for."""

    def __init__(self, jar: Path) -> None:
        """Opens the jar and parses nothing yet."""
        self._jar = zipfile.ZipFile(jar)

    @cached_property
    def types(self) -> Mapping[str, tuple[Element, ...]]:
        """Gives the snapshot of every type that is not a profile, by name."""
        return {
            value(node, "name"): tuple(
                read_element(row) for row in node.iterfind(f"{FHIR}snapshot/{FHIR}element")
            )
            for node in self._nodes(TYPES, "StructureDefinition")
            if value(node, "derivation") != "constraint"
        }

    @cached_property
    def resources(self) -> tuple[str, ...]:
        """Gives the names of the concrete resource types, sorted."""
        return tuple(
            sorted(
                value(node, "name")
                for node in self._nodes(TYPES[1:], "StructureDefinition")
                if value(node, "kind") == "resource" and value(node, "abstract") == "false"
                if value(node, "derivation") != "constraint"
            )
        )

    @cached_property
    def _terms(self) -> Mapping[str, ET.Element]:
        """The value sets and the complete code systems, by URL."""
        nodes = [*self._nodes(TERMS, "ValueSet"), *self._nodes(TERMS, "CodeSystem")]
        return {
            value(node, "url"): node for node in nodes if value(node, "content") in {"", "complete"}
        }

    def _nodes(self, bundles: tuple[str, ...], kind: str) -> Iterator[ET.Element]:
        for bundle in bundles:
            with self._jar.open(MODEL + bundle) as file:
                # HL7's own file, out of a jar whose digest Maven checked.
                yield from ET.parse(file).getroot().iter(FHIR + kind)  # noqa: S314

    def expand(self, canonical: str) -> Codes | None:
        """Gives the codes of a value set, None where the definitions do not hold them.

        Not held: MIME types and currencies, whose code systems live elsewhere.

        Raises:
            NotImplementedError: the value set excludes, filters or imports; no required binding
            does.
        """
        value_set = self._terms[canonical.partition("|")[0]]
        compose = value_set.find(f"{FHIR}compose")
        found: dict[str, frozenset[str]] = {}
        for part in value_set if compose is None else compose:
            if part.tag != f"{FHIR}include" or {f"{FHIR}filter", f"{FHIR}valueSet"} & tags(part):
                raise NotImplementedError(f"{canonical}: only plain includes are expanded")
            system = value(part, "system")
            listed = {value(row, "code") for row in part.iterfind(f"{FHIR}concept")}
            if not listed and system not in self._terms:
                return None
            found[system] = frozenset(listed or concepts(self._terms[system]))
        return found


def value(node: ET.Element, child: str) -> str:
    """Gives the `value` of a child element, an empty string where there is none."""
    found = node.find(FHIR + child)
    return "" if found is None else found.attrib["value"]


def tags(node: ET.Element) -> set[str]:
    """Gives the tags of the children."""
    return {child.tag for child in node}


def concepts(node: ET.Element) -> Iterator[str]:
    """Yields the code of every selectable concept below `node`, however deep."""
    for concept in node.iterfind(f"{FHIR}concept"):
        properties = {value(row, "code") for row in concept.iterfind(f"{FHIR}property")}
        if "notSelectable" not in properties:
            yield value(concept, "code")
        yield from concepts(concept)


def read_element(row: ET.Element) -> Element:
    """Gives one row of a snapshot."""
    maximum, binding = value(row, "max"), row.find(f"{FHIR}binding")
    is_required = binding is not None and value(binding, "strength") == "required"
    return Element(
        path=value(row, "path"),
        minimum=int(value(row, "min")),
        maximum=None if maximum == "*" else int(maximum),
        types=tuple(read_type(node) for node in row.iterfind(f"{FHIR}type")),
        value_set=value(binding, "valueSet") if binding is not None and is_required else None,
        content=value(row, "contentReference").removeprefix("#") or None,
        constraints=tuple(
            value(node, "key")
            for node in row.iterfind(f"{FHIR}constraint")
            if value(node, "severity") == "error"
        ),
        is_summary=value(row, "isSummary") == "true",
        is_modifier=value(row, "isModifier") == "true",
    )


def read_type(node: ET.Element) -> TypeRef:
    """Gives one type of an element, with the FHIR type in place of FHIRPath's system type."""
    code = value(node, "code")
    for extension in node.iterfind(f"{FHIR}extension"):
        if extension.attrib["url"] == FHIR_TYPE:
            code = value(extension, "valueUrl")
    targets = (row.attrib["value"] for row in node.iterfind(f"{FHIR}targetProfile"))
    return TypeRef(code, tuple(sorted(target.removeprefix(DEFINITION) for target in targets)))
