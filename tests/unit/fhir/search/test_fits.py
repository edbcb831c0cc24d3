"""How ranges compare at their borders, told by the resource itself and by the index alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import get_args

import pytest

from adapter.fhir.search.asked import read_criterion
from adapter.fhir.search.criteria import IsMissing, Prefix
from adapter.fhir.search.fits import fits
from adapter.fhir.search.index import Range, Token
from adapter.store.database import Database
from adapter.store.finding import find

SECOND = 1_704_067_200.0  # 2024-01-01T00:00:00Z, as seconds since 1970
BEFORE, DURING, BEHIND = SECOND - 1, SECOND, SECOND + 1
FITTING: dict[Prefix, set[float]] = {
    "eq": {DURING},
    "ne": {BEFORE, BEHIND},
    "gt": {BEHIND},
    "ge": {DURING, BEHIND},
    "lt": {BEFORE},
    "le": {BEFORE, DURING},
    "sa": {BEHIND},
    "eb": {BEFORE},
}
"""Of moments in whole seconds, those that fit a second."""
ASKED = {
    "2024-01-01T00:00:00Z": (BEFORE, DURING, BEHIND),
    "2024-01-01": (BEFORE, DURING, SECOND + 86_400),
    "2024-01": (BEFORE, DURING, SECOND + 31 * 86_400),
    "2024": (BEFORE, DURING, SECOND + 366 * 86_400),
}
CASES = [(prefix, said) for prefix in FITTING for said in ASKED]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = Database(tmp_path_factory.mktemp("borders") / "ledger.sqlite")
    yield opened
    opened.close()


def put(database: Database, moments: tuple[float, ...]) -> None:
    """A resource a moment: written then, dated then as a point, its id the number of it."""
    newest = (
        "INSERT INTO newest (first, type, id, version, participant, form, is_retracted, updated,"
        " told) VALUES (?, 'Observation', ?, 1, '', '', 0, ?, ?)"
    )
    point = (
        "INSERT INTO found_range (type, parameter, low, high, system, unit, first)"
        " VALUES ('Observation', 'date', ?, ?, '', '', ?)"
    )
    with database.write() as tx:
        for table in ("newest", "found_range"):
            tx.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
        for number, moment in enumerate(moments):
            tx.execute(newest, (number + 1, str(number), moment, moment))
            tx.execute(point, (moment, moment, number + 1))


def test_every_prefix_of_times_is_tried_at_its_borders() -> None:
    assert {prefix for prefix, _ in CASES} == {*get_args(Prefix)} - {"ap"}


@pytest.mark.parametrize(("prefix", "said"), CASES)
@pytest.mark.parametrize("name", ["_lastUpdated", "date"])
def test_a_moment_at_the_border_of_a_time_is_in_it_or_behind_it(
    database: Database, prefix: Prefix, said: str, name: str
) -> None:
    moments = ASKED[said]
    put(database, moments)
    asked = read_criterion("Observation", name, f"{prefix}{said}", UTC)
    expected = {moments[(BEFORE, DURING, BEHIND).index(each)] for each in FITTING[prefix]}

    found = {
        moments[int(hit.id)]
        for hit in find(database.read(), "Observation", [asked], lambda *_: True)
    }
    told = {
        moment for moment in moments if fits(asked, [Range("date", moment, moment)], "1", moment)
    }

    assert found == told == expected


@pytest.mark.parametrize(
    ("prefix", "fitting"),
    [("gt", {6}), ("ge", {5, 6}), ("lt", {4}), ("le", {4, 5}), ("sa", {6}), ("eb", {4})],
)
def test_a_number_that_is_asked_for_is_no_longer_than_itself(
    prefix: Prefix, fitting: set[int]
) -> None:
    asked = read_criterion("Observation", "value-quantity", f"{prefix}5", UTC)

    told = {
        number
        for number in (4, 5, 6)
        if fits(asked, [Range("value-quantity", number, number)], "1", 0)
    }

    assert told == fitting


@pytest.mark.parametrize(
    ("unit", "found"),
    [
        pytest.param("||score", {"gt10", "ne10"}, id="what people call it"),
        pytest.param("||{score}", {"gt10", "ne10"}, id="its code"),
        pytest.param("|u|{score}", {"gt10", "ne10"}, id="its code, with its system"),
        pytest.param("|u|score", set(), id="what people call it is no code"),
        pytest.param("||day", set(), id="another"),
    ],
)
def test_a_unit_without_its_system_is_a_code_or_what_people_call_it(
    unit: str, found: set[str]
) -> None:
    score = Range("value-quantity", 12, 12, "u", "{score}")
    held: list[Range | Token] = [score, Token("code", "", "c")]

    told, told_in_pairs = (
        {
            amount
            for amount in ("gt10", "gt12", "ne10", "ne12")
            if fits(
                read_criterion("Observation", name, f"{begins}{amount}{unit}", UTC), held, "1", 0
            )
        }
        for name, begins in (("value-quantity", ""), ("code-value-quantity", "c$"))
    )

    assert told == told_in_pairs == found


def test_nothing_is_without_an_id_or_a_moment(database: Database) -> None:
    put(database, (BEFORE, DURING))
    for name in ("_id", "_lastUpdated"):
        for is_missing in (True, False):
            asked = IsMissing(name, is_missing)
            hits = list(find(database.read(), "Observation", [asked], lambda *_: True))
            assert len(hits) == (0 if is_missing else 2)
            assert fits(asked, [], "1", 0.0) is not is_missing
