"""A clinic's ladder changes while it holds something: that stays with the rung that brought it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from adapter.ingest.move import Moving, Order, move
from adapter.service import open_service
from tests.live.ladder.outcome import OUTCOMES, RECORD, Stage
from tests.live.ladder.systems import ROWS, far_end_at, number_of, patient, simulated
from tests.live.ladder.trial import go_round, set_up

DERS = next(outcome for outcome in OUTCOMES if outcome.form == "ders-18")
TYPES = ["Device", "ResearchStudy", "Questionnaire", "QuestionnaireResponse", "Observation"]
WHOLE = ["Observation", "QuestionnaireResponse"]
STAGES: tuple[Stage, ...] = ("first", "corrected", "gone")
OUT = {"entered-in-error"}


def profile(*ladder: str, also: str = "") -> dict[str, object]:
    return {
        "kind": "clinic",
        "id": "far",
        "title": "A record system that learns",
        "purpose": "care",
        "patient": {"find_by": "ihi"},
        "ladder": list(ladder),
        "also": [also] if also else [],
        "accepts": TYPES,
        "codes": {"ders-18": {"total": {"system": ROWS, "code": "ders-total"}}},
    }


TRANSACTION, SINGLE = profile("transaction"), profile("single")
TOTALS, DOCUMENT = profile("totals", "task"), profile("document")


@pytest.mark.parametrize(
    ("before", "behind", "kinds"),
    [
        pytest.param(TRANSACTION, SINGLE, WHOLE, id="transactions, then one by one"),
        pytest.param(SINGLE, TRANSACTION, WHOLE, id="one by one, then transactions"),
        pytest.param(TRANSACTION, TOTALS, WHOLE, id="transactions, then totals"),
        pytest.param(TOTALS, TRANSACTION, WHOLE[:1], id="totals, then transactions"),
        pytest.param(DOCUMENT, SINGLE, ["DocumentReference"], id="documents, then one by one"),
        pytest.param(SINGLE, DOCUMENT, WHOLE, id="one by one, then documents"),
    ],
)
def test_what_is_held_is_not_sent_twice_and_is_corrected_the_way_it_came(
    tmp_path: Path, before: dict[str, object], behind: dict[str, object], kinds: list[str]
) -> None:
    with simulated("full", number_of(RECORD)) as far:
        charts = []
        for said, stage in ((before, STAGES[0]), *((behind, stage) for stage in STAGES)):
            with open_service(set_up(tmp_path, far, said), asks=True) as service:
                go_round(service, tmp_path, far, stage, everything=True)
                states = {
                    row["state"]
                    for row in service.database.read().execute(
                        "SELECT state FROM delivery WHERE form = ? AND state <> 'superseded'",
                        (DERS.form,),
                    )
                }
            assert states == {"confirmed"}
            charts.append(far.shown(DERS))

    first, again, corrected, gone = charts
    assert [each.kind for each in first] == kinds
    assert again == first
    assert [each.id for each in corrected] == [each.id for each in first]
    assert not {each.said for each in corrected} & {each.said for each in first}
    assert {each.status for each in gone} <= OUT
    assert [each.id for each in gone] == [each.id for each in first]


def test_a_second_rung_on_purpose_brings_both_and_keeps_both_right(tmp_path: Path) -> None:
    with simulated("full", number_of(RECORD)) as far:
        charts = []
        config = set_up(tmp_path, far, profile("single", also="document"))
        for stage in STAGES:
            with open_service(config, asks=True) as service:
                go_round(service, tmp_path, far, stage, everything=True)
            charts.append(far.shown(DERS))

    kinds = ["DocumentReference", *WHOLE]
    assert [[each.kind for each in chart] for chart in charts] == [kinds] * 3
    numbers = [{each.said for each in chart if each.kind != WHOLE[1]} for chart in charts[:2]]
    assert numbers == [{DERS.was}, {DERS.becomes}]
    assert {each.status for each in charts[2]} == OUT


def test_what_is_moved_and_replaced_is_there_once_by_the_new_way_and_once_again_by_the_old(
    tmp_path: Path, base_url: str
) -> None:
    known = patient(number_of(RECORD))
    httpx.put(f"{base_url}/Patient/{known['id']}", json=known).raise_for_status()
    far = far_end_at("far", base_url)
    config = set_up(tmp_path, far, profile("transaction", "document"))
    stands = []
    with open_service(config, asks=True) as service:
        go_round(service, tmp_path, far, "first")
        before = far.shown(DERS)
        (receiver,) = service.trial.receivers
        for rung in ("document", "transaction"):
            with service.database.write() as tx:
                at = Moving(tx, service.trial, receiver, service.now())
                told = move(at, Order(rung, (DERS.form,), replaces=True))
            assert (told.moved, told.leaving) == (0, 1)
            for _ in range(2):  # taken back and seen to be, then owed by the new way
                go_round(service, tmp_path, far, "first", everything=True)
                living = [each for each in far.shown(DERS) if each.status not in OUT]
                stands.append(sorted({each.kind for each in living}))
        after = [each for each in far.shown(DERS) if each.status not in OUT]

    assert stands[1::2] == [["DocumentReference"], WHOLE]
    assert all("DocumentReference" not in kinds or len(kinds) == 1 for kinds in stands)
    assert [(each.kind, each.id, each.said) for each in after] == [
        (each.kind, each.id, each.said) for each in before
    ]
