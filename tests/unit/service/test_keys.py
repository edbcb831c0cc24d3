"""`adapter keys new`: a private key for its owner alone, and a set of public ones that grows."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from adapter.cli import main
from adapter.sync.auth.keys import read_key


def new(folder: Path, kid: str, *more: str) -> int:
    return main(["keys", "new", "--kid", kid, "--out", str(folder), *more])


def test_a_new_key_is_for_its_owner_alone_and_its_public_half_for_everybody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new(tmp_path, "2026-11", "--json") == 0

    said = json.loads(capsys.readouterr().out)
    private, public = Path(said["private"]), Path(said["public"])
    text = private.read_text("utf-8")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert read_key(text, "north").algorithm == "ES384"
    assert json.loads(text)["d"] not in public.read_text("utf-8") + str(said)


def test_an_older_key_stays_in_the_set_beside_the_new_one(tmp_path: Path) -> None:
    new(tmp_path, "first")
    new(tmp_path, "second", "--algorithm", "RS384")

    keys = json.loads((tmp_path / "jwks.json").read_text("utf-8"))["keys"]
    assert [(key["kid"], key["alg"]) for key in keys] == [("first", "ES384"), ("second", "RS384")]
    assert all("d" not in key and "p" not in key for key in keys)


def test_no_key_is_written_over(tmp_path: Path) -> None:
    new(tmp_path, "first")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    assert new(tmp_path, "first") == 14

    (tmp_path / "first.private.json").unlink()
    assert new(tmp_path, "first") == 14
    assert (tmp_path / "jwks.json").read_bytes() == before["jwks.json"]


@pytest.mark.parametrize("kid", ["../escape", "", ".hidden", "a b"])
def test_a_name_that_is_none_for_a_file_is_refused(tmp_path: Path, kid: str) -> None:
    assert new(tmp_path / "keys", kid) == 16

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["{", "[]", '{"keys": [1]}', "{}"])
def test_a_set_that_is_none_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    (tmp_path / "jwks.json").write_text(text)

    assert new(tmp_path, "first") == 14

    assert (tmp_path / "jwks.json").read_text() == text
    assert not (tmp_path / "first.private.json").exists()
