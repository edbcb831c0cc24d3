"""Two worlds that differ only in who got the therapy give the blinded the same answers over HTTP.

Whole answers are compared, byte by byte, page by page with their links, before and after what tells
the arm was corrected in one world alone. What an unblinded client finds shows that there is
something to find.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import orjson
import pytest

from adapter.cli import main
from adapter.fhir.search.parameters import SERVED_TYPES, parameters
from adapter.server import Caller
from adapter.server.conditional import matching
from adapter.server.ledger import View
from tests.keys import CROSSWALK_KEY
from tests.live.exporting import BASE, Exporting, exporting, names
from tests.live.worlds import MAPPINGS, NOW, PEOPLE, TRIAL, corrected, read_trial, told, write_rows

CONFIG = f"""\
study = "{MAPPINGS}/studies/idbt-pain.yaml"
instruments = "{MAPPINGS}/instruments"
ledger = "ledger.sqlite"
crosswalk = "crosswalk.sqlite"
crosswalk_key_file = "who.key"
key_file = "study.key"
[[sources]]
kind = "redcap"
dictionary = "{TRIAL}/dictionary.csv"
records = "records.csv"
as_of = 2024-08-30T17:05:00+10:00
missing_limit = 5
[[clinics]]
profile = "{MAPPINGS}/clinics/research-repository.yaml"
url = "http://127.0.0.1:9/fhir"
"""
PROJECT = "https://trial-fhir-adapter.example.org/fhir"
ATTENDANCE = f"{PROJECT}/Questionnaire/session-attendance"
ATTENDED = quote(f"{PROJECT}/CodeSystem/score|session-attendance-attended")
OF_A_PERSON = sorted(name for name in SERVED_TYPES if "patient" in parameters(name))
ATTACKS = (
    f"Patient?_has:QuestionnaireResponse:patient:questionnaire={ATTENDANCE}",
    "Patient?_has:Procedure:patient:_lastUpdated=gt2000",
    "Patient?_has:Procedure:patient:_id:missing=false",
    f"Patient?_has:Observation:patient:code-value-quantity={ATTENDED}$gt0",
    f"Patient?_has:Observation:patient:code={ATTENDED}",
    f"Observation?derived-from:QuestionnaireResponse.questionnaire={ATTENDANCE}",
    f"Provenance?target:QuestionnaireResponse.questionnaire={ATTENDANCE}",
    f"Provenance?target:Observation.code={ATTENDED}",
)
"""What the blinded could ask by which the arm is told, had the gate nothing to say to it."""
CRAWLED = (
    *(f"{name}?_count=9&_total=accurate" for name in sorted(SERVED_TYPES)),
    *(f"{name}?_count=9&_sort=-_lastUpdated" for name in sorted(SERVED_TYPES)),
    *(f"Patient?_count=1&_has:{name}:patient:_lastUpdated=gt2000" for name in OF_A_PERSON),
    *(f"{name}?_count=20&_sort=date" for name in OF_A_PERSON if "date" in parameters(name)),
    *(f"{name}?_summary=count&_has:Provenance:target:_id:missing=false" for name in OF_A_PERSON),
    *(f"{attack}&_total=accurate" for attack in ATTACKS),
    "AdverseEvent?category:missing=false&_lastUpdated=ge2024-09-21T00:00:00Z",
    "Patient?_has:AdverseEvent:patient:_lastUpdated=ge2024-09-21T00:00:00Z",
    "Provenance?target:AdverseEvent._lastUpdated=ge2024-09-21T00:00:00Z",
    "Patient?_revinclude=QuestionnaireResponse:subject&_revinclude=Procedure:subject&_count=1",
    "Observation?_include=Observation:derived-from&_include=Observation:subject&_count=60",
    "AdverseEvent?_revinclude=Provenance:target&_include=AdverseEvent:study&_count=1",
)
BULK = (
    "/$export",
    f"/$export?_type=Patient&_typeFilter={quote(ATTACKS[0])},{quote(ATTACKS[1])}",
    "/$export?_type=Provenance,AdverseEvent&includeAssociatedData=LatestProvenanceResources",
)


@dataclass(frozen=True)
class World:
    """A ledger that was read, and read again after a correction."""

    before: Path
    after: Path


def build(folder: Path, *, has_therapy: bool) -> World:
    """One of the worlds; nothing of it is sent."""
    trial, before, after = read_trial(), folder / "before", folder / "after"
    before.mkdir(parents=True)
    (before / "study.key").write_text("synthetic people only: no secret", "utf-8")
    (before / "who.key").write_text(CROSSWALK_KEY, "utf-8")
    (before / "adapter.toml").write_text(CONFIG, "utf-8")

    def read(where: Path, rows: list[dict[str, str]], related: str, days: int) -> None:
        write_rows(where, [told(row, has_therapy=has_therapy, related=related) for row in rows])
        at = NOW + timedelta(days=days)
        config = str(where / "adapter.toml")
        assert main(["ingest", "--config", config], clock=lambda: at) == 0

    read(before, trial, "4" if has_therapy else "1", 0)
    shutil.copytree(before, after)
    read(after, corrected(trial), "2" if has_therapy else "1", 2)
    return World(before, after)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> list[World]:
    folder = tmp_path_factory.mktemp("told")
    return [build(folder / str(has), has_therapy=has) for has in (True, False)]


@contextmanager
def asked(*folders: Path) -> Iterator[list[Exporting]]:
    with ExitStack() as stack:
        yield [stack.enter_context(exporting(each / "adapter.toml")) for each in folders]


@pytest.fixture(scope="module")
def therapy(worlds: list[World]) -> Iterator[Exporting]:
    """The world in which some got the therapy; each test says as whom it asks."""
    with asked(worlds[0].before) as (asking,):
        yield asking


def crawled(asking: Exporting) -> dict[str, bytes]:
    """Every answer, by what was asked for."""
    heard, listed = dict[str, bytes](), list[str]()
    waiting = [f"/{query}" for query in CRAWLED]
    while waiting:
        path = waiting.pop()
        answer = asking.ask(path)
        heard[path] = answer.content
        bundle = answer.json()
        links = {each["relation"]: each["url"] for each in bundle["link"]}
        if "next" in links:
            waiting.append(links["next"].removeprefix(BASE))
        listed += [entry["fullUrl"].removeprefix(BASE) for entry in bundle.get("entry", ())]
    of_events = [path for path in listed if path.startswith("/AdverseEvent/")]
    for path in dict.fromkeys([*of_events, *sorted(set(listed))[::9]]):
        read = asking.ask(path)
        headers = [read.headers.get(name, "") for name in ("etag", "last-modified")]
        heard[path] = str(headers).encode() + read.content
        if not path.startswith("/Group/"):
            heard[f"{path}/_history"] = asking.ask(f"{path}/_history").content
    for path in BULK:
        heard |= exported(asking, path)
    return heard


def exported(asking: Exporting, path: str) -> dict[str, bytes]:
    """An export without its own name and moment: its manifest, and its files by theirs."""
    manifest = asking.export(path)
    manifest.pop("transactionTime")
    files = dict[str, bytes]()
    for kind in ("output", "deleted", "error"):
        for each in manifest.get(kind, ()):
            content = asking.ask(each["url"]).content
            each["url"] = each["url"].rpartition("/")[2]
            files[f"{path} {kind} {each['url']}"] = content
    return {path: orjson.dumps(manifest), **files}


def test_the_blinded_are_answered_alike_in_two_worlds(worlds: list[World]) -> None:
    one, other = worlds
    said = [path.joinpath("records.csv").read_bytes() for path in (one.after, other.after)]
    assert said[0] != said[1]
    for moment in ("before", "after"):
        with asked(*(getattr(each, moment) for each in worlds)) as both:
            mine, theirs = (crawled(each) for each in both)
            attended = f"QuestionnaireResponse?questionnaire={ATTENDANCE}"
            whole = [each.as_(unblinded=True).everything(attended) for each in both]
        assert [bool(each) for each in whole] == [True, False]
        assert mine.keys() == theirs.keys()
        for path in mine:
            assert mine[path] == theirs[path], path
        assert len(mine) > 250
        assert b"session-attendance" not in b"".join(
            content for path, content in mine.items() if "session-attendance" not in path
        ).replace(ATTENDANCE.encode() + b'",', b"")


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_may_not_be_seen_makes_nothing_true_of_what_may(
    therapy: Exporting, attack: str
) -> None:
    whole = names(therapy.as_(unblinded=True).everything(attack))
    view = View(therapy.desk.ledger, Caller("x", "research"), therapy.desk.ledger.database.read())
    of, _, query = attack.partition("?")
    blinded = therapy.as_()

    assert whole
    assert blinded.everything(attack) == []
    assert blinded.ask(f"/{attack}&_summary=count").json()["total"] == 0
    assert blinded.ask(f"/{attack}&_count=1&_total=accurate").json()["total"] == 0
    told = blinded.export(f"/$export?_type={of}&_typeFilter={quote(attack)}")
    assert told["output"] == []
    with pytest.raises(Exception, match="scopes"):
        matching(view, therapy.desk.ledger.identity, of, query)
    view.caller = blinded.caller[0]
    assert matching(view, therapy.desk.ledger.identity, of, query) == []
    assert len(therapy.as_(unblinded=True).everything("Patient")) == PEOPLE


def test_what_may_be_seen_goes_on_making_it_true(therapy: Exporting) -> None:
    blinded = therapy.as_()
    ders = quote(f"{PROJECT}/Questionnaire/ders-18")

    found = blinded.everything(f"Patient?_has:QuestionnaireResponse:patient:questionnaire={ders}")
    chained = blinded.everything(
        f"Observation?derived-from:QuestionnaireResponse.questionnaire={ders}"
    )

    assert found
    assert chained
    plain = f"/Observation?derived-from:QuestionnaireResponse.questionnaire={ders}&_summary=count"
    assert blinded.ask(plain).json()["total"] == len(chained)
    filtered = quote(f"Observation?derived-from:QuestionnaireResponse.questionnaire={ders}")
    exported = blinded.lines(blinded.export(f"/$export?_type=Observation&_typeFilter={filtered}"))
    assert names(exported) == names(chained)
