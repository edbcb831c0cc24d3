"""Every version is kept as it was written; what did not change makes none."""

from __future__ import annotations

from adapter.store import versions
from adapter.store.database import Transaction
from adapter.store.versions import Belonging, Version
from tests.unit.store.ledger import NOW, put


def test_a_first_version_is_number_one(tx: Transaction) -> None:
    version = put(tx, "Observation/a", b'{"x":1.50}')

    assert version == Version(
        "Observation", "a", 1, "unit-1", "1", "mood", is_retracted=False, text=b'{"x":1.50}'
    )
    assert versions.latest(tx, "Observation", "a") == version


def test_the_same_text_again_is_no_version(tx: Transaction) -> None:
    put(tx, "Observation/a", b"1")

    again = versions.put(tx, ("Observation", "a"), b"1", Belonging("unit-1", "1", "mood"), NOW)

    assert again is None


def test_another_text_is_the_next_version_and_the_first_stays(tx: Transaction) -> None:
    put(tx, "Observation/a", b"1")

    second = put(tx, "Observation/a", b"2")

    assert second.version == 2
    assert versions.text_of(tx, "Observation", "a", 1) == b"1"
    assert versions.text_of(tx, "Observation", "a", 2) == b"2"


def test_a_text_that_comes_back_is_a_version_of_its_own(tx: Transaction) -> None:
    put(tx, "Observation/a", b"1")
    put(tx, "Observation/a", b"2")

    third = put(tx, "Observation/a", b"1")

    assert third.version == 3


def test_a_retraction_without_words_of_its_own_is_a_version(tx: Transaction) -> None:
    put(tx, "AdverseEvent/a", b"1")

    retracted = put(tx, "AdverseEvent/a", b"1", is_retracted=True)
    restored = put(tx, "AdverseEvent/a", b"1")

    assert (retracted.version, retracted.is_retracted) == (2, True)
    assert (restored.version, restored.is_retracted) == (3, False)


def test_what_does_not_exist_has_no_newest_version(tx: Transaction) -> None:
    put(tx, "Observation/a")

    assert versions.latest(tx, "Observation", "b") is None
    assert versions.latest(tx, "Patient", "a") is None


def test_a_unit_is_told_in_its_newest_versions_in_the_order_of_the_first(tx: Transaction) -> None:
    put(tx, "QuestionnaireResponse/q", b"1")
    put(tx, "Observation/a", b"1")
    put(tx, "Observation/other", b"1", unit="unit-2")
    put(tx, "QuestionnaireResponse/q", b"2")

    found = versions.of_unit(tx, "unit-1")

    assert [(each.type, each.version) for each in found] == [
        ("QuestionnaireResponse", 2),
        ("Observation", 1),
    ]


def test_a_person_is_told_in_their_newest_versions_in_the_order_of_the_first(
    tx: Transaction,
) -> None:
    put(tx, "Patient/p", b"1")
    put(tx, "Observation/a", b"1", unit="unit-2")
    put(tx, "Patient/p", b"2")
    versions.put(tx, ("Patient", "q"), b"1", Belonging("unit-3", "2", ""), NOW)

    found = versions.of_participant(tx, "1")

    assert [(each.type, each.version) for each in found] == [("Patient", 2), ("Observation", 1)]


def test_a_type_is_told_by_id_a_row_at_a_time(tx: Transaction) -> None:
    for name in ("b", "a", "c"):
        put(tx, f"Observation/{name}", b"1")
    put(tx, "Observation/c", b"2")
    put(tx, "Patient/p")

    found = versions.of_type(tx, "Observation")

    assert next(found).id == "a"
    assert [(each.id, each.version) for each in found] == [("b", 1), ("c", 2)]


def test_types_are_told_once_each(tx: Transaction) -> None:
    put(tx, "Observation/a", b"1")
    put(tx, "Observation/a", b"2")
    put(tx, "Patient/p")

    assert versions.types(tx) == ["Observation", "Patient"]
