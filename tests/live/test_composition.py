"""`packaging/compose.yaml` against the Compose Specification's JSON Schema, and the image's parts.

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


def test_the_image_is_made_of_what_its_builder_is_sent_and_secrets_are_not() -> None:
    said = (REPOSITORY / "packaging" / "Dockerfile").read_text("utf-8").splitlines()
    copied = [line.split()[1:-1] for line in said if line.startswith("COPY ") and "--" not in line]
    ignored = (REPOSITORY / ".dockerignore").read_text("utf-8").splitlines()

    nothing, *sent = (line for line in ignored if line == "*" or line.startswith("!"))

    assert nothing == "*"
    assert {f"!{name}" for names in copied for name in names} == set(sent)
    assert all((REPOSITORY / name.removeprefix("!")).exists() for name in sent)
