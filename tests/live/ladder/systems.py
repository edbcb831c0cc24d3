"""The record systems that the ladder is tried on: how each is started, and what its chart shows."""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from adapter.simulate import PERSONALITIES, RecordSystem, Site, record_system_app, serving
from adapter.simulate.desk import sign
from adapter.simulate.hl7v2 import Folders, Practice, import_files, mllp_serving
from adapter.sync.capability import Capability, read_capability
from tests.live.ladder.outcome import IHI, RECORD, Outcome

Resource = dict[str, Any]
PATIENT = "known-there"
ROWS = "http://site.example.org/rows"
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
IN_VISITS = "vitals-only, in visits"
VISIT = "that-day"
TYPES = ("Observation", "QuestionnaireResponse", "AdverseEvent", "DocumentReference")


@dataclass(frozen=True, slots=True, order=True)
class Shown:
    """What a chart shows of an outcome: by which kind of thing, under which id, and how it stands.

    `said` is its number or word, '' where it is told no more.
    """

    kind: str
    id: str
    said: str
    status: str


@dataclass(frozen=True)
class FarEnd:
    """A record system that runs.

    `settings` are its lines in adapter.toml; `capability` what it says of itself, None where it
    speaks no FHIR. `act` is what people there do between sending and reading back, `mark` how one
    of them marks an entry (`Type/id`) as entered in error.
    """

    name: str
    settings: str
    capability: Capability | None
    shown: Callable[[Outcome], list[Shown]]
    act: Callable[[], object] = field(default=lambda: None)
    mark: Callable[[str], None] = field(default=lambda _: None)


def patient(number: str) -> Resource:
    """The person as the record system knows them."""
    identifier = {"system": IHI, "value": number}
    return {"resourceType": "Patient", "id": PATIENT, "identifier": [identifier]}


def visit(day: str = "2023-09-08", name: str = VISIT) -> Resource:
    """The person's visit on a day, there; left out, on that of the DERS-18."""
    act = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    return {
        "resourceType": "Encounter",
        "id": name,
        "status": "finished",
        "class": {"system": act, "code": "AMB"},
        "subject": {"reference": f"Patient/{PATIENT}"},
        "period": {"start": f"{day}T14:00:00+10:00", "end": f"{day}T14:30:00+10:00"},
    }


@contextmanager
def simulated(name: str, number: str, *, visits: Sequence[Resource] = ()) -> Iterator[FarEnd]:
    """A simulated FHIR record system that knows the person by `number`, and these visits."""
    kind, files_in_visits = name.partition(",")[0], name == IN_VISITS
    codes = frozenset({f"{ROWS}|ders-total"}) if kind == "vitals-only" else frozenset[str]()
    site = Site(codes, needs_encounter=files_in_visits)
    system = RecordSystem(
        clock=lambda: NOW, ids=map(str, itertools.count(1)), personality=PERSONALITIES[kind](site)
    )
    system.seed([patient(number), *visits])
    with serving(record_system_app(system)) as port:
        base = f"http://127.0.0.1:{port}/fhir"
        act = (lambda: sign(system)) if system.personality.queued else (lambda: None)
        yield replace(far_end_at(name, base, act), mark=lambda entry: _mark(system, entry))


def _mark(system: RecordSystem, entry: str) -> None:
    """Somebody there, in their own system, marks what a task named."""
    kind, _, id_ = entry.partition("/")
    held = system.resources.latest(kind, id_)
    assert held is not None
    with system.lock:
        draft = system.draft()
        draft.put((kind, id_), {**(held.resource or {}), "status": "entered-in-error"}, "PUT")
        system.commit(draft)


def far_end_at(name: str, base: str, act: Callable[[], object] = lambda: None) -> FarEnd:
    """A record system that speaks FHIR at this base."""
    capability = read_capability(_get(f"{base}/metadata"))
    assert capability is not None

    def shown(outcome: Outcome) -> list[Shown]:
        kinds = [kind for kind in TYPES if capability.offers(kind, "search-type")]
        found = [each for kind in kinds for each in _search(base, kind)]
        return sorted(filter(None, (_shown(each, outcome) for each in found)))

    return FarEnd(name, f'url = "{base}"', capability, shown, act)


@contextmanager
def practice(name: str, folder: Path) -> Iterator[FarEnd]:
    """A practice that takes HL7 v2 from a folder (`v2-folder`) or over MLLP (`v2-mllp`)."""
    filing = Practice(lambda: NOW)

    def shown(outcome: Outcome) -> list[Shown]:
        return sorted(
            Shown("report", report["number"], _of_report(report, outcome), _standing(report))
            for report in filing.shown()
            if report["code"] == outcome.form
        )

    if name == "v2-mllp":
        with mllp_serving(filing) as port:
            settings = f'mllp = "127.0.0.1:{port}"\nmllp_tls = false'
            yield FarEnd(name, settings, None, shown)
        return
    folders = Folders(folder / "messages", folder / "acknowledgements")
    folders.incoming.mkdir(parents=True)
    folders.acknowledgements.mkdir()
    settings = f'folder = "{folders.incoming}"\nacknowledgements = "{folders.acknowledgements}"'
    yield FarEnd(name, settings, None, shown, lambda: import_files(filing, folders))


@contextmanager
def by_hand(folder: Path) -> Iterator[FarEnd]:
    """No record system at all: pages that a person prints and files."""

    def shown(outcome: Outcome) -> list[Shown]:
        pages = {page.stem: page.read_text("utf-8") for page in (folder / "tasks").glob("*.txt")}
        found = [
            Shown("page", name, told[0].lower(), told[1])
            for name, page in pages.items()
            if (told := _of_text(page, outcome)) is not None
        ]
        return sorted(found, key=lambda each: (each.said, each.status))  # names are hashes

    yield FarEnd("by-hand", "", None, shown)


def _of_text(page: str, outcome: Outcome) -> tuple[str, str] | None:
    is_form = re.search(rf"Questionnaire:\s+{outcome.form}\b", page)
    if is_form is None and re.search(outcome.words, page) is None:
        return None
    if "WITHDRAWN" in page:
        return "", "withdrawn"
    (said,) = re.findall(outcome.words, page)
    return said, "corrected" if "CORRECTED" in page else "final"


def _get(url: str) -> Resource:
    found: Resource = httpx.get(url, timeout=60, trust_env=False).raise_for_status().json()
    return found


def _search(base: str, kind: str) -> list[Resource]:
    bundle = _get(f"{base}/{kind}?_count=200")
    return [entry["resource"] for entry in bundle.get("entry", ())]


def _shown(resource: Resource, outcome: Outcome) -> Shown | None:
    """What one resource shows of the outcome, None for another one."""
    kind, status = resource["resourceType"], str(resource.get("status", ""))
    match kind:
        case "Observation":
            codes = {each["code"] for each in resource["code"].get("coding", ())}
            if codes.isdisjoint({outcome.code, "ders-total"}) or "valueQuantity" not in resource:
                return None
            said = str(resource["valueQuantity"]["value"])
        case "QuestionnaireResponse":
            said = _answer(resource, outcome.item)
        case "AdverseEvent" if outcome.form == "adverse-event":
            said = "".join(each["code"] for each in resource["severity"]["coding"])
        case "DocumentReference":
            (code,) = (each["coding"][0]["code"] for each in resource["category"])
            if code != outcome.form:
                return None
            said, status = _of_page(resource, outcome), resource.get("docStatus") or status
            status = resource["status"] if resource["status"] != "current" else status
        case _:
            return None
    return (
        Shown(kind, resource["id"], said, status) if said or kind == "DocumentReference" else None
    )


def _answer(response: Resource, item: str) -> str:
    if not item:
        return ""
    waiting = list(response.get("item", ()))
    for each in waiting:
        if each["linkId"] == item:
            (answer,) = each["answer"]
            return f"item 8: {answer['valueCoding']['code'].rpartition('-')[2]}"
        waiting.extend(each.get("item", ()))
    return ""


def _of_page(document: Resource, outcome: Outcome) -> str:
    attachments = [content["attachment"] for content in document["content"]]
    pages = [
        base64.b64decode(each["data"]).decode()
        for each in attachments
        if each["contentType"].startswith("text/plain")
    ]
    found = re.search(outcome.words, pages[0]) if pages else None
    said = found[1].lower() if found else ""
    return "" if said == "withdrawn" else said


def _of_report(report: dict[str, Any], outcome: Outcome) -> str:
    for result in report["results"]:
        if outcome.code in {result["code"], result["name"].lower()} and result["value"]:
            return str(result["value"]).lower()
        found = re.search(outcome.words, result["value"]) if result["type"] == "FT" else None
        if found and not report["is_withdrawn"]:
            return str(found[1]).lower()
    return ""


def _standing(report: dict[str, Any]) -> str:
    if report["is_withdrawn"]:
        return "withdrawn"
    return {"F": "final", "C": "corrected"}.get(report["status"], str(report["status"]))


def number_of(record: str = RECORD) -> str:
    """The person's IHI in the synthetic trial."""
    return {"1030": "8003609900000132"}[record]
