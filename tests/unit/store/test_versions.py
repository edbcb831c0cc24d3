"""Every version is kept as it was written; what did not change makes none."""

from __future__ import annotations

from pathlib import Path

from adapter.store import deliveries, versions
from adapter.store.database import Database, Transaction
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


def test_however_many_there_are_only_a_few_are_held_at_a_time(database: Database) -> None:
    each = 8_000
    with database.write() as tx:
        tx.execute(
            "INSERT INTO version (type, id, version, unit, participant, form, is_retracted, hash,"
            " text, created) WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM"
            " numbers WHERE n < ?) SELECT 'Observation', 'o-' || n, 1, 'u', '1', 'mood', 0, ?, ?,"
            " ? FROM numbers",
            (each, b"", bytes(8_000), NOW),
        )
    before, most, count = held_kib(), 0, 0

    for version in versions.of_type(database.read(), "Observation"):
        count += len(version.text) == 8_000
        if count % 500 == 1:
            most = max(most, held_kib() - before)

    assert count == each
    assert most < each  # KiB: an eighth of what was read


def test_other_statements_may_come_between_two_rows(database: Database) -> None:
    with database.write() as tx:
        for number in range(3):
            put(tx, f"Observation/{number}")
    told = []

    for version in versions.of_type(database.read(), "Observation"):
        with database.write() as tx:
            deliveries.enqueue(tx, "north", version, "put", NOW)
        told.append(versions.latest(database.read(), version.type, version.id))

    assert [each.id for each in told if each] == ["0", "1", "2"]


def held_kib() -> int:
    """How much memory this process holds."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.split("VmRSS:")[1].split()[0])
