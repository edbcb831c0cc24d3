"""The Group of everybody who takes part, as each client may know it: read, searched, exported."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import orjson
import pytest

from adapter.fhir.check import find_faults
from adapter.ingest.participation import withdraw
from adapter.server import Caller
from adapter.server.groups import told_group
from adapter.server.ledger import View
from tests.live.exporting import BASE, Exporting, Resource, exporting, names
from tests.live.servers import Validator
from tests.live.small import SmallTrial

PEOPLE = frozenset({"1015", "1017", "1042"})
REFUSED, OTHER = "1017", "1042"  # the one agreed to the research and to no sharing for care
NOWHERE = "http://127.0.0.1:9/fhir"
LONG_AGO = "2020-01-01T00:00:00+00:00"


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of three people."""
    folder = tmp_path_factory.mktemp("grouped")
    SmallTrial(folder, NOWHERE, PEOPLE).read()
    return folder


@pytest.fixture
def bulk(tmp_path: Path, taken_in: Path) -> Iterator[Exporting]:
    """A ledger of these people for one test alone, served."""
    shutil.copytree(taken_in, tmp_path, dirs_exist_ok=True)
    with exporting(SmallTrial(tmp_path, NOWHERE, PEOPLE).config) as opened:
        yield opened


def the_group(bulk: Exporting) -> Resource:
    """The Group as a search without criteria gives it."""
    (group,) = bulk.everything("Group")
    return group


def members(group: Resource) -> list[str]:
    """The Patients in it, in its order."""
    return [each["entity"]["reference"] for each in group.get("member", ())]


def test_the_group_is_read_and_found_and_holds_whom_the_client_could_find(bulk: Exporting) -> None:
    group = the_group(bulk)

    assert find_faults(group) == ()
    assert group == bulk.ask(f"/Group/{group['id']}").json()
    assert (group["type"], group["actual"], group["active"]) == ("person", True, True)
    assert group["name"] == bulk.service.trial.study.title
    assert group["quantity"] == len(PEOPLE)
    assert members(group) == names(bulk.everything("Patient"))
    bundle = bulk.ask("/Group").json()
    assert find_faults(bundle) == ()
    assert bundle["entry"][0]["fullUrl"] == f"{BASE}/Group/{group['id']}"
    for path in ("/Group/another", f"/Group/{group['id']}/_history", "/Group/another/_history/1"):
        bulk.ask(path, 404)


def test_a_search_of_groups_finds_it_by_what_is_true_of_it_alone(bulk: Exporting) -> None:
    group = the_group(bulk)
    one, (identifier,) = members(group)[0], group["identifier"]
    named = quote(f"{identifier['system']}|{identifier['value']}")
    title = quote(group["name"])
    true = [
        *(f"_id={group['id']}", f"identifier={named}", "type=person", "actual=true"),
        *(f"name={title}", f"name:exact={title}", "code:text=people", f"member={one}"),
        *(f"member={one.removeprefix('Patient/')}", "member:Patient.active=true"),
        *("member:missing=false", "type:not=device", "code:missing=false"),
    ]
    false = [
        *("_id=another", "identifier=another", "type=device", "actual=false", "name=another"),
        *("member=Patient/another", "member:missing=true", f"member=Device/{group['id']}"),
        *(f"type=person&_id={one.removeprefix('Patient/')}", "_lastUpdated=gt2000"),
        *("member:Patient.active=false", "_has:Observation:subject:status=final"),
    ]

    for query in true:
        assert names(bulk.everything(f"Group?{query}")) == [f"Group/{group['id']}"], query
        assert bulk.ask(f"/Group?{query}&_summary=count").json()["total"] == 1
    for query in false:
        assert bulk.everything(f"Group?{query}") == [], query
        assert bulk.ask(f"/Group?{query}&_total=accurate").json()["total"] == 0
    by_form = bulk.client.post("/Group/_search", data={"type": "person"}).json()
    assert by_form["entry"] == bulk.ask("/Group?type=person").json()["entry"]
    for query in ("_include=Group:member", "name:nonsense=x"):
        assert bulk.ask(f"/Group?{query}", 400).json()["issue"][0]["code"] == "not-supported"
    bulk.ask("/Patient?_revinclude=Group:member", 400)


def test_its_members_come_page_by_page_by_a_search_of_patients(bulk: Exporting) -> None:
    group = the_group(bulk)

    found = bulk.everything(f"Patient?_has:Group:member:_id={group['id']}&_count=1")

    assert names(found) == members(group)
    typed = bulk.everything("Patient?_has:Group:member:type=person&active=true")
    assert names(typed) == members(group)
    assert bulk.everything("Patient?_has:Group:member:_id=another") == []
    assert bulk.everything(f"Device?_has:Group:member:_id={group['id']}") == []
    filtered = quote(f"Patient?_has:Group:member:_id={group['id']}")
    exported = bulk.export(f"/$export?_type=Patient&_typeFilter={filtered}")
    assert names(bulk.lines(exported)) == members(group)


def test_a_part_of_it_may_be_asked_for_and_what_is_known_is_not_sent_again(
    bulk: Exporting,
) -> None:
    path = f"/Group/{the_group(bulk)['id']}"

    read, summary = bulk.ask(path), bulk.ask(f"{path}?_summary=true").json()
    counted = bulk.ask(f"{path}?_elements=quantity").json()

    assert "member" not in summary
    assert summary["quantity"] == counted["quantity"] == len(PEOPLE)
    assert "name" not in counted
    assert "last-modified" not in read.headers  # nobody writes down when who may be known changes
    assert bulk.ask(path, 304, if_none_match=read.headers["etag"]).content == b""
    bulk.ask(path, if_modified_since="Mon, 01 Jan 2029 00:00:00 GMT")
    with bulk.service.database.write() as tx:
        withdraw(tx, bulk.service.trial, OTHER, "research", bulk.service.now())
    again = bulk.ask(path, if_none_match=read.headers["etag"])
    assert again.json()["quantity"] == len(PEOPLE) - 1
    assert bulk.service.trial.identity.patient(OTHER) not in again.text


def test_each_client_is_told_of_those_alone_whom_it_may_know(bulk: Exporting) -> None:
    identity = bulk.service.trial.identity
    refused, other = f"Patient/{identity.patient(REFUSED)}", f"Patient/{identity.patient(OTHER)}"

    care = the_group(bulk.as_("care"))
    assert care["quantity"] == len(members(care)) < len(PEOPLE)
    assert members(care) == names(bulk.everything("Patient")) != []
    assert refused not in members(care)
    assert bulk.everything(f"Group?member={refused}") == []
    clinic = bulk.as_("care", "northside-clinic")
    nobody = the_group(clinic)
    assert (nobody["quantity"], members(nobody)) == (0, [])
    assert bulk.everything("Group?member:missing=false") == []
    bulk.service.crosswalk.link("northside-clinic", OTHER, "theirs", LONG_AGO)
    assert members(the_group(clinic)) == [other]
    bulk.as_(scopes="system/Patient.rs").ask("/Group", 403)
    bulk.ask(f"/Group/{identity.group_id}", 403)
    assert the_group(bulk.as_(unblinded=True)) == the_group(bulk.as_())


def test_a_batch_and_an_export_tell_the_same_group(bulk: Exporting) -> None:
    group = the_group(bulk)
    requests = [{"method": "GET", "url": f"Group/{group['id']}"}, {"method": "GET", "url": "Group"}]
    batch = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": each} for each in requests],
    }

    answer = bulk.client.post("/", json=batch).json()

    assert answer["entry"][0]["resource"] == group
    assert answer["entry"][1]["resource"]["entry"][0]["resource"] == group
    for level in ("", "/Patient", f"/Group/{group['id']}"):
        assert bulk.lines(bulk.export(f"{level}/$export?_type=Group")) == [group]
    some = bulk.export("/$export?_type=Group&_typeFilter=Group%3Ftype%3Dperson&_elements=quantity")
    (part,) = bulk.lines(some)
    assert (part["quantity"], "member" in part) == (group["quantity"], False)
    assert bulk.export("/$export?_type=Group&_typeFilter=Group%3Ftype%3Ddevice")["output"] == []


def test_an_export_since_holds_it_where_it_is_asked_for(bulk: Exporting) -> None:
    since = bulk.export()["transactionTime"]
    with bulk.service.database.write() as tx:
        withdraw(tx, bulk.service.trial, OTHER, "research", bulk.service.now())

    everything = bulk.export(f"/$export?_since={since}")
    asked = bulk.export(f"/$export?_type=Group&_since={since}")

    assert "Group" not in {each["type"] for each in everything["output"]}
    (group,) = bulk.lines(asked)
    assert group["quantity"] == len(PEOPLE) - 1


def test_the_validator_finds_no_error_in_it(validator: Validator, bulk: Exporting) -> None:
    group = the_group(bulk)
    paths = (f"/Group/{group['id']}", "/Group", f"/Group/{group['id']}?_summary=true", "/metadata")

    issues = validator.validate_all(bulk.ask(path).content for path in paths)

    assert [issue for said in issues for issue in said if issue.is_error] == []


def test_who_is_named_in_it_is_told_to_the_access_log(bulk: Exporting) -> None:
    ledger = bulk.desk.ledger
    view = View(ledger, Caller("x", "research"), ledger.database.read())
    told = told_group(view, ledger.identity.group_id)

    assert told is not None
    assert view.about.keys() == PEOPLE
    assert view.given == {("Group", ledger.identity.group_id)}
    assert orjson.loads(told.text or b"")["quantity"] == len(PEOPLE)
