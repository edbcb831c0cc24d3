"""`packaging/compose.yaml` against the Compose Specification's own JSON Schema.

The schema is the one that docker-compose 1.29 carries; nothing of that program is run.
"""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import yaml

from tests.installed import REPOSITORY, python_with

LOCK = Path(__file__).with_name("compose.lock")


def test_the_composition_says_nothing_that_compose_does_not_know() -> None:
    environment = python_with(LOCK).parents[1]
    (schema,) = environment.glob("lib/python*/site-packages/compose/config/compose_spec.json")
    knows = jsonschema_rs.validator_for(json.loads(schema.read_text("utf-8")))
    said = yaml.safe_load((REPOSITORY / "packaging" / "compose.yaml").read_text("utf-8"))

    wrong = [f"{each.instance_path}: {each.message}" for each in knows.iter_errors(said)]

    assert wrong == []
    assert not knows.is_valid({**said, "services": {"adapter": {"restart_": "always"}}})
