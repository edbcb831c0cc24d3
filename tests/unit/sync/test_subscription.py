"""A Subscription is made at a clinic, kept alive, and taken away; it names no person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapter.errors import EhrError
from adapter.simulate.hooks import hooks
from adapter.store.cursors import cursor
from adapter.sync.capability import Capability
from adapter.sync.clinic import Clinic
from adapter.sync.profile import PullRule
from adapter.sync.subscription import Endpoint, subscribe, unsubscribe
from tests.unit.sync.far_side import Take, answering, outcome
from tests.unit.sync.ward import PROFILE, Ward, opened

ENDPOINT = Endpoint("https://trial.example.org/notifications/north-clinic", "a secret")
OFFERS = Capability({"Subscription": frozenset({"create"})}, frozenset())
LISTENS = PROFILE.model_copy(update={"pull": PullRule(subscribe=True)})


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    """A clinic that tells whoever subscribes; nobody has."""
    with opened(tmp_path, tmp_path / "ledger.sqlite", LISTENS) as made:
        made.far.system.written = hooks(lambda _, __: None)
        yield made


def there(ward: Ward, offers: Capability | None = OFFERS) -> Clinic:
    return replace(ward.clinic, capability=offers)


def standing(ward: Ward) -> list[dict[str, Any]]:
    """The Subscriptions at the clinic."""
    live = sorted(ward.far.system.resources.live("Subscription"))
    found = [ward.far.holds(f"Subscription/{id_}") for id_ in live]
    return [each for each in found if each is not None]


def become(ward: Ward, **more: object) -> None:
    """Somebody at the clinic, or its server, changes the Subscription."""
    (held,) = standing(ward)
    ward.far.put({**held, **more})


def test_it_names_no_person_asks_for_no_content_and_carries_a_secret(ward: Ward) -> None:
    word = subscribe(there(ward), ENDPOINT)

    (made,) = standing(ward)
    assert word == "made"
    assert {name: made[name] for name in made if name not in {"id", "meta"}} == {
        "resourceType": "Subscription",
        "status": "active",
        "reason": "To fetch what was answered anew",
        "criteria": "QuestionnaireResponse?",
        "end": "2024-03-27T22:30:00Z",
        "channel": {
            "type": "rest-hook",
            "endpoint": ENDPOINT.url,
            "header": ["X-Notification-Secret: a secret"],
        },
    }


def test_it_is_made_once(ward: Ward) -> None:
    subscribe(there(ward), ENDPOINT)

    words = [subscribe(there(ward), ENDPOINT, is_start=is_start) for is_start in (False, True)]

    assert (words, len(standing(ward))) == (["standing", "standing"], 1)


@pytest.mark.parametrize(
    "offers",
    [
        None,
        Capability({}, frozenset()),
        Capability({"Subscription": frozenset({"read"})}, frozenset()),
    ],
    ids=["not known", "not kept", "to read alone"],
)
def test_where_none_can_be_made_the_clinic_is_not_asked(
    ward: Ward, offers: Capability | None
) -> None:
    assert (subscribe(there(ward, offers), ENDPOINT), ward.far.requests) == ("not offered", [])


def test_one_that_lasts_no_longer_than_half_its_time_is_renewed(ward: Ward) -> None:
    subscribe(there(ward), ENDPOINT)
    ward.now += timedelta(days=3.4)
    early = subscribe(there(ward), ENDPOINT)
    ward.now += timedelta(days=0.1)
    late = subscribe(there(ward), ENDPOINT)

    (held,) = standing(ward)
    assert (early, late, held["end"]) == ("standing", "renewed", "2024-03-31T10:30:00Z")


@pytest.mark.parametrize(
    "end", [{"end": "2024-03-20T22:00:00Z"}, {"end": "odd"}, {}], ids=["over", "odd", "none"]
)
def test_one_that_is_over_or_tells_no_end_is_renewed(ward: Ward, end: dict[str, str]) -> None:
    subscribe(there(ward), ENDPOINT)
    (held,) = standing(ward)
    del held["end"]
    ward.far.put({**held, **end, "status": "off"})

    word = subscribe(there(ward), ENDPOINT)

    (renewed,) = standing(ward)
    assert (word, renewed["status"], renewed["end"]) == (
        "renewed",
        "active",
        "2024-03-27T22:30:00Z",
    )


def test_another_address_or_secret_is_told(ward: Ward) -> None:
    subscribe(there(ward), ENDPOINT)

    words = [
        subscribe(there(ward), Endpoint("https://new.example.org/north-clinic", "a secret")),
        subscribe(there(ward), Endpoint("https://new.example.org/north-clinic", "another")),
    ]

    (held,) = standing(ward)
    assert words == ["renewed", "renewed"]
    assert held["channel"]["endpoint"] == "https://new.example.org/north-clinic"
    assert held["channel"]["header"] == ["X-Notification-Secret: another"]


def test_one_that_could_not_reach_us_is_asked_for_again(ward: Ward) -> None:
    subscribe(there(ward), ENDPOINT)
    become(ward, status="error", error="connection refused")

    word = subscribe(there(ward), ENDPOINT)

    (held,) = standing(ward)
    assert (word, held["status"], "error" in held) == ("asked for again", "active", False)


def test_one_that_was_turned_off_there_is_removed_and_not_made_before_a_start(ward: Ward) -> None:
    subscribe(there(ward), ENDPOINT)
    become(ward, status="off")

    words = [subscribe(there(ward), ENDPOINT), subscribe(there(ward), ENDPOINT)]
    meanwhile = standing(ward)
    word = subscribe(there(ward), ENDPOINT, is_start=True)

    assert (words, meanwhile) == (["off", "off"], [])
    assert (word, len(standing(ward))) == ("made", 1)


def test_one_that_is_off_at_the_start_is_asked_for_anew(ward: Ward) -> None:
    subscribe(there(ward), ENDPOINT)
    become(ward, status="off")

    word = subscribe(there(ward), ENDPOINT, is_start=True)

    (held,) = standing(ward)
    assert (word, held["status"]) == ("renewed", "active")


def test_one_that_somebody_deleted_is_made_anew(ward: Ward) -> None:
    subscribe(there(ward), ENDPOINT)
    (held,) = standing(ward)
    ward.far.delete(f"Subscription/{held['id']}")

    assert (subscribe(there(ward), ENDPOINT), len(standing(ward))) == ("made", 1)


def test_one_that_we_do_not_remember_is_found_by_its_endpoint(ward: Ward) -> None:
    subscribe(there(ward), ENDPOINT)
    (before,) = standing(ward)
    forget(ward)

    word = subscribe(there(ward), ENDPOINT)

    (held,) = standing(ward)
    assert (word, held["id"]) == ("renewed", before["id"])


def test_others_subscriptions_are_left_alone(ward: Ward) -> None:
    other = {
        "resourceType": "Subscription",
        "id": "other",
        "status": "active",
        "reason": "theirs",
        "criteria": "Patient?",
        "channel": {"type": "rest-hook", "endpoint": "https://other.example.org"},
    }
    page = {"resourceType": "Bundle", "entry": [{"resource": other}, {"resource": "odd"}, {}]}
    ward.far.put(other)
    ward.far.faults.append(answering(200, page))  # a server that overlooks what it is asked by

    word = subscribe(there(ward), ENDPOINT)

    assert (word, ward.far.version_of("Subscription/other")) == ("made", 1)


def test_where_it_is_refused_there_is_none(ward: Ward) -> None:
    ward.far.faults.extend((answering(400, outcome("no")), answering(422, outcome("no"))))

    word = subscribe(there(ward), ENDPOINT)

    assert (word, standing(ward), remembered(ward)) == ("refused", [], None)


def test_where_it_cannot_be_changed_a_new_one_takes_its_place(ward: Ward) -> None:
    subscribe(there(ward), ENDPOINT)
    (before,) = standing(ward)
    become(ward, status="error")
    ward.far.faults.extend((None, answering(405, outcome("no update"))))

    word = subscribe(there(ward), ENDPOINT)

    (held,) = standing(ward)
    assert (word, held["status"]) == ("asked for again", "active")
    assert held["id"] != before["id"]


def test_where_it_is_made_and_not_shown_it_is_looked_for(ward: Ward) -> None:
    def silent(request: httpx.Request, take: Take) -> httpx.Response:
        answer = take(request)
        return httpx.Response(answer.status_code)

    ward.far.faults.extend((None, silent))

    word = subscribe(there(ward), ENDPOINT)

    (held,) = standing(ward)
    assert (word, remembered(ward)) == ("made", held["id"])


def test_it_is_removed(ward: Ward) -> None:
    subscribe(there(ward), ENDPOINT)

    was = [unsubscribe(there(ward), ENDPOINT), unsubscribe(there(ward), ENDPOINT)]

    assert (was, standing(ward)) == ([True, False], [])


def test_what_cannot_be_removed_is_told(ward: Ward) -> None:
    subscribe(there(ward), ENDPOINT)
    ward.far.faults.extend((None, answering(405, outcome("no delete"))))

    with pytest.raises(EhrError, match="Ask the clinic to turn it off"):
        unsubscribe(there(ward), ENDPOINT)


def test_what_is_gone_by_then_is_removed(ward: Ward) -> None:
    subscribe(there(ward), ENDPOINT)
    ward.far.faults.extend((None, answering(410, outcome("gone"))))

    assert unsubscribe(there(ward), ENDPOINT)


def test_the_secret_stands_in_no_message(ward: Ward) -> None:
    assert "a secret" not in repr(ENDPOINT)
    subscribe(there(ward), ENDPOINT)
    assert not any("secret" in str(request.url) for request in ward.far.requests)


def remembered(ward: Ward) -> str | None:
    """The id that the ledger keeps."""
    known = cursor(ward.database.read(), "subscription north-clinic")
    return None if known is None else known.position


def forget(ward: Ward) -> None:
    """As after an older ledger was restored."""
    with ward.database.write() as tx:
        tx.execute("DELETE FROM cursor WHERE source = ?", ("subscription north-clinic",))
