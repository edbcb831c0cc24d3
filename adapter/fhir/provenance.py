"""From source cell to resource: https://hl7.org/fhir/R4/provenance.html.

One Provenance per version of a form instance: which record and fields it was read from, a keyed
hash of those cells, the mapping (name and version) that read them, and the adapter's version. A
record is cut down to what its mapping reads before it comes here (`adapter.ingest.trial`). Where
some of those cells tell the arm it also has the hash of what remains without them, and its id
follows from that one: a blinded receiver is given no other (`adapter.release.blinding`). Two more
kinds: for what was extracted from a QuestionnaireResponse, which version of it; for what a clinic
wrote, which clinic, which version, and a keyed hash of its id there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from adapter.fhir.identity import PROJECT, Identity, questionnaire_url, reference
from adapter.fhir.labels import RESTRICTED
from adapter.instruments.form import Form
from adapter.instruments.response import Record

Activity = Literal["CREATE", "UPDATE", "NULLIFY"]
SOURCE_CELLS = f"{PROJECT}/StructureDefinition/source-cells"
BLINDED_HASH = "blinded-hash"
TAKEN = f"{PROJECT}/StructureDefinition/taken-from-clinic"


@dataclass(frozen=True, slots=True)
class Derivation:
    """What was read: the record and its keyed hash, by which form, as which activity.

    `blinded_hash` is the hash of the cells that do not tell the arm, '' where none does.
    """

    record: Record
    source_hash: str
    form: Form
    activity: Activity
    blinded_hash: str = ""


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was extracted (a reference to a version of a response), when and to what end.

    `recorded` is an instant with its offset.
    """

    what: dict[str, Any]
    recorded: str
    activity: Activity


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken from a clinic: a version of one of its resources.

    `updated` is when the clinic last changed it, an instant by its own clock, '' if not known.
    """

    clinic: str
    type: str
    remote_id: str
    remote_version: str
    updated: str
    activity: Activity


def build_provenance(
    derivation: Derivation,
    targets: Sequence[tuple[str, str]],
    identity: Identity,
    recorded: str,
    software: str,
) -> dict[str, Any]:
    """The Provenance of what was built from one record, by this version of the adapter.

    `targets` are names (type, id); `recorded` is an instant with its offset.
    """
    record, form = derivation.record, derivation.form
    cells = derivation.blinded_hash or derivation.source_hash
    token = identity.token("provenance", targets[0][1], cells, derivation.activity)
    when = _timepoint(record, identity)
    place = "/".join((record.participant, when, record.form, str(record.repeat or 1)))
    entity = {
        "extension": [_source_cells(derivation, when)],
        "role": "source",
        "what": {
            "identifier": identity.identifier("source-record", place),
            "display": f"{form.title}, as the trial's database holds it",
        },
    }
    return {
        "resourceType": "Provenance",
        "id": token,
        "meta": RESTRICTED,
        "target": [reference(*target) for target in targets],
        "recorded": recorded,
        **_done_by_device(derivation.activity, identity, software),
        "entity": [entity],
    }


def build_extraction_provenance(
    extracted: Extracted, targets: Sequence[tuple[str, str]], identity: Identity, software: str
) -> dict[str, Any]:
    """The Provenance of what was extracted from one version of a QuestionnaireResponse.

    It has a tag that is the same for the same version: Provenance has no identifier by which a
    second sending could find the first.
    """
    said = (*map(str, extracted.what.values()), extracted.recorded, extracted.activity)
    token = identity.token("provenance", *said)
    tag = identity.identifier("provenance", token)
    return {
        "resourceType": "Provenance",
        "id": token,
        "meta": {**RESTRICTED, "tag": [{"system": tag["system"], "code": token}]},
        "target": [reference(*target) for target in targets],
        "recorded": extracted.recorded,
        **_done_by_device(extracted.activity, identity, software),
        "entity": [{"role": "source", "what": extracted.what}],
    }


def build_taken_provenance(
    taken: Taken,
    targets: Sequence[tuple[str, str]],
    identity: Identity,
    recorded: str,
    software: str,
) -> dict[str, Any]:
    """The Provenance of what a clinic wrote; its id there is told by a keyed hash alone.

    `recorded` is an instant with its offset.
    """
    there = identity.token("taken", taken.clinic, taken.type, taken.remote_id)
    token = identity.token("provenance", targets[0][1], there, taken.remote_version, taken.activity)
    said: list[dict[str, Any]] = [{"url": "clinic", "valueString": taken.clinic}]
    if taken.remote_version:
        said.append({"url": "version", "valueString": taken.remote_version})
    if taken.updated:
        said.append({"url": "updated", "valueInstant": taken.updated})
    entity = {
        "extension": [{"url": TAKEN, "extension": said}],
        "role": "source",
        "what": {
            "identifier": identity.identifier("taken", there),
            "display": f"{taken.type}, as a clinic wrote it",
        },
    }
    return {
        "resourceType": "Provenance",
        "id": token,
        "meta": RESTRICTED,
        "target": [reference(*target) for target in targets],
        "recorded": recorded,
        **_done_by_device(taken.activity, identity, software),
        "entity": [entity],
    }


def _done_by_device(activity: Activity, identity: Identity, software: str) -> dict[str, Any]:
    """What was done, and that this adapter did it: the Device itself tells its newest version."""
    types = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
    return {
        "activity": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/v3-DataOperation",
                    "code": activity,
                }
            ]
        },
        "agent": [
            {
                "type": {"coding": [{"system": types, "code": "assembler"}]},
                "who": {
                    **reference("Device", identity.device_id),
                    "display": f"trial-fhir-adapter {software}",
                },
            }
        ],
    }


def _timepoint(record: Record, identity: Identity) -> str:
    """Not the source's event: where each arm has events of its own, these tell the arm."""
    point = identity.study.timepoint_of(record.event)
    return point.id if point else ""


def _source_cells(derivation: Derivation, when: str) -> dict[str, Any]:
    record, form = derivation.record, derivation.form
    said: list[dict[str, Any]] = [
        {"url": "record", "valueString": record.participant},
        *([{"url": "timepoint", "valueString": when}] if when else ()),
        {"url": "form", "valueString": record.form},
        *({"url": "field", "valueString": name} for name in record.values),
        {"url": "hash", "valueString": derivation.source_hash},
        {"url": "mapping", "valueCanonical": f"{questionnaire_url(form)}|{form.version}"},
    ]
    if derivation.blinded_hash:
        said.append({"url": BLINDED_HASH, "valueString": derivation.blinded_hash})
    if record.repeat is not None:
        said.append({"url": "repeat", "valueInteger": record.repeat})
    return {"url": SOURCE_CELLS, "extension": said}
