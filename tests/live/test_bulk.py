"""Bulk exports of a few people: what is in, what is not, and what becomes of them."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import orjson
import pytest

from adapter.fhir.check import find_faults
from adapter.fhir.search.parameters import SERVED_TYPES
from adapter.ingest.keep import retract_version
from adapter.ingest.participation import withdraw
from adapter.server.bulk import Worker
from adapter.store import exports, runs, versions
from adapter.store.versions import Belonging
from tests.live.exporting import BASE, Exporting, Resource, exporting, names
from tests.live.small import SmallTrial

WITH_EVENT, OTHER, REFUSED = "1015", "1042", "1017"
PEOPLE = frozenset({WITH_EVENT, OTHER, REFUSED})
NOWHERE = "http://127.0.0.1:9/fhir"  # nothing is sent in these tests
LONG_AGO = "2020-01-01T00:00:00+00:00"


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of three people, one with an adverse event; one refused to share with clinics."""
    folder = tmp_path_factory.mktemp("three")
    SmallTrial(folder, NOWHERE, PEOPLE).read()
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


def test_an_export_holds_what_a_search_of_every_type_finds(bulk: Exporting) -> None:
    manifest = bulk.export()

    exported = {(each["resourceType"], each["id"]): each for each in bulk.lines(manifest)}
    found = {
        (each["resourceType"], each["id"]): each
        for name in SERVED_TYPES
        for each in bulk.everything(f"{name}?_count=1000")
    }
    assert len(found) > 300
    assert exported == found
    assert manifest["request"] == f"{BASE}/$export"
    assert manifest["requiresAccessToken"] is True
    assert manifest["error"] == []
    assert "deleted" not in manifest


def test_what_the_server_says_of_exports_is_true(bulk: Exporting) -> None:
    statement = bulk.ask("/metadata").json()

    assert find_faults(statement) == ()
    (rest,) = statement["rest"]
    told = {"": rest, **{each["type"]: each for each in rest["resource"]}}
    claimed = {
        name: operations
        for name, said in told.items()
        if (operations := [each for each in said["operation"] if each["name"] == "export"])
    }
    assert claimed.keys() == {"", "Patient", "Group"}
    group = bulk.service.trial.identity.group_id
    for name, (operation,) in claimed.items():
        path = f"/Group/{group}" if name == "Group" else f"/{name}".rstrip("/")
        assert operation["definition"].startswith("http://hl7.org/fhir/uv/bulkdata/Operation")
        assert bulk.export(f"{path}/${operation['name']}")["output"]


def test_the_command_line_writes_what_is_given_over_http(
    trial: SmallTrial, bulk: Exporting, tmp_path: Path
) -> None:
    told = trial.run("export", "--out", str(tmp_path / "folder"))
    since = orjson.loads((tmp_path / "folder" / "manifest.json").read_bytes())["transactionTime"]
    _put(bulk, "later", "1")
    trial.run("export", "--out", str(tmp_path / "changed"), "--since", since)
    bulk.worker.work()  # nothing waits for a worker

    def lines(folder: str) -> dict[str, Resource]:
        files = (tmp_path / folder).glob("*.ndjson")
        found = [orjson.loads(line) for path in files for line in path.read_bytes().splitlines()]
        return {f"{each['resourceType']}/{each['id']}": each for each in found}

    over_http = {f"{each['resourceType']}/{each['id']}": each for each in bulk.lines(bulk.export())}
    assert lines("folder") | lines("changed") == over_http
    assert lines("changed").keys() == {"Observation/later"}
    assert sum(file["count"] for file in told["output"]) == len(lines("folder"))
    assert not list((tmp_path / "out").iterdir())[1:]  # but for the export over HTTP


def test_who_may_not_be_known_is_in_no_export(bulk: Exporting) -> None:
    patient = bulk.service.trial.identity.patient(REFUSED)

    research = bulk.lines(bulk.export())
    care = bulk.as_("care").lines(bulk.export("/Patient/$export"))
    clinic = bulk.as_("care", "northside-clinic").export("/Patient/$export")

    assert f"Patient/{patient}" in names(research)
    assert patient not in str(care)
    assert "Observation" in str(care)
    assert clinic["output"] == []  # no Patient of this clinic is known to be one of them


def test_what_is_written_while_an_export_is_at_work_is_in_the_next_one(bulk: Exporting) -> None:
    where = bulk.begin()
    _put(bulk, "late", "2")  # of an ingest that began before: the moment that it names lies back
    bulk.worker.work()
    first = bulk.manifest(where)

    _put(bulk, "later", "3")
    second = bulk.export(f"/$export?_since={first['transactionTime']}")
    third = bulk.export(f"/$export?_since={second['transactionTime']}")

    assert "Observation/late" not in names(bulk.lines(first))
    assert names(bulk.lines(second)) == ["Observation/late", "Observation/later"]
    assert third["output"] == []
    assert first["transactionTime"] < second["transactionTime"] < third["transactionTime"]


def test_what_is_written_in_the_second_of_an_export_is_in_the_next_one(bulk: Exporting) -> None:
    where = bulk.begin("/$export?_type=Observation")
    bulk.worker.work()
    first = bulk.manifest(where)
    second = datetime.fromisoformat(first["transactionTime"]).replace(microsecond=0)
    _put(bulk, "the-same-second", "1", second.isoformat())

    by_moment = bulk.export(f"/$export?_type=Observation&_since={first['transactionTime']}")
    by_second = bulk.export(f"/$export?_since={second.isoformat().replace('+00:00', 'Z')}")

    assert "Observation/the-same-second" not in names(bulk.lines(first))
    assert names(bulk.lines(by_moment)) == ["Observation/the-same-second"]
    assert "Observation/the-same-second" in names(bulk.lines(by_second))


def test_an_export_of_any_moment_holds_what_an_ingest_put_that_was_at_work_then(
    bulk: Exporting,
) -> None:
    with bulk.service.database.write() as tx:
        run = runs.start_run(tx, "records.csv", "2030-01-01T10:00:00+00:00")
    _put(bulk, "a", "1", "2030-01-01T10:00:00+00:00")
    _put(bulk, "b", "1", "2030-01-01T09:00:00+00:00")

    bulk.clock.by = datetime(2030, 1, 2, tzinfo=UTC) - bulk.clock()

    during = bulk.export("/$export?_since=2030-01-01T10:05:00Z")
    with bulk.service.database.write() as tx:
        runs.end_run(tx, run, "2030-01-01T10:10:00+00:00")
    after = bulk.export("/$export?_since=2030-01-01T10:15:00Z")

    assert names(bulk.lines(during)) == ["Observation/a"]
    assert after["output"] == []


def test_a_version_put_after_the_export_began_leaves_the_older_one_in(bulk: Exporting) -> None:
    _put(bulk, "x", "1")
    where = bulk.begin("/$export?_type=Observation")
    _put(bulk, "x", "2")
    bulk.worker.work()

    (told,) = (each for each in bulk.lines(bulk.manifest(where)) if each["id"] == "x")

    assert told["valueString"] == "1"
    assert told["meta"]["versionId"] == "1"


def test_files_are_given_to_nobody_once_somebody_in_them_has_withdrawn(bulk: Exporting) -> None:
    where = bulk.begin()
    bulk.worker.work()
    manifest = bulk.manifest(where)
    url = manifest["output"][0]["url"]
    assert list(bulk.desk.folder.rglob("*.ndjson"))

    with bulk.service.database.write() as tx:
        withdraw(tx, bulk.service.trial, OTHER, "research", bulk.service.now())

    for path in (url, where):
        answer = bulk.ask(path, 410)
        assert find_faults(answer.json()) == ()
    assert not list(bulk.desk.folder.rglob("*.ndjson"))
    again = bulk.lines(bulk.export())
    assert bulk.service.trial.identity.patient(OTHER) not in str(again)
    assert bulk.service.trial.identity.patient(WITH_EVENT) in str(again)


def test_who_withdraws_while_it_is_written_ends_an_export(bulk: Exporting) -> None:
    where = bulk.begin()
    with bulk.service.database.write() as tx:
        withdraw(tx, bulk.service.trial, OTHER, "research", bulk.service.now())

    bulk.worker.work()

    bulk.ask(where, 410)
    assert not bulk.desk.folder.exists() or not list(bulk.desk.folder.iterdir())


def test_a_client_that_is_another_by_now_gets_no_files_of_before(bulk: Exporting) -> None:
    where = bulk.as_(unblinded=True).begin()
    bulk.worker.work()
    url = bulk.manifest(where)["output"][0]["url"]

    bulk.as_(unblinded=False).ask(url, 410)


def test_files_are_for_the_client_that_asked_and_for_its_scopes(bulk: Exporting) -> None:
    where = bulk.begin("/$export?_type=Observation")
    bulk.worker.work()
    (file,) = bulk.manifest(where)["output"]

    bulk.as_(name="somebody else").ask(where, 404)
    bulk.ask(file["url"], 404)
    assert bulk.client.delete(where.removeprefix(BASE)).status_code == 404
    bulk.as_(scopes="system/Patient.rs").ask(file["url"], 403)
    bulk.as_().ask(file["url"])


def test_an_export_goes_by_the_scopes(bulk: Exporting) -> None:
    bulk.as_(scopes="system/Observation.rs")
    manifest = bulk.export()

    assert {each["type"] for each in manifest["output"]} == {"Observation"}
    assert bulk.ask("/$export?_type=Patient", 403).json()["issue"][0]["code"] == "forbidden"
    group = bulk.service.trial.identity.group_id
    bulk.ask(f"/Group/{group}/$export", 403)
    bulk.as_(scopes="system/Observation.r").ask("/$export", 403)


def test_a_filter_finds_what_a_search_finds_and_several_are_alternatives(bulk: Exporting) -> None:
    survey, event = "category=survey&date=ge2023-09-01", "_lastUpdated=gt2000"
    filters = "Observation%3Fcategory%3Dsurvey%26date%3Dge2023-09-01"

    one = bulk.export(f"/$export?_type=Observation,AdverseEvent&_typeFilter={filters}")
    two = f"{filters},Observation%3Fcategory%3Dsurvey%26date%3Dlt2023-09-01"
    both = bulk.export(f"/$export?_type=Observation&_typeFilter={two}")

    found = bulk.everything(f"Observation?{survey}&_count=1000")
    events = bulk.everything(f"AdverseEvent?{event}")
    everything = bulk.everything("Observation?category=survey&_count=1000")
    assert 0 < len(found) < len(everything)
    assert names(bulk.lines(one)) == sorted(names(found) + names(events))
    assert names(bulk.lines(both)) == names(everything)


def test_a_filter_takes_a_clinics_own_name_of_a_patient_and_keeps_it_nowhere(
    bulk: Exporting,
) -> None:
    system, theirs = "https://clinic.example.org/mrn", "MRN-0815"
    bulk.service.crosswalk.link("northside-clinic", OTHER, theirs, LONG_AGO)
    bulk.as_("care", "northside-clinic")
    bulk.caller[0] = replace(bulk.caller[0], patient_system=system)
    query = f"Patient?identifier={system}|{theirs}"
    said = {"name": "_typeFilter", "valueString": query}
    content = {"resourceType": "Parameters", "parameter": [said]}

    in_the_address = bulk.client.post("/$export", params={"_typeFilter": query}, json=content)
    posted = bulk.client.post("/$export", json=content)
    job = exports.find(bulk.service.database.read(), posted.headers["content-location"][-32:])
    bulk.worker.work()

    assert in_the_address.status_code == 400
    assert theirs not in in_the_address.text
    assert job is not None
    assert theirs not in job.said
    told = bulk.lines(bulk.manifest(posted.headers["content-location"]))
    patients = [each for each in told if each["resourceType"] == "Patient"]
    mine = bulk.service.trial.identity.patient(OTHER)
    assert [each["id"] for each in patients] == [mine]


def test_a_filter_by_a_moment_tells_the_blinded_of_no_hidden_correction(
    bulk: Exporting,
) -> None:
    (event,) = bulk.everything("AdverseEvent")
    with bulk.service.database.write() as tx:
        kept = versions.latest(tx, "AdverseEvent", event["id"])
        assert kept is not None
        told = orjson.loads(kept.text)
        text = orjson.dumps({**told, "suspectEntity": [{"instance": {"display": "therapy"}}]})
        belonging = Belonging(kept.unit, kept.participant, kept.form)
        later = "2030-01-01T00:00:00+00:00"
        assert versions.put(tx, ("AdverseEvent", event["id"]), text, belonging, later) is not None
    path = "/$export?_type=AdverseEvent&_typeFilter=AdverseEvent%3F_lastUpdated%3Dgt2029-01-01"

    blinded = bulk.export(path)
    unblinded = bulk.as_(unblinded=True, name="another").export(path)

    assert blinded["output"] == []
    assert names(bulk.lines(unblinded)) == [f"AdverseEvent/{event['id']}"]


@pytest.mark.parametrize(
    "query",
    [
        "Observation%3F_sort%3Ddate",
        "Observation%3F_include%3DObservation:subject",
        "Observation%3Fcode%3AAnna%3D1",
        "Observation%3Fdate%3DAnna",
        "Observation%3F%27%3B+DROP+TABLE+version%3B--%3D1",
        "Observation%3F" + "code%3D1%26" * 200,
        "Observation%3Fcode%3D%2500",
    ],
)
def test_a_hostile_filter_is_refused_before_anything_is_done(bulk: Exporting, query: str) -> None:
    answer = bulk.ask(f"/$export?_typeFilter={query}", 400)

    assert find_faults(answer.json()) == ()
    assert "Anna" not in answer.text
    bulk.begin()  # nothing was begun


def test_elements_are_all_that_comes_and_it_is_said_so(bulk: Exporting) -> None:
    told = bulk.lines(bulk.export("/$export?_type=Observation,Patient&_elements=Observation.value"))

    parts = [each for each in told if each["resourceType"] == "Observation"]
    assert {each["meta"]["tag"][-1]["code"] for each in parts} == {"SUBSETTED"}
    assert not any("subject" in each for each in parts)
    assert all({"status", "code"} <= each.keys() for each in parts)  # must be there
    assert all(each["identifier"] for each in told if each["resourceType"] == "Patient")


def test_what_was_passed_over_stands_in_a_file_of_errors(bulk: Exporting) -> None:
    bulk.ask("/$export?bogus=Anna", 400)
    where = bulk.begin(
        "/$export?bogus=Anna&_type=Patient", prefer="respond-async, handling=lenient"
    )
    bulk.worker.work()
    manifest = bulk.manifest(where)

    (outcome,) = bulk.lines(manifest, "error")
    assert outcome["issue"][0]["severity"] == "warning"
    assert "Anna" not in str(outcome)
    assert len(bulk.lines(manifest)) == 3


def test_only_the_patients_who_are_named_are_in_it(bulk: Exporting) -> None:
    identity = bulk.service.trial.identity
    one, other, refused = map(identity.patient, (WITH_EVENT, OTHER, REFUSED))

    def posted(patient: str, level: str) -> httpx.Response:
        said = {"name": "patient", "valueReference": {"reference": f"Patient/{patient}"}}
        content = {"resourceType": "Parameters", "parameter": [said]}
        return bulk.client.post(f"/{level}/$export", json=content)

    begun = posted(one, "Patient")
    assert begun.status_code == 202
    bulk.worker.work()
    told = bulk.lines(bulk.manifest(begun.headers["content-location"]))
    assert one in str(told)
    assert "AdverseEvent" in str(names(told))
    assert other not in str(told)
    assert "Questionnaire/" not in str(names(told))
    assert posted("never-was", "Patient").status_code == 404
    bulk.as_("care")
    assert posted(refused, f"Group/{identity.group_id}").status_code == 404
    assert posted(one, "Group/another").status_code == 404


def test_what_is_gone_since_is_told_to_whom_could_have_it(bulk: Exporting) -> None:
    since = bulk.export()["transactionTime"]
    (event,) = bulk.everything("AdverseEvent")
    before = names(bulk.everything("Provenance?_count=1000"))

    with bulk.service.database.write() as tx:
        kept = versions.latest(tx, "AdverseEvent", event["id"])
        assert kept is not None
        retract_version(tx, bulk.service.trial, kept, bulk.service.now())
    manifest = bulk.export(f"/$export?_since={since}")
    whole = bulk.export()

    (bundle,) = bulk.lines(manifest, "deleted")
    assert bundle["type"] == "transaction"
    urls = [entry["request"] for entry in bundle["entry"]]
    assert urls == [{"method": "DELETE", "url": f"AdverseEvent/{event['id']}"}]
    assert manifest["output"] == []
    assert f"AdverseEvent/{event['id']}" not in names(bulk.lines(whole))
    assert "deleted" not in whole
    assert before
    other = bulk.as_("care", "northside-clinic").export(f"/$export?_since={since}")
    assert "deleted" not in other  # this clinic never knew


def test_the_blinded_are_not_told_that_the_cause_of_an_event_was_corrected(
    trial: SmallTrial, bulk: Exporting
) -> None:
    since = bulk.export()["transactionTime"]
    trial.correct_event(WITH_EVENT, {"ae_related": "4"})

    blinded = bulk.export(f"/$export?_since={since}")
    unblinded = bulk.as_(unblinded=True).export(f"/$export?_since={since}")
    whole = bulk.as_().export("/$export?_type=AdverseEvent")

    assert names(bulk.lines(blinded)) == []
    (event,) = (
        each
        for each in bulk.as_(unblinded=True).lines(unblinded)
        if each["resourceType"] == "AdverseEvent"
    )
    assert "suspectEntity" in event
    (told,) = bulk.as_().lines(whole)
    assert told["meta"]["versionId"] == "1"
    assert "suspectEntity" not in told


@pytest.mark.parametrize("lines_a_file", [1, 100])
def test_the_order_of_an_export_tells_the_blinded_of_no_hidden_correction(
    bulk: Exporting, lines_a_file: int
) -> None:
    def correct(name: str, *, because: str, when: str = "2023-01-01", form: str = "") -> None:
        with bulk.service.database.write() as tx:
            kept = versions.latest(tx, "AdverseEvent", event["id"])
            assert kept is not None
            told = {**orjson.loads(kept.text), "id": name, "date": when}
            told["suspectEntity"] = [{"instance": {"display": because}}]
            belonging = Belonging(kept.unit, kept.participant, form or kept.form)
            written = versions.put(
                tx, ("AdverseEvent", name), orjson.dumps(told), belonging, LONG_AGO
            )
            assert written is not None

    def told() -> list[str]:
        path = "/$export?_type=AdverseEvent"
        where = bulk.begin(path)
        Worker(bulk.desk, lines_a_file=lines_a_file).work()
        manifest = bulk.manifest(where)
        assert len(manifest["output"]) == (3 if lines_a_file == 1 else 1)
        lines = bulk.lines(manifest)
        assert "suspectEntity" not in str(lines)
        return [f"{each['id']}/{each['meta']['versionId']}" for each in lines]

    (event,) = bulk.everything("AdverseEvent")
    correct("first", because="a")
    correct("second", because="a")
    correct("third", because="a", form="of-no-mapping-any-more")  # which might tell: not for them
    correct("first", because="b")
    hidden, whole = told(), bulk.as_(unblinded=True, name="another").export()
    correct("first", because="b", when="2023-01-02")

    assert hidden == [f"{event['id']}/1", "first/1", "second/1"]
    lines = [each for each in bulk.lines(whole) if each["resourceType"] == "AdverseEvent"]
    assert [(each["id"], each["meta"]["versionId"]) for each in lines[1:]] == [
        ("second", "1"),
        ("third", "1"),
        ("first", "2"),
    ]
    bulk.as_()
    assert told() == [f"{event['id']}/1", "second/1", "first/2"]


def test_who_asks_for_the_head_alone_begins_no_export(bulk: Exporting) -> None:
    for path in ("/$export", "/Patient/$export"):
        refused = bulk.client.head(path)
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")

    bulk.begin()


def test_one_export_of_a_client_is_written_at_a_time(bulk: Exporting) -> None:
    where = bulk.begin()

    refused = bulk.ask("/$export", 429)
    assert refused.headers["retry-after"]
    assert refused.json()["issue"][0]["code"] == "throttled"
    bulk.as_(name="another").begin()
    bulk.as_().worker.work()
    bulk.manifest(where)
    bulk.begin()


def test_who_asks_for_the_status_all_the_time_is_told_to_wait(bulk: Exporting) -> None:
    where = bulk.begin()

    answer = bulk.ask(where, 202)
    assert 0 < len(answer.headers["x-progress"]) < 100
    assert int(answer.headers["retry-after"]) > 0
    assert bulk.ask(where, 429).headers["retry-after"]
    bulk.clock.by += timedelta(seconds=0.6)
    bulk.ask(where, 202)


@pytest.mark.parametrize("is_written", [False, True], ids=["while it is written", "afterwards"])
def test_an_export_that_is_taken_back_is_gone(bulk: Exporting, *, is_written: bool) -> None:
    where = bulk.begin()
    if is_written:
        bulk.worker.work()

    assert bulk.client.delete(where.removeprefix(BASE)).status_code == 202

    bulk.worker.work()
    assert find_faults(bulk.ask(where, 404).json()) == ()
    bulk.ask(f"{where}/0001.ndjson", 404)
    assert not bulk.desk.folder.exists() or not list(bulk.desk.folder.iterdir())
    assert bulk.client.delete(where.removeprefix(BASE)).status_code == 404


def test_an_export_is_there_for_as_long_as_it_is_said(bulk: Exporting) -> None:
    where = bulk.begin()
    bulk.worker.work()
    expires = bulk.ask(where).headers["expires"]
    assert expires.endswith("GMT")

    bulk.clock.by = timedelta(hours=23)
    bulk.ask(where)
    bulk.clock.by = timedelta(hours=25)

    bulk.worker.work()
    bulk.ask(where, 404)
    assert not list(bulk.desk.folder.iterdir())


def test_a_file_comes_packed_in_part_or_whole(bulk: Exporting) -> None:
    file = bulk.export("/$export?_type=Observation")["output"][0]["url"]

    whole = bulk.ask(file, accept_encoding="identity")
    packed = bulk.client.build_request(
        "GET", file.removeprefix(BASE), headers={"accept-encoding": "gzip"}
    )
    with_gzip = bulk.client.send(packed, stream=True)
    raw = b"".join(with_gzip.iter_raw())
    part = bulk.ask(file, 206, range="bytes=10-19", accept_encoding="identity")
    refused = bulk.ask(file, accept_encoding="gzip;q=0")

    assert with_gzip.headers["content-encoding"] == "gzip"
    assert len(raw) < len(whole.content) / 5
    assert gzip.decompress(raw) == whole.content
    assert part.content == whole.content[10:20]
    assert "content-encoding" not in refused.headers


@pytest.mark.parametrize(
    "name", ["..%2f..%2fledger.sqlite", "0001.ndjson%00", "9999.ndjson", ".0001.ndjson.part", "1"]
)
def test_no_file_is_given_out_but_those_of_the_manifest(bulk: Exporting, name: str) -> None:
    where = bulk.begin()
    bulk.worker.work()

    bulk.ask(f"{where}/{name}", 404)
    bulk.ask(f"/bulk/..%2f..%2f/{name}", 404)


def test_another_worker_goes_on_where_one_was_stopped(bulk: Exporting) -> None:
    where = bulk.begin()
    bulk.clock.looks = iter(range(25))
    with pytest.raises(KeyboardInterrupt):
        Worker(bulk.desk, lines_a_file=7).work()
    bulk.clock.looks = None
    half = whole_files(bulk, where)
    Worker(bulk.desk, lines_a_file=7).work()

    manifest = bulk.manifest(where)
    whole = bulk.as_(name="another").export()
    assert 5 < half < len(manifest["output"])
    assert all(each["count"] <= 7 for each in manifest["output"])
    again = names(bulk.lines(whole))
    assert names(bulk.as_().lines(manifest)) == again
    assert len(set(again)) == len(again)


def whole_files(bulk: Exporting, where: str) -> int:
    job = where.rsplit("/", 1)[1]
    return len(list((bulk.desk.folder / job).glob("*.ndjson")))


def _put(bulk: Exporting, name: str, said: str, created: str = LONG_AGO) -> None:
    identity = bulk.service.trial.identity
    text = orjson.dumps(
        {
            "resourceType": "Observation",
            "id": name,
            "status": "final",
            "code": {"text": "something"},
            "subject": {"reference": f"Patient/{identity.patient(OTHER)}"},
            "valueString": said,
        }
    )
    with bulk.service.database.write() as tx:
        belonging = Belonging("unit", OTHER, "pcl-c")
        assert versions.put(tx, ("Observation", name), text, belonging, created) is not None
