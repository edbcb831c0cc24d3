"""Adverse events in both shapes: judged by HAPI's validator, delivered to a real record system.

The trial is `fixtures/next-trial`: serious and not, a draft, one whose outcome is unknown, one that
is taken back in the second export.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapter.fhir.research_backport import as_research_backport, is_research_backport
from adapter.fhir.retraction import retract
from adapter.fhir.text import read_text
from adapter.release.blinding import as_blinded, as_whole
from adapter.service import Service
from adapter.sync.push import push
from adapter.sync.verify import verify
from tests.live.cohort import NEXT_TRIAL, RESEARCH, SAFETY_DESK, take_in
from tests.live.definitions import definitions
from tests.live.research_profile import research_profile
from tests.live.servers import RecordSystem, Validator
from tests.live.test_cohort_is_valid import errors_of
from tests.live.test_delivery import everything_at
from tests.unit.fhir.research_profile import breaches

Resource = dict[str, Any]


@pytest.fixture(scope="module")
def judge() -> Iterator[Validator]:
    """A validator of its own, which knows the profile: it takes small letters for R4's capitals."""
    with Validator() as running:
        for definition in (*definitions(), *research_profile()):
            running.define(definition)
        yield running


@pytest.fixture(scope="module")
def shaped(tmp_path_factory: pytest.TempPathFactory) -> list[Resource]:
    """Every event of both exports that the profile can say, whole and blinded, as it leaves."""
    with take_in(tmp_path_factory.mktemp("shaped"), NEXT_TRIAL, 2) as service:
        rows = service.database.read().execute(
            "SELECT text FROM version WHERE type = 'AdverseEvent' ORDER BY place"
        )
        held = [read_text(bytes(row["text"])) for row in rows]
        forms, study = service.trial.forms, service.trial.study
    form = forms["adverse-event-research"]
    told = [
        as_research_backport(event, "somebody")
        for whole in held
        for event in (as_whole(whole, form.id, study), as_blinded(whole, form, study))
    ]
    return [event for event in told if is_research_backport(event)]


def judged(judge: Validator, events: list[Resource]) -> list[set[tuple[str, str]]]:
    return [errors_of(issues) for issues in judge.validate_all(map(orjson.dumps, events))]


def test_every_event_that_claims_the_profile_keeps_it_in_the_validator(
    judge: Validator, shaped: list[Resource]
) -> None:
    gone = [event for event in map(retract, shaped) if event is not None]

    verdicts = judged(judge, [*shaped, *gone])

    assert len(gone) == len(shaped) >= 8
    assert [errors for errors in verdicts if errors] == []


@pytest.mark.parametrize(
    "change",
    [
        {"modifierExtension": None},
        {"actuality": "potential"},
        {"event": None},
        {"study": None},
        {"seriousness": {"coding": [{"code": "Serious"}]}},
        {"seriousness": {"coding": [{"code": "non-serious"}]}},
        {"outcome": None},
        {"suspectEntity": [{"instance": {"reference": "Procedure/a"}}]},
    ],
    ids=["status", "actuality", "event", "study", "capitals", "criteria", "outcome", "suspect"],
)
def test_the_validator_sees_what_breaks_the_profile(
    judge: Validator, shaped: list[Resource], change: Resource
) -> None:
    model = next(event for event in shaped if "seriousness-criteria" in str(event))
    broken = {name: value for name, value in {**model, **change}.items() if value is not None}
    for coding in broken["seriousness"]["coding"]:
        coding.setdefault("system", model["seriousness"]["coding"][0]["system"])

    (errors,) = judged(judge, [broken])

    assert errors
    assert breaches(broken)


@pytest.mark.parametrize("is_unblinded", [True, False], ids=["safety desk", "blinded"])
def test_events_are_delivered_and_read_back_in_the_shape_that_was_asked_for(
    tmp_path: Path, empty_hapi: RecordSystem, *, is_unblinded: bool
) -> None:
    url = empty_hapi.base_url
    profile = SAFETY_DESK if is_unblinded else RESEARCH
    with take_in(tmp_path, NEXT_TRIAL, 1, url, profile) as service:
        _deliver(service)
    first = {_term(event): event for event in everything_at(url, "AdverseEvent")}
    with take_in(tmp_path, NEXT_TRIAL, 2, url, profile) as service:
        _deliver(service)
    second = {_term(event): event for event in everything_at(url, "AdverseEvent")}

    assert first.keys() == {"Admitted", "Low", "Pain", "Panic", "Blurred", "Headache"}
    in_profile = {term for term, event in first.items() if is_research_backport(event)}
    procedures = everything_at(url, "Procedure")
    if is_unblinded:
        assert in_profile == {"Admitted", "Low", "Pain", "Blurred"}
        assert [breaches(_as_written(first[term])) for term in in_profile] == [[]] * 4
        assert second["Pain"]["modifierExtension"][0]["valueCode"] == "entered-in-error"
        assert len(procedures) == 3
    else:
        assert in_profile == set()
        assert second.keys() == {"Admitted", "Low", "Panic", "Blurred"}
        assert procedures == []
        assert "suspect" not in str([*first.values(), *second.values()])


def _deliver(service: Service) -> None:
    (clinic,) = service.clinics
    done, found = push(clinic), verify(clinic)
    assert done.refused == found.missing == found.drifted == {}
    assert found.confirmed["AdverseEvent"]


def _term(event: Resource) -> str:
    said: str = event["event"]["text"]
    return said.partition(" ")[0]


def _as_written(event: Resource) -> Resource:
    """Without what the server adds."""
    meta = {word: said for word, said in event["meta"].items() if word in {"profile", "security"}}
    return {**event, "meta": meta}
