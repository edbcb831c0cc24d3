"""What is extracted, in the words of our own path, so that both can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapter.fhir.check import write
from adapter.fhir.observation import build_observations
from adapter.fhir.text import read_text
from adapter.scoring import score_response
from tests.answered import IDENTITY

if TYPE_CHECKING:
    from adapter.instruments.response import Response

Resource = dict[str, Any]


def own_path(response: Response) -> dict[str, Resource]:
    """What the trial's own answers give, by identifier."""
    drafts = build_observations(response, score_response(response), IDENTITY)
    return {draft.name[1]: draft.whole for draft in drafts}


def as_stored(bundle: Resource) -> dict[str, Resource]:
    """The Observations of a bundle by identifier, references and ids as our own path has them."""
    names: dict[str, str] = {}
    for entry in bundle["entry"]:
        resource = entry["resource"]
        kind = resource["resourceType"]
        if kind == "Observation":
            names[entry["fullUrl"]] = f"{kind}/{resource['identifier'][0]['value']}"
    names |= {
        entry["fullUrl"]: f"{kind}/{own}"
        for entry in bundle["entry"]
        for kind, own in (("Device", IDENTITY.device_id), ("ResearchStudy", IDENTITY.study_id))
        if entry["resource"]["resourceType"] == kind
    }
    text = write(bundle).decode()
    for url, name in names.items():
        text = text.replace(f'"reference":"{url}"', f'"reference":"{name}"')
    resources = [entry["resource"] for entry in read_text(text.encode())["entry"]]
    return {
        resource["identifier"][0]["value"]: {
            **resource,
            "id": resource["identifier"][0]["value"],
        }
        for resource in resources
        if resource["resourceType"] == "Observation"
    }
