"""An export as a folder: each line as it was given, no file half there, the manifest last."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.export.ndjson import ExportedFile, export_ndjson
from adapter.export.parts import Block, Part, write_part

NOW = "2026-03-01T09:30:00.000Z"
TYPES = ("AdverseEvent", "Observation", "Patient")
Lines = Callable[[str], Iterator[Block]]


def of(**texts: list[bytes]) -> Lines:
    """The lines of some types, each a block."""
    return lambda name: (Block([text], place) for place, text in enumerate(texts.get(name, []), 1))


TWO_EACH = of(AdverseEvent=[b"1", b"2"], Observation=[b"3", b"4"], Patient=[b"5", b"6"])


def test_each_line_stands_in_its_types_file_as_it_was_given(tmp_path: Path) -> None:
    out = tmp_path / "a" / "out"
    texts = ['{"note":"ü\\n1.50"}'.encode(), b"{}"]

    files = export_ndjson(out, TYPES, of(Observation=texts, Patient=[b"{}"]), NOW)

    assert sorted(path.name for path in out.iterdir()) == [
        "Observation.ndjson",
        "Patient.ndjson",
        "manifest.json",
    ]
    assert (out / "Observation.ndjson").read_bytes() == texts[0] + b"\n" + texts[1] + b"\n"
    assert [(file.type, file.count) for file in files] == [("Observation", 2), ("Patient", 1)]


def test_the_manifest_counts_and_digests_what_is_there(tmp_path: Path) -> None:
    files = export_ndjson(tmp_path, TYPES, of(Observation=[b"{}"]), NOW)

    digest = hashlib.sha256(b"{}\n").hexdigest()
    assert files == [ExportedFile("Observation", "Observation.ndjson", 1, digest)]
    assert json.loads((tmp_path / "manifest.json").read_bytes()) == {
        "transactionTime": NOW,
        "output": [
            {"type": "Observation", "url": "Observation.ndjson", "count": 1, "sha256": digest}
        ],
    }


def test_a_file_of_an_earlier_export_that_would_be_empty_now_is_removed(tmp_path: Path) -> None:
    export_ndjson(tmp_path, TYPES, TWO_EACH, NOW)

    files = export_ndjson(tmp_path, TYPES, of(), NOW)

    assert files == []
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]
    assert json.loads((tmp_path / "manifest.json").read_bytes())["output"] == []


class PowerCutError(Exception):
    """The export ends here."""


def cut_at(place: int) -> Lines:
    """Lets so many lines through, and then nothing any more."""
    seen = iter(range(place))

    def lines(name: str) -> Iterator[Block]:
        for line in TWO_EACH(name):
            if next(seen, None) is None:
                raise PowerCutError
            yield line

    return lines


@pytest.mark.parametrize("place", range(6))
def test_an_interrupted_export_shows_whole_files_and_no_manifest(
    tmp_path: Path, place: int
) -> None:
    out = tmp_path / "out"

    with pytest.raises(PowerCutError):
        export_ndjson(out, TYPES, cut_at(place), NOW)

    visible = sorted(path.name for path in out.iterdir() if not path.name.startswith("."))
    assert visible == ["AdverseEvent.ndjson", "Observation.ndjson"][: place // 2]
    assert all(len((out / name).read_bytes().splitlines()) == 2 for name in visible)


@pytest.mark.parametrize("place", range(4))
def test_an_interrupted_export_leaves_no_manifest_that_tells_of_other_files(
    tmp_path: Path, place: int
) -> None:
    export_ndjson(tmp_path, TYPES, TWO_EACH, NOW)

    with pytest.raises(PowerCutError):
        export_ndjson(tmp_path, TYPES, cut_at(place), NOW)

    assert not (tmp_path / "manifest.json").exists()


def test_an_export_after_an_interrupted_one_is_whole_and_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    with pytest.raises(PowerCutError):
        export_ndjson(tmp_path, TYPES, cut_at(1), NOW)

    export_ndjson(tmp_path, TYPES, TWO_EACH, NOW)

    names = [f"{name}.ndjson" for name in TYPES]
    assert sorted(path.name for path in tmp_path.iterdir()) == [*names, "manifest.json"]


def test_a_part_says_where_it_ends_and_whom_it_is_about(tmp_path: Path) -> None:
    blocks = iter(
        [
            Block([b"1", b"2"], 3, {"2", ""}),
            Block([], 4),
            Block([b"3"], 5, {"1", "2"}),
            Block([b"4"], 11, {"3"}),
            Block([], 12),
        ]
    )

    first = write_part(tmp_path / "1", blocks, 3)
    rest = write_part(tmp_path / "2", blocks, 3)
    none = write_part(tmp_path / "3", blocks, 3)

    assert first == Part(3, 5, ("1", "2"))
    assert rest == Part(1, 12, ("3",))
    assert none is None
    assert (tmp_path / "1").read_bytes() == b"1\n2\n3\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2"]


@given(
    st.dictionaries(
        st.sampled_from(TYPES),
        st.lists(st.text().map(lambda said: json.dumps(said).encode()), max_size=600),
    )
)
@settings(max_examples=50, deadline=None)
def test_the_files_hold_every_line_in_its_order_and_the_manifest_says_so(
    texts: dict[str, list[bytes]],
) -> None:
    with TemporaryDirectory() as folder:
        export_ndjson(Path(folder), TYPES, of(**texts), NOW)

        manifest = json.loads((Path(folder) / "manifest.json").read_bytes())["output"]
        assert {entry["type"] for entry in manifest} == {name for name in texts if texts[name]}
        for entry in manifest:
            content = (Path(folder) / entry["url"]).read_bytes()
            assert content.split(b"\n")[:-1] == texts[entry["type"]]
            assert entry["count"] == len(texts[entry["type"]])
            assert entry["sha256"] == hashlib.sha256(content).hexdigest()
