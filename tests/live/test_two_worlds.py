"""Two worlds that differ only in who got the therapy look the same to whoever is blinded.

Every byte that any receiver is sent, by every road, every page, every file and its name.
"""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest

from tests.live.exporting import exporting
from tests.live.worlds import FHIR, LADDERS, PEOPLE, World, build

# Every server has a port, and every world a folder, of its own.
PLACES = re.compile(r"127\.0\.0\.1:\d+|/\S*/(one|other)\b")


def pages(world: World) -> list[tuple[str, int, str]]:
    """Everything that was printed, wherever it was."""
    return [
        (words[0], code, PLACES.sub("HERE", "\n".join((*words, out, err))))
        for words, code, out, err in world.printed
    ]


def names(world: World, receiver: str) -> set[str]:
    """The types of what a FHIR receiver was sent."""
    bodies = [
        orjson.loads(said) for _, _, said in world.recorders[receiver].heard if said[:1] == b"{"
    ]
    entries = [entry for body in bodies for entry in body.get("entry", ())]
    sent = [entry["resource"] for entry in entries if "resource" in entry]
    sent += [body for body in bodies if body.get("resourceType") != "Bundle"]
    return {str(each["resourceType"]) for each in sent}


def test_what_the_blinded_can_see_is_the_same_in_two_worlds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = build(tmp_path / "one", capsys, has_therapy=True)
    other = build(tmp_path / "other", capsys, has_therapy=False)

    sources = [(tmp_path / name / "records.csv").read_bytes() for name in ("one", "other")]
    assert b"distress-in-session" in sources[0]
    assert sources[0] != sources[1]
    assert one.heard.keys() == other.heard.keys() == {*FHIR, *LADDERS} - {"by-hand"}
    for receiver in one.heard:
        assert one.heard[receiver] == other.heard[receiver], receiver
        assert len(one.heard[receiver]) > 3
    for mine, theirs in zip(pages(one), pages(other), strict=True):
        assert mine == theirs
    assert {code for _, code, _, _ in one.printed} == {0}
    assert one.files.keys() == other.files.keys()
    for name in one.files:
        assert one.files[name] == other.files[name], name
    check_that_each_road_was_taken(one)
    assert groups(one) == groups(other)


def groups(world: World) -> list[bytes]:
    """What a blinded client is told of Groups over HTTP, which is something."""
    with exporting(world.folder / "adapter.toml") as asking:
        (entry,) = asking.ask("/Group").json()["entry"]
        name = entry["resource"]["id"]
        assert entry["resource"]["quantity"] == PEOPLE
        paths = ("/Group", f"/Group/{name}", f"/Patient?_has:Group:member:_id={name}")
        told = [asking.ask(path) for path in (*paths, "/Group?name:contains=session")]
        return [*(each.content for each in told), told[1].headers["etag"].encode()]


def check_that_each_road_was_taken(world: World) -> None:
    """What is compared is there."""
    told = {receiver: names(world, receiver) for receiver in FHIR}
    data = {"QuestionnaireResponse", "Observation", "AdverseEvent"}
    assert all(told[name] >= data for name in ("research-repository", "by-transaction"))
    assert told["one-by-one"] >= data
    assert (told["totals"], told["pages"]) == ({"Observation"}, {"DocumentReference"})
    endings = {(name.split("/")[0], name.rpartition(".")[2]) for name in world.files}
    assert endings >= {
        ("out-1", "ndjson"),
        ("out-2", "json"),
        ("tasks", "pdf"),
        ("acks", "ack"),
        ("audit.ndjson", "ndjson"),
    }
    assert b'"quantity":%d' % PEOPLE in world.files["out-2/Group.ndjson"]
    messages = [b"".join(each.heard) for each in world.practices.values()]
    assert all(b"||||||F" in each and b"||||||C" in each for each in messages)
