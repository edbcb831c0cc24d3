"""What clinics and clients write is watched for safety signals while it waits in the inbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.ingest.decide import leave, take
from adapter.ingest.standing import KeptBackCount, count_kept_back, standing_signals
from adapter.ingest.written import Given, create
from tests.unit.ingest.project import NOW, STUDY, mood
from tests.unit.sync.far_side import answering
from tests.unit.sync.test_pull import bundle
from tests.unit.sync.ward import Ward, opened, option

RULES = """\
safety:
  version: "1.0.0"
  source: made up for tests
  signals:
    - {id: third, title: The third, form: mood, items: [mood-3], at_least: 2, unanswered: true, level: urgent}
"""  # noqa: E501 - a line is a signal
Stands = list[tuple[str, str, str, str]]
GAP: Stands = [("1", "third", "not-answered", "written")]
WAITS: Stands = [("1", "third", "reached", "written")]
HELD: Stands = [("1", "third", "reached", "")]


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    with opened(tmp_path, tmp_path / "ledger.sqlite", study=STUDY + RULES) as ward:
        yield ward


def stand(ward: Ward) -> Stands:
    found = standing_signals(ward.database.read(), ward.trial.study)
    return sorted((each.record, each.signal, each.reason, each.kept) for each in found)


def counted(ward: Ward) -> KeptBackCount:
    return count_kept_back(ward.database.read(), ward.trial.study)


def item(link_id: str, *values: int) -> dict[str, object]:
    return {"linkId": link_id, "answer": [{"valueCoding": option(value)} for value in values]}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"authored": "2023-02-05T09:00:00+11:00"}, WAITS),
        ({"item": [item("mood-1", 9), item("mood-3", 3)]}, WAITS),
        ({"item": [item("mood-1", 0), item("mood-3", 9)]}, GAP),
        ({"item": [item("mood-3", 0), item("mood-3", 3)]}, []),
    ],
    ids=["at no timepoint", "another item", "the item itself", "the item twice"],
)
def test_an_answer_that_waits_is_a_signal_at_once(
    ward: Ward, more: dict[str, object], expected: Stands
) -> None:
    ward.far.put({**ward.response("r1", 0, 0, 3), **more})

    assert ward.became() == {"waiting": 1}

    assert stand(ward) == expected
    assert counted(ward).not_looked_at == ({} if expected else {"mood": 1})


def test_what_waits_for_a_choice_is_a_signal_until_a_person_takes_it(ward: Ward) -> None:
    ward.ingest(p1=mood("0", "0", "0"))
    ward.write("r1", 0, 0, 3)
    ward.pull()
    assert stand(ward) == WAITS
    ward.pull()
    assert stand(ward) == WAITS

    with ward.database.write() as tx:
        take(tx, ward.trial, ward.row("r1").number, NOW)

    assert stand(ward) == HELD


def test_what_a_person_left_is_no_signal_any_more(ward: Ward) -> None:
    ward.ingest(p1=mood("0", "0", "0"))
    ward.write("r1", 0, 0, 3)
    ward.pull()

    with ward.database.write() as tx:
        leave(tx, ward.trial, ward.row("r1").number, NOW)

    assert (stand(ward), counted(ward)) == ([], KeptBackCount(0, {}))


def test_what_waits_and_was_corrected_at_the_clinic_is_a_signal_no_more(ward: Ward) -> None:
    early = {"authored": "2023-02-05T09:00:00+11:00"}
    ward.write("r1", 0, 0, 3, **early)
    ward.pull()

    ward.write("r1", 0, 0, 0, **early)
    ward.pull()

    assert (stand(ward), counted(ward)) == ([], KeptBackCount(0, {}))


def test_a_row_against_what_a_clinic_wrote_is_watched_until_a_person_chooses(ward: Ward) -> None:
    ward.write("r1", 0, 0, 0)
    ward.pull()

    ward.ingest(p1=mood("0", "0", "3"))
    assert stand(ward) == [("1", "third", "reached", "row")]

    with ward.database.write() as tx:
        leave(tx, ward.trial, ward.row("r1").number, NOW)
    assert stand(ward) == HELD


def test_a_row_that_agrees_again_with_what_a_clinic_wrote_is_kept_back_no_more(ward: Ward) -> None:
    ward.write("r1", 0, 0, 0)
    ward.pull()
    ward.ingest(p1=mood("0", "0", "3"))

    ward.ingest(p1=mood("0", "0", "0"))

    assert stand(ward) == []


@pytest.mark.parametrize("fault", ["no R4", "another version"])
def test_what_nobody_can_read_is_told_as_not_looked_at(ward: Ward, fault: str) -> None:
    said = ward.response("r1", 0, 0, 3)
    if fault == "no R4":
        said["authored"] = "2024-02-05T09:00:00"
    else:
        said["questionnaire"] = said["questionnaire"].replace("1.0.0", "0.9.0")
    ward.far.faults.append(answering(200, bundle(said)))

    assert ward.became() == {"waiting": 1}

    assert (stand(ward), counted(ward)) == ([], KeptBackCount(0, {"mood": 1}))


def test_what_a_client_wrote_and_waits_is_a_signal_at_once(ward: Ward) -> None:
    ward.ingest(p1=mood("0", "0", "0"))
    said = {name: value for name, value in ward.response("", 0, 0, 3).items() if name != "id"}

    with ward.database.write() as tx:
        made = create(tx, ward.trial, Given("an-app", "1", said), NOW)

    assert made.stored == "waiting"
    assert stand(ward) == WAITS


def test_of_a_form_without_signals_nothing_is_noted(tmp_path: Path) -> None:
    with opened(tmp_path, tmp_path / "ledger.sqlite") as ward:
        ward.write("r1", 0, 0, 3, authored="2023-02-05T09:00:00+11:00")
        ward.pull()

        assert (stand(ward), counted(ward)) == ([], KeptBackCount(0, {}))
