"""A form filler of another hand fills in our Questionnaires and posts what it made over our API.

LHC-Forms draws every Questionnaire as the service gives it, computes the scores on its page and
writes the QuestionnaireResponse; the client around it says about whom it is and when it was filled
in, signs in, and posts it. Every shipped form that is asked as a Questionnaire is tried, also those
that the trial's own database does not have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from adapter.fhir.check import write
from adapter.fhir.identity import code_system, questionnaire_url
from adapter.fhir.questionnaire import SDC
from adapter.scoring import score_response
from tests.answered import ASKED
from tests.conformance.scoring.page import Page
from tests.live.served import free_port, running, settings_of
from tests.live.small import ROOT, SmallTrial
from tests.mutated import build, chance_of, seeded_response

PEOPLE = frozenset({"1015", "1042"})
GAPS = (0.0, 0.2)  # how probably each of them leaves a question out
VISIT = "week_9_arm_1"
STUDY = ROOT / "mappings" / "studies" / "idbt-pain.yaml"
SCORE = code_system("score")
FHIR_JSON = {"Content-Type": "application/fhir+json"}
CALCULATED = f"{SDC}/sdc-questionnaire-calculatedExpression"
Resource = dict[str, Any]
Values = dict[str, Decimal | str | None]  # by the scale's id: a number, a profile, or no score


@dataclass(frozen=True)
class Clinic:
    """A client of the service; of everybody who answers the reference, and when that is."""

    api: httpx.Client
    people: list[tuple[str, str]]

    def found(self, path: str) -> list[Resource]:
        """What a search finds, all on one page."""
        told = self.api.get(path)
        assert told.status_code == 200, told.text
        return [entry["resource"] for entry in _exact(told).get("entry", ())]


def without_the_visit(trial: SmallTrial) -> None:
    """A study that asks every form at a visit of which the trial's database holds nothing."""
    trial.read(without=VISIT)
    text = STUDY.read_text("utf-8")
    more = "".join(
        f"  - {{form: {name}, source_form: at_clinics_{name.replace('-', '_')}, at: [week-9]}}\n"
        for name in ASKED
        if f"form: {name}," not in text
    )
    (trial.folder / "study.yaml").write_text(text.replace("\ntherapy:", f"\n{more}therapy:"))
    config = trial.config.read_text("utf-8").replace(str(STUDY), "study.yaml")
    trial.config.write_text(config, "utf-8")
    assert trial.try_to("ingest") == 12  # the dictionary lacks the forms that clinics alone ask


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    folder, scopes = tmp_path_factory.mktemp("filled"), "system/*.cruds"
    unhindered = "unblinded = true\nrequests_per_second = 100000"
    origin = f"http://127.0.0.1:{free_port()}"
    settings = settings_of(folder, origin, scopes, unhindered)
    trial = SmallTrial(folder, "http://127.0.0.1:9/fhir", PEOPLE, settings=settings)
    without_the_visit(trial)
    with running(trial, origin) as served:
        signed = {"Authorization": f"Bearer {served.token()}"}
        with httpx.Client(base_url=served.base, headers=signed, timeout=60) as api:
            clinic = Clinic(api, [])
            for subject in clinic.found("/ResearchSubject"):
                begun = datetime.fromisoformat(subject["period"]["start"])
                at = begun.replace(tzinfo=None) + timedelta(weeks=9, days=2, hours=9)
                clinic.people.append((subject["individual"]["reference"], f"{at.isoformat()}Z"))
            yield clinic


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with Page() as opened:
        yield opened


@pytest.mark.parametrize("name", ASKED)
def test_what_a_form_filler_posts_is_taken_in_with_the_scores_of_its_page(
    name: str, clinic: Clinic, page: Page
) -> None:
    form, chance = ASKED[name], chance_of("posted", name)
    (served,) = clinic.found(f"/Questionnaire?url={questionnaire_url(form)}")
    given = [seeded_response(form, chance, gaps) for gaps in GAPS]

    filled = page.fill(write(served), [write(build(each)) for each in given])

    for (subject, authored), response, sent in zip(clinic.people, given, filled, strict=True):
        whole = {**sent, "subject": {"reference": subject}, "authored": authored}
        told = clinic.api.post("/QuestionnaireResponse", content=write(whole), headers=FHIR_JSON)
        assert told.status_code == 201, told.text
        derived = clinic.found(
            f"/Observation?derived-from=QuestionnaireResponse/{told.json()['id']}&_count=1000"
        )
        ours = {score.scale.id: score.profile or score.value for score in score_response(response)}
        assert observed(derived, name) == ours
        on_the_page = calculated(served, sent)
        assert on_the_page == {scale: ours[scale] for scale in on_the_page}


def observed(resources: list[Resource], name: str) -> Values:
    """The scores that Observations hold."""
    found: Values = {}
    for each in resources:
        codes = [one["code"] for one in each["code"]["coding"] if one["system"] == SCORE]
        for code in codes:
            number = each.get("valueQuantity", {}).get("value")
            found[code.removeprefix(f"{name}-")] = each.get("valueString", number)
    return found


def calculated(questionnaire: Resource, response: Resource) -> Values:
    """The scores that a form filler computed."""
    said = {item["linkId"]: item["answer"][0] for item in response["item"] if "answer" in item}
    found: Values = {}
    for item in questionnaire["item"]:
        link_id = item["linkId"]
        if any(each["url"] == CALCULATED for each in item.get("extension", ())):
            answer = said.get(link_id, {})
            value = answer.get("valueDecimal", answer.get("valueString"))
            found[link_id.removeprefix("score-")] = value
    return found


def _exact(told: httpx.Response) -> Resource:
    """A resource with its numbers as they were written."""
    resource: Resource = json.loads(told.content, parse_float=Decimal)
    return resource
