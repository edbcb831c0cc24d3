"""What nobody knows of is looked up first: it is never sent again when it is there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from adapter.store import standing
from tests.unit.sync.desk import REPOSITORY, limited
from tests.unit.sync.far_side import Fault, answering, lost, outcome, taken_but

if TYPE_CHECKING:
    from tests.unit.sync.conftest import Opened
    from tests.unit.sync.desk import Desk
    from tests.unit.sync.far_side import FarSide, Take

UNHEARD = [
    pytest.param(lost(httpx.ReadTimeout), id="no answer"),
    pytest.param(lost(httpx.ReadError), id="a connection reset"),
    pytest.param(lost(httpx.RemoteProtocolError), id="a body cut off"),
    pytest.param(answering(500, outcome("out of memory")), id="HTTP 500"),
    pytest.param(answering(502, "<html>Bad Gateway</html>"), id="HTTP 502"),
    pytest.param(answering(504), id="HTTP 504"),
    pytest.param(answering(200, "<html>Welcome</html>"), id="HTML"),
    pytest.param(answering(200), id="nothing"),
    pytest.param(
        answering(200, {"resourceType": "Bundle", "type": "transaction-response"}), id="no entries"
    ),
]


def with_entries(change: int) -> Fault:
    """A fault: it is taken, and the answer has that many entries too many, or too few."""

    def fault(request: httpx.Request, take: Take) -> httpx.Response:
        said = json.loads(take(request).content)
        entries = said["entry"]
        said["entry"] = entries[:change] if change < 0 else [*entries, *entries[:change]]
        return httpx.Response(200, json=said)

    return fault


@pytest.mark.parametrize(
    "fault",
    [
        *(pytest.param(taken_but(each.values[0]), id=each.id) for each in UNHEARD),  # type: ignore[arg-type]
        pytest.param(with_entries(-1), id="an entry too few"),
        pytest.param(with_entries(+1), id="an entry too many"),
    ],
)
def test_what_took_effect_unheard_is_found_and_not_sent_again(
    desk: Desk, far: FarSide, fault: Fault
) -> None:
    desk.owe(desk.observation("a"))
    desk.owe(desk.observation("b"))
    far.faults.extend([fault])

    report = desk.push()

    assert len(far.transactions) == 1
    assert far.reads == [["Observation/a", "Observation/b"]]
    assert desk.states() == {"a": "accepted", "b": "accepted"}
    assert report.created == {"Observation": 2}
    assert [row["remote_version"] for row in desk.rows()] == ["1", "1"]
    assert desk.slept == [0.5]


@pytest.mark.parametrize("fault", UNHEARD)
def test_what_took_no_effect_is_looked_for_and_then_sent_again(
    desk: Desk, far: FarSide, fault: Fault
) -> None:
    desk.owe(desk.observation("a"))
    desk.owe(desk.observation("b"))
    far.faults.extend([fault])

    report = desk.push()

    assert [bundle["type"] for bundle in far.bundles] == ["transaction", "batch", "transaction"]
    assert desk.states() == {"a": "accepted", "b": "accepted"}
    assert report.created == {"Observation": 2}
    assert [far.version_of(f"Observation/{name}") for name in "ab"] == [1, 1]


@pytest.mark.parametrize("fault", UNHEARD)
def test_a_correction_that_took_effect_unheard_is_not_sent_again(
    desk: Desk, far: FarSide, fault: Fault
) -> None:
    desk.owe(desk.observation("a"))
    desk.push()
    desk.owe(desk.observation("a", value=15, status="amended"))
    far.faults.extend([taken_but(fault)])

    report = desk.push()

    assert len(far.transactions) == 2
    assert (report.created, report.updated) == ({}, {"Observation": 1})
    assert far.version_of("Observation/a") == 2


@pytest.mark.parametrize("effect", [True, False], ids=["taken", "not taken"])
def test_a_deletion_in_doubt_is_looked_up_too(desk: Desk, far: FarSide, *, effect: bool) -> None:
    event = desk.event("e")
    desk.owe(event)
    desk.push()
    desk.owe(event, action="retract")
    silence = lost(httpx.ReadTimeout)
    far.faults.extend([taken_but(silence) if effect else silence])

    report = desk.push()

    assert len(far.transactions) == (2 if effect else 3)
    assert far.holds("AdverseEvent/e") is None
    assert desk.states() == {"e": "accepted"}
    assert report.retracted == {"AdverseEvent": 1}


def test_everything_in_doubt_is_looked_up_before_anything_is_sent(opened: Opened) -> None:
    desk = opened(limited(REPOSITORY, entries=2))
    far = desk.far
    for name in "abcde":
        desk.owe(desk.observation(name), unit="one")
    far.faults.extend([None, None, killed])
    with pytest.raises(KeyboardInterrupt):
        desk.push()

    desk.push()

    assert far.reads == [
        ["Observation/a", "Observation/b"],
        ["Observation/c", "Observation/d"],
        ["Observation/e"],
    ]
    assert [len(entries) for entries in far.transactions] == [2, 2, 1, 1]
    assert all(far.version_of(f"Observation/{name}") == 1 for name in "abcde")


def killed(_: httpx.Request, __: Take) -> httpx.Response:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "word", ["429 Too Many Requests", "500 Internal Server Error", "403 Forbidden", "nonsense", ""]
)
def test_a_look_that_fails_settles_nothing(desk: Desk, far: FarSide, word: str) -> None:
    desk.owe(desk.observation("a"))
    entry = {"response": {"status": word}}
    batch = {"resourceType": "Bundle", "type": "batch-response", "entry": [entry]}
    far.faults.extend([taken_but(lost(httpx.ReadTimeout)), answering(200, batch)])

    desk.push()

    assert len(far.transactions) == 1
    assert far.reads == [["Observation/a"]] * 2
    assert desk.states() == {"a": "accepted"}


@pytest.mark.parametrize(
    "batch",
    [
        pytest.param(answering(200, {"resourceType": "Bundle"}), id="no entries"),
        pytest.param(answering(400, outcome("no batches on Sundays")), id="HTTP 400"),
        pytest.param(answering(503, Retry_After="9"), id="HTTP 503"),
    ],
)
def test_a_look_may_have_to_wait(desk: Desk, far: FarSide, batch: Fault) -> None:
    desk.owe(desk.observation("a"))
    far.faults.extend([taken_but(lost(httpx.ReadTimeout)), batch])

    desk.push()

    assert len(far.transactions) == 1
    assert desk.slept in ([0.5, 1.0], [0.5, 9.0])
    assert desk.states() == {"a": "accepted"}


def test_what_somebody_changed_meanwhile_is_not_taken_for_ours(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.observation("a"))

    def changed(request: httpx.Request, take: Take) -> httpx.Response:
        take(request)
        far.put(desk.observation("a", value=3))
        raise httpx.ReadTimeout("no answer", request=request)

    far.faults.extend([changed])

    desk.push()

    assert value_at(far, "Observation/a") == 3
    assert desk.states() == {"a": "refused"}
    assert desk.reasons()["a"].startswith("the clinic holds something else under this name")


def test_a_newer_version_waits_until_the_older_one_is_no_longer_in_doubt(
    desk: Desk, far: FarSide
) -> None:
    older, newer = desk.observation("a"), desk.observation("a", value=15)
    desk.owe(older)

    def meanwhile(request: httpx.Request, take: Take) -> httpx.Response:
        desk.owe(newer)
        take(request)
        raise httpx.ReadTimeout("no answer", request=request)

    far.faults.extend([meanwhile])

    desk.push()

    kinds = [(bundle["type"], len(bundle["entry"])) for bundle in far.bundles]
    assert kinds == [("transaction", 1), ("batch", 1), ("transaction", 1)]
    assert value_at(far, "Observation/a") == 15
    assert far.version_of("Observation/a") == 2
    assert desk.count() == {"superseded": 1, "accepted": 1}


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(answering(503), id="it comes back"),
        pytest.param(lost(httpx.ReadTimeout), id="it did not arrive"),
    ],
)
def test_an_older_version_that_did_not_arrive_is_not_sent_beside_a_newer_one(
    desk: Desk, far: FarSide, fault: Fault
) -> None:
    desk.owe(desk.observation("a"))

    def meanwhile(request: httpx.Request, take: Take) -> httpx.Response:
        desk.owe(desk.observation("a", value=15))
        return fault(request, take)

    far.faults.extend([meanwhile])

    report = desk.push()

    assert [len(entries) for entries in far.transactions] == [1, 1]
    assert value_at(far, "Observation/a") == 15
    assert far.version_of("Observation/a") == 1
    assert report.created == {"Observation": 1}
    assert desk.count() == {"superseded": 1, "accepted": 1}


def test_an_older_version_that_was_refused_never_comes_after_a_newer_one(
    desk: Desk, far: FarSide
) -> None:
    desk.owe(desk.observation("a"))

    def meanwhile(_: httpx.Request, __: Take) -> httpx.Response:
        desk.owe(desk.observation("a", value=15))
        return httpx.Response(422, json=outcome("not wanted"))

    far.faults.extend([meanwhile])
    desk.push()

    retried = desk.retry()

    desk.push()
    assert retried == 0
    assert value_at(far, "Observation/a") == 15
    assert far.version_of("Observation/a") == 1


def test_a_retraction_of_what_never_arrived_is_not_sent(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.observation("a"))

    def meanwhile(request: httpx.Request, _: Take) -> httpx.Response:
        desk.owe(desk.observation("a"), action="retract")
        raise httpx.ReadTimeout("no answer", request=request)

    far.faults.extend([meanwhile])

    report = desk.push()

    assert len(far.transactions) == 1
    assert far.holds("Observation/a") is None
    assert report.retracted == {}
    assert desk.count() == {"superseded": 2}


def test_what_is_in_doubt_counts_as_owed_and_as_waiting(desk: Desk, far: FarSide) -> None:
    desk.owe(desk.observation("a"))
    far.rule = lost(httpx.ReadTimeout)
    from adapter.errors import EhrError  # noqa: PLC0415

    with pytest.raises(EhrError):
        desk.push()

    assert desk.plan().create == {"Observation": 1}
    waiting = standing.oldest_undelivered(desk.database.read(), "repository")
    assert waiting == "2026-03-01T09:30:00+00:00"


def value_at(far: FarSide, name: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    held = far.holds(name)
    assert held is not None
    return held["valueInteger"]


def test_a_provenance_of_what_never_arrived_is_not_sent(desk: Desk, far: FarSide) -> None:
    provenance = {
        "resourceType": "Provenance",
        "id": "p",
        "target": [{"reference": "Observation/a"}],
        "recorded": "2026-03-01T09:30:00Z",
        "agent": [{"who": {"display": "the trial"}}],
    }
    desk.owe(desk.observation("a"), unit="one")
    desk.owe(provenance, unit="one")

    def meanwhile(request: httpx.Request, _: Take) -> httpx.Response:
        desk.owe(desk.observation("a"), unit="one", action="retract")
        raise httpx.ReadTimeout("no answer", request=request)

    far.faults.extend([meanwhile])

    desk.push()

    assert len(far.transactions) == 1
    assert desk.count() == {"superseded": 3}
