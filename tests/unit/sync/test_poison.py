"""One bad resource does not keep the others: it is found, set apart with its reason, and shown."""

from __future__ import annotations

import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.sync.desk import REPOSITORY, Desk, limited, patient
from tests.unit.sync.far_side import outcome, refusing

if TYPE_CHECKING:
    from tests.unit.sync.conftest import Opened
    from tests.unit.sync.far_side import FarSide, Take


@pytest.mark.parametrize("status", [400, 409, 413, 422])
@pytest.mark.parametrize("place", [0, 24, 49])
def test_one_poison_among_fifty_is_found_by_halving_and_the_rest_goes_through(
    desk: Desk, far: FarSide, place: int, status: int
) -> None:
    for number in range(50):
        desk.owe(desk.observation(f"o{number}", value=666 if number == place else 1))
    far.rule = refusing("666", status=status, text="Some values are not taken")

    report = desk.push()

    reads = sum(request.method == "GET" for request in far.requests)  # a look after a conflict
    extra = len(far.requests) - 1 - reads - (status == 409)
    assert extra <= 2 * math.ceil(math.log2(50))
    assert report.created == {"Observation": 49}
    assert report.refused == {"Observation": 1}
    set_apart = "refused" if status == 409 else "quarantined"  # a conflict is no poison
    assert desk.count() == {"accepted": 49, set_apart: 1}
    assert desk.reasons() == {f"o{place}": "Some values are not taken"}
    assert [far.version_of(f"Observation/o{number}") for number in range(50)] == [
        0 if number == place else 1 for number in range(50)
    ]


@given(poisons=st.sets(st.integers(0, 19), max_size=6), size=st.integers(1, 25))
@settings(max_examples=20, deadline=None)
def test_however_many_poisons_there_are_exactly_those_are_set_apart(
    poisons: set[int], size: int
) -> None:
    profile = limited(REPOSITORY, entries=size)
    with TemporaryDirectory() as folder, Desk(Path(folder), profile) as desk:
        far = desk.far
        for number in range(20):
            desk.owe(desk.observation(f"o{number}", value=666 if number in poisons else 1))
        far.rule = refusing("666")

        report = desk.push()

        assert report.created.total() == 20 - len(poisons)
        assert set(desk.reasons()) == {f"o{number}" for number in poisons}
        assert all(
            far.version_of(f"Observation/o{number}") == (number not in poisons)
            for number in range(20)
        )


def test_the_reason_is_kept_without_what_it_quotes(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.observation("a", valueString="a secret of somebody", value=0))
    quoting = "Element \"valueString\" has the value 'a secret of somebody', which is not taken"
    far.rule = refusing("secret", text=quoting)

    desk.push()

    assert desk.reasons() == {
        "a": "Element [withheld] has the value [withheld], which is not taken"
    }
    assert "secret" not in json.dumps([row["reason"] for row in desk.rows()])


def test_what_refers_to_the_poison_is_not_sent_and_says_why(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.response("r", answer=666), unit="one")
    derived = [{"reference": "QuestionnaireResponse/r"}]
    desk.owe(desk.observation("score", derivedFrom=derived), unit="one")
    desk.owe(desk.observation("sum", hasMember=[{"reference": "Observation/score"}]), unit="one")
    desk.owe(desk.observation("other"))
    far.rule = refusing("666", text="Some values are not taken")

    report = desk.push()

    assert desk.states() == {
        "r": "quarantined",
        "score": "refused",
        "sum": "refused",
        "other": "accepted",
    }
    assert desk.reasons() == {
        "r": "Some values are not taken",
        "score": "refers to a resource that was refused",
        "sum": "refers to a resource that was refused",
    }
    assert report.refused == {"QuestionnaireResponse": 1, "Observation": 2}
    alone = [entries for entries in far.transactions if len(entries) == 1]
    assert {entry["resource"]["id"] for entries in alone for entry in entries} <= {"r", "other"}


def test_what_refers_to_a_poison_of_an_earlier_bundle_is_not_sent_either(
    opened: Opened,
) -> None:
    desk = opened(limited(REPOSITORY, entries=1))
    far = desk.far
    desk.take_in("2")
    somebody = {**patient(desk.identity.patient("2")), "language": "poison"}
    desk.owe(somebody, participant="2")
    desk.owe(desk.observation("a", participant="2"), participant="2")
    desk.owe(desk.observation("b"))
    far.rule = refusing("poison")

    desk.push()
    desk.owe(desk.observation("c", participant="2"), participant="2")
    desk.push()

    reason = "refers to a resource that was refused"
    assert desk.reasons() == {somebody["id"]: "it is not wanted here", "a": reason, "c": reason}
    assert [entries[0]["resource"]["id"] for entries in far.transactions] == [somebody["id"], "b"]


def test_what_refers_to_a_correction_that_was_refused_goes_on_referring_to_what_is_there(
    opened: Opened,
) -> None:
    desk = opened(limited(REPOSITORY, entries=1))
    far = desk.far
    desk.owe(desk.response("r", answer=1))
    desk.push()
    desk.owe(desk.response("r", answer=666))
    far.rule = refusing("666")
    desk.push()

    desk.owe(desk.observation("a", derivedFrom=[{"reference": "QuestionnaireResponse/r"}]))
    desk.push()

    assert desk.states() == {"r": "refused", "a": "accepted"}


def test_once_mended_a_retry_brings_the_poison_and_all_that_waited_for_it(
    desk: Desk, far: FarSide
) -> None:
    desk.owe(desk.response("r", answer=666), unit="one")
    derived = [{"reference": "QuestionnaireResponse/r"}]
    desk.owe(desk.observation("score", derivedFrom=derived), unit="one")
    far.rule = refusing("666")
    desk.push()
    assert desk.push().created == {}  # without a person's word, nothing is tried again
    far.rule = None

    retried = desk.retry()

    assert retried == 2
    assert desk.push().created == {"QuestionnaireResponse": 1, "Observation": 1}
    assert desk.states() == {"r": "accepted", "score": "accepted"}
    assert desk.reasons() == {}


def test_a_corrected_version_needs_no_retry(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.observation("a", value=666))
    far.rule = refusing("666")
    desk.push()
    desk.owe(desk.observation("a", value=6))

    report = desk.push()

    assert report.created == {"Observation": 1}
    assert desk.states() == {"a": "accepted"}


def test_a_bundle_that_is_too_large_for_a_proxy_is_halved(desk: Desk, far: FarSide) -> None:
    for number in range(8):
        desk.owe(desk.observation(f"o{number}"))

    def narrow(request: httpx.Request, take: Take) -> httpx.Response:
        if len(request.content) > 1_000:
            return httpx.Response(413, html="<h1>413 Request Entity Too Large</h1>")
        return take(request)

    far.rule = narrow

    report = desk.push()

    assert report.created == {"Observation": 8}
    assert report.refused == {}


def test_a_refusal_without_a_word_is_a_refusal(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.observation("a"))
    far.rule = lambda *_: httpx.Response(400)

    desk.push()

    assert desk.reasons() == {"a": "no OperationOutcome"}


def test_a_deletion_that_is_refused_says_so(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.event("e"))
    desk.push()
    desk.owe(desk.event("e"), action="retract")
    far.rule = lambda *_: httpx.Response(400, json=outcome("Nothing is ever deleted here"))

    report = desk.push()

    assert report.refused == {"AdverseEvent": 1}
    assert desk.reasons() == {"e": "Nothing is ever deleted here"}
