"""Finds, at the moment of sending, the Encounter of a clinic that a result is filed in.

The clinic is asked once in a push for a person's Encounters, by their Patient alone: that search is
the one that every profile of Encounter promises. What is chosen is noted before anything is sent.
None is created, and where there is none yet, the outcome waits as a whole and is tried again.

Source: https://hl7.org/fhir/R4/encounter.html#search
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from adapter.fhir.encounter import Chosen, Sought, choose_encounter, day_of
from adapter.fhir.text import read_text
from adapter.ingest.received import is_about
from adapter.store import encounters, versions
from adapter.store.deliveries import Delivery
from adapter.store.encounters import Filed
from adapter.sync.clinic import Clinic
from adapter.sync.profile import EncounterRule
from adapter.sync.receipt import Refused, Unknown, Unreachable
from adapter.sync.routes.sought import Sought as Asked
from adapter.sync.routes.sought import resources_of

NONE_YET = "no-encounter"
"""The rule that holds an outcome for which the clinic has no Encounter, or none yet."""
NOT_TOLD = "encounter-search-refused"
"""The rule that holds an outcome where the clinic does not tell of its Encounters."""
Trouble = Unreachable | Unknown


@dataclass(slots=True)
class Encounters:
    """What a clinic told in one push: the Encounters of each Patient, or why not."""

    told: dict[str, list[dict[str, Any]] | Refused] = field(default_factory=dict)


def file_results(
    clinic: Clinic, released: Iterable[Delivery], known: Encounters
) -> dict[str, str] | Unreachable | Unknown:
    """Notes for each unit where its results are filed; gives the rules that hold the others.

    By unit; a unit without results is none of either.

    Raises:
        EhrError: the clinic does not let us in.
    """
    rule = clinic.profile.encounter
    if rule is None:
        return {}
    held: dict[str, str] = {}
    chosen: dict[str, Filed] = {}
    for delivery in released:
        if (
            delivery.unit in held
            or delivery.unit in chosen
            or not _is_to_be_filed(clinic, delivery)
        ):
            continue
        there = _of_person(clinic, delivery.participant, known)
        if isinstance(there, Trouble):
            return there
        if isinstance(there, Refused):
            held[delivery.unit] = NOT_TOLD
            continue
        found = _choose(clinic, delivery, there, rule)
        if found is None:
            held[delivery.unit] = NONE_YET
        else:
            chosen[delivery.unit] = Filed(found.id, _whose(clinic, delivery), found.how)
    if chosen:
        with clinic.write() as tx:
            for unit, filed in chosen.items():
                encounters.file_in(tx, clinic.name, unit, filed, clinic.now())
    return held


# Private functions


def _is_to_be_filed(clinic: Clinic, delivery: Delivery) -> bool:
    """Whether an Encounter is still to be found for it.

    What stands there already stays where it was filed, in an Encounter or in none; only where the
    person turned out to be another Patient is one of theirs looked for.
    """
    if delivery.action != "put" or not clinic.is_filed_in_one(delivery):
        return False
    tx = clinic.database.read()
    noted = encounters.filed_in(tx, clinic.name, delivery.unit)
    if noted is None:
        return not encounters.holds_result(tx, clinic.name, delivery.unit)
    return noted.whose != _whose(clinic, delivery)


def _whose(clinic: Clinic, delivery: Delivery) -> str:
    patient = clinic.addresses.patient(delivery.participant) or ""
    return clinic.identity.token("encounter-of", clinic.name, patient)[:20]


def _of_person(
    clinic: Clinic, participant: str, known: Encounters
) -> list[dict[str, Any]] | Refused | Unreachable | Unknown:
    patient = clinic.addresses.patient(participant) or ""
    if patient not in known.told:
        asked = Asked("Encounter", (("patient", f"Patient/{patient}"),), all_pages=True)
        found = resources_of(clinic.client, asked)
        if isinstance(found, Trouble):
            return found
        if isinstance(found, list):  # whatever it was asked, what it tells is looked at
            found = [each for each in found if is_about(each, patient)]
        known.told[patient] = found
    return known.told[patient]


def _choose(
    clinic: Clinic, delivery: Delivery, there: list[dict[str, Any]], rule: EncounterRule
) -> Chosen | None:
    tx = clinic.database.read()
    said = read_text(versions.text_of(tx, delivery.type, delivery.id, delivery.version))
    day = day_of(said.get("effectiveDateTime"), clinic.study.zone)
    if day is None:
        return None
    return choose_encounter(
        there,
        Sought(
            day,
            clinic.study.zone,
            clinic.clock(),
            rule.within_days,
            frozenset(rule.statuses),
            frozenset(rule.classes),
            frozenset(rule.types),
        ),
    )
