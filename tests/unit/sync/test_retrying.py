"""A person's word to try again writes over what they saw, and over nothing that came later."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from adapter.simulate import FULL
from adapter.sync.capability import Capability
from adapter.sync.doubt import UNKNOWN_THERE
from tests.unit.sync.desk import CLINIC
from tests.unit.sync.far_side import lost, taken_but

if TYPE_CHECKING:
    from tests.unit.sync.conftest import Opened
    from tests.unit.sync.desk import Desk

Resource = dict[str, Any]
NUMBERS = "https://trial-fhir-adapter.example.org/NamingSystem/observation"
WRITES = Capability({"Observation": frozenset({"create", "update"})}, frozenset())


@pytest.fixture(params=["transaction", "single"])
def doubted(request: pytest.FixtureRequest, opened: Opened) -> Desk:
    """A clinic that took a result; its answer was lost, and somebody there changed it since."""
    if request.param == "transaction":
        desk = opened(CLINIC)
    else:
        update = {"ladder": ("single",), "accepts": ("Observation",)}
        desk = opened(CLINIC.model_copy(update=update))
        desk.far.system.personality = replace(FULL, bundles=False, creates_by_update=False)
        desk.clinic = replace(desk.clinic, capability=WRITES)
    desk.owe(numbered(desk))
    times = 1 if request.param == "transaction" else 2
    desk.far.faults.extend([*[None] * (times - 1), taken_but(dying)])
    with pytest.raises(Died):
        desk.push()
    change(desk, 3)
    return desk


class Died(BaseException):
    """The process was killed."""


def dying(_: httpx.Request, __: Any = None) -> httpx.Response:  # noqa: ANN401 - a take
    raise Died


def numbered(desk: Desk, value: int = 14) -> Resource:
    return desk.observation("o1", value, identifier=[{"system": NUMBERS, "value": "1"}])


def there(desk: Desk) -> Resource:
    request = httpx.Request("GET", "https://clinic.example.org/fhir/Observation?_count=9")
    (entry,) = desk.far.take(request).json()["entry"]
    found: Resource = entry["resource"]
    return found


def change(desk: Desk, value: int) -> None:
    """Somebody at the clinic changes the result."""
    desk.far.put({**there(desk), "valueInteger": value})


def test_what_somebody_changed_while_it_was_in_doubt_is_left_for_a_person(doubted: Desk) -> None:
    doubted.push()

    assert doubted.reasons() == {"o1": UNKNOWN_THERE}
    assert there(doubted)["valueInteger"] == 3


def test_after_a_persons_word_the_version_that_was_seen_is_written_over(doubted: Desk) -> None:
    doubted.push()

    doubted.retry()
    doubted.push()

    assert there(doubted)["valueInteger"] == 14
    assert doubted.verify().confirmed == {"Observation": 1}


def test_a_later_version_is_not_written_over_by_that_word(doubted: Desk) -> None:
    doubted.push()
    doubted.retry()
    change(doubted, 4)

    again = doubted.push()

    assert again.refused == {"Observation": 1}
    assert "changed at the clinic" in doubted.reasons()["o1"]
    assert there(doubted)["valueInteger"] == 4
    doubted.retry()
    doubted.push()
    assert there(doubted)["valueInteger"] == 14


def test_what_the_clinic_lost_is_sent_again_without_a_version(opened: Opened) -> None:
    desk = opened(CLINIC)
    desk.owe(numbered(desk))
    desk.push()
    desk.far.delete("Observation/o1")
    assert desk.verify().missing == {"Observation": 1}

    sent = len(desk.far.transactions)
    desk.push()

    (entry,) = desk.far.transactions[sent]
    assert entry["request"] == {"method": "PUT", "url": "Observation/o1"}
    assert there(desk)["valueInteger"] == 14


def test_a_lost_answer_is_looked_up_and_not_taken_for_a_change(opened: Opened) -> None:
    desk = opened(CLINIC)
    desk.owe(numbered(desk))
    desk.far.faults.append(taken_but(lost(httpx.ReadTimeout)))

    desk.push()

    assert desk.states() == {"o1": "accepted"}
