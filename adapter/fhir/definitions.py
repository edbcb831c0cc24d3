"""The compiled R4 definitions of `schema/`, read when first needed and turned into validators.

Both validators of a type come from one schema, which names a function to ask as `ask.<key>`:

- `strict` puts *no* in the place of every function. It runs no Python, and what it accepts keeps every
  rule, for no rule that could be broken was reached.
- `full` puts the functions of `adapter.fhir.invariants` there.

A validator that knows its own keyword walks a resource at half the speed even where it is never asked,
hence two. Compiling one takes some ten milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from jsonschema_rs import Draft202012Validator

from adapter.fhir.invariants import INVARIANTS

Schema = dict[str, Any]

FOLDER = files("adapter.fhir") / "schema"
SHARED = "datatypes"


class Asked:
    """The schema keyword `invariant`: one function of ours, asked about one element."""

    def __init__(self, _parent: Schema, value: str, _path: list[str | int]) -> None:
        """Finds the function; `value` is its key."""
        self.holds = INVARIANTS[value].holds

    def validate(self, instance: object) -> None:
        """Raises ValueError where the rule is broken; whatever else is raised counts as broken, too."""
        if not self.holds(instance):
            raise ValueError


@cache
def known_types() -> frozenset[str]:
    """Gives the names of the resource types that have a schema here."""
    return frozenset(
        file.name.removesuffix(".json") for file in FOLDER.iterdir() if file.name[0].isupper()
    )


@cache
def all_types() -> frozenset[str]:
    """Gives the names of all resource types of R4."""
    return frozenset(read(SHARED)["resources"]["enum"])


@cache
def read(name: str) -> Mapping[str, Schema]:
    """Gives the definitions of one file of the schema."""
    definitions: Mapping[str, Schema] = orjson.loads((FOLDER / f"{name}.json").read_bytes())
    return definitions


@cache
def strict(resource_type: str) -> Draft202012Validator:
    """Gives the validator that refuses wherever a function would have to be asked."""
    refused = {name: False for name in ("local", *map("ask.{}".format, INVARIANTS))}
    definitions = {**read(SHARED), **read(resource_type), **refused}
    return Draft202012Validator({"$ref": f"#/$defs/{resource_type}", "$defs": definitions})


@cache
def full(resource_type: str, *, is_local: bool) -> Draft202012Validator:
    """Gives the validator that asks the functions."""
    return Draft202012Validator(
        full_schema(resource_type, is_local=is_local), keywords={"invariant": Asked}
    )


@cache
def full_schema(resource_type: str, *, is_local: bool) -> Schema:
    """Gives the schema of a type with its functions.

    `is_local` says whether a reference may start with `#`: in a resource that contains others, and in a
    contained one.
    """
    asked = {
        f"ask.{key}": {"invariant": key, "fault": [key.rpartition(".")[2], rule.expected]}
        for key, rule in INVARIANTS.items()
    }
    local = {} if is_local else {"local": False}
    definitions = {**read(SHARED), **read(resource_type), **asked, **local}
    return {"$ref": f"#/$defs/{resource_type}", "$defs": definitions}
