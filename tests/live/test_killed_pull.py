"""A pull is killed (SIGKILL) and run again: nothing is lost, and nothing is there twice."""

from __future__ import annotations

import multiprocessing
import shutil
import signal
from pathlib import Path

import pytest

from tests.live.killed_pull import begin, go_on, held
from tests.live.survival import IS_FULL


@pytest.mark.parametrize(
    ("how", "count"), [({"is_full": False}, 20), ({"is_full": True}, 10)], ids=["new", "all"]
)
def test_a_pull_that_is_killed_anywhere_and_run_again_ends_as_if_it_had_not_been(
    tmp_path: Path, how: dict[str, bool], count: int
) -> None:
    begun, whole = tmp_path / "begun", tmp_path / "whole"
    begun.mkdir()
    begin(begun)
    before = held(begun)
    shutil.copytree(begun, whole)
    passed = go_on(whole, 0, **how)
    after = held(whole)
    places = range(1, passed + 1) if IS_FULL else [1 + n * passed // count for n in range(count)]
    # From a process that is warm and has no threads: what is forked from this one might hang.
    warm = multiprocessing.get_context("forkserver")
    warm.set_forkserver_preload([go_on.__module__])

    states = []
    for place in places:
        folder = tmp_path / f"killed-{place}"
        shutil.copytree(begun, folder)
        for at, ends in ((place, -signal.SIGKILL), (0, 0)):
            process = warm.Process(target=go_on, args=(folder, at), kwargs=how)
            process.start()
            process.join(60)
            assert process.exitcode == ends
            states.append(held(folder))
        shutil.rmtree(folder)

    assert passed > count
    assert [state == after for state in states[1::2]] == [True] * len(places)
    halfway = [state for state in states[::2] if state not in (before, after)]
    assert len(halfway) > len(places) / 3  # most of them stop with some of it done
