"""Which Provenances an export holds, where it is asked for those of what comes along."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from adapter.store import versions
from adapter.store.versions import Belonging
from tests.live.exporting import Exporting, Resource, exporting, names
from tests.live.small import SmallTrial
from tests.postgresql import PostgreSql

WITH_EVENT, OTHER = "1015", "1042"
PEOPLE = frozenset({WITH_EVENT, OTHER})
NOWHERE = "http://127.0.0.1:9/fhir"
REPORTED_TO = {"ae_related": "4"}  # put down to the therapy: what the blinded must not be told
LATEST, RELEVANT = (
    f"includeAssociatedData={word}ProvenanceResources" for word in ("Latest", "Relevant")
)


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two people, some of whose answers were corrected."""
    folder = tmp_path_factory.mktemp("corrected")
    trial = SmallTrial(folder, NOWHERE, PEOPLE)
    trial.read()
    trial.read("records-2.csv")
    return folder


@pytest.fixture
def trial(tmp_path: Path, taken_in: Path) -> SmallTrial:
    """A ledger of these people for one test alone."""
    shutil.copytree(taken_in, tmp_path, dirs_exist_ok=True)
    return SmallTrial(tmp_path, NOWHERE, PEOPLE)


@pytest.fixture
def bulk(trial: SmallTrial) -> Iterator[Exporting]:
    """The same, served."""
    with exporting(trial.config) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def on_each(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Exporting]:
    """The same over a ledger in a file, and over one on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("bulk")
        return
    server: PostgreSql = request.getfixturevalue("postgresql")
    ledger = server.new(request.getfixturevalue("empty_ledger"))
    small = SmallTrial(tmp_path, NOWHERE, PEOPLE, database=ledger)
    small.read()
    small.read("records-2.csv")
    with exporting(small.config) as opened:
        yield opened


def targets(provenance: Resource) -> list[str]:
    """The names of what it is about."""
    return [each["reference"] for each in provenance["target"]]


def exported(bulk: Exporting, query: str) -> tuple[list[Resource], list[Resource]]:
    """What an export holds: Provenances, and all else."""
    lines = bulk.lines(bulk.export(f"/$export?{query}"))
    told = [each for each in lines if each["resourceType"] == "Provenance"]
    return told, [each for each in lines if each["resourceType"] != "Provenance"]


def newest(provenances: list[Resource], told: set[str]) -> list[str]:
    """By hand: of each resource that is told the Provenance that was written last."""
    last = dict[str, Resource]()
    for each in provenances:  # in the order in which they were written
        last |= dict.fromkeys(targets(each), each)
    return sorted({f"Provenance/{last[name]['id']}" for name in told & last.keys()})


def test_those_of_what_is_exported_come_along_all_or_the_newest_of_each(
    on_each: Exporting,
) -> None:
    every, others = exported(on_each, "")
    told = set(names(others))

    relevant, _ = exported(on_each, RELEVANT)
    latest, beside = exported(on_each, LATEST)
    both, _ = exported(on_each, f"{LATEST}&{RELEVANT}")

    assert names(relevant) == names(both) == names(every)
    assert all(told & set(targets(each)) for each in every)
    assert names(latest) == newest(every, told)
    assert 0 < len(latest) < len(every)
    assert names(beside) == names(others)


def test_what_is_not_exported_brings_none_along(bulk: Exporting) -> None:
    every, _ = exported(bulk, "")
    narrow = "_type=AdverseEvent,ResearchSubject"
    filters = "_type=Observation&_typeFilter=Observation%3Fdate%3Dge2023-09-01"
    for query in (narrow, filters, "_type=QuestionnaireResponse"):
        plain = set(names(bulk.lines(bulk.export(f"/$export?{query}"))))
        expected = [each for each in every if plain & set(targets(each))]

        relevant, beside = exported(bulk, f"{query}&{RELEVANT}")
        latest, _ = exported(bulk, f"{query}&{LATEST}")

        assert set(names(beside)) == plain
        assert names(relevant) == names(expected)
        assert 0 < len(relevant) < len(every)
        assert names(latest) == newest(every, plain)
    assert exported(bulk, f"_type=Provenance&{RELEVANT}") == ([], [])
    assert exported(bulk, f"_type=Patient&{LATEST}")[0] == []


def test_since_a_moment_those_come_along_of_what_changed(
    trial: SmallTrial, bulk: Exporting
) -> None:
    since = bulk.export()["transactionTime"]

    trial.correct_event(WITH_EVENT, {"ae_term": "another term"})

    changed, others = exported(bulk.as_(unblinded=True), f"_since={since}")
    latest, beside = exported(bulk, f"_since={since}&{LATEST}")
    assert "AdverseEvent" in str(names(others))
    assert names(latest) == names(changed) != []
    assert names(beside) == names(others)
    assert exported(bulk, f"_type=Observation&_since={since}&{RELEVANT}") == ([], [])


def test_what_names_but_what_is_not_exported_does_not_come_along(bulk: Exporting) -> None:
    every, others = exported(bulk, "")
    old = next(each for each in others if each["resourceType"] == "Observation")
    since = bulk.export()["transactionTime"]
    with bulk.service.database.write() as tx:
        for name, target in (("of-old", f"Observation/{old['id']}"), ("of-one", names(every)[0])):
            said = {**every[0], "id": name, "target": [{"reference": target}]}
            meta = {"security": every[0]["meta"]["security"]}
            text = orjson.dumps(said | {"meta": meta})
            belonging = Belonging("unit-x", OTHER, "pcl-c")
            versions.put(tx, ("Provenance", name), text, belonging, bulk.service.now())

    plain, nothing = exported(bulk, f"_since={since}")
    assert names(plain) == ["Provenance/of-old", "Provenance/of-one"]
    assert nothing == []
    assert exported(bulk, f"_since={since}&{RELEVANT}") == ([], [])
    assert names(exported(bulk, RELEVANT)[0]) == sorted([*names(every), "Provenance/of-old"])
    assert exported(bulk, f"_type=Provenance&{RELEVANT}") == ([], [])


def test_the_blinded_cannot_tell_by_them_that_the_cause_of_an_event_was_corrected(
    trial: SmallTrial, bulk: Exporting
) -> None:
    queries = [f"_type=AdverseEvent&{word}" for word in (LATEST, RELEVANT)]
    before = [exported(bulk, query) for query in queries]
    seen = exported(bulk.as_(unblinded=True), queries[0])

    trial.correct_event(WITH_EVENT, REPORTED_TO)

    assert [exported(bulk.as_(), query) for query in queries] == before
    assert [len(told) for told, _ in before] == [1, 1]
    later = exported(bulk.as_(unblinded=True), queries[0])
    assert names(later[0]) != names(seen[0])
    assert len(later[0]) == 1


def test_the_command_line_asks_for_them_in_the_same_words(
    trial: SmallTrial, bulk: Exporting, tmp_path: Path
) -> None:
    out, asked = tmp_path / "folder", ("--include-associated-data", "LatestProvenanceResources")

    trial.run("export", "--out", str(out), "--type", "Observation", *asked)

    lines = (out / "Provenance.ndjson").read_bytes().splitlines()
    over_http, _ = exported(bulk, f"_type=Observation&{LATEST}")
    assert [orjson.loads(line) for line in lines] == over_http != []
