"""A practice that imports from a folder and writes its acknowledgements into another."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from adapter.simulate.hl7v2 import Folders, import_files, watching
from tests.unit.simulate.hl7v2.messages import header, message, obr, obx, pid, practice, told


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders(tmp_path / "in", tmp_path / "acknowledged")
    made.incoming.mkdir()
    made.acknowledgements.mkdir()
    return made


def lay(folders: Folders, name: str, content: bytes) -> None:
    (folders.incoming / f"{name}.part").write_bytes(content)
    (folders.incoming / f"{name}.part").rename(folders.incoming / name)


def test_what_lies_there_is_filed_acknowledged_and_removed(folders: Folders) -> None:
    northside = practice()
    lay(folders, "a.hl7", message())
    lay(folders, "b.hl7", message(header(control="c2"), pid(), obr("r2"), obx("many")))

    count = import_files(northside, folders)

    answers = {path.name: told(path.read_bytes()) for path in folders.acknowledgements.iterdir()}
    assert count == 2
    assert answers == {"a.ack": ("AA", "c1", []), "b.ack": ("AE", "c2", ["102"])}
    assert list(folders.incoming.iterdir()) == []
    assert len(northside.shown()) == 1


def test_what_is_not_finished_or_no_message_by_its_name_is_left_alone(folders: Folders) -> None:
    northside = practice()
    for name in ("a.part", "b.tmp", "notes.txt"):
        (folders.incoming / name).write_bytes(message()[:40])
    (folders.incoming / "c.hl7").mkdir()

    assert import_files(northside, folders) == 0
    assert len(list(folders.incoming.iterdir())) == 4
    assert list(folders.acknowledgements.iterdir()) == []


def test_the_same_message_laid_twice_is_filed_once_and_acknowledged_twice(
    folders: Folders,
) -> None:
    northside = practice()
    lay(folders, "a.hl7", message())
    lay(folders, "again.hl7", message())

    import_files(northside, folders)

    assert [report["count"] for report in northside.shown()] == [1]
    assert len({path.read_bytes() for path in folders.acknowledgements.iterdir()}) == 1


def test_a_watched_folder_is_emptied_by_itself_and_at_the_end(folders: Folders) -> None:
    northside = practice()

    with watching(northside, folders, seconds=0.01):
        lay(folders, "a.hl7", message())
        until = time.monotonic() + 10
        while not northside.shown() and time.monotonic() < until:
            time.sleep(0.01)
        meanwhile = len(northside.shown())
    with watching(northside, folders, seconds=60):
        lay(folders, "b.hl7", message(header(control="c2"), pid(), obr("r2"), obx()))

    assert (meanwhile, len(northside.shown())) == (1, 2)
