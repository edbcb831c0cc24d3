"""A response is corrected step by step (JSON Patch), by the road of an update."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from adapter.fhir.check import find_faults
from adapter.server.json_patch import PATCH_JSON
from tests.live.small import SmallTrial
from tests.live.writing import Resource, Writer, take_in, writers

Open = Callable[..., Writer]
CANARY = "Xq7Zebra"
AMEND = {"op": "replace", "path": "/status", "value": "amended"}


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger in which a response of week 21 is missing."""
    return take_in(tmp_path_factory.mktemp("patched")).folder


@pytest.fixture
def open_for(tmp_path: Path, taken_in: Path) -> Iterator[Open]:
    shutil.copytree(taken_in, tmp_path, dirs_exist_ok=True)
    with writers(SmallTrial(tmp_path, "", frozenset())) as opened:
        yield opened


def patch(
    ehr: Writer, path: str, *steps: object, kind: str = PATCH_JSON, **headers: str
) -> httpx.Response:
    """A patch; `if_match` stands for If-Match."""
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    content = json.dumps(steps)
    return ehr.client.patch(path, content=content, headers={"Content-Type": kind, **said})


def issue(answer: httpx.Response, status: int, code: str) -> Resource:
    """The first issue of a refusal."""
    assert answer.status_code == status, answer.text
    outcome = answer.json()
    assert find_faults(outcome) == ()
    assert outcome["issue"][0]["code"] == code
    assert CANARY not in answer.text
    found: Resource = outcome["issue"][0]
    return found


def test_a_patch_corrects_a_response_as_the_same_update_does(open_for: Open) -> None:
    ehr = open_for()
    first = ehr.post(ehr.response(1)).json()
    path = f"/QuestionnaireResponse/{first['id']}"
    whole = ehr.response(1, id=first["id"], status="amended")
    whole["item"][0] = ehr.response(2)["item"][0]
    answer = {"op": "replace", "path": "/item/0/answer", "value": whole["item"][0]["answer"]}
    test = {"op": "test", "path": "/meta/versionId", "value": "1"}

    issue(patch(ehr, path, AMEND), 428, "required")
    issue(patch(ehr, path, AMEND, if_match='W/"7"'), 412, "conflict")
    patched = patch(ehr, path, test, AMEND, answer, if_match='W/"1"')
    late = patch(ehr, path, test, AMEND, answer, if_match='W/"1"')
    again = ehr.put(path, whole, if_match='W/"2"')

    assert patched.status_code == 200, patched.text
    assert (patched.headers["etag"], patched.json()["status"]) == ('W/"2"', "amended")
    assert patched.headers["location"].endswith(f"{path}/_history/2")
    assert patched.json()["item"][0]["answer"] != first["item"][0]["answer"]
    assert patched.json()["item"][1:] == first["item"][1:]
    assert late.status_code == 412
    assert (again.status_code, again.headers["etag"]) == (200, 'W/"2"')  # it is the same text
    assert ehr.client.get(path).json() == patched.json()
    derived = ehr.found(f"Observation?derived-from=QuestionnaireResponse/{first['id']}")
    assert "amended" in {each["status"] for each in derived}
    noted = [each for each in ehr.noted() if each.interaction == "patch"]
    assert [each.status for each in noted] == [428, 412, 200, 412]
    assert (noted[2].type, noted[2].id, noted[2].count) == (
        "QuestionnaireResponse",
        first["id"],
        1,
    )


def test_what_a_patch_would_make_is_held_to_what_an_update_is(open_for: Open) -> None:
    ehr = open_for()
    first = ehr.post(ehr.response(1)).json()
    path = f"/QuestionnaireResponse/{first['id']}"

    def refused(status: int, code: str, *steps: object) -> Resource:
        return issue(patch(ehr, path, *steps, if_match="*"), status, code)

    status = {"op": "replace", "path": "/status", "value": CANARY}
    assert refused(400, "code-invalid", status)["expression"] == ["QuestionnaireResponse.status"]
    refused(400, "invalid", {"op": "replace", "path": "/id", "value": "another"})
    refused(400, "invalid", {"op": "replace", "path": "/resourceType", "value": "Patient"})
    refused(400, "structure", {"op": "replace", "path": "", "value": [CANARY]})
    someone = {"reference": f"Patient/{CANARY}"}
    refused(422, "not-found", {"op": "replace", "path": "/subject", "value": someone})
    refused(422, "processing", {"op": "test", "path": "/status", "value": CANARY}, AMEND)
    refused(422, "processing", AMEND, {"op": "remove", "path": f"/{CANARY}"})
    told = refused(400, "structure", {"op": CANARY}, {"op": "add", "path": CANARY})
    assert told["diagnostics"].startswith("Step 1: ")
    refused(400, "too-costly", *[AMEND] * 101)
    assert ehr.client.get(path).json() == first


def test_a_patch_is_taken_of_whom_may_update_and_read_and_where_an_update_is(
    open_for: Open,
) -> None:
    ehr = open_for()
    first = ehr.post(ehr.response(1)).json()
    path = f"/QuestionnaireResponse/{first['id']}"
    writes_only = open_for(scopes="system/QuestionnaireResponse.cu")
    reads_only = open_for(scopes="system/*.rs")

    statement = ehr.client.get("/metadata").json()
    told = {each["type"]: each for each in statement["rest"][0]["resource"]}
    takes = [name for name in told if {"code": "patch"} in told[name]["interaction"]]
    assert (statement["patchFormat"], takes) == ([PATCH_JSON], ["QuestionnaireResponse"])
    for other in (writes_only, reads_only):
        issue(patch(other, path, AMEND, if_match="*"), 403, "forbidden")
    issue(patch(ehr, "/QuestionnaireResponse/none", AMEND, if_match="*"), 404, "not-found")
    unknown = patch(ehr, path, AMEND, kind="application/json", if_match="*")
    issue(unknown, 415, "not-supported")
    assert unknown.headers["accept-patch"] == "application/json-patch+json"
    for name in ("Observation/1", "AdverseEvent/1", "Patient/1"):
        answer = patch(ehr, f"/{name}", AMEND, if_match="*")
        issue(answer, 405, "not-supported")
        assert "PATCH" not in answer.headers["allow"]
        assert "GET" in answer.headers["allow"]
    assert "PATCH" in ehr.client.delete(path).headers["allow"]
    issue(patch(ehr, "/QuestionnaireResponse?status=completed", AMEND), 405, "not-supported")
    stranger = open_for("a-stranger", "northside-clinic")
    issue(patch(stranger, path, AMEND, if_match="*"), 404, "not-found")
