"""Subscriptions: a notification after what they name, without content, and what becomes of them."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from adapter.simulate.hooks import Notification, hooks, post_in_background
from tests.unit.simulate.clinic import Clinic, observation, patient

ENDPOINT = "http://trial.test/clinic"

Resource = dict[str, Any]


class Sent(list[Notification]):
    """Keeps what is sent; `is_taken` says whether the endpoint answers."""

    is_taken = True

    def __call__(self, notification: Notification, failed: Any) -> None:  # noqa: ANN401 - a function
        self.append(notification)
        if not self.is_taken:
            failed()


@pytest.fixture
def sent(clinic: Clinic) -> Sent:
    kept = Sent()
    clinic.system.written = hooks(kept)
    clinic.put(patient("p1"))
    return kept


def subscription(**more: object) -> Resource:
    return {
        "resourceType": "Subscription",
        "id": "s1",
        "status": "requested",
        "reason": "to know",
        "criteria": "Observation?",
        "channel": {"type": "rest-hook", "endpoint": ENDPOINT, "header": ["X-Secret: a:b "]},
        **more,
    }


def status(clinic: Clinic) -> str:
    return str(clinic.get("Subscription/s1").json()["status"])


def test_what_is_requested_becomes_active_and_is_told_without_content(
    clinic: Clinic, sent: Sent
) -> None:
    clinic.put(subscription())
    clinic.put(patient("p2"))
    clinic.put(observation("o1"))

    assert status(clinic) == "active"
    assert sent == [Notification(ENDPOINT, {"X-Secret": "a:b"})]


@pytest.mark.parametrize(
    ("criteria", "count"),
    [("Observation?subject=Patient/p1", 1), ("Observation?subject=Patient/p9", 0)],
    ids=["what fits", "what does not"],
)
def test_criteria_are_obeyed(clinic: Clinic, sent: Sent, criteria: str, count: int) -> None:
    clinic.put(subscription(criteria=criteria))
    clinic.put(observation("o1", subject="Patient/p1"))

    assert len(sent) == count


def test_deletions_are_told_to_nobody(clinic: Clinic, sent: Sent) -> None:
    clinic.put(observation("o1"))
    clinic.put(subscription())
    clinic.delete("Observation/o1")

    assert sent == []


@pytest.mark.parametrize(
    "more",
    [
        {"status": "off"},
        {"channel": {"type": "email", "endpoint": "mailto:a@b.test"}},
        {"channel": {"type": "rest-hook", "endpoint": ENDPOINT, "payload": "application/json"}},
    ],
    ids=["off", "another channel", "with a payload"],
)
def test_others_are_told_nothing(clinic: Clinic, sent: Sent, more: Resource) -> None:
    clinic.put(subscription(**more))
    clinic.put(observation("o1"))

    assert sent == []


def test_one_that_is_over_goes_off(clinic: Clinic, sent: Sent) -> None:
    clinic.put(subscription(end="2026-03-01T20:31:00+11:00"))
    clinic.wait(60)
    clinic.put(observation("o1"))

    assert (sent, status(clinic)) == ([], "off")


def test_one_that_nobody_hears_says_error_until_it_is_requested_again(
    clinic: Clinic, sent: Sent
) -> None:
    sent.is_taken = False
    clinic.put(subscription())
    clinic.put(observation("o1"))
    broken = status(clinic)
    clinic.put(observation("o2"))
    sent.is_taken = True
    clinic.put(subscription())
    clinic.put(observation("o3"))

    assert (broken, status(clinic), len(sent)) == ("error", "active", 2)


def test_one_that_was_deleted_meanwhile_stays_deleted(clinic: Clinic, sent: Sent) -> None:
    later = []
    clinic.system.written = hooks(lambda _, failed: later.append(failed))
    clinic.put(subscription())
    clinic.put(observation("o1"))
    clinic.delete("Subscription/s1")

    later[0]()

    assert (sent, clinic.get("Subscription/s1").status_code) == ([], 410)


def test_without_a_sender_they_are_kept_as_they_come(clinic: Clinic) -> None:
    clinic.put(patient("p1"))
    clinic.put(subscription())
    clinic.put(observation("o1"))

    assert status(clinic) == "requested"


@pytest.mark.parametrize(
    ("endpoint", "headers"),
    [
        ("odd:", {}),
        ("http://127.0.0.1:none/", {}),
        ("http://127.0.0.1:13/", {"X-Secret": "\u2603"}),
    ],
    ids=["no address", "no port", "no header"],
)
def test_what_cannot_be_sent_has_failed(endpoint: str, headers: dict[str, str]) -> None:
    failed = threading.Event()

    post_in_background()(Notification(endpoint, headers), failed.set)

    assert failed.wait(10)
