"""Bulk files: each line as it was written, nothing that may not be known, no file half there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.export.ndjson import ExportedFile, export_ndjson
from adapter.store import versions
from adapter.store.database import Database
from adapter.store.versions import Belonging, Version

NOW = "2026-03-01T09:30:00+00:00"
Put = Callable[..., bytes]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def put(database: Database) -> Put:
    """Puts a version of a resource, and gives its text."""

    def one(
        name: str, participant: str = "1", *, is_retracted: bool = False, **more: object
    ) -> bytes:
        kind, id_ = name.split("/")
        text = orjson.dumps({"resourceType": kind, "id": id_, **more})
        belonging = Belonging(f"unit of {name}", participant, "phq-9", is_retracted)
        with database.write() as tx:
            versions.put(tx, (kind, id_), text, belonging, NOW)
        return text

    return one


def everything(version: Version) -> bytes:
    return bytes(version.text)


def of(participant: str) -> Callable[[Version], bytes | None]:
    """Releases what belongs to one person."""

    def released(version: Version) -> bytes | None:
        return bytes(version.text) if version.participant == participant else None

    return released


def test_each_resource_is_a_line_of_its_types_file_as_it_was_written(
    database: Database, put: Put, tmp_path: Path
) -> None:
    a = put("Observation/a", note="ü\n1.50")
    b = put("Observation/b")
    c = put("Patient/c")

    files = export_ndjson(database, tmp_path / "out", everything, NOW)

    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "Observation.ndjson",
        "Patient.ndjson",
        "manifest.json",
    ]
    assert (tmp_path / "out" / "Observation.ndjson").read_bytes() == a + b"\n" + b + b"\n"
    assert (tmp_path / "out" / "Patient.ndjson").read_bytes() == c + b"\n"
    assert [(file.type, file.count) for file in files] == [("Observation", 2), ("Patient", 1)]


def test_the_manifest_counts_and_digests_what_is_there(
    database: Database, put: Put, tmp_path: Path
) -> None:
    text = put("Observation/a")

    files = export_ndjson(database, tmp_path, everything, NOW)

    digest = hashlib.sha256(text + b"\n").hexdigest()
    assert files == [ExportedFile("Observation", "Observation.ndjson", 1, digest)]
    assert json.loads((tmp_path / "manifest.json").read_bytes()) == {
        "transactionTime": NOW,
        "output": [
            {"type": "Observation", "url": "Observation.ndjson", "count": 1, "sha256": digest}
        ],
    }


def test_the_newest_version_alone_is_written(database: Database, put: Put, tmp_path: Path) -> None:
    put("Observation/a", valueInteger=1)
    newest = put("Observation/a", valueInteger=2)

    export_ndjson(database, tmp_path, everything, NOW)

    assert (tmp_path / "Observation.ndjson").read_bytes() == newest + b"\n"


def test_what_may_not_be_known_is_absent(database: Database, put: Put, tmp_path: Path) -> None:
    kept = put("Observation/a", participant="1")
    put("Observation/b", participant="2")
    put("AdverseEvent/c", participant="2")

    files = export_ndjson(database, tmp_path, of("1"), NOW)

    assert [file.type for file in files] == ["Observation"]
    assert (tmp_path / "Observation.ndjson").read_bytes() == kept + b"\n"
    assert not (tmp_path / "AdverseEvent.ndjson").exists()


def test_what_was_retracted_is_absent(database: Database, put: Put, tmp_path: Path) -> None:
    put("Observation/a")
    put("Observation/a", is_retracted=True, status="entered-in-error")
    put("AdverseEvent/c")
    put("AdverseEvent/c", is_retracted=True)
    kept = put("Observation/b")

    export_ndjson(database, tmp_path, everything, NOW)

    assert (tmp_path / "Observation.ndjson").read_bytes() == kept + b"\n"
    assert not (tmp_path / "AdverseEvent.ndjson").exists()


def test_a_file_of_an_earlier_export_that_would_be_empty_now_is_removed(
    database: Database, put: Put, tmp_path: Path
) -> None:
    put("Observation/a")
    export_ndjson(database, tmp_path / "out", everything, NOW)

    files = export_ndjson(database, tmp_path / "out", of("nobody"), NOW)

    assert files == []
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["manifest.json"]
    assert json.loads((tmp_path / "out" / "manifest.json").read_bytes())["output"] == []


def test_an_empty_ledger_gives_an_empty_export(database: Database, tmp_path: Path) -> None:
    assert export_ndjson(database, tmp_path / "a" / "b", everything, NOW) == []
    assert (tmp_path / "a" / "b" / "manifest.json").exists()


class PowerCutError(Exception):
    """The export ends here."""


def cut_at(place: int) -> Callable[[Version], bytes | None]:
    """Lets so many resources through, and then nothing any more."""
    seen = iter(range(place))

    def released(version: Version) -> bytes:
        if next(seen, None) is None:
            raise PowerCutError
        return bytes(version.text)

    return released


@pytest.mark.parametrize("place", range(6))
def test_an_interrupted_export_shows_whole_files_and_no_manifest(
    database: Database, put: Put, tmp_path: Path, place: int
) -> None:
    for name in ("AdverseEvent/a", "AdverseEvent/b", "Observation/a", "Observation/b", "Patient/a"):
        put(name)
    put("Patient/b")
    out = tmp_path / "out"

    with pytest.raises(PowerCutError):
        export_ndjson(database, out, cut_at(place), NOW)

    visible = sorted(path.name for path in out.iterdir() if not path.name.startswith("."))
    assert visible == ["AdverseEvent.ndjson", "Observation.ndjson"][: place // 2]
    assert all(len((out / name).read_bytes().splitlines()) == 2 for name in visible)


@pytest.mark.parametrize("place", range(4))
def test_an_interrupted_export_leaves_no_manifest_that_tells_of_other_files(
    database: Database, put: Put, tmp_path: Path, place: int
) -> None:
    for name in ("AdverseEvent/a", "AdverseEvent/b", "Observation/a", "Observation/b"):
        put(name)
    export_ndjson(database, tmp_path, everything, NOW)
    put("AdverseEvent/a", actuality="actual")

    with pytest.raises(PowerCutError):
        export_ndjson(database, tmp_path, cut_at(place), NOW)

    assert not (tmp_path / "manifest.json").exists()


def test_an_export_after_an_interrupted_one_is_whole_and_leaves_nothing_behind(
    database: Database, put: Put, tmp_path: Path
) -> None:
    for name in ("AdverseEvent/a", "Observation/a"):
        put(name)
    out = tmp_path / "out"
    with pytest.raises(PowerCutError):
        export_ndjson(database, out, cut_at(1), NOW)

    export_ndjson(database, out, everything, NOW)

    assert sorted(path.name for path in out.iterdir()) == [
        "AdverseEvent.ndjson",
        "Observation.ndjson",
        "manifest.json",
    ]


@given(
    resources=st.dictionaries(
        st.tuples(st.sampled_from(["Observation", "Patient"]), st.integers(0, 5)),
        st.tuples(st.booleans(), st.booleans(), st.text()),
    )
)
@settings(max_examples=50, deadline=None)
def test_the_files_hold_what_is_released_and_current_and_the_manifest_says_so(
    resources: dict[tuple[str, int], tuple[bool, bool, str]],
) -> None:
    with TemporaryDirectory() as folder:
        database = Database(Path(folder) / "ledger.sqlite")
        expected: dict[str, set[bytes]] = {}
        with database.write() as tx:
            for (kind, number), (is_held, is_retracted, said) in resources.items():
                text = orjson.dumps({"resourceType": kind, "id": str(number), "said": said})
                who = "held" if is_held else "released"
                belonging = Belonging("unit", who, "phq-9", is_retracted)
                versions.put(tx, (kind, str(number)), text, belonging, NOW)
                if not is_held and not is_retracted:
                    expected.setdefault(kind, set()).add(text)

        export_ndjson(database, Path(folder), of("released"), NOW)

        database.close()
        manifest = json.loads((Path(folder) / "manifest.json").read_bytes())["output"]
        assert {entry["type"] for entry in manifest} == set(expected)
        for entry in manifest:
            content = (Path(folder) / entry["url"]).read_bytes()
            assert set(content.split(b"\n")[:-1]) == expected[entry["type"]]
            assert entry["count"] == len(expected[entry["type"]])
            assert entry["sha256"] == hashlib.sha256(content).hexdigest()
