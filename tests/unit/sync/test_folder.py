"""A practice's folder of acknowledgements, while the practice is at work in it."""

from __future__ import annotations

from pathlib import Path, PosixPath
from typing import Any

import pytest

from adapter.sync.folder import Folder

ANSWER = b"MSH|^~\\&|P|N|T|T|20240830||ACK|9|P|2.4\rMSA|AA|v2-1\r"


class Moving(PosixPath):
    """A path whose file the practice moves away just before it is looked at for the nth time."""

    looks_left: dict[str, int]

    def stat(self, **how: Any) -> Any:  # noqa: ANN401 - as its parent has it
        looks = type(self).looks_left
        if looks and self.name == "one.ack":
            looks[self.name] -= 1
            if looks[self.name] == 0:
                self.rename(self.with_name("one.done"))
        return super().stat(**how)


@pytest.mark.parametrize("look", [1, 2])
def test_a_file_that_is_moved_while_it_is_read_is_found_under_its_new_name(
    tmp_path: Path, look: int
) -> None:
    acknowledgements = tmp_path / "acks"
    acknowledgements.mkdir()
    (acknowledgements / "one.ack").write_bytes(ANSWER)
    Moving.looks_left = {"one.ack": look}
    folder = Folder(tmp_path, Moving(acknowledgements))

    folder.look_up("v2-1", is_in_doubt=False)
    found = folder.look_up("v2-1", is_in_doubt=False)

    assert found.word == "there"
    assert (acknowledgements / "one.done").exists()


def test_messages_are_named_in_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    (tmp_path / "acks").mkdir()
    folder = Folder(tmp_path, tmp_path / "acks")

    for name in ("v2-f", "v2-a", "v2-c", "v2-a"):
        folder.send(name, b"MSH")
    Folder(tmp_path, tmp_path / "acks").send("v2-b", b"MSH")

    found = sorted(path.name for path in tmp_path.glob("*.hl7"))
    assert [name.partition("-")[2] for name in found] == [
        "v2-f.hl7",
        "v2-a.hl7",
        "v2-c.hl7",
        "v2-b.hl7",
    ]
    assert folder.look_up("v2-a", is_in_doubt=True).word == "awaiting"
    assert folder.look_up("v2-d", is_in_doubt=True).word == "gone"
