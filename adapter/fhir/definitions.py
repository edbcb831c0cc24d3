"""The compiled R4 definitions of `schema/`, read when first needed and turned into validators.

Both validators of a type come from one schema, which names a function to ask as `ask.<key>`:

- `strict` puts *no* in the place of every function. It runs no Python, and what it accepts keeps
  every rule, for no rule that could be broken was reached.
- `full` puts the functions of `adapter.fhir.invariants` there.

A validator with a keyword of its own walks any resource at half the speed, hence two. Compiling one
takes some ten milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import orjson
from jsonschema_rs import Draft202012Validator

from adapter.fhir.invariants import INVARIANTS
from adapter.fhir.types import OUR_TYPES

if TYPE_CHECKING:
    from jsonschema_rs import KeywordValidator  # stands in the stub alone

Schema = dict[str, Any]

SHARED = "datatypes"
FOLDER = files("adapter.fhir") / "schema"


class Asked:
    """The schema keyword `invariant`: one function of ours, asked about one element."""

    def __init__(self, parent_schema: Schema, value: str, schema_path: list[str | int]) -> None:
        """Finds the function whose key is `value`; where it is asked does not matter."""
        del parent_schema, schema_path
        self.holds = INVARIANTS[value].holds

    def validate(self, instance: object) -> None:
        """Raises ValueError where the rule is broken; anything else raised counts as that, too."""
        if not self.holds(instance):
            raise ValueError


@cache
def all_types() -> frozenset[str]:
    """Gives the names of all resource types of R4."""
    return frozenset(read(SHARED)["resources"]["enum"])


@cache
def read(name: str) -> Mapping[str, Schema]:
    """Gives the definitions of one file of the schema."""
    definitions: Mapping[str, Schema] = orjson.loads((FOLDER / f"{name}.json").read_bytes())
    return definitions


@lru_cache(maxsize=2 * len(OUR_TYPES))  # what comes from outside may have any name
def strict(resource_type: str) -> Draft202012Validator:
    """Gives the validator that refuses wherever a function would have to be asked.

    That of a type that is not ours refuses all.
    """
    if resource_type not in OUR_TYPES:
        return Draft202012Validator(schema=False)
    refused = dict.fromkeys(("local", *map("ask.{}".format, INVARIANTS)), False)
    elements = {**read(SHARED), **read(resource_type)}
    definitions = {name: narrowed(schema) for name, schema in elements.items()} | refused
    return Draft202012Validator({"$ref": f"#/$defs/{resource_type}", "$defs": definitions})


def narrowed(schema: Schema) -> Schema:
    """Gives an element's schema without what we hardly ever write: ids, extensions of primitives.

    To refuse more is always sound, and it spares the questions that only these can raise.
    """
    if "properties" not in schema:
        return schema
    rare = {name for name in schema["properties"] if name[0] == "_"}
    rare |= set() if "resourceType" in schema["properties"] else {"id"}
    return {
        keyword: {name: s for name, s in said.items() if name not in rare}
        if keyword in {"properties", "dependentSchemas"}
        else said
        for keyword, said in schema.items()
    }


@cache
def full(resource_type: str, *, is_local: bool) -> Draft202012Validator:
    """Gives the validator that asks the functions."""
    keywords: dict[str, type[KeywordValidator]] = {"invariant": Asked}
    return Draft202012Validator(full_schema(resource_type, is_local=is_local), keywords=keywords)


@cache
def full_schema(resource_type: str, *, is_local: bool) -> Schema:
    """Gives the schema of a type with its functions.

    `is_local` says whether a reference may start with `#`, as it may in a resource that contains
    others and in one that is contained.
    """
    asked = {
        f"ask.{key}": {"invariant": key, "fault": [key.rpartition(".")[2], rule.expected]}
        for key, rule in INVARIANTS.items()
    }
    local = {} if is_local else {"local": False}
    definitions = {**read(SHARED), **read(resource_type), **asked, **local}
    return {"$ref": f"#/$defs/{resource_type}", "$defs": definitions}
