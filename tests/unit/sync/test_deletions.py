"""What a clinic deleted comes back by the history of a type, where that may be asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from adapter.sync.capability import Capability
from adapter.sync.profile import PullRule
from adapter.sync.pull import PullReport, pull
from tests.unit.sync.far_side import Take, answering
from tests.unit.sync.test_care import CONDITION, STUDY
from tests.unit.sync.ward import PROFILE, Ward, opened

ASKS = PROFILE.model_copy(update={"pull": PullRule(history=True)})
RESPONSES, CONDITIONS = "QuestionnaireResponse", "Condition"
OFFERS = Capability(
    {name: frozenset({"history-type"}) for name in (RESPONSES, CONDITIONS)}, frozenset()
)


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    """A clinic that tells the history of a type; one response of its was taken in."""
    with opened(tmp_path, tmp_path / "ledger.sqlite", ASKS, STUDY) as made:
        made.ingest(p1={"agree_care": "1"})
        made.far.rule = telling(made)
        made.write("r1", 1, 2, 3)
        pull_by_history(made)
        made.far.requests.clear()
        yield made


def telling(ward: Ward) -> Any:  # noqa: ANN401 - a fault
    """What a server with histories of types does, after https://hl7.org/fhir/R4/http.html#history."""

    def fault(request: httpx.Request, take: Take) -> httpx.Response:
        if not request.url.path.endswith("/_history"):
            return take(request)
        kind = request.url.path.split("/")[-2]
        asked = parse_qs(urlsplit(str(request.url)).query)
        since = asked.get("_since", [""])[0]
        told = [entry for entry in history(ward, kind) if lasts(entry) >= since]
        told.sort(key=lasts, reverse=True)
        return answering(200, page(*told[: int(asked["_count"][0])]))(request)

    return fault


def history(ward: Ward, kind: str) -> list[dict[str, Any]]:
    """An entry for each version of a type that the record system has."""
    ids = {version.id for version in everything(ward) if version.type == kind}
    return [
        {
            "request": {"method": version.method, "url": f"{kind}/{id_}/_history/{version.number}"},
            "response": {"lastModified": version.last_updated.isoformat()},
            **({} if version.body is None else {"resource": json.loads(version.body)}),
        }
        for id_ in sorted(ids)
        for version in ward.far.system.resources.versions(kind, id_)
    ]


def everything(ward: Ward) -> Any:  # noqa: ANN401 - versions
    resources = ward.far.system.resources
    for name in ("r1", "r2", "c1", "other"):
        for kind in (RESPONSES, CONDITIONS):
            yield from resources.versions(kind, name)


def lasts(entry: dict[str, Any]) -> str:
    return str(entry["response"]["lastModified"]).replace("+00:00", "Z")


def page(*entries: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "history", "entry": list(entries), **more}


def deleted(id_: str, moment: str = "2024-03-20T22:40:00+00:00") -> dict[str, Any]:
    return {
        "request": {"method": "DELETE", "url": f"{RESPONSES}/{id_}"},
        "response": {"lastModified": moment},
    }


def pull_by_history(ward: Ward, offers: Capability | None = OFFERS) -> PullReport:
    return pull(replace(ward.clinic, capability=offers), ward.trial)


def histories(ward: Ward) -> list[dict[str, list[str]]]:
    """What was asked of each history of responses."""
    return [
        parse_qs(urlsplit(str(request.url)).query)
        for request in ward.far.requests
        if request.url.path.endswith(f"{RESPONSES}/_history")
    ]


def test_a_deletion_is_met_by_the_next_pull(ward: Ward) -> None:
    ward.far.delete("QuestionnaireResponse/r1")

    report = pull_by_history(ward)

    assert (report.is_full, report.became["retracted"]) == (False, 1)
    assert ward.answers() is None


def test_a_deletion_in_standard_care_is_met_too(ward: Ward) -> None:
    ward.far.put(CONDITION)
    pull_by_history(ward)
    ward.far.delete("Condition/c1")

    report = pull_by_history(ward)

    assert (report.is_full, report.care["retracted"]) == (False, 1)


@pytest.mark.parametrize(
    ("rule", "offers"),
    [
        (PullRule(), OFFERS),
        (PullRule(history=True), Capability({}, frozenset())),
        (PullRule(history=True), None),
    ],
    ids=["not wanted", "not offered", "not known"],
)
def test_a_history_is_asked_for_only_where_it_is_wanted_and_offered(
    ward: Ward, rule: PullRule, offers: Capability | None
) -> None:
    ward.profile = PROFILE.model_copy(update={"pull": rule})
    ward.far.delete("QuestionnaireResponse/r1")

    soon = pull_by_history(ward, offers)
    full = pull(ward.clinic, ward.trial, is_full=True)

    assert (histories(ward), soon.became["retracted"], full.became["retracted"]) == ([], 0, 1)


def test_ids_alone_are_asked_for_and_no_person(ward: Ward) -> None:
    ward.profile = ASKS.model_copy(update={"pull": PullRule(history=True, page=7)})

    pull_by_history(ward)

    (asked,) = histories(ward)
    assert asked == {"_count": ["7"], "_elements": ["id,meta"], "_since": ["2024-03-20T22:26:00Z"]}


def test_of_a_full_pass_the_newest_entry_tells_how_far_it_goes(ward: Ward) -> None:
    ward.write("other", 1, 2, 3, subject={"reference": "Patient/78"})  # of nobody who agreed
    report = pull(replace(ward.clinic, capability=OFFERS), ward.trial, is_full=True)
    pull_by_history(ward)

    first, second = histories(ward)
    assert report.is_full
    assert (first["_count"], second["_since"]) == (["1"], ["2024-03-20T22:27:00Z"])
    assert "_since" not in first


def test_what_is_there_all_the_same_stays(ward: Ward) -> None:
    ward.now += timedelta(hours=1)
    ward.write("r2", 1, 2, 3)
    pull_by_history(ward)  # the next one finds r2 alone
    ward.far.faults.append(answering(200, page(deleted("r1"))))

    report = pull_by_history(ward)

    assert (report.became["retracted"], ward.answers()) == (0, ["1", "2", "3"])


def test_what_was_never_ours_is_not_asked_for(ward: Ward) -> None:
    strange = {"request": {"method": "DELETE", "url": "https://elsewhere.example.org"}}
    entries: tuple[dict[str, Any], ...] = (deleted("other"), strange, {"request": "odd"}, {})
    ward.far.faults.append(answering(200, page(*entries)))

    report = pull_by_history(ward)

    assert report.became["retracted"] == 0
    assert [each.method for each in ward.far.requests if "other" in each.url.path] == []


def test_of_whom_it_may_not_be_asked_nothing_is(ward: Ward) -> None:
    ward.far.delete("QuestionnaireResponse/r1")
    ward.ingest(p1={"stop_share": "1", "stop_date": "2024-03-01"})

    pull_by_history(ward)

    assert [each for each in ward.far.requests if each.url.path.endswith("/r1")] == []


@pytest.mark.parametrize("pages", [0, 1], ids=["the first page", "the second"])
def test_a_history_that_is_refused_is_read_from_the_same_place_again(
    ward: Ward, pages: int
) -> None:
    more = [{"relation": "next", "url": "https://clinic.example.org/fhir/?page=2"}]
    refusal = {"resourceType": "OperationOutcome", "issue": []}
    whole = answering(200, page(deleted("other"), link=more))
    ward.far.faults.extend([*[whole] * pages, answering(400, refusal)])
    pull_by_history(ward)
    ward.far.requests.clear()

    pull_by_history(ward)

    assert histories(ward)[0]["_since"] == ["2024-03-20T22:26:00Z"]


def test_where_nothing_ever_was_the_next_pull_asks_anew_how_far_it_goes(tmp_path: Path) -> None:
    with opened(tmp_path, tmp_path / "ledger.sqlite", ASKS) as ward:
        ward.far.rule = telling(ward)

        pull_by_history(ward)
        pull_by_history(ward)

        assert ["_since" in asked for asked in histories(ward)] == [False, False]


@pytest.mark.parametrize(
    ("entry", "since"),
    [
        (deleted("other"), "2024-03-20T22:35:00Z"),
        ({"resource": {"meta": {"lastUpdated": "2024-03-20T23:00:00Z"}}}, "2024-03-20T22:55:00Z"),
        ({"resource": {"meta": "odd"}}, "2024-03-20T22:26:00Z"),
        ({"resource": "odd"}, "2024-03-20T22:26:00Z"),
        ({"response": "odd"}, "2024-03-20T22:26:00Z"),
    ],
    ids=["by the entry", "by the resource", "odd meta", "an odd resource", "an odd response"],
)
def test_when_it_changed_is_told_by_the_entry_or_its_resource(
    ward: Ward, entry: dict[str, Any], since: str
) -> None:
    ward.far.faults.append(answering(200, page(entry)))
    pull_by_history(ward)
    ward.far.requests.clear()

    pull_by_history(ward)

    assert histories(ward)[0]["_since"] == [since]
