"""What else is open in the record system beside the patient, as the token response says it.

The visit stands above the page; an outcome that is named is where the page opens. Nothing of it is
taken from an address, and nothing that is named here widens what is read. `smart_style_url` is not
asked for: the page's colours are measured for contrast, light and dark, and those of another place
are not; nor may a page of ours show what another place can change.

Source: https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapter.fhir.ids import ID, IS_ID
from adapter.viewer.record import Outcome, PatientRecord

MOST_NAMED = 20
_LONGEST = 400
_NAMED = re.compile(
    rf"(?:^|/)(?P<type>Observation|QuestionnaireResponse|Questionnaire)/(?P<id>{ID})"
    rf"(?:/_history/{ID}|\|.{{0,100}})?$"
)


@dataclass(frozen=True, slots=True)
class Context:
    """The id of the visit, '' for none, and what is named beside it, each as `Type/id`."""

    encounter: str = ""
    named: tuple[str, ...] = ()


NOTHING = Context()
"""Nothing but the patient is open."""


def read_context(body: Mapping[str, Any]) -> Context:
    """What a token response says of it; what cannot be read is as if it were not there."""
    visit, listed = body.get("encounter"), body.get("fhirContext")
    is_visit = isinstance(visit, str) and IS_ID(visit) is not None
    objects = (
        [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    )
    said = (each.get(word) for each in objects[:MOST_NAMED] for word in ("reference", "canonical"))
    named = tuple(dict.fromkeys(name for name in map(_name, said) if name))
    return Context(str(visit) if is_visit else "", named)


def outcomes_named(named: Sequence[str], record: PatientRecord) -> list[Outcome]:
    """The outcomes of a page that something named is about, in the page's order.

    A score that stands beside an outcome, under its details, is found there.
    """
    wanted = {*named}
    beside = {
        form: any(wanted & _names_of(each) for each in others)
        for form, others in record.others.items()
    }
    return [
        each for each in record.outcomes if beside.get(each.form.id) or wanted & _names_of(each)
    ]


def _names_of(outcome: Outcome) -> set[str]:
    points = outcome.points
    return {
        f"Questionnaire/{outcome.form.id}",
        *(f"Observation/{point.id}" for point in points),
        *(f"QuestionnaireResponse/{point.response}" for point in points if point.response),
    }


def _name(said: object) -> str:
    found = _NAMED.search(said) if isinstance(said, str) and len(said) <= _LONGEST else None
    return f"{found['type']}/{found['id']}" if found else ""
