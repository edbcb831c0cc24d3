"""One score, and the answers behind it, as resources tell them, whoever wrote those.

Only a number that stands for itself is a score: what is told in words, in parts or as a bound is
not made one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, tzinfo
from decimal import Decimal
from typing import Any

from adapter.viewer.moments import day_of, in_zone

Resource = dict[str, Any]
UNREAD = "recorded in a way that this page does not read"


@dataclass(frozen=True, slots=True)
class Point:
    """One score as it was told.

    `at` is when the questions were answered ('' where nobody knows), `value` None where it could
    not be scored or is not read here, and `absent` says why. `response` is the id of the answers,
    '' without any. `version` is that of the scoring rules; `since` the change since baseline, where
    there is one.
    """

    id: str
    at: str
    value: Decimal | None
    band: str
    absent: str
    note: str
    by: str
    response: str
    version: str
    since: Decimal | None = None

    @property
    def day(self) -> date | None:
        """The local day, None where it is not known to the day."""
        return day_of(self.at)

    @property
    def is_unread(self) -> bool:
        """Whether somebody recorded a score that is not read here."""
        return self.absent == UNREAD


@dataclass(frozen=True, slots=True)
class Answers:
    """One response: its id, to which form, when and by whom it was answered; and itself."""

    id: str
    form: str
    at: str
    by: str
    resource: Resource


def read_point(observation: Resource, answers: Mapping[str, Answers], zone: tzinfo) -> Point:
    """The score that an Observation tells; of these answers, where it names one of them."""
    response = response_of(observation)
    value = _value(observation)
    method = observation.get("method", {}).get("coding", ({},))[0]
    version = str(method.get("version", ""))
    by_nobody = "the trial, as a total" if version else "not said"  # ours say how they were scored
    return Point(
        id=observation["id"],
        at=in_zone(observation.get("effectiveDateTime", ""), zone),
        value=value,
        band=", ".join(each.get("text", "") for each in observation.get("interpretation", ())),
        absent="" if value is not None else _absent(observation),
        note="; ".join(each.get("text", "") for each in observation.get("note", ())),
        by=answers[response].by if response in answers else by_nobody,
        response=response if response in answers else "",
        version=version,
    )


def response_of(observation: Resource) -> str:
    """The id of the answers behind it, '' where it names none."""
    for each in observation.get("derivedFrom", ()):
        if "QuestionnaireResponse/" in each.get("reference", ""):
            return id_in(each)
    return ""


def id_in(reference: Resource) -> str:
    """The id that a reference names, whichever version it is of."""
    name = str(reference.get("reference", "")).partition("/_history/")[0]
    return name.rpartition("/")[2]


def _value(observation: Resource) -> Decimal | None:
    """The score, None where there is none, or where no number alone tells it."""
    quantity = observation.get("valueQuantity", {})
    is_bound = "comparator" in quantity  # such as `< 5`: 5 is not the score
    value = None if is_bound else quantity.get("value", observation.get("valueInteger"))
    return None if value is None else Decimal(str(value))


def _absent(observation: Resource) -> str:
    """Why there is no score; without a reason there is one, in words or in parts."""
    reason = observation.get("dataAbsentReason")
    return UNREAD if reason is None else reason.get("text") or "not scored"
