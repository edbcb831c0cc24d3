"""From a QuestionnaireResponse to the transaction that would store what it observes.

The Observations are those of `build_observations`, the same that the trial's own answers give, with
the references that this response has. Nothing is stored, and nothing is made up: `focus` is never
set; a gap gives no Observation of an item, and only a score that its rule forbids says why it is
absent; an answer about the past would get the response's time as its own, so a form leaves
`observe` off such an item.

What is extracted has identifiers that are the same for the same answers, and is created only where
it is not there yet. Of an amended response, what differs from the version before (all of it, where
that is not known) takes the place of what was there and is `amended`; what it says no more, or what
was entered in error, becomes `entered-in-error`, and is not deleted.

Source: https://build.fhir.org/ig/HL7/sdc/extraction.html, "Observation-based extraction"
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapter.fhir.extraction.links import linked, links_of, response_reference
from adapter.fhir.extraction.totals import compare_totals
from adapter.fhir.extraction.transaction import (
    Entry,
    build_transaction,
    create,
    replace,
)
from adapter.fhir.identity import Identity
from adapter.fhir.issue import Issue, has_errors
from adapter.fhir.observation import build_observations
from adapter.fhir.provenance import Activity, Extracted, build_extraction_provenance
from adapter.fhir.reading import Occasion, UnfitResponseError, as_response, validate_response
from adapter.fhir.reading.findings import Findings
from adapter.fhir.reading.items import ROOT
from adapter.fhir.research import build_device, build_research_study
from adapter.instruments.form import Form
from adapter.instruments.response import SCORED
from adapter.scoring import score_response

Resource = dict[str, Any]
Observations = dict[str, Resource]  # by id


@dataclass(frozen=True, slots=True)
class Intake:
    """What responses are read and told with.

    `forms` are by id, `participants` by the reference of the Patient; `software` is the adapter's
    own version.
    """

    forms: Mapping[str, Form]
    participants: Mapping[str, str]
    identity: Identity
    software: str


@dataclass(frozen=True, slots=True)
class Extraction:
    """A transaction Bundle, None where there is nothing to send, and all there is to say."""

    bundle: Resource | None
    issues: tuple[Issue, ...]


def extract(
    resource: Resource, intake: Intake, occasion: Occasion, before: Resource | None = None
) -> Extraction:
    """The transaction of one response, the same bytes whenever it is asked for.

    `before` is the version of the response that was extracted last. A response that does not fit
    its form gives no bundle, and neither does one that nobody sent.
    """
    found = Findings()
    try:
        observed = _observe(resource, intake, occasion, found)
        earlier = {} if before is None else _observe(before, intake, occasion, Findings())
    except UnfitResponseError as unfit:
        return Extraction(None, unfit.issues)
    entries = list(_entries(resource["status"], observed, earlier, is_first=before is None))
    if not entries:
        expected = "a response that was sent, `completed` or `amended`, and says something"
        found.information(f"{ROOT}.status", expected, "one that gives no Observation")
    if has_errors(found.issues) or not entries:
        return Extraction(None, tuple(found.issues))
    identity = intake.identity
    context = [
        replace(build_device(identity, intake.software)),
        create(build_research_study(identity)),
    ]
    provenance = _provenance(resource, entries, intake, found)
    return Extraction(build_transaction([*context, *entries, *provenance]), tuple(found.issues))


def _observe(
    resource: Resource, intake: Intake, occasion: Occasion, found: Findings
) -> Observations:
    """The Observations of one version of a response, `final`, members before their panel."""
    verdict = validate_response(resource, intake.forms)
    response = as_response(resource, verdict, intake.participants, occasion)
    found.issues.extend(verdict.issues)
    own = intake.identity.identifier("response", intake.identity.of_response(response))
    said = resource.get("identifier", own)
    if said.get("system") == own["system"] and said.get("value") != own["value"]:
        expected = "the identifier of this person's form on this occasion"
        found.error("conflict", f"{ROOT}.identifier", expected, "that of another")
    if response.status not in SCORED:
        return {}
    scores = score_response(response)
    compare_totals(scores, verdict.totals, found)
    links = links_of(resource, response, intake.identity, found)
    drafts = build_observations(response, scores, intake.identity)
    return {draft.name[1]: linked(draft.whole, links) for draft in drafts}


def _entries(
    status: str, observed: Observations, earlier: Observations, *, is_first: bool
) -> Iterator[Entry]:
    for name, observation in observed.items():
        if status != "amended" or earlier.get(name) == observation:
            yield create(observation)
        elif is_first or name in earlier:
            yield replace({**observation, "status": "amended"})
        else:
            yield replace(observation)
    for name, observation in earlier.items():
        if name not in observed:
            yield replace({**observation, "status": "entered-in-error"})


def _provenance(
    resource: Resource, entries: list[Entry], intake: Intake, found: Findings
) -> Iterator[Entry]:
    """What was made of which version of the response, recorded when that version was.

    A clock would make every extraction another one, so a response that holds no moment, or that
    nothing can refer to, gives no Provenance.
    """
    meta = resource.get("meta", {})
    recorded = meta.get("lastUpdated") or resource.get("authored", "")
    what = response_reference(resource, meta.get("versionId"))
    if "T" not in recorded or what is None:
        expected = "an id or an identifier, and a moment, for a Provenance to tell of"
        found.information(ROOT, expected, "one without them")
        return
    activities: dict[str, Activity] = {"completed": "CREATE", "amended": "UPDATE"}
    extracted = Extracted(what, recorded, activities.get(resource["status"], "NULLIFY"))
    names = [("Observation", entry["resource"]["id"]) for entry in entries]
    made = build_extraction_provenance(extracted, names, intake.identity, intake.software)
    yield create(made)
