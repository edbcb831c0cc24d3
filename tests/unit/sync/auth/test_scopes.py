"""What a scope gives, in both dialects, and whether what was granted is enough."""

from __future__ import annotations

import pytest

from adapter.sync.auth.scopes import Scope, lacking, needed_scopes, parse_scope


@pytest.mark.parametrize(
    ("text", "type_", "rights"),
    [
        ("system/Observation.rs", "Observation", "rs"),
        ("system/Observation.cruds", "Observation", "cruds"),
        ("system/*.read", "*", "rs"),
        ("system/Patient.write", "Patient", "cud"),
        ("system/Patient.*", "Patient", "cruds"),
    ],
)
def test_a_scope_gives_rights_on_a_type(text: str, type_: str, rights: str) -> None:
    assert parse_scope(text) == Scope(type_, frozenset(rights))


@pytest.mark.parametrize(
    "text",
    [
        "system/Observation.sr",
        "system/Observation.sud",
        "system/Observation.reads",
        "system/Observation.",
        "system/observation.rs",
        "patient/Observation.rs",
        "openid",
        "",
    ],
)
def test_letters_out_of_order_and_other_words_give_nothing(text: str) -> None:
    assert parse_scope(text) is None


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        ("system/Observation.cruds", []),
        ("system/Observation.cru system/Observation.ds", []),
        ("system/Observation.read system/Observation.write", []),
        ("system/*.*", []),
        ("openid system/*.cruds", []),
        ("system/Observation.rs", ["system/Observation.cruds"]),
        ("system/Patient.cruds", ["system/Observation.cruds"]),
        ("system/Observation.cruds?category=survey", ["system/Observation.cruds"]),
        ("", ["system/Observation.cruds"]),
    ],
)
def test_a_grant_is_enough_when_every_right_stands_in_it(granted: str, missing: list[str]) -> None:
    assert list(lacking(["system/Observation.cruds"], granted)) == missing


def test_all_types_are_given_by_all_types_alone() -> None:
    assert lacking(["system/*.rs"], "system/Patient.rs") == ("system/*.rs",)


def test_a_narrower_wish_is_met_by_the_same_query_or_by_none() -> None:
    asked = ["system/Observation.rs?category=survey"]

    assert lacking(asked, "system/Observation.rs?category=survey") == ()
    assert lacking(asked, "system/Observation.rs") == ()
    assert lacking(asked, "system/Observation.rs?category=lab") == tuple(asked)


def test_a_word_that_is_no_scope_of_systems_is_compared_as_it_stands() -> None:
    assert lacking(["fhirUser", "openid"], "openid") == ("fhirUser",)


def test_needs_are_said_in_the_dialect_that_is_spoken() -> None:
    needs = {"Observation": "cud", "Patient": "rs"}

    assert needed_scopes(needs, ["permission-v2", "permission-v1"]) == (
        "system/Observation.cud",
        "system/Patient.rs",
    )
    assert needed_scopes(needs, ["permission-v1"]) == (
        "system/Observation.write",
        "system/Patient.read",
    )
