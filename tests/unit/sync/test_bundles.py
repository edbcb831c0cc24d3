"""What goes over the wire: bundles within the clinic's limits, and each text as it was written."""

from __future__ import annotations

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.sync.outgoing import wire_text
from tests.unit.sync.desk import REPOSITORY, Desk, limited

if TYPE_CHECKING:
    from tests.unit.sync.conftest import Opened
    from tests.unit.sync.desk import Resource
    from tests.unit.sync.far_side import FarSide

OURS = "0123456789abcdef0123456789abcdef"


@given(
    lengths=st.lists(st.integers(0, 12_000), min_size=1, max_size=30),
    entries=st.integers(1, 12),
    size=st.integers(10_000, 40_000),
    units=st.integers(1, 30),
)
@settings(max_examples=25, deadline=None)
def test_no_bundle_is_larger_than_the_clinic_takes(
    lengths: list[int], entries: int, size: int, units: int
) -> None:
    profile = limited(REPOSITORY, entries=entries, bytes=size)
    with TemporaryDirectory() as folder, Desk(Path(folder), profile) as desk:
        for number, length in enumerate(lengths):
            note = [{"text": "x" * length}]
            resource = desk.observation(f"o{number}", note=note)
            desk.owe(resource, unit=f"unit {number % units}")

        desk.push()

        for request in desk.far.requests:
            count = len(json.loads(request.content)["entry"])
            assert count <= entries
            assert len(request.content) <= size or count == 1
        assert desk.count() == {"accepted": len(lengths)}


@pytest.mark.parametrize("held", [0, 1, 3, 9])
def test_what_is_held_leaves_bundles_as_full_as_if_it_did_not_exist(
    opened: Opened, held: int
) -> None:
    desk = opened(limited(REPOSITORY, entries=4))
    desk.take_in("2", research="refused")
    for number in range(10):
        desk.owe(desk.observation(f"o{number}"), participant="1", unit=f"mine {number}")
        for other in range(held if number % 3 else 0):
            name = f"h{number}-{other}"
            desk.owe(desk.observation(name), participant="2", unit=f"held {name}")

    report = desk.push()

    assert [len(entries) for entries in desk.far.transactions] == [4, 4, 2]
    assert report.held.total() == held * 6
    assert desk.count() == {"accepted": 10} | ({"held": held * 6} if held else {})


def test_bundles_are_as_full_as_the_clinic_takes_them(opened: Opened) -> None:
    desk = opened(limited(REPOSITORY, entries=4))
    for number in range(10):
        desk.owe(desk.observation(f"o{number}"))

    desk.push()

    assert [len(entries) for entries in desk.far.transactions] == [4, 4, 2]


def test_what_belongs_together_is_sent_together(opened: Opened) -> None:
    desk = opened(limited(REPOSITORY, entries=4))
    for unit in ("one", "two", "three"):
        for number in range(3):
            desk.owe(desk.observation(f"{unit}-{number}"), unit=unit)

    desk.push()

    sent = [{entry["resource"]["id"][:3] for entry in each} for each in desk.far.transactions]
    assert sent == [{"one"}, {"two"}, {"thr"}]


def test_what_belongs_together_is_sent_together_also_when_some_of_it_is_newer(
    opened: Opened,
) -> None:
    desk = opened(limited(REPOSITORY, entries=2))
    derived = [{"reference": "QuestionnaireResponse/r"}]
    desk.owe(desk.response("r"), unit="one")
    desk.owe(desk.observation("score", derivedFrom=derived), unit="one")
    desk.owe(desk.observation("a"))
    desk.owe(desk.response("r", answer=3), unit="one")

    report = desk.push()

    assert report.refused == {}
    assert desk.states() == {"r": "accepted", "score": "accepted", "a": "accepted"}


def test_the_stored_text_goes_out_byte_by_byte(desk: Desk, far: FarSide) -> None:
    resource = desk.observation("a", note=[{"text": 'ü "quoted" \\ 1.50 \u2028'}])
    text = orjson.dumps(resource)

    desk.owe(resource)
    desk.push()

    assert b'{"resource":' + text + b"," in far.requests[0].content
    assert far.transactions[0][0]["request"] == {"method": "PUT", "url": "Observation/a"}


def test_a_bundle_is_a_transaction_to_the_base(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.observation("a"))

    desk.push()

    assert str(far.requests[0].url) == "https://clinic.example.org/fhir/"
    assert far.bundles[0]["resourceType"] == "Bundle"
    assert far.bundles[0]["type"] == "transaction"


def test_what_has_a_word_for_it_is_retracted_by_that_word(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.observation("a"))
    desk.push()
    desk.owe(desk.observation("a"), action="retract")

    report = desk.push()

    assert report.retracted == {"Observation": 1}
    assert (far.holds("Observation/a") or {})["status"] == "entered-in-error"
    assert far.transactions[1][0]["request"]["ifMatch"] == 'W/"1"'


def test_what_has_no_word_for_it_is_deleted(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.event("e"))
    desk.push()
    desk.owe(desk.event("e"), action="retract")

    report = desk.push()

    assert report.retracted == {"AdverseEvent": 1}
    assert far.transactions[1] == [
        {"request": {"method": "DELETE", "url": "AdverseEvent/e", "ifMatch": 'W/"1"'}}
    ]
    assert far.holds("AdverseEvent/e") is None


def test_what_was_deleted_comes_back_without_a_version_to_match(desk: Desk, far: FarSide) -> None:
    for action in ("put", "retract", "put"):
        desk.owe(desk.event("e"), action=action)
        report = desk.push()

    assert far.transactions[2][0]["request"] == {"method": "PUT", "url": "AdverseEvent/e"}
    assert (report.created, report.updated) == ({"AdverseEvent": 1}, {})


def test_a_record_system_without_versions_is_written_to_without_them(
    desk: Desk, far: FarSide
) -> None:
    def bare(request: object, take: object) -> object:
        assert callable(take)
        response = take(request)
        content = re.sub(rb',"etag":"[^"]*\\"[^"]*\\""', b"", response.content)
        return type(response)(response.status_code, content=content)

    far.rule = bare  # type: ignore[assignment]
    desk.owe(desk.observation("a"))
    desk.push()
    desk.owe(desk.observation("a", value=15))

    desk.push()

    assert [row["remote_version"] for row in desk.rows()] == ["", ""]
    assert far.transactions[1][0]["request"] == {"method": "PUT", "url": "Observation/a"}


def test_a_retraction_of_what_is_not_there_is_not_sent(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.observation("a"), action="retract")
    told = desk.plan()

    report = desk.push()

    assert far.requests == []
    assert told.retract == report.retracted == {}
    assert desk.count() == {"superseded": 1}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(rest=JSON, places=st.integers(0, 3))
def test_our_patient_is_exchanged_for_the_clinics_everywhere_and_nothing_else(
    rest: object, places: int
) -> None:
    resource = {
        "note": [{"text": f'Patient/{OURS}x "Patient/{OURS}" {OURS}'}],
        "rest": rest,
        "people": [{"reference": f"Patient/{OURS}"}] * places,
        "subject": {"reference": f"Patient/{OURS}", "display": f"Patient {OURS}"},
        "partOf": {"reference": f"Patient/{OURS}/_history/1"},
    }

    sent = wire_text(orjson.dumps(resource), is_retraction=False, ours=OURS, theirs="77")

    assert sent is not None
    assert orjson.loads(sent) == {
        **resource,
        "people": [{"reference": "Patient/77"}] * places,
        "subject": {"reference": "Patient/77", "display": f"Patient {OURS}"},
    }


def test_where_the_patient_is_ours_the_text_is_the_stored_one() -> None:
    text = b'{ "subject" : "Patient/1" }'

    assert wire_text(text, is_retraction=False, ours="1", theirs="1") is text


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        ({"resourceType": "Observation", "status": "final", "code": {"text": "x"}}, "status"),
        ({"resourceType": "Patient", "active": True}, "active"),
    ],
    ids=lambda it: it["resourceType"] if isinstance(it, dict) else "",
)
def test_a_retraction_changes_the_status_and_keeps_the_precision(
    resource: Resource, status: str
) -> None:
    text = orjson.dumps(resource)[:-1] + b',"extension":[{"url":"u","valueDecimal":1.50}]}'

    said = wire_text(text, is_retraction=True, ours="1", theirs="2")

    assert said is not None
    assert said.endswith(b'"valueDecimal":1.50}]}')
    assert orjson.loads(said)[status] in {"entered-in-error", False}


def test_a_retraction_of_an_adverse_event_has_no_text() -> None:
    text = b'{"resourceType":"AdverseEvent","actuality":"actual"}'

    assert wire_text(text, is_retraction=True, ours="1", theirs="2") is None


def test_what_replaces_something_before_it_left_takes_its_place_for_others_refer_to_it(
    opened: Opened,
) -> None:
    desk = opened(limited(REPOSITORY, entries=1))
    derived = [{"reference": "QuestionnaireResponse/r"}]
    desk.owe(desk.response("r"))
    desk.owe(desk.observation("score", derivedFrom=derived))
    desk.owe(desk.response("r", answer=3))
    desk.owe(desk.response("r", answer=1))
    desk.owe(desk.observation("a"))

    report = desk.push()

    assert report.refused == {}
    sent = [entries[0]["resource"]["id"] for entries in desk.far.transactions]
    assert sent == ["r", "score", "a"]
